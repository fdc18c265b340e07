"""Who saw and did what, when: a log that only grows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tocsin_service.reviews.models import Event

_PAGE = 1_000


def record(session: Session, now: float, actor: str, action: str, item: int | None = None, **detail: Any) -> None:
    """Add an event. ``actor`` is an account's name, or what acted (``api``, ``command line``); ``detail`` must never hold a passage."""
    session.add(Event(at=now, actor=actor[:80], action=action, item_id=item, detail=detail))


def export(session: Session, since: float = 0.0) -> Iterator[dict[str, Any]]:
    """Every event from ``since`` on, oldest first, as JSON has it."""
    last = 0
    while True:
        events = session.scalars(select(Event).where(Event.id > last, Event.at >= since).order_by(Event.id).limit(_PAGE)).all()
        for event in events:
            yield {"id": event.id, "at": event.at, "actor": event.actor, "action": event.action, "item": event.item_id, **event.detail}
        if len(events) < _PAGE:
            return
        last = events[-1].id
