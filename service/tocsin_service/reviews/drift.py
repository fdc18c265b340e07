"""Whether the scores still look as they did: the population stability index (PSI) of what came in against a reference.

The queue holds only what policy queued, so scores are counted before that: by day and hundredth, without the passages.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from tocsin_model.types import Result
from tocsin_service.reviews.database import insert
from tocsin_service.reviews.models import ScoreDay
from tocsin_service.reviews.period import DAY, Period
from tocsin_service.reviews.policy import SCORES, scores_of

BINS = 100
FEWEST = 200
"""Passages below which PSI says more about chance than about drift: without any drift it is about 9 / n for ten bins."""

LOOK, CHANGED = 0.1, 0.25
_EDGES = np.arange(BINS + 1) / BINS
_GROUPS = 10


@dataclass(frozen=True, slots=True)
class Group:
    """Scores from ``low`` to below ``high``: their share of the reference and of what came in."""

    low: float
    high: float
    expected: float
    found: float


@dataclass(frozen=True, slots=True)
class Drift:
    """``psi`` of ``n`` passages; None where those or the reference are fewer than ``FEWEST``."""

    psi: float | None
    n: int
    groups: tuple[Group, ...] = ()

    @property
    def reading(self) -> str:
        """The usual reading of PSI."""
        if self.psi is None:
            return "too few"
        return "stable" if self.psi < LOOK else "look" if self.psi <= CHANGED else "changed"


def count(session: Session, now: float, results: Sequence[Result], digest: str) -> None:
    """Count the scores of passages that came in, queued or not. Last in a transaction: others who count wait until it ends."""
    if not results:
        return
    scores = [scores_of(result) for result in results]
    rows = []
    for score in sorted(SCORES):  # always in the same order: two who count at once would lock each other out
        counts, _ = np.histogram([one[score] for one in scores], _EDGES)
        place = {"model": digest, "score": score, "day": int(now // DAY)}
        rows += [{**place, "bin": int(found), "count": int(counts[found])} for found in np.flatnonzero(counts)]
    engine: Engine = session.connection().engine
    statement = insert(engine, ScoreDay)
    added = {"count": ScoreDay.count + statement.excluded.count}
    session.connection().execute(statement.on_conflict_do_update(index_elements=["model", "score", "day", "bin"], set_=added), rows)


def received(session: Session, digest: str, period: Period) -> dict[str, list[int]]:
    """By score, how many passages of a period had it, by hundredth."""
    query = (
        select(ScoreDay.score, ScoreDay.bin, func.sum(ScoreDay.count))
        .where(ScoreDay.model == digest, ScoreDay.score.in_(SCORES), ScoreDay.day.between(period.first, period.last))
        .group_by(ScoreDay.score, ScoreDay.bin)
    )
    found = {score: [0] * BINS for score in SCORES}
    for score, place, many in session.execute(query):
        found[score][place] = int(many)
    return found


def by_day(session: Session, digest: str, period: Period, score: str = "risk") -> dict[int, list[int]]:
    """The histogram of one score for each day of a period that has one."""
    query = select(ScoreDay.day, ScoreDay.bin, ScoreDay.count).where(
        ScoreDay.model == digest, ScoreDay.score == score, ScoreDay.day.between(period.first, period.last)
    )
    found: dict[int, list[int]] = {}
    for day, place, many in session.execute(query):
        found.setdefault(day, [0] * BINS)[place] = many
    return found


def days(session: Session, digest: str, period: Period) -> int:
    """On how many days of a period passages came in."""
    query = select(func.count(ScoreDay.day.distinct())).where(
        ScoreDay.model == digest, ScoreDay.score == "risk", ScoreDay.day.between(period.first, period.last)
    )
    return session.scalar(query) or 0


def reference(card: Mapping[str, Any]) -> dict[str, list[int]]:
    """The scores of the passages held out from training, by hundredth, from the model's card; empty if it has none."""
    evaluation = card.get("evaluation")
    given = evaluation.get("score_distribution") if isinstance(evaluation, Mapping) else None
    return {score: list(given[score]) for score in SCORES if score in given} if isinstance(given, Mapping) else {}


def psi(expected: Sequence[int], found: Sequence[int]) -> Drift:
    """The index over (at most) ten groups that each hold a tenth of the reference; half a passage is added to each group of both,
    so that an empty one doesn't make it infinite.
    """
    total, n = sum(expected), sum(found)
    if min(total, n) < FEWEST:
        return Drift(None, n)
    edges = _tenths(expected)
    sums = [(sum(expected[low:high]), sum(found[low:high])) for low, high in pairwise(edges)]
    smooth = [((e + 0.5) / (total + 0.5 * len(sums)), (f + 0.5) / (n + 0.5 * len(sums))) for e, f in sums]
    index = sum((f - e) * float(np.log(f / e)) for e, f in smooth)
    groups = tuple(Group(low / BINS, high / BINS, e / total, f / n) for (low, high), (e, f) in zip(pairwise(edges), sums, strict=True))
    return Drift(index, n, groups)


def _tenths(expected: Sequence[int]) -> list[int]:
    """The first hundredth of each group and the end. A hundredth that holds several tenths is one group."""
    cumulated = np.cumsum(expected) / sum(expected)
    cuts = np.searchsorted(cumulated, np.arange(1, _GROUPS) / _GROUPS) + 1
    return [0, *sorted({int(cut) for cut in cuts if cut < BINS}), BINS]
