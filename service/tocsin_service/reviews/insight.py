"""The queue and the work on it in figures: how long items wait, what comes and goes, who decided how much, and what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import QueryableAttribute, Session

from tocsin_service.reviews.models import Decision, Item, Kind, Status, User
from tocsin_service.reviews.period import DAY, Period, whole

OPEN = (Status.WAITING, Status.SECOND, Status.DISPUTED, Status.ESCALATED)
SETTLED = (Kind.VIOLATES, Kind.ALLOWED)
_HOUR = 3_600


@dataclass(frozen=True, slots=True)
class Waiting:
    """The items that aren't decided: how many, and how many seconds half, nine in ten and the oldest have waited; None if there are none.
    ``imminent`` are escalated and somebody may be in danger.
    """

    items: int
    half: float | None
    most: float | None
    oldest: float | None
    imminent: int


@dataclass(frozen=True, slots=True)
class Day:
    """What happened on a day, see :mod:`tocsin_service.reviews.period`."""

    day: int
    received: int
    decided: int


@dataclass(frozen=True, slots=True)
class Work:
    """What one person did: decisions that weren't taken back, skipped items apart; ``seconds`` an item was open, the median."""

    name: str
    decisions: int
    seconds: float | None
    escalated: int
    skipped: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many items were settled, or escalated, for a reason."""

    kind: Kind
    reason: str | None
    items: int
    imminent: int


def waiting(session: Session, now: float) -> Waiting:
    """The queue's age. Counted by the hour first, so that only the hours that matter are sorted."""
    by_hour = select(whole(Item.received / _HOUR).label("hour"), func.count().label("many")).where(Item.status.in_(OPEN)).group_by("hour")
    hours = sorted((row.hour, row.many) for row in session.execute(by_hour))
    items = sum(many for _, many in hours)
    imminent = session.scalar(select(func.count()).where(Item.status == Status.ESCALATED, Item.imminent)) or 0
    if not items:
        return Waiting(0, None, None, None, imminent)

    def age(place: int) -> float:
        """Of the one that has waited longest but ``place``."""
        for first, many in hours:
            if place < many:
                in_hour = Item.received.between(first * _HOUR, (first + 1) * _HOUR - 1e-6)
                query = select(Item.received).where(Item.status.in_(OPEN), in_hour).order_by(Item.received).offset(place).limit(1)
                return now - session.scalars(query).one()
            place -= many
        raise AssertionError(place)

    return Waiting(items, age((items - 1) // 2), age((items - 1) // 10), age(0), imminent)


def days(session: Session, period: Period) -> list[Day]:
    """What came into the queue and what was settled, day by day, none left out."""
    received, decided = _by_day(session, period, Item.received), _by_day(session, period, Item.decided)
    return [Day(day, received.get(day, 0), decided.get(day, 0)) for day in period.days]


def work(session: Session, period: Period) -> list[Work]:
    """By person, most decisions first."""
    seconds = whole(Decision.seconds).label("taken")
    query = (
        select(Decision.user_id, Decision.kind, seconds, func.count())
        .where(period.holds(Decision.at), Decision.undone.is_(None))
        .group_by(Decision.user_id, Decision.kind, "taken")
    )
    done: dict[int, dict[str, Counter[int]]] = {}
    for user, kind, taken, many in session.execute(query):
        done.setdefault(user, {}).setdefault(kind, Counter())[taken] += many
    names = {row.id: row.name for row in session.execute(select(User.id, User.name).where(User.id.in_(done)))}
    people = []
    for user, kinds in done.items():
        counts = {kind: kinds.get(kind, Counter()) for kind in Kind}
        decided = counts[Kind.VIOLATES] + counts[Kind.ALLOWED] + counts[Kind.ESCALATED]
        skipped, escalated = counts[Kind.SKIPPED].total(), counts[Kind.ESCALATED].total()
        people.append(Work(names[user], decided.total(), median(decided.items()), escalated, skipped))
    return sorted(people, key=lambda one: (-one.decisions, one.name))


def outcomes(session: Session, period: Period) -> list[Outcome]:
    """By reason, the commonest first: items settled, and escalations whoever settled them later."""
    query = (
        select(Decision.kind, Decision.reason, func.count(), func.count().filter(Decision.imminent))
        .where(period.holds(Decision.at), Decision.undone.is_(None), Decision.final | (Decision.kind == Kind.ESCALATED))
        .group_by(Decision.kind, Decision.reason)
    )
    found = [Outcome(Kind(kind), reason, many, imminent) for kind, reason, many, imminent in session.execute(query)]
    return sorted(found, key=lambda one: (-one.items, one.kind, one.reason or ""))


def median(counted: Iterable[tuple[int, int]]) -> float | None:
    """The median of values and how often they occur; of two in the middle the mean; None of none."""
    ordered = sorted(counted)
    total = sum(many for _, many in ordered)
    middle = []
    for place in ((total - 1) // 2, total // 2):
        passed = 0
        for value, many in ordered:
            passed += many
            if place < passed:
                middle.append(value)
                break
    return sum(middle) / 2 if total else None


def _by_day(session: Session, period: Period, column: QueryableAttribute[Any]) -> dict[int, int]:
    query = select(whole(column / DAY).label("day"), func.count().label("many")).where(period.holds(column)).group_by("day")
    return {row.day: row.many for row in session.execute(query)}
