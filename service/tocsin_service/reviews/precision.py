"""How often the model is right where it is sure, as reviewers see it. Only what was queued is known: nothing here says what it misses."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from tocsin_model.types import Label
from tocsin_service.reviews.insight import SETTLED
from tocsin_service.reviews.models import Decision, Item
from tocsin_service.reviews.period import Period

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
MOST = 20_000
"""Decisions that are looked at, the latest: intervals are narrow by then, and a page stays quick however many there are."""

_SCORES = {Label.THREAT: Item.threat, Label.INCITEMENT: Item.incitement, Label.GLORIFICATION: Item.glorification}
_NORMAL = 1.959963984540054  # the 97.5 % quantile


@dataclass(frozen=True, slots=True)
class Share:
    """``hits`` of ``n``, with Wilson's 95 % interval; None of none."""

    hits: int
    n: int

    @property
    def value(self) -> float | None:
        """The share itself."""
        return self.hits / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson (1927): holds for few and for shares near 0 and 1."""
        if not self.n:
            return None
        share, square = self.hits / self.n, _NORMAL**2
        centre = (share + square / (2 * self.n)) / (1 + square / self.n)
        half = _NORMAL / (1 + square / self.n) * math.sqrt(share * (1 - share) / self.n + square / (4 * self.n**2))
        return max(0.0, centre - half), min(1.0, centre + half)


@dataclass(frozen=True, slots=True)
class Precision:
    """By label and threshold, of the items that score at least so much, those a reviewer gave the label. ``others``: settled items that
    another model scored, left out.
    """

    labels: dict[Label, dict[float, Share]]
    items: int
    others: int

    @property
    def cut(self) -> bool:
        """Whether there were more decisions than are looked at."""
        return self.items + self.others >= MOST


def precision(session: Session, period: Period, digest: str) -> Precision:
    """From the decisions that settled an item in a period, the latest ``MOST`` of them.

    A label is confirmed if it is among the decision's labels, whatever the outcome: a news report that quotes a threat is allowed, and it
    still holds one; the model was right to say so. That an item "violates" doesn't confirm a label that the reviewer took away.
    """
    latest = (
        select(Decision.item_id, Decision.labels)
        .where(period.holds(Decision.at), Decision.final, Decision.undone.is_(None), Decision.kind.in_(SETTLED))
        .order_by(Decision.at.desc())
        .limit(MOST)
        .subquery()
    )
    ours = case((Item.model == digest, 1), else_=0).label("ours")
    steps = [_step(score).label(f"step_{label.value}") for label, score in _SCORES.items()]
    query = (
        select(ours, latest.c.labels, func.count(), *steps)
        .join(latest, Item.id == latest.c.item_id)
        .group_by("ours", latest.c.labels, *(step.name for step in steps))
    )
    hits = {label: [0] * len(THRESHOLDS) for label in Label}
    totals = {label: [0] * len(THRESHOLDS) for label in Label}
    items = others = 0
    for own, given, many, *reached in session.execute(query):
        if not own:
            others += many
            continue
        items += many
        for label, passed in zip(_SCORES, reached, strict=True):
            for place in range(passed):
                totals[label][place] += many
                hits[label][place] += many if label in given else 0
    shares = {label: {bound: Share(hits[label][place], totals[label][place]) for place, bound in enumerate(THRESHOLDS)} for label in Label}
    return Precision(shares, items, others)


def _step(score: InstrumentedAttribute[float]) -> ColumnElement[int]:
    """How many of the thresholds a score reaches."""
    return case(*((score >= bound, place) for place, bound in reversed(list(enumerate(THRESHOLDS, 1)))), else_=0)
