"""Files to records; nothing is read that a limit does not bound."""

from __future__ import annotations

import codecs
import gzip
import io
import sys
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from tocsin_service.bulk import sheets
from tocsin_service.bulk.formats import Kind, Packing
from tocsin_service.bulk.inputs import Input
from tocsin_service.bulk.rows import LONGEST, TOO_LONG, Broken, Columns, Record

Found = tuple[int, Record, int]  # line number, record, bytes of the file read so far


def records(source: Input, columns: Columns) -> Generator[Found, None, None]:
    """The records of a file, in order; a broken one does not end them.

    Raises
    ------
    ValueError : the file can't be read, or lacks a column.
    """
    if source.format.kind is Kind.PARQUET:
        from tocsin_service.bulk import tables  # noqa: PLC0415 an extra

        yield from tables.records(source, columns)
        return
    try:
        with _opened(source) as (data, position):
            if source.format.kind is Kind.JSONL:
                for line, record in _jsonl(data):
                    yield line, record, position()
            else:
                with io.TextIOWrapper(data, encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
                    for line, cells in sheets.records(text, source.format.kind, columns, source.name):
                        yield line, cells, position()
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise ValueError(f"{source.name}: the compressed file is damaged or cut off") from None
    except OSError as error:
        raise ValueError(f"{source.name}: can't be read: {error.strerror or 'damaged'}") from None


def check(source: Input, columns: Columns) -> None:
    """Open an input and look at its first record; a stream is left alone.

    Raises
    ------
    ValueError : as :func:`records`.
    """
    if not source.stream:
        with closing(records(source, columns)) as found:
            next(found, None)


@contextmanager
def _opened(source: Input) -> Iterator[tuple[BinaryIO, Callable[[], int]]]:
    """The plain bytes, and how many bytes of the file are read."""
    if source.name == "-":
        yield sys.stdin.buffer, lambda: 0
        return
    with Path(source.name).open("rb", buffering=0) as raw:
        position = (lambda: 0) if source.stream else raw.tell
        if source.format.packing is Packing.GZIP:
            yield cast("BinaryIO", gzip.GzipFile(fileobj=raw)), position
        elif source.format.packing is Packing.ZSTD:
            import pyarrow as pa  # noqa: PLC0415 an extra

            yield io.BufferedReader(pa.CompressedInputStream(raw, "zstd"), 1 << 18), position
        else:
            yield io.BufferedReader(raw, 1 << 18), position


def _jsonl(data: BinaryIO) -> Iterator[tuple[int, bytes | Broken]]:
    number = 0
    while line := data.readline(LONGEST):
        number += 1
        if len(line) >= LONGEST and not line.endswith(b"\n"):
            while line and not line.endswith(b"\n"):
                line = data.readline(LONGEST)
            yield number, TOO_LONG
            continue
        if number == 1:
            line = line.removeprefix(codecs.BOM_UTF8)
        if line.strip():
            yield number, line
