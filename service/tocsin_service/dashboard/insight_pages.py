"""Insight: the queue and the work on it, agreement, and the model as reviewers see it; each a page of its own, over some days."""

from __future__ import annotations

import time
from typing import Any

from flask import Response, request
from sqlalchemy.orm import Session

from tocsin_service.api import state
from tocsin_service.dashboard import insight_charts as drawn
from tocsin_service.dashboard.base import database, may, page, person, signed_in
from tocsin_service.dashboard.install import blueprint
from tocsin_service.problems import Problem
from tocsin_service.reviews import drift, insight, policy, precision, quality
from tocsin_service.reviews.models import Role
from tocsin_service.reviews.period import Period

DAYS = (7, 30, 90)


@blueprint.get("/insight", endpoint="insight")
@signed_in()
def show() -> Response:
    """One of the three pages. What single people did is for leads."""
    named, days = request.args.get("show", "queue"), request.args.get("days", "30")
    if named not in _PAGES:
        raise Problem("invalid-value", f"show takes one of {', '.join(_PAGES)}.", field="show")
    if days not in map(str, DAYS):
        raise Problem("invalid-value", f"days takes one of {', '.join(map(str, DAYS))}.", field="days")
    now = time.time()
    period = Period.up_to(now, int(days))
    with database().read() as session:
        values = _PAGES[named](session, now, period)
    tabs = [(name, name.capitalize(), name == named) for name in _PAGES]
    return page("insight.html", named=named, days=int(days), choices=DAYS, tabs=tabs, **values)


def _queue(session: Session, now: float, period: Period) -> dict[str, Any]:
    waits = insight.waiting(session, now)
    tiles = [
        ("Open", f"{waits.items:,}", "items", False),
        ("Half have waited longer than", drawn.spoken(waits.half), "", False),
        ("One in ten longer than", drawn.spoken(waits.most), "", False),
        ("The oldest", drawn.spoken(waits.oldest), "", False),
        ("Imminent danger, open", f"{waits.imminent:,}", "", waits.imminent > 0),
    ]
    people = insight.work(session, period) if may(person(), Role.LEAD) else None
    return {
        "tiles": tiles,
        "flow": drawn.flow(insight.days(session, period)),
        "outcomes": drawn.outcomes(insight.outcomes(session, period), policy.current(session)),
        "people": people,
        "spoken": drawn.spoken,
    }


def _agreement(session: Session, now: float, period: Period) -> dict[str, Any]:
    found, lost = quality.agreed(session, period), quality.overturned(session, period)
    tiles = [
        ("Read by two", f"{found.doubled:,}", f"{drawn.percent(found.doubled / found.settled)} of settled" if found.settled else "", False),
        ("Both said the same", drawn.percent(found.same / found.doubled if found.doubled else None), "", False),
        ("Krippendorff's α", _two(found.alpha.value), f"n {found.alpha.n:,}", False),
        ("Cohen's κ", _two(found.kappa.value), f"n {found.kappa.n:,}", False),
        ("Overturned", drawn.percent(lost.share), "of decisions", False),
    ]
    pairs = drawn.pairs(found) if may(person(), Role.LEAD) else None
    return {"tiles": tiles, "charts": [drawn.agreement(found), drawn.overturned(lost)], "pairs": pairs, "fewest": quality.FEWEST}


def _model(session: Session, now: float, period: Period) -> dict[str, Any]:
    info = state().require_classifier().info
    right = precision.precision(session, period, info.digest)
    received, before = (drift.received(session, info.digest, one) for one in (period, period.before))
    held_out = drift.reference(info.card)
    by_held_out = {score: drift.psi(held_out[score], received[score]) for score in held_out}
    by_before = {score: drift.psi(before[score], received[score]) for score in received}
    own = sum(before["risk"]) >= drift.FEWEST
    against, base = ("the days before", before["risk"]) if own else ("held-out passages", held_out.get("risk", []))
    by_day = {day: drift.psi(base, found) for day, found in drift.by_day(session, info.digest, period).items()}
    table = [
        (score.replace("_", " "), f"{one.n:,}", *(_psi(found.get(score)) for found in (by_before, by_held_out)))
        for score, one in by_before.items()
    ]
    return {
        "right": right,
        "precision": drawn.precision(right),
        "drift": table,
        "drift_days": drawn.drift_days(by_day, period.days, against),
        "groups": drawn.drift_groups(by_held_out, "held-out passages"),
        "has_reference": bool(held_out),
        "came": sum(received["risk"]),
        "fewest": drift.FEWEST,
    }


def _psi(found: drift.Drift | None) -> tuple[str, str]:
    """The index and its reading."""
    if found is None:
        return "–", "no reference"
    return _two(found.psi), drawn.drift_reading(found)


def _two(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


_PAGES = {"queue": _queue, "agreement": _agreement, "model": _model}
