"""Downloads a corpus from its home: goes on where it stopped, and keeps nothing that is not the pinned file."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path
from typing import TextIO

from tocsin_training.catalogue import Corpus, File, digest

_BLOCK = 1 << 16  # bytes
_TIMEOUT = 30  # seconds without a byte


def fetch(corpus: Corpus, folder: Path, report: TextIO) -> bool:
    """Fetch what is missing of a corpus into ``folder/<name>``; says on ``report`` what it does. Whether all of it is there now."""
    complete = True
    for file in corpus.files:
        path = folder / corpus.name / file.name
        if path.is_file() and digest(path) == file.sha256:
            print(f"{corpus.name}/{file.name}: here already", file=report)
        elif file.url is None:
            print(f"{corpus.name}/{file.name}: no program can download it; get it by hand from {corpus.home}", file=report)
            complete = False
        else:
            complete &= _download(file, file.url, path, report)
    return complete


def _download(file: File, url: str, path: Path, report: TextIO) -> bool:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    for _ in range(2):  # a second time from the start, if the part turns out to be of something else
        done = part.stat().st_size if part.exists() else 0
        if done < file.size and not _append(url, part, done, file, report):
            return False
        if digest(part) == file.sha256:
            part.replace(path)
            print(f"\r{path.name}: done, {file.size:,} bytes, SHA-256 as pinned", file=report)
            return True
        part.unlink()
        if done == 0:
            break
    print(f"\r{path.name}: what {url} sends is not the pinned file; nothing was kept", file=report)
    return False


def _append(url: str, part: Path, done: int, file: File, report: TextIO) -> bool:
    if not url.startswith(("https://", "http://127.0.0.1")):
        raise ValueError(f"{url}: corpora are fetched over https")
    request = urllib.request.Request(url, headers={"Range": f"bytes={done}-"} if done else {})  # noqa: S310 - checked above
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as answer:  # noqa: S310
            resumed = done > 0 and answer.status == 206
            with part.open("ab" if resumed else "wb") as out:
                have = done if resumed else 0
                while block := answer.read(_BLOCK):
                    out.write(block)
                    have += len(block)
                    if report.isatty():
                        print(f"\r{file.name} [{'#' * (30 * have // file.size):30}] {100 * have // file.size:3} %", end="", file=report)
                    if have > file.size:
                        break
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", error)
        print(f"\r{file.name}: {url} can't be read ({reason}); run the command again to go on", file=report)
        return False
    return True
