"""A passage cut where its marking changes, for whoever paints it: the terminal or a page."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from tocsin_model.types import Label, Result, Span, Voice

STEPS = 4  # shades of evidence


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch with one look: the labels it carries (none: plain text), who says it, and how much it weighed, 0 to ``STEPS``."""

    text: str
    labels: tuple[Label, ...]
    voice: Voice | None
    speaker: str | None
    weight: int
    first: bool  # whether a span begins here

    @property
    def title(self) -> str:
        """The marking in words, for a tooltip and a screen reader."""
        who = f", {self.voice}" + (f": {self.speaker}" if self.speaker else "") if self.voice else ""
        return ", ".join(self.labels) + who


@dataclass(frozen=True, slots=True)
class Word:
    """A word that weighed for a label: the sum of its signed shares."""

    text: str
    label: Label
    weight: float


def pieces(text: str, spans: Iterable[Span]) -> list[Piece]:
    """The whole text in order, nothing lost; spans of different labels may overlap."""
    marked = sorted(spans, key=lambda span: span.start)
    edges = {0, len(text)}
    for span in marked:
        edges.update((span.start, span.end))
        for item in span.evidence:
            edges.update((item.start, item.end))
    result = []
    waiting, over = deque(marked), list[Span]()
    for start, end in pairwise(sorted(edges)):  # a sweep: only the spans open here are looked at
        over = [span for span in over if span.end > start]
        while waiting and waiting[0].start < end:
            over.append(waiting.popleft())
        weight = max((item.weight for span in over for item in span.evidence if item.start < end and item.end > start), default=0.0)
        labels = tuple(label for label in Label if any(span.label is label for span in over))
        lead = over[0] if over else None
        result.append(
            Piece(
                text[start:end],
                labels,
                lead.voice if lead else None,
                lead.speaker if lead else None,
                min(STEPS, round(max(0.0, weight) * 2 * STEPS)),
                any(span.start == start for span in over),
            )
        )
    return result


def heaviest(text: str, result: Result, most: int = 8) -> list[Word]:
    """The words that weighed most over all spans, heaviest first, each once a label."""
    sums: dict[tuple[str, Label], float] = {}
    for span in result.spans:
        for item in span.evidence:
            key = (text[item.start : item.end].lower(), span.label)
            sums[key] = sums.get(key, 0.0) + item.weight
    ordered = sorted(sums.items(), key=lambda pair: -abs(pair[1]))
    return [Word(word, label, weight) for (word, label), weight in ordered[:most]]
