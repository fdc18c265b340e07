"""The audit log: found by who, what, item and day; handed out whole."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask import Response, request

from tocsin_service.dashboard.base import database, page, person, signed_in
from tocsin_service.dashboard.install import blueprint
from tocsin_service.problems import Problem
from tocsin_service.reviews import audit, audit_search
from tocsin_service.reviews.audit_search import Sought
from tocsin_service.reviews.models import Role

_MOST = 2**63 - 1
_SHOWN = 8


@blueprint.get("/audit")
@signed_in(Role.LEAD)
def audit_log() -> Response:
    """A hundred events, the latest first; ``before`` is the id that the page before ended with."""
    given = {name: request.args.get(name, "").strip() for name in ("actor", "action", "item", "since", "until")}
    sought = Sought(
        _name("actor", given["actor"], 80),
        _name("action", given["action"], 40),
        _number("item", given["item"]),
        _day("since", given["since"], 0),
        _day("until", given["until"], 1),
    )
    before = _number("before", request.args.get("before", ""))
    with database().read() as session:
        events, more = audit_search.events(session, sought, before)
        actions, actors = audit_search.actions(session), audit_search.actors(session)
    rows = [(event, datetime.fromtimestamp(event.at, UTC), _words(event.detail)) for event in events]
    here = {name: value for name, value in given.items() if value}
    older = {**here, "before": events[-1].id} if more else None
    return page("audit.html", rows=rows, given=given, here=here, older=older, later=before is not None, actions=actions, actors=actors)


@blueprint.get("/audit.jsonl")
@signed_in(Role.ADMIN)
def audit_export() -> Response:
    """Every event from ``since`` on, a JSON object a line, oldest first; sent as it is read. That it was handed out is an event too."""
    since = _day("since", request.args.get("since", ""), 0) or 0.0
    queue = database()
    with queue.write() as session:
        audit.record(session, time.time(), person().name, "audit log exported", since=since)

    def lines() -> Iterator[str]:
        with queue.read() as session:
            for event in audit.export(session, since):
                yield json.dumps(event, separators=(",", ":")) + "\n"

    response = Response(lines(), content_type="application/x-ndjson")
    response.headers["Content-Disposition"] = "attachment; filename=audit.jsonl"
    return response


def _name(field: str, given: str, most: int) -> str:
    if len(given) > most or not given.isprintable():
        raise Problem("invalid-value", f"{field} takes a name of up to {most} characters.", field=field)
    return given


def _number(field: str, given: str) -> int | None:
    if not given:
        return None
    if not (given.isascii() and given.isdecimal()) or len(given) > 19 or int(given) > _MOST:
        raise Problem("invalid-value", f"{field} takes the number of an item or event, digits only.", field=field)
    return int(given)


def _day(field: str, given: str, later: int) -> float | None:
    """When a day in UTC begins, or one so many days later."""
    if not given:
        return None
    try:
        day = date.fromisoformat(given) + timedelta(days=later)
        return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
    except (ValueError, OverflowError):
        raise Problem("invalid-value", f"{field} takes a day such as 2026-01-31.", field=field) from None


def _words(detail: dict[str, Any]) -> list[tuple[str, str]]:
    """An event's detail as names and values; of a long list the first few, the export has them all."""
    return [(name.replace("_", " "), _value(value)) for name, value in detail.items()]


def _value(value: Any) -> str:
    if isinstance(value, list):
        shown = ", ".join(map(str, value[:_SHOWN]))
        return shown if len(value) <= _SHOWN else f"{shown} and {len(value) - _SHOWN} more"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
