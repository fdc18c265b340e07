"""Deciding items, and taking decisions back."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from tocsin_service.reviews import audit
from tocsin_service.reviews.claims import CLAIM_SECONDS, locked, obstacle, release_others, turn
from tocsin_service.reviews.history import Past, by_author, history, similar
from tocsin_service.reviews.life import Standing, replay, settles
from tocsin_service.reviews.models import Decision, Item, Kind, Role, User
from tocsin_service.reviews.policy import Policy
from tocsin_service.reviews.verdicts import DecisionError, Mark, Verdict, checked

__all__ = [
    "UNDO_SECONDS",
    "DecisionError",
    "Mark",
    "NotYours",
    "Past",
    "Verdict",
    "by_author",
    "decide",
    "history",
    "similar",
    "undo",
]

UNDO_SECONDS = 900


class NotYours(Exception):
    """An item can't be decided by who tries to; says why."""


def decide(session: Session, now: float, user: User, item_id: int, verdict: Verdict, policy: Policy) -> Decision:
    """Decide an item that ``user`` has open. A claim that has expired counts as long as nobody else took the item.

    Raises
    ------
    NotYours : somebody else has it, or it was closed, decided or erased.
    DecisionError : the verdict can't be so.
    """
    turn(session, user)
    item = locked(session, item_id)
    if item is None:
        raise NotYours("There is no such item.")
    if item.claimed_by != user.id:
        raise NotYours(obstacle(session, now, user, item) or "You don't have it open any more; open it again.")
    hindered = obstacle(session, now, user, item)
    if hindered or item.text is None:
        raise NotYours(hindered or "The passage was erased.")
    verdict = checked(verdict, item.text, policy)
    decision = Decision(
        item_id=item.id,
        user_id=user.id,
        at=now,
        kind=verdict.kind.value,
        reason=verdict.reason,
        imminent=verdict.imminent,
        note=verdict.note,
        labels=list(verdict.labels),
        spans=verdict.stored_spans(),
        seconds=verdict.seconds,
        final=settles(verdict.kind, item, _living(session, item.id), policy.double_share),
    )
    session.add(decision)
    Standing.of(item).after(decision).apply(item)
    session.flush()
    detail = {"imminent": True} if verdict.imminent else {}
    audit.record(session, now, user.name, "decided", item=item.id, kind=decision.kind, reason=decision.reason, **detail)
    return decision


def undo(session: Session, now: float, user: User, decision_id: int) -> int:
    """Take a decision back: the item stands where it stood before, open for ``user`` if they may decide it.

    Who decided may do so for ``UNDO_SECONDS``; a lead may, of anybody and at any time. Of several decisions the last is taken back first.

    Returns
    -------
    The item's id.

    Raises
    ------
    DecisionError : not by them, not any more, or somebody has built on it.
    """
    turn(session, user)
    item_id = session.scalar(select(Decision.item_id).where(Decision.id == decision_id))
    item = None if item_id is None else locked(session, item_id)
    decision = session.get(Decision, decision_id, populate_existing=True)
    if item is None or decision is None or (decision.user_id != user.id and user.role == Role.REVIEWER):
        raise DecisionError("decision", "is not yours; a lead can take it back")
    living = _living(session, item.id)
    _undoable(session, now, user, item, decision, living)
    decision.undone, decision.overruled = now, decision.user_id != user.id
    replay(one for one in living if one.id != decision.id).apply(item)
    session.flush()
    if obstacle(session, now, user, item) is None:
        item.claimed_by, item.claimed_until = user.id, now + CLAIM_SECONDS
        session.flush()
        release_others(session, now, user, item.id)
    audit.record(session, now, user.name, "undone", item=item.id, kind=decision.kind, reason=decision.reason, decision=decision.id)
    return item.id


def _undoable(session: Session, now: float, user: User, item: Item, decision: Decision, living: Iterable[Decision]) -> None:
    if decision.undone is not None:
        raise DecisionError("decision", "is taken back already")
    if user.role == Role.REVIEWER and now - decision.at > UNDO_SECONDS:
        raise DecisionError("decision", f"is older than {UNDO_SECONDS // 60} minutes; a lead can take it back")
    if item.erased is not None:
        raise DecisionError("decision", "can't be taken back: the passage was erased")
    later = next((one for one in living if one.id > decision.id and one.kind != Kind.SKIPPED), None)
    if later is not None:
        name = "You have" if later.user_id == user.id else f"{session.scalars(select(User.name).where(User.id == later.user_id)).one()} has"
        raise DecisionError("decision", f"can't be taken back: {name} decided after it; that decision has to go first")
    if item.claimed_by not in (None, user.id) and (item.claimed_until or 0) > now:
        raise DecisionError("decision", "can't be taken back now: somebody else has the item open")


def _living(session: Session, item_id: int) -> list[Decision]:
    """The decisions of an item that weren't undone, oldest first."""
    return list(session.scalars(select(Decision).where(Decision.item_id == item_id, Decision.undone.is_(None)).order_by(Decision.id)))
