"""What is stored of an item to what a template shows: words with their weights, snippets, ages."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from typing import Any
from urllib.parse import urlsplit

from tocsin_model.types import Band, Evidence, Label, Language, Result, Span, Voice
from tocsin_service import highlight
from tocsin_service.reviews.models import Item

_BEFORE, _SNIPPET = 60, 260  # code points


@dataclass(frozen=True, slots=True)
class Word:
    """A stretch inside a marking: its text, its shade from 0 to 4, and its signed weight in words, empty if it has none."""

    text: str
    weight: int
    tip: str


@dataclass(frozen=True, slots=True)
class Group:
    """Words under one marking, or plain ones if there are no labels. ``tag`` names label, voice and speaker where a span begins."""

    labels: tuple[Label, ...]
    voice: Voice | None
    tag: str
    words: tuple[Word, ...]


def result_of(item: Item) -> Result:
    """The classifier's answer, as it was stored; without sentences."""
    text, stored = item.text or "", item.result
    return Result(
        risk=item.risk,
        asserted_risk=item.asserted_risk,
        band=Band(item.band),
        labels={label: getattr(item, label.value) for label in Label},
        spans=tuple(_span(text, span) for span in stored.get("spans") or ()),
        sentences=(),
        language=Language(**stored.get("language", {"code": "und", "supported": True})),
    )


def marked(text: str, marks: Iterable[dict[str, Any]], spans: Sequence[Span]) -> list[Span]:
    """The spans that a reviewer marked, each with the model's evidence for its label inside it."""
    weighed = [(span.label, evidence) for span in spans for evidence in span.evidence]
    return [
        replace(
            span,
            evidence=tuple(one for label, one in weighed if label is span.label and span.start <= one.start and one.end <= span.end),
        )
        for span in (_span(text, mark) for mark in marks)
    ]


def groups(text: str, spans: Sequence[Span]) -> list[Group]:
    """The whole text in order, nothing lost, for :file:`_passage.html`."""
    shares = {label: sorted((one for span in spans if span.label is label for one in span.evidence), key=_start) for label in Label}
    starts = {label: [one.start for one in found] for label, found in shares.items()}
    tags: dict[int, list[Span]] = {}
    for span in spans:
        tags.setdefault(span.start, []).append(span)

    def tip(start: int, end: int) -> str:
        found = []
        for label in Label:
            place = bisect_right(starts[label], start) - 1
            if place >= 0 and shares[label][place].end >= end:
                found.append(f"{label} {share(shares[label][place].weight)}")
        return ", ".join(found)

    placed, at = [], 0
    for piece in highlight.pieces(text, spans):
        placed.append((at, piece))
        at += len(piece.text)
    run = 0

    def look(pair: tuple[int, highlight.Piece]) -> tuple[object, ...]:
        nonlocal run
        run += pair[1].first
        return (run, pair[1].labels, pair[1].voice)

    result = []
    for _, inside in groupby(placed, look):
        found = list(inside)
        start, first = found[0]
        words = tuple(
            Word(piece.text, piece.weight if piece.labels else 0, tip(where, where + len(piece.text)) if piece.labels else "")
            for where, piece in found
        )
        result.append(Group(first.labels, first.voice, tag(tags.get(start, ())), words))
    return result


def tag(spans: Sequence[Span]) -> str:
    """Which labels begin here, and who speaks: ``threat · quoted, Marek Oduya``."""
    if not spans:
        return ""
    labels = " + ".join(label for label in Label if any(span.label is label for span in spans))
    voice, speaker = spans[0].voice, next((span.speaker for span in spans if span.speaker), None)
    return labels if voice is Voice.AUTHOR and not speaker else f"{labels} · {voice}" + (f", {speaker}" if speaker else "")


def riskiest(item: Item) -> Span | None:
    """The span that the model is surest of."""
    found = max(item.result.get("spans") or (), key=lambda span: float(span["score"]), default=None)
    return _span(item.text or "", found) if found else None


def snippet(item: Item) -> list[Group]:
    """A few lines around the riskiest span, or from the beginning."""
    text, worst = item.text or "", riskiest(item)
    start = max(0, worst.start - _BEFORE) if worst else 0
    if start:
        space = text.find(" ", start, start + _BEFORE)
        start = space + 1 if space >= 0 else start
    end = min(len(text), start + _SNIPPET)
    near = [span for span in item.result.get("spans") or () if span["start"] < end and span["end"] > start]
    inside = [_clipped(_span(text, span), start, end) for span in near]
    cut = groups(text[start:end], inside)
    plain = Group((), None, "", (Word("… ", 0, ""),))
    return [*([plain] if start else []), *cut, *([Group((), None, "", (Word(" …", 0, ""),))] if end < len(text) else [])]


def age(seconds: float) -> str:
    """A length of time in one unit, as short as can be: ``5 min``."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return "now"


def moment(then: float) -> str:
    """A time in UTC, to the minute, as ISO 8601 has it: ``2026-03-31T14:05Z``."""
    return datetime.fromtimestamp(then, UTC).strftime("%Y-%m-%dT%H:%MZ")


def clock(then: float) -> str:
    """The time of day in UTC: ``14:05``."""
    return datetime.fromtimestamp(then, UTC).strftime("%H:%M")


def share(weight: float) -> str:
    """A signed share of the log-odds, with a real minus sign: ``+31 %``."""
    return f"{100 * weight:+.0f} %".replace("-", "−")


def host(link: str | None) -> str:
    """The host of a link that may be followed; empty for any that isn't http or https."""
    try:
        parts = urlsplit(link or "")
        name = parts.hostname or ""
    except ValueError:
        return ""
    return name if parts.scheme in ("http", "https") else ""


def _start(evidence: Evidence) -> int:
    return evidence.start


def _span(text: str, stored: dict[str, Any]) -> Span:
    start, end = stored["start"], stored["end"]
    evidence = tuple(Evidence(one["start"], one["end"], one["weight"]) for one in stored.get("evidence", ()))
    label, voice = Label(stored["label"]), Voice(stored["voice"])
    return Span(start, end, text[start:end], label, stored.get("score", 1.0), voice, stored.get("speaker"), evidence)


def _clipped(span: Span, start: int, end: int) -> Span:
    """A span as it lies in ``[start, end)``, with offsets from there."""
    evidence = tuple(
        replace(one, start=one.start - start, end=one.end - start) for one in span.evidence if start <= one.start and one.end <= end
    )
    return replace(span, start=max(0, span.start - start), end=min(end, span.end) - start, evidence=evidence)
