"""Files scored row by row: a chunk is read, scored and written before the next, so memory does not grow with the file."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TextIO, cast

from tocsin_model import Classifier
from tocsin_service import requests, responses
from tocsin_service.problems import Problem
from tocsin_service.requests import Offsets, ScoreRequest
from tocsin_service.settings import Settings

CHUNK = 512  # rows


@dataclass(frozen=True, slots=True)
class Columns:
    """Names of the columns that hold the passage and its id."""

    text: str
    id: str


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the input, by its line number; either a request or what is wrong with it."""

    line: int
    request: ScoreRequest | None
    id: object = None
    problem: Problem | None = None


@dataclass(slots=True)
class Counts:
    """Rows done."""

    scored: int = 0
    failed: int = 0


def file_format(name: str) -> str:
    """``jsonl`` or ``csv``, by extension.

    Raises
    ------
    ValueError : another extension.
    """
    suffix = Path(name).suffix.lower()
    if name == "-" or suffix in (".jsonl", ".ndjson"):
        return "jsonl"
    if suffix == ".csv":
        return "csv"
    raise ValueError(f"{name}: the extension must be .jsonl or .csv (or '-' for standard streams); Parquet is not read yet")


def opened(name: str, mode: str) -> AbstractContextManager[TextIO]:
    """A file or a standard stream as UTF-8 text; a byte that is none stays visible as a lone surrogate and fails its own row."""
    if name == "-":
        stream = sys.stdin if mode == "r" else sys.stdout
        stream.reconfigure(encoding="utf-8", errors="surrogateescape", newline="")  # type: ignore[union-attr]
        return nullcontext(stream)
    file: Any = Path(name).open(mode, encoding="utf-8-sig" if mode == "r" else "utf-8", errors="surrogateescape", newline="")  # noqa: SIM115 the caller closes it
    return cast("AbstractContextManager[TextIO]", file)


def rows(lines: TextIO, kind: str, columns: Columns) -> Iterator[Row]:
    """The rows of a file in order; a bad one does not end them."""
    if kind == "csv":
        csv.field_size_limit(1 << 27)
        reader = csv.DictReader(lines)
        if columns.text not in (reader.fieldnames or ()):
            raise ValueError(f"the CSV has no column {columns.text!r}; name it with --text-column")
        for record in reader:
            if any("\udc80" <= char <= "\udcff" for char in record[columns.text] or ""):
                yield Row(
                    reader.line_num, None, record.get(columns.id), Problem("malformed-json", "The row is not UTF-8; convert the file.")
                )
            else:
                yield _row(reader.line_num, record, columns)
        return
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield _row(number, requests.decode(line.encode("utf-8", "surrogateescape")), columns)
        except Problem as problem:
            yield Row(number, None, problem=problem)


def _row(line: int, record: dict[str, Any], columns: Columns) -> Row:
    given = record.get(columns.id)
    ident = given if isinstance(given, str | int) and not isinstance(given, bool) else None
    item = {"text": record[columns.text]} if columns.text in record else {}
    try:
        return Row(line, ScoreRequest(text=requests.parse_text(item, Settings()), id=ident))
    except Problem as problem:
        return Row(line, None, ident, problem)


def writer(out: TextIO, kind: str) -> Callable[[dict[str, Any]], None]:
    """Writes one answer: the whole object as JSONL; scores and spans (as JSON) as CSV."""
    if kind == "jsonl":
        return lambda answer: print(json.dumps(answer, allow_nan=False), file=out)
    sheet = csv.writer(out)
    sheet.writerow(["id", "risk", "asserted_risk", "band", "threat", "incitement", "glorification", "spans", "error"])

    def write(answer: dict[str, Any]) -> None:
        if "error" in answer:
            sheet.writerow([answer["id"], *[""] * 7, answer["error"]["detail"]])
            return
        spans = json.dumps(answer["spans"])
        sheet.writerow([answer["id"], answer["risk"], answer["asserted_risk"], answer["band"], *answer["labels"].values(), spans, ""])

    return write


def run(classifier: Classifier, source: Iterator[Row], write: Callable[[dict[str, Any]], None], offsets: Offsets, errors: TextIO) -> Counts:
    """Score every row in order; one that can't be scored is written with its error and listed on ``errors`` by line."""
    counts = Counts()
    while chunk := list(islice(source, CHUNK)):
        asked = [row.request for row in chunk if row.request is not None]
        scored = iter(classifier.score([request.text for request in asked]))
        for row in chunk:
            if row.request is not None:
                request = ScoreRequest(row.request.text, row.request.id, offsets=offsets)
                write(responses.render(next(scored), request, classifier.info))
                counts.scored += 1
            elif row.problem is not None:
                write({"id": row.id, "error": row.problem.body()})
                print(f"tocsin: line {row.line}: {row.problem.detail}", file=errors)
                counts.failed += 1
    return counts
