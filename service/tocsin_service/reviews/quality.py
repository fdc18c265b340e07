"""How sound the decisions are: what two people said who read the same passage unseen by each other, and what was overturned."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import and_, case, exists, func, select
from sqlalchemy.orm import Session, aliased

from tocsin_service.reviews import agreement
from tocsin_service.reviews.insight import SETTLED
from tocsin_service.reviews.models import Decision, Item, Status, User
from tocsin_service.reviews.period import Period

FEWEST = 10
"""Passages that two people must have read both before their agreement is shown."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two people and their κ over the passages both read."""

    first: str
    second: str
    kappa: agreement.Estimate


@dataclass(frozen=True, slots=True)
class Agreement:
    """Of the passages whose second reader decided in a period. ``same``: how many of them both readers decided alike; ``settled``: how many
    items were settled in the period; ``pairs``: those that read most together first.
    """

    same: int
    settled: int
    kappa: agreement.Estimate
    alpha: agreement.Estimate
    pairs: tuple[Pair, ...]

    @property
    def doubled(self) -> int:
        """How many passages two people read."""
        return self.alpha.n


@dataclass(frozen=True, slots=True)
class Overturned:
    """Of ``decisions`` made in a period: those that a lead took back, and those that a second reader and a lead outvoted. What readers took
    back themselves, ``corrected``, isn't among the decisions: nobody disagreed.
    """

    decisions: int
    corrected: int
    taken_back: int
    outvoted: int

    @property
    def share(self) -> float | None:
        """None where nothing was decided."""
        return (self.taken_back + self.outvoted) / self.decisions if self.decisions else None


def agreed(session: Session, period: Period) -> Agreement:
    """The first two decisions of an item that are neither skips, escalations nor taken back, if the first didn't settle it: the second
    was made without seeing it. With an escalation between the two the second reader was a lead who saw the first; such items are left out.
    """
    first, second, earlier = aliased(Decision), aliased(Decision), aliased(Decision)
    between = exists().where(
        earlier.item_id == second.item_id,
        earlier.id < second.id,
        earlier.id != first.id,
        earlier.undone.is_(None),
        earlier.kind.in_((*SETTLED, "escalated")),
    )
    query = (
        select(first.user_id, second.user_id, first.kind, second.kind, func.count())
        .join(first, and_(first.item_id == second.item_id, first.id < second.id, first.user_id != second.user_id))
        .where(period.holds(second.at), second.undone.is_(None), second.kind.in_(SETTLED))
        .where(first.final.is_(False), first.undone.is_(None), first.kind.in_(SETTLED), ~between)
        .group_by(first.user_id, second.user_id, first.kind, second.kind)
    )
    overall: Counter[tuple[str | None, ...]] = Counter()
    by_pair: dict[tuple[int, int], Counter[tuple[str | None, ...]]] = {}
    for one, other, kind, again, many in session.execute(query):
        overall[kind, again] += many
        ordered = (kind, again) if one < other else (again, kind)
        by_pair.setdefault((min(one, other), max(one, other)), Counter())[ordered] += many
    settled = session.scalar(select(func.count(Item.decided)).where(period.holds(Item.decided))) or 0
    same = sum(many for (kind, again), many in overall.items() if kind == again)
    return Agreement(same, settled, agreement.kappa(overall), agreement.alpha(overall), _pairs(session, by_pair))


def overturned(session: Session, period: Period) -> Overturned:
    """Of the decisions made in a period, what didn't last."""
    otherwise = exists().where(Item.id == Decision.item_id, Item.status == Status.DECIDED, Item.outcome != Decision.kind)
    outvoted = and_(Decision.final.is_(False), Decision.undone.is_(None), otherwise)
    corrected = and_(Decision.undone.is_not(None), Decision.overruled.is_(False))
    conditions = (corrected.is_(False), corrected, Decision.overruled, outvoted)
    sums = [func.coalesce(func.sum(case((condition, 1), else_=0)), 0) for condition in conditions]
    return Overturned(*session.execute(select(*sums).where(period.holds(Decision.at), Decision.kind.in_(SETTLED))).one())


def _pairs(session: Session, found: dict[tuple[int, int], Counter[tuple[str | None, ...]]], most: int = 12) -> tuple[Pair, ...]:
    enough = sorted((pair for pair in found if found[pair].total() >= FEWEST), key=lambda pair: -found[pair].total())[:most]
    people = {user for pair in enough for user in pair}
    names = {row.id: row.name for row in session.execute(select(User.id, User.name).where(User.id.in_(people)))}
    return tuple(Pair(names[one], names[other], agreement.kappa(found[one, other])) for one, other in enough)
