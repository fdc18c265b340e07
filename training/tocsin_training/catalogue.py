"""Where the public corpora come from: ``corpora.toml`` as data, and whether a folder holds what it pins."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class File:
    """One pinned file; ``url`` is None where no program can download it."""

    name: str
    size: int
    sha256: str
    url: str | None


@dataclass(frozen=True, slots=True)
class Corpus:
    """A public corpus: ``use`` is train, evaluation or not used."""

    name: str
    licence: str
    use: str
    cite: str
    home: str
    files: tuple[File, ...]


def read(path: Path) -> dict[str, Corpus]:
    """The corpora of a catalogue file by name."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return {
        row["name"]: Corpus(
            row["name"], row["licence"], row["use"], row["cite"], row["home"],
            tuple(File(file["name"], file["bytes"], file["sha256"], file.get("url")) for file in row["file"]),
        )
        for row in table["corpus"]
    }  # fmt: skip


CATALOGUE = read(Path(__file__).with_name("corpora.toml"))


def select(names: Sequence[str]) -> list[Corpus]:
    """The named corpora, or all.

    Raises
    ------
    ValueError : a name that is none.
    """
    for name in names:
        if name not in CATALOGUE:
            raise ValueError(f"there is no corpus {name!r}; there are {', '.join(CATALOGUE)}")
    return [CATALOGUE[name] for name in names or CATALOGUE]


def verify(folder: Path, corpora: Sequence[Corpus] = tuple(CATALOGUE.values())) -> list[str]:
    """What of a data folder is missing or not as pinned, a line a file."""
    wrong = []
    for corpus in corpora:
        for file in corpus.files:
            path = folder / corpus.name / file.name
            if not path.is_file():
                wrong.append(f"{path}: missing")
            elif digest(path) != file.sha256:
                wrong.append(f"{path}: not the pinned file")
    return wrong


def digest(path: Path) -> str:
    """SHA-256 of a file in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
