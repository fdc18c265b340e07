"""CSV and TSV, strictly: a broken row costs itself, not the rows after it."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from typing import Self, TextIO

from tocsin_service.bulk.formats import Kind
from tocsin_service.bulk.rows import LONGEST, Broken, Columns, Record, pick

_TOO_LONG = Broken(
    "too-large", f"The row is longer than {LONGEST >> 20} MiB; cut the passage into pages, or close the quotation mark that opens here."
)


def records(text: TextIO, kind: Kind, columns: Columns, name: str) -> Iterator[tuple[int, Record]]:
    """The line a record begins at, and its wanted cells. ``text`` keeps line ends, and bytes that are not UTF-8 as lone surrogates.

    Raises
    ------
    ValueError : there is no header, or it lacks a column.
    """
    csv.field_size_limit(LONGEST)
    lines = _Lines(text)
    # Strict: a stray quotation mark would otherwise be dropped, and with it the sign that somebody is quoted.
    reader = csv.reader(lines, delimiter="\t" if kind is Kind.TSV else ",", strict=True)
    try:
        header = next(reader, None)
    except (csv.Error, _TooLong):
        raise ValueError(f"{name}: the first line is not the header of a CSV file") from None
    if header is None:
        raise ValueError(f"{name}: the file is empty; a {kind.value.upper()} file begins with a header")
    # Its names stay unsaid: where the header was forgotten they are a passage.
    picked = pick(header, columns, name, f" among the {len(header)} of the first line")
    while True:
        first = lines.begin()
        try:
            fields = next(reader)
        except StopIteration:
            return
        except _TooLong:
            lines.back()
            yield first, _TOO_LONG
            continue
        except csv.Error as error:
            lines.back()
            yield first, Broken("invalid-value", f"The row is not CSV: {error}.")
            continue
        if len(fields) == len(header):
            yield first, tuple(fields[index] if index >= 0 else None for index in picked)
        elif fields:
            counted = f"The row has {len(fields)} fields, the header {len(header)}; quote fields that hold the delimiter."
            yield first, Broken("invalid-value", counted)


class _TooLong(Exception):
    """A record passed the limit."""


class _Lines:
    """Lines for ``csv.reader``, which can be given again: a record that turns out broken costs its first line only."""

    def __init__(self, text: TextIO) -> None:
        self.text = text
        self.number = 0  # of the last line given
        self.size = 0
        self.taken: list[str | None] = []  # the lines of the record that is being read; None for one that is too long by itself
        self.again: deque[str | None] = deque()

    def begin(self) -> int:
        """The number of the line that the next record begins with."""
        self.size = 0
        self.taken.clear()
        return self.number + 1

    def back(self) -> None:
        """Give the lines of this record again, but not its first."""
        self.again.extendleft(reversed(self.taken[1:]))
        self.number -= max(0, len(self.taken) - 1)

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> str:
        line = self.again.popleft() if self.again else self._read()
        if line == "":
            raise StopIteration
        self.number += 1
        self.taken.append(line)
        self.size += len(line or "")
        if line is None or self.size >= LONGEST:
            raise _TooLong
        return line

    def _read(self) -> str | None:
        line = self.text.readline(LONGEST)
        if len(line) < LONGEST or line[-1] in "\r\n":
            return line
        while line and line[-1] not in "\r\n":
            line = self.text.readline(LONGEST)
        return None
