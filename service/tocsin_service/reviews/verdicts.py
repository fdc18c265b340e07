"""What a reviewer may say of a passage."""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass, replace

from tocsin_model.types import Label, Voice
from tocsin_service.reviews.models import Kind
from tocsin_service.reviews.policy import Choice, Policy

_NOTE, _SPEAKER = 2_000, 200
_LONGEST_OPEN = 86_400.0
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


class DecisionError(ValueError):
    """A decision can't be made or undone so; ``field`` says what of it to change."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch ``[start, end)`` of the passage, in code points, that carries a label; ``speaker`` is who else than the author says it."""

    start: int
    end: int
    label: str
    voice: str
    speaker: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """``reason`` is the slug of a violation, an exception or a team; none for a skip. ``imminent``: somebody may be in danger now.
    ``seconds``: how long the item was open.
    """

    kind: Kind
    reason: str | None = None
    note: str = ""
    imminent: bool = False
    labels: tuple[str, ...] = ()
    spans: tuple[Mark, ...] = ()
    seconds: float = 0.0

    def stored_spans(self) -> list[dict[str, object]]:
        """The spans as the database has them."""
        return [asdict(mark) for mark in self.spans]


def checked(verdict: Verdict, text: str, policy: Policy) -> Verdict:
    """The verdict on a passage in order: labels and spans sorted, blanks cut off.

    Raises
    ------
    DecisionError : something of it can't be so.
    """
    _reason(verdict, policy)
    labels = tuple(label.value for label in Label if label in verdict.labels)
    if len(labels) < len(set(verdict.labels)):
        raise DecisionError("labels", f"takes some of {', '.join(Label)}")
    if verdict.kind is Kind.VIOLATES and verdict.reason in set(Label) and not labels:
        raise DecisionError("labels", "is empty; choose what of it is in the passage, or another policy")
    note = verdict.note.strip()
    if len(note) > _NOTE:
        raise DecisionError("note", f"has {len(note)} characters; at most {_NOTE} are kept")
    if _UNSTORABLE.search(note):
        raise DecisionError("note", "holds a character that is none")
    if verdict.imminent and verdict.kind is not Kind.ESCALATED:
        raise DecisionError("imminent", "is for what is escalated: choose a team")
    if verdict.kind is Kind.ESCALATED and not note:
        asked = "who may be in danger, and where" if verdict.imminent else "what the team has to know"
        raise DecisionError("note", f"is empty; say {asked}")
    if not math.isfinite(verdict.seconds):
        raise DecisionError("seconds", "must be a number")
    seconds = min(max(0.0, verdict.seconds), _LONGEST_OPEN)
    return replace(verdict, reason=verdict.reason or None, note=note, labels=labels, spans=_spans(verdict.spans, text), seconds=seconds)


def _reason(verdict: Verdict, policy: Policy) -> None:
    choices: dict[Kind, tuple[Choice, ...]] = {
        Kind.VIOLATES: policy.violations,
        Kind.ALLOWED: policy.exceptions,
        Kind.ESCALATED: policy.teams,
        Kind.SKIPPED: (),
    }
    slugs = [choice.slug for choice in choices[verdict.kind]]
    if slugs and verdict.reason not in slugs:
        raise DecisionError("reason", f"takes one of {', '.join(slugs)}")
    if not slugs and verdict.reason:
        raise DecisionError("reason", "must be empty for a skip")


def _spans(spans: tuple[Mark, ...], text: str) -> tuple[Mark, ...]:
    for place, mark in enumerate(spans):
        where = f"spans[{place}]"
        if not 0 <= mark.start < mark.end:
            raise DecisionError(f"{where}.start", "must be 0 or more, and before its end")
        if mark.end > len(text):
            raise DecisionError(f"{where}.end", f"lies behind the end of the passage, which is {len(text)}")
        if mark.label not in set(Label):
            raise DecisionError(f"{where}.label", f"takes one of {', '.join(Label)}")
        if mark.voice not in set(Voice):
            raise DecisionError(f"{where}.voice", f"takes one of {', '.join(Voice)}")
        if mark.speaker is not None and (len(mark.speaker) > _SPEAKER or _UNSTORABLE.search(mark.speaker)):
            raise DecisionError(f"{where}.speaker", f"must be text of at most {_SPEAKER} characters")
    ordered = sorted(spans, key=lambda mark: (mark.start, mark.end, mark.label))
    ends: dict[str, int] = {}
    for mark in ordered:
        if mark.start < ends.get(mark.label, 0):
            raise DecisionError("spans", f"of {mark.label} overlap at character {mark.start}; join the two, or cut one")
        ends[mark.label] = mark.end
    return tuple(replace(mark, speaker=_speaker(mark)) for mark in ordered)


def _speaker(mark: Mark) -> str | None:
    """The author of a passage isn't named: what is in their own voice has no speaker."""
    return ((mark.speaker or "").strip() or None) if mark.voice != Voice.AUTHOR else None
