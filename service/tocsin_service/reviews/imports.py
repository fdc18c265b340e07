"""Files into the queue: a row is a passage, in tables by its columns, in JSON lines as in the body of ``POST /v1/items``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tocsin_model import Classifier
from tocsin_service.bulk import inputs, readers, rows
from tocsin_service.bulk.formats import Kind
from tocsin_service.bulk.rows import Columns, Row
from tocsin_service.problems import Problem
from tocsin_service.requests import Offsets
from tocsin_service.reviews import audit, intake, policy
from tocsin_service.reviews.database import Database
from tocsin_service.reviews.submissions import Submission, digest, parse
from tocsin_service.settings import Settings

ROWS, CHARACTERS = 500, 4_000_000  # a chunk ends at whichever comes first
_OPTIONAL = ("author", "community", "time", "link")  # may be absent under these names; a column that is named must be there
_OPTIONS = "--author-column, --community-column, --time-column or --link-column"
_NUMBER = re.compile(r"-?\d{1,15}(\.\d+)?", re.ASCII)

Rejected = tuple[int, str]  # line, or row in Parquet, and what to change


@dataclass(slots=True)
class ImportReport:
    """What became of the rows; the rejected ones in order, none with its text."""

    queued: int = 0
    not_queued: int = 0
    known: int = 0
    rejected: list[Rejected] = field(default_factory=list)


def run(
    database: Database,
    classifier: Classifier,
    now: Callable[[], float],
    path: Path,
    *,
    text_column: str = "text",
    id_column: str = "id",
    author_column: str = "author",
    community_column: str = "community",
    time_column: str = "time",
    link_column: str = "link",
    always: bool = False,
    settings: Settings | None = None,
) -> ImportReport:
    """Queue the rows of a file by policy. Each chunk is committed by itself, and rows queued before are ``known``: a run that was
    stopped is done again.

    Raises
    ------
    ValueError : the file can't be read, or lacks a column.
    DatabaseError : the database does not answer.
    """
    names = {"id": id_column, "author": author_column, "community": community_column, "time": time_column, "link": link_column}
    report = ImportReport()
    for submissions, rejected in _chunks(read(path, text_column, names, settings or Settings())):
        results = classifier.score([one.text for one in submissions])
        with database.write() as session:
            holds, at = policy.current(session), now()
            outcomes = intake.take(session, at, submissions, results, holds, classifier.info, classifier.thresholds, always)
            counts = [sum(outcome.status == status for outcome in outcomes) for status in (intake.QUEUED, intake.NOT_QUEUED, intake.KNOWN)]
            counted = dict(zip(("queued", "not_queued", "known"), counts, strict=True))
            audit.record(session, at, "command line", "imported", **counted, rejected=len(rejected))
        report.queued += counts[0]
        report.not_queued += counts[1]
        report.known += counts[2]
        report.rejected += rejected
    return report


def read(path: Path, text_column: str, names: dict[str, str], settings: Settings) -> Iterator[Submission | Rejected]:
    """The rows of a file in order; ``names`` gives the column of each field, an empty one leaves it out.

    A row without an id gets one made of what it holds, so that the same file read again brings nothing twice.

    Raises
    ------
    ValueError : the file can't be read, or lacks a column that is named.
    """
    [source] = inputs.find([str(path)]) if not path.is_dir() else _refuse(path)
    fields = {name: column for name, column in names.items() if column} | {"context": "context"}
    if source.format.kind in (Kind.JSONL, Kind.PARQUET):
        fields |= {"metadata": "metadata", "always": "always"}
    named = tuple(names[name] for name in _OPTIONAL if names[name] not in ("", name))
    optional = tuple(column for column in fields.values() if column not in named)
    columns = Columns(text_column, names["id"] or "id", keep=named, optional=optional, keep_option=_OPTIONS)
    for line, record, _ in readers.records(source, columns):
        row = rows.parse(line, record, columns, Offsets.CODEPOINT, settings)
        try:
            yield _submission(row, fields, settings)
        except Problem as problem:
            yield line, f"{problem.field}: {problem.detail}" if problem.field else problem.detail


def _refuse(path: Path) -> list[inputs.Input]:
    raise ValueError(f"{path}: is a folder; import its files one by one")


def _submission(row: Row, fields: dict[str, str], settings: Settings) -> Submission:
    if row.problem:
        raise row.problem
    assert row.request is not None  # a row has one of the two
    given = {name: row.kept[column] for name, column in fields.items() if row.kept[column] not in (None, "")}
    given["text"] = row.request.text
    for name in ("author", "community"):
        if isinstance(given.get(name), int) and not isinstance(given[name], bool):
            given[name] = str(given[name])
    if isinstance(given.get("time"), str) and _NUMBER.fullmatch(given["time"]):
        given["time"] = float(given["time"])
    if "id" not in given:
        given["id"] = digest("import", *(str(given.get(name)) for name in (*_OPTIONAL, "text")))
    return parse(given, settings, source="import")


def _chunks(found: Iterator[Submission | Rejected]) -> Iterator[tuple[list[Submission], list[Rejected]]]:
    submissions: list[Submission] = []
    rejected: list[Rejected] = []
    size = 0
    for one in found:
        if isinstance(one, Submission):
            submissions.append(one)
            size += len(one.text)
        else:
            rejected.append(one)
        if len(submissions) + len(rejected) >= ROWS or size >= CHARACTERS:
            yield submissions, rejected
            submissions, rejected, size = [], [], 0
    if submissions or rejected:
        yield submissions, rejected
