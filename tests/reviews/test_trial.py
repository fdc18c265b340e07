"""A draft policy against what was decided, and against how many passages came in."""

from __future__ import annotations

import random

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.reviews.conftest import People
from tests.reviews.rows import DAY, MODEL, NOW, decision, item
from tests.reviews.test_drift import histogram, scored
from tocsin_model.policy import Thresholds
from tocsin_service.reviews import drift, trial
from tocsin_service.reviews.models import Item, Kind
from tocsin_service.reviews.period import Period
from tocsin_service.reviews.policy import SCORES, Policy, Rule
from tocsin_service.reviews.trial import Load, Result

WEEK = Period.up_to(NOW, 7)
BANDS = Thresholds(0.6, 0.9, (0.5, 0.5, 0.5))
CURRENT = Policy()


def test_the_condition_in_sql_is_the_rule_in_python(session: Session) -> None:
    """On items with scores at, above and below the bounds, in some community or none."""
    draw = random.Random(7)
    for _ in range(120):
        scores = {name: draw.choice([0.0, 0.3, 0.5999, 0.6, 0.75, 0.9, 1.0]) for name in SCORES}
        item(session, community=draw.choice([None, "docks", "it's; 100%", "market"]), **scores)
    rules = (
        Rule("a", "risk", "high"),
        Rule("b", "threat", 0.75, ("docks", "it's; 100%")),
        Rule("c", "asserted_risk", "elevated", ("market",)),
        Rule("d", "glorification", 1),
    )
    for policy in (Policy(rules=()), Policy(rules=rules[:1]), Policy(rules=rules[1:2]), Policy(rules=rules)):
        chosen = set(session.scalars(select(Item.id).where(trial.condition(policy, BANDS))))
        expected = {
            one.id
            for one in session.scalars(select(Item))
            if policy.why({name: getattr(one, name) for name in SCORES}, one.community, BANDS)
        }
        assert chosen == expected
    assert 0 < len(chosen) < 120


def test_a_draft_stands_beside_the_policy_that_holds(session: Session, people: People) -> None:
    for risk, kind in ((0.95, "violates"), (0.7, "violates"), (0.3, "violates"), (0.95, "allowed"), (0.7, "allowed"), (0.65, "allowed")):
        decision(session, item(session, risk=risk), people.ana, Kind(kind), final=True)
    decision(session, item(session, risk=0.95), people.ana, Kind.ALLOWED, at=NOW - 8 * DAY, final=True)
    item(session, risk=0.95)  # nobody decided it yet
    held, draft = trial.compare(session, WEEK, MODEL, CURRENT, Policy(rules=(Rule("High", "risk", "high"),)), BANDS)
    assert held == Result(found=2, missed=1, spared=0, needless=3, load=None)
    assert draft == Result(found=1, missed=2, spared=2, needless=1, load=None)
    assert (held.queued, draft.queued, draft.items) == (5, 2, 6)


def test_a_policy_without_rules_queues_nothing(session: Session, people: People) -> None:
    decision(session, item(session, risk=1.0), people.ana, Kind.VIOLATES, final=True)
    _, draft = trial.compare(session, WEEK, MODEL, CURRENT, Policy(rules=()), BANDS)
    assert (draft.queued, draft.missed) == (0, 1)


def test_passages_a_day_are_counted_over_the_days_on_which_some_came_in(session: Session) -> None:
    for day in (0, 1):
        drift.count(session, NOW - day * DAY, [scored(0.95), scored(0.7), scored(0.2)], MODEL)
    held, draft = trial.compare(session, WEEK, MODEL, CURRENT, Policy(rules=(Rule("High", "risk", "high"),), double_share=0.5), BANDS)
    assert held.load == Load(2.0, 2.0, 0.05)
    assert draft.load == Load(1.0, 1.0, 0.5)
    assert draft.load.decisions == (1.5, 1.5)


@pytest.mark.parametrize(
    ("rules", "low", "high"),
    [
        ((), 0, 0),
        ((Rule("on a hundredth", "risk", 0.29),), 12, 12),
        ((Rule("within one", "risk", 0.295),), 2, 12),
        ((Rule("some communities", "risk", 0.29, ("docks",)),), 0, 12),
        ((Rule("one", "risk", 0.5), Rule("other", "threat", 0.5)), 7, 9),
        ((Rule("one", "risk", 0), Rule("other", "threat", 0)), 100, 100),
        ((Rule("never", "risk", 1),), 0, 0),
    ],
)
def test_the_load_lies_between_what_is_sure_and_what_is_possible(rules: tuple[Rule, ...], low: float, high: float) -> None:
    empty = [0] * drift.BINS
    received = dict.fromkeys(SCORES, empty) | {"risk": histogram(b0=88, b29=10, b60=2), "threat": histogram(b0=93, b70=7)}
    found = trial.load(Policy(rules=rules), BANDS, received, 1)
    assert (found.low, found.high) == (low, high)
