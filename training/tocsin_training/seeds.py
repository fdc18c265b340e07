"""The passages written for this project: ``seeds/*.jsonl``, one passage a line, spans and voices marked by hand."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from tocsin_model.types import Label, Voice

T = TypeVar("T")
_JSON: dict[type, str] = {str: "a string", int: "a whole number", list: "a list"}

SEEDS = Path(__file__).resolve().parents[2] / "seeds"

KINDS = (
    "positive", "reporting", "condemnation", "peace", "legal", "history", "fiction", "sport", "game", "idiom", "everyday", "victim",
    "counter_speech", "insult", "hate_nonviolent", "negation", "neutral",
)  # fmt: skip


class SeedError(ValueError):
    """A line of a seeds file is not a passage; names the file, the line and the field."""


@dataclass(frozen=True, slots=True)
class GoldSpan:
    """Marked words ``text[start:end]`` (code points), the labels they carry, and who says them."""

    start: int
    end: int
    labels: frozenset[Label]
    voice: Voice
    speaker: str | None


@dataclass(frozen=True, slots=True)
class Passage:
    """One written passage. ``group`` ties a dangerous passage to its benign twins: a split never cuts through a group."""

    id: str
    group: str
    theme: str
    kind: str
    genre: str
    origin: str  # "written", "grammar:<name>" or "review"
    text: str
    spans: tuple[GoldSpan, ...]

    @property
    def labels(self) -> frozenset[Label]:
        """Labels that anybody in the passage earns."""
        return frozenset(label for span in self.spans for label in span.labels)

    @property
    def asserted(self) -> bool:
        """Whether the author of the passage says any of it."""
        return any(span.voice is Voice.AUTHOR for span in self.spans)


def load(folder: Path = SEEDS) -> list[Passage]:
    """Every passage of every ``*.jsonl`` in a seeds folder, in file and line order.

    Raises
    ------
    SeedError : a line is not a passage, or a marked span is not in its text.
    """
    return [passage for path in sorted(folder.glob("*.jsonl")) for passage in read(path)]


def read(path: Path, theme: str | None = None) -> list[Passage]:
    """The passages of one file; the file's stem is their theme unless another is given.

    Raises
    ------
    SeedError : as :func:`load`.
    """
    passages = []
    for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
        if line.strip():
            try:
                passages.append(parse(json.loads(line), theme or path.stem))
            except (ValueError, RecursionError) as error:
                raise SeedError(f"{path.name} line {number}: {_why(error)}") from None
    return passages


def parse(row: object, theme: str) -> Passage:
    """One decoded line; keys it doesn't know are let be. Spans repeat their words, so that a wrong offset can't go unseen.

    Raises
    ------
    ValueError : a field is missing or has a value that can't be used; names it, and doesn't quote the passage.
    """
    if not isinstance(row, dict):
        raise ValueError("must be an object")  # noqa: TRY004 one kind of error for all that a line can be
    text, kind = _field(row, "text", str), _field(row, "kind", str)
    if kind not in KINDS:
        raise ValueError(f"kind {kind[:40]!r} is not one of {', '.join(KINDS)}")
    spans = tuple(_span(span, text, f"spans[{place}]") for place, span in enumerate(_field(row, "spans", list)))
    ident, group, genre, origin = (_field(row, name, str) for name in ("id", "group", "genre", "origin"))
    return Passage(ident, group, theme, kind, genre, origin, text, spans)


def _span(span: object, text: str, where: str) -> GoldSpan:
    if not isinstance(span, dict):
        raise ValueError(f"{where} must be an object")  # noqa: TRY004 as above
    start, end, words = _field(span, "start", int, where), _field(span, "end", int, where), _field(span, "text", str, where)
    if not 0 <= start < end <= len(text) or text[start:end] != words:
        raise ValueError(f"{where} does not hold its words: {start} to {end} of the text are others")
    labels, voice = _field(span, "labels", list, where), _field(span, "voice", str, where)
    if not all(isinstance(label, str) and label in set(Label) for label in labels):
        raise ValueError(f"{where}.labels takes {', '.join(Label)}")
    if voice not in set(Voice):
        raise ValueError(f"{where}.voice takes {', '.join(Voice)}")
    speaker = None if span.get("speaker") is None else _field(span, "speaker", str, where)
    return GoldSpan(start, end, frozenset(Label(label) for label in labels), Voice(voice), speaker)


def _field(row: dict[str, object], name: str, kind: type[T], where: str = "") -> T:
    shown = f"{where}.{name}" if where else name
    if name not in row:
        raise ValueError(f"{shown} is missing")
    value = row[name]
    if type(value) is not kind:  # true is no number
        raise ValueError(f"{shown} must be {_JSON[kind]}")
    return value


def _why(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg} at column {error.colno}"
    if isinstance(error, UnicodeDecodeError):
        return f"not UTF-8: byte {error.start}"
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)


def render(passage: Passage) -> str:
    """The line of a passage, as :func:`read` takes it."""
    row = {
        "id": passage.id,
        "group": passage.group,
        "kind": passage.kind,
        "genre": passage.genre,
        "origin": passage.origin,
        "labels": sorted(passage.labels),
        "spans": [
            {
                "start": span.start,
                "end": span.end,
                "text": passage.text[span.start : span.end],
                "labels": sorted(span.labels),
                "voice": span.voice,
                "speaker": span.speaker,
            }
            for span in passage.spans
        ],
        "text": passage.text,
    }
    return json.dumps(row, ensure_ascii=False)
