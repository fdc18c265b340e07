"""The files to read: names, globs and folders resolved before anything is scored."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tocsin_service.bulk import formats
from tocsin_service.bulk.formats import Format, Kind
from tocsin_service.bulk.refusals import Refused


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


def find(names: Sequence[str], own: Iterable[Path | None] = ()) -> tuple[Input, ...]:
    """The inputs in the order they are read: as named; a folder's and a glob's files by name, those of ``own`` left out.

    Raises
    ------
    ValueError : nothing is found under a name, a file is given twice or can't be looked at, ``-`` is not alone, or an extension is unknown.
    """
    if "-" in names and len(names) > 1:
        raise ValueError("'-' (standard input) can't be read together with files")
    left_out = set(own)
    found: list[Input] = []
    seen: set[tuple[int, int]] = set()
    for name in names:
        if name == "-":
            return (Input("-", Format(Kind.JSONL), stream=True),)
        for path in _expanded(name):
            if left_out and str(path) != name and path.resolve() in left_out:
                continue
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


def refuse_changed(inputs: Iterable[Input]) -> None:
    """No file may change while it is read.

    Raises
    ------
    Refused : one did.
    """
    for source in inputs:
        if not source.stream:
            info = _looked_at(Path(source.name))
            if (info.st_size, info.st_mtime_ns) != (source.size, source.changed):
                raise Refused(f"{source.name}: changed while it was read; run again without --resume once nobody writes it")


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


def _inside(top: Path) -> Iterator[Path]:
    """The files of a folder that have one of our extensions; nothing that has one is passed over.

    Raises
    ------
    ValueError : a folder inside can't be read, or a name with such an extension is no file.
    """
    for name, folders, files in os.walk(top, onerror=_unreadable):
        folder = Path(name)
        links = [inner for inner in folders if (folder / inner).is_symlink()]  # not followed
        for path in [folder / inner for inner in (*files, *links) if formats.known(inner)]:
            if not path.is_file():
                raise ValueError(f"{path}: is no file (a broken link, a linked folder or a pipe?); remove it, or name the files themselves")
            yield path


def _unreadable(error: OSError) -> None:
    raise ValueError(f"{error.filename}: can't be read: {error.strerror}")


def _expanded(name: str) -> list[Path]:
    path = Path(name)
    if path.is_dir():
        files = sorted(_inside(path))
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
