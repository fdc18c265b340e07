"""The audit log, page by page."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from tocsin_service.reviews.models import Event, User

PAGE = 100


@dataclass(frozen=True, slots=True)
class Sought:
    """What an event has to match; empty or None for any. ``until`` is the first moment that doesn't."""

    actor: str = ""
    action: str = ""
    item: int | None = None
    since: float | None = None
    until: float | None = None


def events(session: Session, sought: Sought, before: int | None = None) -> tuple[list[Event], bool]:
    """Up to a hundred events older than ``before``, the latest first, and whether there are more."""
    query = select(Event).order_by(Event.id.desc()).limit(PAGE + 1)
    if sought.actor:
        query = query.where(Event.actor == sought.actor)
    if sought.action:
        query = query.where(Event.action == sought.action)
    if sought.item is not None:
        query = query.where(Event.item_id == sought.item)
    if sought.since is not None:
        query = query.where(Event.at >= sought.since)
    if sought.until is not None:
        query = query.where(Event.at < sought.until)
    if before is not None:
        query = query.where(Event.id < before)
    found = list(session.scalars(query))
    return found[:PAGE], len(found) > PAGE


def actions(session: Session) -> list[str]:
    """What has been recorded so far, by name."""
    return sorted(session.scalars(select(Event.action).distinct()))


def actors(session: Session) -> list[str]:
    """The accounts, by name."""
    return sorted(session.scalars(select(User.name)), key=str.casefold)
