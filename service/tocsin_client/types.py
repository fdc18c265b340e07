"""What goes in and what comes back: the objects of ``POST /v1/score`` and ``GET /v1/model``, frozen.

Every offset is in the unit that was asked for, half open, into the passage as it was sent; code points unless asked otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Label = Literal["threat", "incitement", "glorification"]
Band = Literal["low", "elevated", "high"]
Voice = Literal["author", "quoted", "reported"]
Offsets = Literal["codepoint", "utf16", "byte"]
Id = str | int | None


@dataclass(frozen=True, slots=True)
class Item:
    """One passage of many, with an id that its answer repeats."""

    text: str
    id: Id = None


@dataclass(frozen=True, slots=True)
class Evidence:
    """A word inside a span and its signed share of the span's log-odds."""

    start: int
    end: int
    weight: float


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the passage that carries one label; ``speaker`` is who the words are attributed to, None if nobody is named."""

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
    """One scored unit: a sentence, or a quotation inside one."""

    start: int
    end: int
    voice: Voice
    risk: float
    labels: Mapping[Label, float]


@dataclass(frozen=True, slots=True)
class Language:
    """ISO 639-1 code of the passage's language (``und`` if too little text) and whether the model was built for it."""

    code: str
    supported: bool


@dataclass(frozen=True, slots=True)
class Model:
    """Which model answered."""

    name: str
    version: str
    digest: str


@dataclass(frozen=True, slots=True)
class Score:
    """The scores of one passage: probabilities in [0, 1], ``asserted_risk <= risk``.

    ``spans`` and ``sentences`` are None where they were not asked for, and empty where there are none.
    """

    id: Id
    model: Model
    risk: float
    asserted_risk: float
    band: Band
    labels: Mapping[Label, float]
    spans: tuple[Span, ...] | None
    sentences: tuple[Sentence, ...] | None
    language: Language
    offsets: Offsets


@dataclass(frozen=True, slots=True)
class ItemError:
    """An item of many that can't be scored, in the place of its score.

    ``index`` counts from 0 over all that was given; the rest is RFC 9457's, and ``field`` is a field of the item.
    """

    index: int
    id: Id
    type: str
    status: int
    detail: str
    field: str | None


@dataclass(frozen=True, slots=True)
class ModelCard:
    """The model the service runs; ``card`` is all of ``GET /v1/model``: thresholds, training data with licences, figures."""

    name: str
    version: str
    digest: str
    labels: tuple[Label, ...]
    card: Mapping[str, Any]
