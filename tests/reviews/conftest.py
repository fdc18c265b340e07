"""A queue to work in: accounts, and items with chosen scores."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tocsin_service.reviews import passwords
from tocsin_service.reviews.claims import claim
from tocsin_service.reviews.database import Database
from tocsin_service.reviews.decisions import Verdict, decide
from tocsin_service.reviews.models import Decision, Item, Kind, Role, User
from tocsin_service.reviews.policy import Policy

NOW = 1_700_000_000.0
ONCE = Policy(double_share=0.0)
TWICE = Policy(double_share=1.0)

_numbers = count()


def add_user(session: Session, name: str, role: Role = Role.REVIEWER) -> User:
    """An account that can't sign in."""
    user = User(name=name, role=role.value, created=NOW)
    session.add(user)
    session.flush()
    return user


def add_items(session: Session, many: int = 1, **values: Any) -> list[Item]:
    """Items that wait, the first of them due first; ``values`` are columns, ``risk`` stands for all scores unless they are given."""
    first = session.scalar(select(func.count()).select_from(Item)) or 0
    risk = values.get("risk", 0.9)
    items = []
    for number in range(first, first + many):
        row: dict[str, Any] = {
            "ref": f"item-{next(_numbers)}",
            "source": "api",
            "text": "I will burn your house down.",
            "received": NOW + number,
            "due": NOW + number,
            **dict.fromkeys(("risk", "asserted_risk", "threat"), risk),
            **dict.fromkeys(("incitement", "glorification"), 0.0),
            "band": "high",
            "label": "threat",
            "voice": "author",
            "result": {"spans": [], "language": {"code": "en", "supported": True}},
            "model": "sha256:0",
            "why": ["Elevated risk"],
            "status": "waiting",
        }
        items.append(Item(**{**row, **values}))
    session.add_all(items)
    session.flush()
    return items


def say(session: Session, now: float, user: User, item: Item | int, kind: Kind = Kind.ALLOWED, **values: Any) -> Decision:
    """Open an item and decide it, under ``policy`` if one is given, else without double review."""
    policy = values.pop("policy", ONCE)
    reason = {Kind.VIOLATES: "harassment", Kind.ALLOWED: "idiom", Kind.ESCALATED: "safety", Kind.SKIPPED: None}[kind]
    note = "Please look." if kind is Kind.ESCALATED else ""
    verdict = Verdict(kind, **{"reason": reason, "note": note, **values})
    item_id = item if isinstance(item, int) else item.id
    claim(session, now, user, item_id)
    return decide(session, now, user, item_id, verdict, policy)


class People:
    """Two reviewers and a lead."""

    def __init__(self, session: Session) -> None:
        self.ana = add_user(session, "ana")
        self.ben = add_user(session, "ben")
        self.lea = add_user(session, "lea", Role.LEAD)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Argon2 with its least cost, for tests that are not about how long it takes."""
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    with database.write() as opened:
        yield opened


@pytest.fixture
def people(session: Session) -> People:
    return People(session)
