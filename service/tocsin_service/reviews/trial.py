"""A policy tried out before it is adopted: on what was decided, and on how many passages came in with which scores."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, case, false, func, or_, select
from sqlalchemy.orm import Session

from tocsin_model.policy import Thresholds
from tocsin_service.reviews import drift
from tocsin_service.reviews.models import Item, Kind
from tocsin_service.reviews.period import Period
from tocsin_service.reviews.policy import Policy


@dataclass(frozen=True, slots=True)
class Load:
    """Passages a day that policy queues, between ``low`` and ``high``: the counts of scores know neither communities nor which scores
    belong to one passage. ``decisions`` adds those that are decided twice.
    """

    low: float
    high: float
    double_share: float

    @property
    def decisions(self) -> tuple[float, float]:
        """Decisions a day."""
        return self.low * (1 + self.double_share), self.high * (1 + self.double_share)


@dataclass(frozen=True, slots=True)
class Result:
    """What a policy would have done with the items settled in a period, by its rules alone. ``load`` is None before scores were counted."""

    found: int
    missed: int
    spared: int
    needless: int
    load: Load | None

    @property
    def queued(self) -> int:
        """How many of them it would have queued: violations found, and allowed ones read in vain."""
        return self.found + self.needless

    @property
    def items(self) -> int:
        """How many were settled."""
        return self.found + self.missed + self.spared + self.needless


def compare(session: Session, period: Period, digest: str, current: Policy, draft: Policy, thresholds: Thresholds) -> tuple[Result, Result]:
    """The policy that holds and a draft, over the same items.

    Both are judged by scores and communities as they were stored. An item that was queued on request, or under an earlier policy, is one
    that the current policy may miss as well.
    """
    by_current, by_draft = (case((condition(policy, thresholds), 1), else_=0) for policy in (current, draft))
    query = (
        select(Item.outcome, by_current.label("by_current"), by_draft.label("by_draft"), func.count())
        .where(period.holds(Item.decided), Item.outcome.in_((Kind.VIOLATES, Kind.ALLOWED)))
        .group_by(Item.outcome, "by_current", "by_draft")
    )
    counts = session.execute(query).all()
    received = drift.received(session, digest, period)
    days = drift.days(session, digest, period)

    def result(place: int, policy: Policy) -> Result:
        def of(outcome: Kind, queued: int) -> int:
            return sum(row[3] for row in counts if row[0] == outcome and row[place] == queued)

        return Result(
            of(Kind.VIOLATES, 1),
            of(Kind.VIOLATES, 0),
            of(Kind.ALLOWED, 0),
            of(Kind.ALLOWED, 1),
            load(policy, thresholds, received, days) if days else None,
        )

    return result(1, current), result(2, draft)


def condition(policy: Policy, thresholds: Thresholds) -> ColumnElement[bool]:
    """Whether an item's scores and community queue it: :meth:`Policy.why` in SQL."""
    rules = [
        and_(getattr(Item, rule.score) >= rule.bound(thresholds), *([Item.community.in_(rule.communities)] if rule.communities else []))
        for rule in policy.rules
    ]
    return or_(false(), *rules)


def load(policy: Policy, thresholds: Thresholds, received: dict[str, list[int]], days: int) -> Load:
    """From counts by hundredth over so many days. Several rules queue at least what the widest queues and at most the sum of all; a
    threshold between two hundredths leaves one of them open; of a rule for some communities it is only known what it queues at most.
    """
    total = sum(received["risk"])
    least, most = 0, 0
    for rule in policy.rules:
        bound, counts = rule.bound(thresholds) * drift.BINS, received[rule.score]
        least = max(least, 0 if rule.communities else sum(counts[math.ceil(bound - 1e-9) :]))
        most += sum(counts[math.floor(bound + 1e-9) :])
    return Load(least / days, min(most, total) / days, policy.double_share)
