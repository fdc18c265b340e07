"""The passages written for this project: ``seeds/*.jsonl``, one passage a line, spans and voices marked by hand."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from tocsin_model.types import Label, Voice

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


def read(path: Path) -> list[Passage]:
    """The passages of one file; the file's stem is their theme."""
    passages = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        try:
            passages.append(parse(json.loads(line), path.stem))
        except (KeyError, ValueError, TypeError) as error:
            raise SeedError(f"{path.name} line {number}: {error!r}") from error
    return passages


def parse(row: dict[str, object], theme: str) -> Passage:
    """One decoded line. Spans repeat their words, so that a wrong offset can't go unseen."""
    text, marked = row["text"], row["spans"]
    if not isinstance(text, str) or not isinstance(marked, list):
        raise TypeError("text must be a string and spans a list")
    if row["kind"] not in KINDS:
        raise ValueError(f"kind {row['kind']!r} is not one of {', '.join(KINDS)}")
    spans = []
    for span in marked:
        if text[span["start"] : span["end"]] != span["text"]:
            raise ValueError(f"span {span['start']}–{span['end']} does not hold its words {span['text']!r}")
        labels = frozenset(Label(label) for label in span["labels"])
        spans.append(GoldSpan(span["start"], span["end"], labels, Voice(span["voice"]), span["speaker"]))
    return Passage(str(row["id"]), str(row["group"]), theme, str(row["kind"]), str(row["genre"]), str(row["origin"]), text, tuple(spans))


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
