"""Decided items in the format of ``seeds/*.jsonl``: what ``tocsin train --reviews`` learns from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Executable, Row, Select, func, select
from sqlalchemy.orm import Session, aliased

from tocsin_model.types import Voice
from tocsin_service.reviews.models import Decision, Item, Kind, Status

# As in tocsin_training.seeds, which the service doesn't import; a test compares them.
KINDS = (
    "positive", "reporting", "condemnation", "peace", "legal", "history", "fiction", "sport", "game", "idiom", "everyday", "victim",
    "counter_speech", "insult", "hate_nonviolent", "negation", "neutral",
)  # fmt: skip
_QUOTATION = re.compile(r"[\"“”„«»‘’'`>]")
_SETTLING = (Kind.VIOLATES, Kind.ALLOWED)
_DAY = 86_400
_PAGE = 500


def rows(session: Session, since: float | None = None, until: float | None = None) -> Iterator[dict[str, Any]]:
    """Items that were finally decided at ``since`` or later and before ``until``, in the order they came; erased ones are gone.

    Passages of the same words, or of the same author and day (UTC), have one group, named after its first item. What has a label but no
    marked words is left out, as it would teach that nothing in it is dangerous.
    """
    groups = _groups(session, since, until)
    other = aliased(Decision)
    reviewers = (
        select(func.count(other.user_id.distinct()))
        .where(other.item_id == Item.id, other.undone.is_(None), other.kind.in_(_SETTLING))
        .scalar_subquery()
    )
    columns = (Item.id, Item.text, Item.source, Item.model, Item.decided, Decision.kind, Decision.reason, Decision.labels, Decision.spans)
    found = session.execute(_decided(select(*columns, Decision.id.label("decision"), reviewers.label("reviewers")), since, until))
    for row in found:
        spans = _spans(row.text, [mark for mark in row.spans if mark["label"] in row.labels])
        if spans or not row.labels:
            yield _passage(row, spans, f"review-{groups.get(row.id, row.id)}")


def _decided(statement: Any, since: float | None, until: float | None) -> Executable:
    """The statement over items and their final decisions, oldest item first, a page at a time."""
    chosen: Select[Any] = (
        statement.join_from(Item, Decision, Decision.item_id == Item.id)
        .where(Item.status == Status.DECIDED, Item.text.is_not(None), Decision.final, Decision.undone.is_(None))
        .where(Decision.kind.in_(_SETTLING))
        .order_by(Item.id)
        .execution_options(yield_per=_PAGE)
    )
    chosen = chosen if since is None else chosen.where(Item.decided >= since)
    return chosen if until is None else chosen.where(Item.decided < until)


def _groups(session: Session, since: float | None, until: float | None) -> dict[int, int]:
    """By item, the first item of its group."""
    first: dict[int, int] = {}
    seen: dict[object, int] = {}

    def root(item: int) -> int:
        while first[item] != item:
            first[item] = item = first[first[item]]
        return item

    columns = (Item.id, Item.author, func.coalesce(Item.written, Item.received).label("at"), Item.text)
    for row in session.execute(_decided(select(*columns), since, until)):
        first[row.id] = row.id
        keys: list[object] = [" ".join(re.findall(r"\w+", row.text.casefold()))]
        if row.author:
            keys.append((row.author, row.at // _DAY))
        for key in keys:
            one, other = sorted((root(row.id), root(seen.setdefault(key, row.id))))
            first[other] = one
    return {item: root(item) for item in first}


def _spans(text: str, marks: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Marks as the seeds have them: trimmed, and one range for those that overlap, with the labels of all and the first one's voice."""
    spans: list[dict[str, Any]] = []
    for mark in sorted(marks, key=lambda mark: (mark["start"], -mark["end"])):
        words = text[mark["start"] : mark["end"]]
        start = mark["start"] + len(words) - len(words.lstrip())
        end = start + len(words.strip())
        if start == end:
            continue
        if spans and start < spans[-1]["end"]:
            spans[-1]["end"] = max(end, spans[-1]["end"])
            spans[-1]["labels"].add(mark["label"])
            continue
        voice = mark["voice"]
        if voice == Voice.QUOTED and not _QUOTATION.search(text):
            voice = Voice.REPORTED.value
        speaker = mark["speaker"] if voice != Voice.AUTHOR and (mark["speaker"] or "") in text else None
        spans.append({"start": start, "end": end, "labels": {mark["label"]}, "voice": voice, "speaker": speaker or None})
    return [
        {
            "start": span["start"],
            "end": span["end"],
            "text": text[span["start"] : span["end"]],
            "labels": sorted(span["labels"]),
            "voice": span["voice"],
            "speaker": span["speaker"],
        }
        for span in spans
    ]


def _passage(row: Row[Any], spans: list[dict[str, Any]], group: str) -> dict[str, Any]:
    allowed_as = row.reason if row.kind == Kind.ALLOWED and row.reason in KINDS[1:] else "neutral"
    return {
        "id": f"review-{row.id}",
        "group": group,
        "kind": "positive" if spans else allowed_as,
        "genre": "review",
        "origin": "review",
        "labels": sorted({label for span in spans for label in span["labels"]}),
        "spans": spans,
        "text": row.text,
        "review": {
            "decision": row.decision,
            "outcome": row.kind,
            "reason": row.reason,
            "decided": row.decided,
            "reviewers": row.reviewers,
            "model": row.model,
            "source": row.source,
        },
    }
