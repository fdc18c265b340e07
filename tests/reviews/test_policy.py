"""Policies: what queues a passage, what can't be adopted, what every version changed."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

import pytest
from sqlalchemy.orm import Session

from tests.reviews.rows import NOW
from tocsin_model.policy import Thresholds
from tocsin_service.reviews import audit, policy, versions
from tocsin_service.reviews.policy import SCORES, Choice, Policy, PolicyError, Rule

BANDS = Thresholds(0.6, 0.9, (0.5, 0.5, 0.5))
SAFE = dict.fromkeys(SCORES, 0.0)


@pytest.mark.parametrize(
    ("rule", "scores", "community", "queued"),
    [
        (Rule("r", "risk", "elevated"), {"risk": 0.6}, None, True),
        (Rule("r", "risk", "elevated"), {"risk": 0.5999}, None, False),
        (Rule("r", "risk", "high"), {"risk": 0.9}, None, True),
        (Rule("r", "threat", 0.3), {"threat": 0.3}, "docks", True),
        (Rule("r", "threat", 0.3), {"risk": 1.0}, "docks", False),
        (Rule("r", "threat", 0.3, ("docks",)), {"threat": 1.0}, "docks", True),
        (Rule("r", "threat", 0.3, ("docks",)), {"threat": 1.0}, "market", False),
        (Rule("r", "threat", 0.3, ("docks",)), {"threat": 1.0}, None, False),
    ],
)
def test_a_rule_queues_from_its_bound_on_in_its_communities(
    rule: Rule, scores: dict[str, float], community: str | None, queued: bool
) -> None:
    assert Policy(rules=(rule,)).why(SAFE | scores, community, BANDS) == (["r"] if queued else [])


def test_risk_is_worth_hours() -> None:
    given = Policy(boost_hours=10)
    assert given.due(1.0, NOW) == NOW - 36_000
    assert given.due(0.9, NOW) < given.due(0.2, NOW - 6.9 * 3_600)
    assert given.due(0.9, NOW) > given.due(0.2, NOW - 7.1 * 3_600)


def test_a_policy_is_what_it_was_stored_as() -> None:
    given = Policy((Rule("Threats", "threat", 0.7, ("docks",)), Rule("High", "risk", "high")), 5.0, 0.2, teams=(Choice("night", "Night"),))
    assert policy.parse(asdict(given)) == given


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"rules": [{"name": "r", "score": "toxicity", "at_least": 0.5}]}, "rules[0].score"),
        ({"rules": [{"name": "r", "score": "risk", "at_least": 1.5}]}, "rules[0].at_least"),
        ({"rules": [{"name": "r", "score": "risk", "at_least": "low"}]}, "rules[0].at_least"),
        ({"rules": [{"name": " ", "score": "risk", "at_least": 0.5}]}, "rules[0].name"),
        ({"boost_hours": -1}, "boost_hours"),
        ({"double_share": 1.01}, "double_share"),
        ({"teams": []}, "teams"),
        ({"exceptions": [{"slug": "a", "name": "A"}, {"slug": "a", "name": "B"}]}, "exceptions"),
    ],
)
def test_what_cant_be_adopted_is_named(change: dict[str, Any], field: str) -> None:
    with pytest.raises(PolicyError) as caught:
        policy.parse(asdict(Policy()) | change)
    assert caught.value.field == field


def test_every_version_says_what_it_changed_and_who_did_it(session: Session) -> None:
    first = replace(Policy(), double_share=0.1, rules=(*Policy().rules, Rule("Docks", "threat", 0.5, ("docks", "quay"))))
    second = replace(first, rules=first.rules[1:], boost_hours=24.0, exceptions=first.exceptions[1:])
    versions.adopt(session, first, "ada", NOW, 0)
    versions.adopt(session, second, "eve", NOW + 1, versions.latest(session))
    found = versions.history(session)
    assert [(one.actor, one.at, one.changes) for one in found] == [
        (
            "eve",
            NOW + 1,
            ("rule removed: Elevated risk: risk ≥ elevated", "boost 72 → 24 hours", "exception removed: News or reporting (reporting)"),
        ),
        ("ada", NOW, ("rule added: Docks: threat ≥ 0.5 in docks, quay", "read twice 5.0% → 10.0%")),
    ]
    assert policy.current(session) == second
    assert [(event["actor"], event["action"]) for event in audit.export(session)] == [("ada", "policy adopted"), ("eve", "policy adopted")]


def test_history_is_cut_where_it_is_long_and_the_last_shown_still_says_what_it_changed(session: Session) -> None:
    for hours in range(1, 5):
        policy.adopt(session, Policy(boost_hours=float(hours)), "ada", NOW + hours)
    assert [one.changes for one in versions.history(session, most=2)] == [("boost 3 → 4 hours",), ("boost 2 → 3 hours",)]


def test_a_draft_of_an_earlier_policy_is_refused(session: Session) -> None:
    base = versions.latest(session)
    versions.adopt(session, Policy(boost_hours=1.0), "ada", NOW, base)
    with pytest.raises(versions.Outdated):
        versions.adopt(session, Policy(boost_hours=2.0), "eve", NOW, base)
    assert policy.current(session).boost_hours == 1.0


def test_an_order_is_a_change_too() -> None:
    given = Policy()
    assert versions.changes(given, given) == []
    assert versions.changes(given, replace(given, teams=given.teams[::-1])) == ["order of team list changed"]
