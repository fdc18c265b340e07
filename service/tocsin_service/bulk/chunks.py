"""Records to chunks: what one worker scores at a time, and what a checkpoint counts."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tocsin_service.bulk.inputs import Input
from tocsin_service.bulk.readers import Found, records
from tocsin_service.bulk.rows import Broken, Columns, Record

ROWS, BYTES = 256, 1 << 20  # a chunk ends at whichever comes first; scores don't depend on it


@dataclass(frozen=True, slots=True)
class Chunk:
    """Records of one file, in order.

    ``first`` counts rows over all inputs; ``position`` is how far the inputs are read, in bytes; ``digest`` covers every record from
    the first of all, so that it tells whether the inputs are still what they were.
    """

    number: int
    first: int
    file: int
    lines: tuple[int, ...]
    records: tuple[Record, ...]
    position: int
    digest: str
    bar: tuple[float, int] | None = None  # of ``--top``: what ``Best.order`` must exceed, once enough rows are kept


def chunks(inputs: Sequence[Input], columns: Columns) -> Iterator[Chunk]:
    """All records in order, none of one chunk from two files. The same inputs give the same chunks.

    Raises
    ------
    ValueError : an input can't be read, or lacks a column.
    """
    digest = hashlib.blake2b(digest_size=16)
    number, first, before = 0, 0, 0
    for file, source in enumerate(inputs):
        for lines, held, position in _batches(records(source, columns)):
            digest.update(repr((file, lines, held)).encode("utf-8", "surrogatepass"))
            yield Chunk(number, first, file, lines, held, before + position, digest.hexdigest())
            number, first = number + 1, first + len(held)
        before += source.size


def _batches(found: Iterator[Found]) -> Iterator[tuple[tuple[int, ...], tuple[Record, ...], int]]:
    lines: list[int] = []
    held: list[Record] = []
    size, position = 0, 0
    for line, record, position in found:
        lines.append(line)
        held.append(record)
        size += _size(record)
        if len(held) >= ROWS or size >= BYTES:
            yield tuple(lines), tuple(held), position
            lines, held, size = [], [], 0
    if held:
        yield tuple(lines), tuple(held), position


def _size(record: Record) -> int:
    if isinstance(record, bytes):
        return len(record)
    if isinstance(record, Broken):
        return 0
    return sum(len(cell) for cell in record if isinstance(cell, str | bytes))
