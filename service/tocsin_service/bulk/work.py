"""What a worker does with a chunk: rows, scores, answers, counts. The same chunk gives the same bytes in any process."""

from __future__ import annotations

import heapq
import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple, Self

from tocsin_model import Classifier
from tocsin_model.types import Result, Span
from tocsin_service import responses
from tocsin_service.bulk import answers, rows
from tocsin_service.bulk.answers import Answer, Level, Writer
from tocsin_service.bulk.chunks import Chunk
from tocsin_service.bulk.inputs import Input
from tocsin_service.bulk.rows import Columns, Row
from tocsin_service.bulk.summary import Passage, Summary
from tocsin_service.highlight import pieces
from tocsin_service.problems import Problem
from tocsin_service.requests import Offsets
from tocsin_service.settings import Settings

PASSAGES = 20  # shown in the report
_BEFORE, _SHOWN = 800, 4_000  # characters of a passage in the report: before its riskiest span, and in all


@dataclass(frozen=True, slots=True)
class Job:
    """What to do with every chunk."""

    inputs: tuple[Input, ...]
    columns: Columns
    writer: Writer
    offsets: Offsets = Offsets.CODEPOINT
    min_risk: float | None = None
    top: int | None = None
    passages: int = 0  # for the report


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that could not be scored, by its file and line (in Parquet: row) number. Nothing of the row but its id."""

    file: str
    line: int
    id: str | int | float | None
    type: str
    reason: str


class Best(NamedTuple):
    """A candidate of ``--top``; the greater the better."""

    order: tuple[float, int]  # risk, and the row over all inputs as a negative number: of the same risk, the first is the best
    answer: bytes  # JSON, packed: marks of a long passage are ten times its length

    @classmethod
    def of(cls, order: tuple[float, int], answer: Answer) -> Self:
        """A candidate with an answer."""
        return cls(order, zlib.compress(json.dumps(answer).encode("ascii"), 1))

    @property
    def line(self) -> bytes:
        """The answer as JSON."""
        return zlib.decompress(self.answer)


@dataclass(frozen=True, slots=True)
class Done:
    """A chunk's outcome: bytes for the output, or candidates; ``number`` to ``digest`` are the chunk's."""

    number: int
    file: int
    position: int
    digest: str
    data: bytes
    best: tuple[Best, ...]
    rejects: tuple[Reject, ...]
    summary: Summary


def work(chunk: Chunk, job: Job, classifier: Classifier) -> Done:
    """Score a chunk."""
    settings = Settings()
    parsed = [rows.parse(*one, job.columns, job.offsets, settings) for one in zip(chunk.lines, chunk.records, strict=True)]
    spans = job.writer.level is not Level.SCORES or job.passages > 0
    results = classifier.score([row.request.text for row in parsed if row.request is not None], spans=spans)
    summary, rejects, written, best = Summary(), [], list[Answer](), list[Best]()
    scored = list(_paired(parsed, results))
    for place, (row, result) in enumerate(scored):
        if result is None or row.request is None:
            problem = row.problem or Problem("internal", "The row was not scored.")
            rejects.append(Reject(job.inputs[chunk.file].name, row.line, row.id, problem.type.slug, problem.detail))
            summary.reasons[problem.type.slug] = summary.reasons.get(problem.type.slug, 0) + 1
            if job.min_risk is None and job.top is None:
                written.append({"id": row.id, **row.kept, "error": problem.body()})
            continue
        summary.tally.count(result, classifier.thresholds)
        if job.columns.group is not None:
            summary.group(row.group).count(result, classifier.thresholds)
        order = (result.risk, -(chunk.first + place))
        enough = chunk.bar is None or order > chunk.bar
        if enough and (job.min_risk is None or result.risk >= job.min_risk):
            answer = answers.cut(responses.render(result, row.request, classifier.info), row.kept, job.writer.level)
            if job.top is None:
                written.append(answer)
            else:
                keep(best, Best.of(order, answer), job.top)
    summary.failed = len(rejects)
    summary.named = sorted(frozenset[str]().union(*(row.named for row in parsed)))
    summary.passages = list(_passages(chunk, job, scored))
    summary.written = len(written)
    data = job.writer.encode(written)
    return Done(chunk.number, chunk.file, chunk.position, chunk.digest, data, tuple(best), tuple(rejects), summary)


def keep(heap: list[Best], one: Best, most: int) -> None:
    """Put a candidate into a heap of the ``most`` best, if it is one of them."""
    if len(heap) < most:
        heapq.heappush(heap, one)
    elif one > heap[0]:
        heapq.heapreplace(heap, one)


def _paired(parsed: Iterable[Row], results: Iterable[Result]) -> Iterator[tuple[Row, Result | None]]:
    following = iter(results)
    for row in parsed:
        yield row, None if row.request is None else next(following)


def _passages(chunk: Chunk, job: Job, scored: list[tuple[Row, Result | None]]) -> Iterator[Passage]:
    """The chunk's riskiest passages, of the same text only the first."""
    if not job.passages:
        return
    distinct: dict[str, tuple[int, Row, Result]] = {}
    for place, (row, result) in enumerate(scored):
        if row.request is not None and result is not None:
            distinct.setdefault(row.request.text, (place, row, result))
    source = job.inputs[chunk.file]
    for text, (place, row, result) in heapq.nsmallest(job.passages, distinct.items(), key=lambda one: (-one[1][2].risk, one[1][0])):
        where = f"{source.name} {source.unit} {row.line}" + (f", id {row.id}" if row.id is not None else "")
        scores = {
            "risk": result.risk,
            "asserted risk": result.asserted_risk,
            **{label.value: value for label, value in result.labels.items()},
        }
        yield Passage(result.risk, chunk.first + place, where[:300], result.band.value, scores, _pieces(text, result))


def _pieces(text: str, result: Result) -> tuple[tuple[str, str, str, bool], ...]:
    """The passage as it is marked; of a long one, the part around its riskiest span."""
    worst = max(result.spans, key=lambda span: span.score, default=None)
    low = max(0, worst.start - _BEFORE) if worst is not None and len(text) > _SHOWN else 0
    high = min(len(text), low + _SHOWN)
    marked = [cut for span in result.spans if (cut := _within(span, low, high)) is not None]
    shown = [
        (piece.text, " ".join((*piece.labels, str(piece.voice), f"w{piece.weight}")) if piece.labels else "", piece.title, piece.first)
        for piece in pieces(text[low:high], marked)
    ]
    before = [("…", "", "", False)] if low > 0 else []
    after = [("…", "", "", False)] if high < len(text) else []
    return tuple(before + shown + after)


def _within(span: Span, low: int, high: int) -> Span | None:
    """The part of a span in ``[low, high)``, counted from ``low``."""
    start, end = max(span.start, low), min(span.end, high)
    if start >= end:
        return None
    words = tuple(
        replace(word, start=max(word.start, low) - low, end=min(word.end, high) - low)
        for word in span.evidence
        if word.start < high and word.end > low
    )
    return replace(span, start=start - low, end=end - low, evidence=words)
