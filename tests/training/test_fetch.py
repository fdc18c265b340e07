"""Fetching from a real local server: whole, interrupted, resumed, and of the wrong file."""

import hashlib
import http.server
import io
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tocsin_training.catalogue import Corpus, File
from tocsin_training.fetch import fetch

DATA = bytes(range(256)) * 4_000


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves DATA with ranges; remembers what was asked for; can break off."""

    def __init__(self, asked: list[str | None], breaks: list[int], *rest: object) -> None:
        self.asked, self.breaks = asked, breaks
        super().__init__(*rest)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.asked.append(wanted)
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if self.path != "/file":
            self.send_error(404)
            return
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(DATA) - start))
        self.end_headers()
        stop = self.breaks.pop() if self.breaks else len(DATA)
        self.wfile.write(DATA[start:stop])

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def home() -> Iterator[tuple[str, list[str | None], list[int]]]:
    asked: list[str | None] = []
    breaks: list[int] = []
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, asked, breaks)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked, breaks
        server.shutdown()


def corpus(url: str | None, sha256: str = hashlib.sha256(DATA).hexdigest()) -> Corpus:
    return Corpus("toy", "CC0-1.0", "train", "Us 2026", "https://example.org", (File("file", len(DATA), sha256, url),))


def test_a_file_is_fetched_and_checked(home: tuple[str, list[str | None], list[int]], tmp_path: Path) -> None:
    url, asked, _ = home
    report = io.StringIO()
    assert fetch(corpus(url + "/file"), tmp_path, report)
    assert (tmp_path / "toy" / "file").read_bytes() == DATA
    assert fetch(corpus(url + "/file"), tmp_path, report)
    assert asked == [None]
    assert "here already" in report.getvalue()


def test_an_interrupted_fetch_goes_on_where_it_stopped(home: tuple[str, list[str | None], list[int]], tmp_path: Path) -> None:
    url, asked, _ = home
    part = tmp_path / "toy" / "file.part"
    part.parent.mkdir()
    part.write_bytes(DATA[:100_000])
    assert fetch(corpus(url + "/file"), tmp_path, io.StringIO())
    assert asked == ["bytes=100000-"]
    assert (tmp_path / "toy" / "file").read_bytes() == DATA
    assert not part.exists()


def test_a_part_of_something_else_is_thrown_away(home: tuple[str, list[str | None], list[int]], tmp_path: Path) -> None:
    url, asked, _ = home
    part = tmp_path / "toy" / "file.part"
    part.parent.mkdir()
    part.write_bytes(b"x" * 100_000)
    assert fetch(corpus(url + "/file"), tmp_path, io.StringIO())
    assert asked == ["bytes=100000-", None]
    assert (tmp_path / "toy" / "file").read_bytes() == DATA


def test_another_file_than_pinned_is_not_kept(home: tuple[str, list[str | None], list[int]], tmp_path: Path) -> None:
    report = io.StringIO()
    assert not fetch(corpus(home[0] + "/file", "0" * 64), tmp_path, report)
    assert "not the pinned file" in report.getvalue()
    assert list((tmp_path / "toy").iterdir()) == []


def test_a_home_that_is_gone_is_named(home: tuple[str, list[str | None], list[int]], tmp_path: Path) -> None:
    report = io.StringIO()
    assert not fetch(corpus(home[0] + "/gone"), tmp_path, report)
    assert "can't be read" in report.getvalue()


def test_what_no_program_can_fetch_is_said(tmp_path: Path) -> None:
    report = io.StringIO()
    assert not fetch(corpus(None), tmp_path, report)
    assert "https://example.org" in report.getvalue()


def test_only_https(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="https"):
        fetch(corpus("http://example.org/file"), tmp_path, io.StringIO())
