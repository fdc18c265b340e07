"""One record of a file to one row: a request to score, or what is wrong with it."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tocsin_service import requests
from tocsin_service.problems import Problem
from tocsin_service.requests import Offsets, ScoreRequest
from tocsin_service.settings import Settings

LONGEST = 1 << 24  # bytes of a JSONL line, characters of a CSV record
NO_GROUP = "(none)"
_LONGEST_GROUP = 80  # characters
_NOT_UTF8 = re.compile("[\udc80-\udcff]")  # what the error handler surrogateescape leaves of a byte that is none


@dataclass(frozen=True, slots=True)
class Columns:
    """Names of the columns: the passage, its id, those passed through, and the one that rows are counted by.

    ``optional`` ones are passed through as well, and may be absent. ``keep_option`` is how another one of ``keep`` is named.
    """

    text: str = "text"
    id: str = "id"
    keep: tuple[str, ...] = ()
    group: str | None = None
    optional: tuple[str, ...] = ()
    keep_option: str = "--keep"

    @property
    def wanted(self) -> tuple[str, ...]:
        """The columns that a record of a table holds, in order."""
        return (self.text, self.id, *self.keep, *((self.group,) if self.group is not None else ()), *self.optional)

    @property
    def named(self) -> dict[str, str]:
        """The options by the columns that they name beyond the passage's: in JSONL a misspelt one is in no row."""
        named = {self.group: "--group-by"} if self.group is not None else {}
        return named | dict.fromkeys(self.keep, self.keep_option) | ({self.id: "--id-column"} if self.id != "id" else {})


@dataclass(frozen=True, slots=True)
class Broken:
    """A record that is no row."""

    slug: str
    detail: str


TOO_LONG = Broken("too-large", f"The row is longer than {LONGEST >> 20} MiB; cut the passage into pages.")

# A line of JSONL, or the cells of ``Columns.wanted``; the passage of a table is str (CSV) or bytes (Parquet).
Record = bytes | tuple[Any, ...] | Broken


@dataclass(frozen=True, slots=True)
class Row:
    """A row by its line number (in Parquet: row number), from 1. ``named``: those of ``Columns.named`` that it has."""

    line: int
    request: ScoreRequest | None
    id: str | int | float | None = None
    kept: dict[str, Any] = field(default_factory=dict)
    group: str = NO_GROUP
    problem: Problem | None = None
    named: frozenset[str] = frozenset()


def pick(header: Sequence[str], columns: Columns, name: str, there: str) -> tuple[int, ...]:
    """Where the wanted columns stand in a table; -1 for the id's and optional ones if there are none. ``there``: what to say of the others.

    Raises
    ------
    ValueError : another one is missing, or stands there twice.
    """
    needed = [(columns.text, "--text-column"), *((kept, columns.keep_option) for kept in columns.keep)]
    needed += [(columns.group, "--group-by")] if columns.group is not None else []
    for column, option in needed:
        if column not in header:
            raise ValueError(f"{name}: there is no column {column!r}{there}; name another with {option}")
    for column in columns.wanted:
        if list(header).count(column) > 1:
            raise ValueError(f"{name}: there are two columns {column!r}; rename one")
    return tuple(list(header).index(column) if column in header else -1 for column in columns.wanted)


def parse(line: int, record: Record, columns: Columns, offsets: Offsets, settings: Settings) -> Row:
    """A record's row; never raises for what the record holds."""
    try:
        if isinstance(record, Broken):
            raise Problem(record.slug, record.detail)
        cells = _line(record) if isinstance(record, bytes) else dict(zip(columns.wanted, record, strict=True))
    except Problem as problem:
        return Row(line, None, kept=dict.fromkeys(columns.keep), problem=problem)
    clean = isinstance(record, bytes) or _decode(cells, columns.text)
    given = cells.get(columns.id)
    ident = _ident(given, isinstance(record, bytes))
    kept = {name: cells.get(name) for name in (*columns.keep, *columns.optional)}
    group = _group(cells.get(columns.group)) if columns.group is not None else NO_GROUP
    # A table's columns are known to be there, but for the id's, which is null throughout if there is none.
    absent = columns.id if given is None and not isinstance(record, bytes) else None
    named = frozenset(name for name in columns.named if name in cells and name != absent)
    try:
        if not clean:
            raise Problem("invalid-value", "The row is not UTF-8; convert the file.")
        if columns.text not in cells:
            raise Problem(
                "invalid-value", f"There is no {columns.text!r}; name the passage's column with --text-column.", field=columns.text
            )
        text = requests.parse_text({"text": cells[columns.text]}, settings)
    except Problem as problem:
        return Row(line, None, ident, kept, group, problem, named)
    return Row(line, ScoreRequest(text=text, id=ident, offsets=offsets), ident, kept, group, None, named)


def _ident(given: Any, strict: bool) -> Any:
    """An id to echo: JSON's as requests have it; a table's of any plain kind, a whole float as the integer that pandas has made it of."""
    if isinstance(given, float) and not strict:
        return int(given) if given.is_integer() else given
    if isinstance(given, bool):
        return None if strict else given
    return given if isinstance(given, str | int) else None


def _line(record: bytes) -> dict[str, Any]:
    try:
        return requests.decode(record)
    except Problem as problem:
        detail = problem.detail.replace("The body", "The row", 1).replace(" line 1 column", " column", 1)
        raise Problem(problem.type.slug, detail) from None


def _decode(cells: dict[str, Any], passage: str) -> bool:
    """Make the passage text, and every cell free of what stands for bytes that are not UTF-8; false if there were any."""
    if isinstance(cells[passage], bytes):
        cells[passage] = cells[passage].decode("utf-8", "surrogateescape")
    clean = True
    for name, cell in cells.items():
        if isinstance(cell, str) and not cell.isascii() and _NOT_UTF8.search(cell):
            cells[name] = _NOT_UTF8.sub("�", cell)
            clean = False
    return clean


def _group(value: Any) -> str:
    if value is None or value == "":
        return NO_GROUP
    name = value if isinstance(value, str) else json.dumps(value)
    return name if len(name) <= _LONGEST_GROUP else name[: _LONGEST_GROUP - 1] + "…"
