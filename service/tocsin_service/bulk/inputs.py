"""The files to read: names, globs and folders resolved before anything is scored."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tocsin_service.bulk import formats
from tocsin_service.bulk.formats import Format, Kind


@dataclass(frozen=True, slots=True)
class Input:
    """One file. ``size`` and ``changed`` (nanoseconds) tell a changed one; a stream has neither and can't be read twice."""

    name: str
    format: Format
    size: int = 0
    changed: int = 0
    stream: bool = False

    @property
    def unit(self) -> str:
        """What its rows are numbered by."""
        return "row" if self.format.kind is Kind.PARQUET else "line"


def find(names: Sequence[str]) -> tuple[Input, ...]:
    """The inputs in the order they are read: as named; a folder's and a glob's files by name.

    Raises
    ------
    ValueError : nothing is found under a name, a file is given twice or can't be looked at, ``-`` is not alone, or an extension is unknown.
    """
    if "-" in names and len(names) > 1:
        raise ValueError("'-' (standard input) can't be read together with files")
    found: list[Input] = []
    seen: set[tuple[int, int]] = set()
    for name in names:
        if name == "-":
            return (Input("-", Format(Kind.JSONL), stream=True),)
        for path in _expanded(name):
            info = _looked_at(path)
            if (info.st_dev, info.st_ino) in seen:
                raise ValueError(f"{path}: given twice; its rows would be doubled")
            seen.add((info.st_dev, info.st_ino))
            found.append(_input(str(path), info))
    return tuple(found)


def refuse_same(inputs: Iterable[Input], written: Iterable[Path | None]) -> None:
    """No file that is written may be read.

    Raises
    ------
    ValueError : one is.
    """
    for target in written:
        for source in inputs:
            if target is not None and target.exists() and source.name != "-" and target.samefile(source.name):
                raise ValueError(f"{target}: this output and the input {source.name} are the same file; write to another one")


def _looked_at(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except OSError as error:
        formats.of(str(path))  # another extension is the first thing to mend
        raise ValueError(f"{path}: {error.strerror}") from None


def _input(name: str, info: os.stat_result) -> Input:
    if stat.S_ISREG(info.st_mode):
        return Input(name, formats.of(name), info.st_size, info.st_mtime_ns)
    return Input(name, formats.of(name) if formats.known(name) else Format(Kind.JSONL), stream=True)  # a pipe or a device


def _expanded(name: str) -> list[Path]:
    path = Path(name)
    if path.is_dir():
        files = sorted(inner for inner in path.rglob("*") if inner.is_file() and formats.known(inner.name))
        if not files:
            raise ValueError(f"{name}: the folder holds no .jsonl, .csv, .tsv or .parquet file")
        return files
    if not path.exists() and glob.has_magic(name):
        found = map(Path, glob.glob(name, recursive=True))  # noqa: PTH207 Path.glob takes no absolute pattern
        files = sorted(path for path in found if not path.is_dir())
        if not files:
            raise ValueError(f"{name}: no file matches")
        return files
    return [path]
