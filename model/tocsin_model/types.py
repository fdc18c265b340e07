"""What the classifier answers with.

Every offset in this package is a **code point** offset into the passage exactly as it was given: ``text[start:end]``, half open.
Other units (UTF-16 code units, UTF-8 bytes) exist only at the service's edge.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Label(StrEnum):
    """The three things a passage can do; independent of each other."""

    THREAT = "threat"
    INCITEMENT = "incitement"
    GLORIFICATION = "glorification"


class Voice(StrEnum):
    """Who speaks the words of a span."""

    AUTHOR = "author"
    QUOTED = "quoted"
    REPORTED = "reported"


class Band(StrEnum):
    """The decision drawn from ``risk``; see :mod:`tocsin_model.policy`."""

    LOW = "low"
    ELEVATED = "elevated"
    HIGH = "high"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A word inside a span and its signed share of the span's log-odds (the absolute shares of one span sum to at most 1)."""

    start: int
    end: int
    weight: float


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch ``[start, end)`` of the passage that carries one label.

    ``score`` is the calibrated probability of the label for the sentence or quotation the span lies in; ``speaker`` is the name or
    phrase the words are attributed to, as it stands in the passage, or None.
    """

    start: int
    end: int
    text: str
    label: Label
    score: float
    voice: Voice
    speaker: str | None
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class Sentence:
    """One scored unit (a sentence, or a quotation inside one) with its own label probabilities."""

    start: int
    end: int
    voice: Voice
    risk: float
    labels: dict[Label, float]


@dataclass(frozen=True, slots=True)
class Language:
    """ISO 639-1 code of the passage's language (``und`` when there is too little text) and whether the model was built for it."""

    code: str
    supported: bool


@dataclass(frozen=True, slots=True)
class Result:
    """The answer for one passage; probabilities in [0, 1], ``asserted_risk <= risk``."""

    risk: float
    asserted_risk: float
    band: Band
    labels: dict[Label, float]
    spans: tuple[Span, ...]
    sentences: tuple[Sentence, ...]
    language: Language
