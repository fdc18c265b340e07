"""Rows put into a queue by hand, with what a test doesn't care about filled in."""

from __future__ import annotations

from itertools import count
from typing import Any

from sqlalchemy.orm import Session

from tocsin_service.reviews.models import Decision, Item, Kind, Role, Status, User

DAY = 86_400.0
NOW = 20_000 * DAY + 3_600  # an hour into a day
MODEL = "sha256:ours"
_numbers = count(1)


def person(session: Session, name: str, role: Role = Role.REVIEWER) -> User:
    """An account that nobody can sign in to."""
    made = User(name=name, role=role, created=NOW - 100 * DAY)
    session.add(made)
    session.flush()
    return made


def item(session: Session, **values: Any) -> Item:
    """A waiting item that came in just now, with every score 0 unless given."""
    scores = dict.fromkeys(("risk", "asserted_risk", "threat", "incitement", "glorification"), 0.0)
    given = {
        "ref": f"row-{next(_numbers)}",
        "source": "api",
        "text": "See you at the quay.",
        "received": NOW,
        "due": NOW,
        **scores,
        "band": "low",
        "label": "none",
        "voice": "none",
        "result": {},
        "model": MODEL,
        "status": Status.WAITING,
    }
    made = Item(**(given | values))
    session.add(made)
    session.flush()
    return made


def decision(session: Session, of: Item, by: User, kind: Kind, at: float = NOW, **values: Any) -> Decision:
    """A decision; one that is ``final`` settles the item."""
    made = Decision(item_id=of.id, user_id=by.id, at=at, kind=kind, **values)
    if made.final:
        of.status, of.outcome, of.decided = Status.DECIDED, kind, at
    session.add(made)
    session.flush()
    return made
