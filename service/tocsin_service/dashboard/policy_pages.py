"""The policy: what is queued, in which order, what may be chosen. Leads look and try; admins adopt what was tried."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Any

from flask import Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from tocsin_service.api import state
from tocsin_service.dashboard import charts, policy_form
from tocsin_service.dashboard.base import database, page, person, signed_in
from tocsin_service.dashboard.charts import Part
from tocsin_service.dashboard.insight_charts import percent
from tocsin_service.dashboard.insight_pages import DAYS
from tocsin_service.dashboard.install import blueprint
from tocsin_service.dashboard.policy_form import Fields
from tocsin_service.problems import Problem
from tocsin_service.reviews import policy as policies
from tocsin_service.reviews import trial, versions
from tocsin_service.reviews.models import Role
from tocsin_service.reviews.period import Period
from tocsin_service.reviews.policy import SCORES, Policy, PolicyError

_FIELDS = {
    "boost_hours": "Hours that risk is worth",
    "double_percent": "Read twice",
    "violations": "Policies",
    "exceptions": "Exceptions",
    "teams": "Teams",
    "rules": "Rules",
    "name": "name",
    "score": "score",
    "at_least": "at least",
    "communities": "communities",
}


@blueprint.route("/policy", methods=["GET", "POST"])
@signed_in(Role.LEAD)
def policy() -> Response:
    """The policy that holds, to be changed, and those that held before; posted: a draft is tried, which changes nothing."""
    return _tried() if request.method == "POST" else _page()


@blueprint.post("/policy/adopt")
@signed_in(Role.ADMIN)
def adopt_policy() -> BaseResponse:
    """Let the draft that was tried hold from now on."""
    fields, base = policy_form.typed(request.form), request.form.get("base", "")
    if not base.isdecimal() or len(base) > 18:
        raise Problem("invalid-value", "base is the number of the policy that the draft was made from.", field="base")
    try:
        draft = policy_form.read(fields)
        with database().write() as session:
            versions.adopt(session, draft, person().name, time.time(), int(base))
    except PolicyError as error:
        return _page(422, fields, error=error)
    except versions.Outdated:
        return _page(409, fields, outdated=True)
    flash("The policy holds from now on. Items in the queue stay.")
    return redirect(url_for("reviews.policy"), 303)


def _tried() -> Response:
    """The draft beside the policy that holds, on what was decided lately."""
    fields = policy_form.typed(request.form)
    days = _days()
    try:
        draft = policy_form.read(fields)
    except PolicyError as error:
        return _page(422, fields, error=error, days=days)
    classifier = state().require_classifier()
    period = Period.up_to(time.time(), days)
    with database().read() as session:
        current, base = policies.current(session), versions.latest(session)
        both = trial.compare(session, period, classifier.info.digest, current, draft, classifier.thresholds)
    tried = {"results": both, "changes": versions.changes(current, draft), "base": base, "fields": policy_form.shown(draft).pairs()}
    return _page(200, policy_form.shown(draft), tried=tried | _drawn(*both), days=days)


def _page(status: int = 200, fields: Fields | None = None, error: PolicyError | None = None, days: int = 30, **values: Any) -> Response:
    with database().read() as session:
        current, history = policies.current(session), versions.history(session)
    classifier = state().classifier
    return page(
        "policy.html",
        status,
        fields=fields or policy_form.shown(current),
        current=current,
        history=[(one, datetime.fromtimestamp(one.at, UTC)) for one in history],
        thresholds=classifier.thresholds if classifier else None,
        scores=SCORES,
        days=days,
        choices=DAYS,
        error=(_where(error.field), str(error).partition(": ")[2]) if error else None,
        wrong=error.field if error else "",
        example=_example(current),
        **values,
    )


def _days() -> int:
    given = request.form.get("days", "30")
    if given not in map(str, DAYS):
        raise Problem("invalid-value", f"days takes one of {', '.join(map(str, DAYS))}.", field="days")
    return int(given)


def _where(field: str) -> str:
    """A field as the page names it."""
    if not field.startswith("rules["):
        return _FIELDS.get(field, field)
    place, _, name = field.removeprefix("rules[").partition("].")
    return f"Rule {int(place) + 1}, {_FIELDS[name]}"


def _example(current: Policy) -> str:
    """What the boost means, in a sentence."""
    hours = current.boost_hours * 0.7
    if hours == 0:
        return "Risk is worth nothing now: the oldest comes first."
    return f"Now a passage of risk 0.9 that has just come in goes before one of risk 0.2 that has waited less than {hours:.0f} hours."


def _drawn(current: trial.Result, draft: trial.Result) -> dict[str, Any]:
    """The two beside each other: a sentence, charts and a table."""
    violations, allowed = current.found + current.missed, current.spared + current.needless
    pictures = []
    for name, title, one in (("current", "The policy that holds", current), ("draft", "The draft", draft)):
        parts = [
            Part("Violations queued", one.found, "main"),
            Part("Violations missed", one.missed, "strong"),
            Part("Allowed ones, read in vain", one.needless, "pale"),
            Part("Allowed ones, spared", one.spared, "empty"),
        ]
        reading = (
            f"{one.queued:,} of {one.items:,} items queued: {percent(one.found / violations if violations else None)} of the violations,"
        )
        reading += f" {percent(one.needless / allowed if allowed else None)} of what was allowed."
        pictures.append(charts.stacked(f"trial-{name}", title, reading, parts))
    rows = [
        ("Queued", current.queued, draft.queued),
        ("Violations queued", current.found, draft.found),
        ("Violations missed", current.missed, draft.missed),
        ("Allowed ones, read in vain", current.needless, draft.needless),
        ("Allowed ones, spared", current.spared, draft.spared),
    ]
    table = [(name, f"{old:,}", f"{new:,}", f"{new - old:+,}".replace("-", "−") if new != old else "same") for name, old, new in rows]
    if current.load and draft.load:
        table.append(("Passages queued a day", _range(current.load.low, current.load.high), _range(draft.load.low, draft.load.high), ""))
        table.append(("Decisions a day", _range(*current.load.decisions), _range(*draft.load.decisions), ""))
    return {"pictures": pictures, "table": table, "sentence": _sentence(current, draft), "counted": current.load is not None}


def _sentence(current: trial.Result, draft: trial.Result) -> str:
    if not current.items:
        return "No item was settled in this period: there is nothing to try the draft on."
    if current.queued == draft.queued and current.found == draft.found:
        return f"Of {current.items:,} settled items the draft would have queued as many as the policy that holds."
    violations, allowed = (
        _more(draft.found - current.found, "violations"),
        _more(draft.needless - current.needless, "items that were allowed"),
    )
    return f"Of {current.items:,} settled items the draft would queue {violations} and {allowed}."


def _more(count: int, what: str) -> str:
    return f"{abs(count):,} {'more' if count > 0 else 'fewer'} {what}" if count else f"as many {what}"


def _range(low: float, high: float) -> str:
    shown = [f"{value:,.0f}" if value >= 10 else f"{value:.1f}" for value in (low, high)]
    return shown[0] if shown[0] == shown[1] else f"{shown[0]} to {shown[1]}"
