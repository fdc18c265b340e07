"""What the frame around every page shows: where to go, who needs help now, what can be undone, how the reader wants to be spared."""

from __future__ import annotations

import time
from typing import Any

from flask import g, request, url_for
from flask import session as cookie

from tocsin_service.dashboard import exact, render, verdict
from tocsin_service.dashboard.base import database, may
from tocsin_service.dashboard.install import blueprint
from tocsin_service.reviews import care, demo
from tocsin_service.reviews.decisions import UNDO_SECONDS
from tocsin_service.reviews.models import Role, User
from tocsin_service.reviews.queue import imminent

_PLACES = (
    ("queue", "Queue", Role.REVIEWER),
    ("insight", "Insight", Role.REVIEWER),
    ("policy", "Policy", Role.LEAD),
    ("people", "People", Role.ADMIN),
    ("audit_log", "Audit", Role.LEAD),
)
_WITHIN = {  # pages of another place
    "item": "queue",
    "done": "queue",
    "decision": "queue",
    "add_person": "people",
    "reset_password": "people",
    "change_role": "people",
    "switch_person": "people",
}
_LAST = "last"

blueprint.app_template_filter("exact")(exact.exact)
for _name in ("age", "moment", "share"):
    blueprint.app_template_filter(_name)(getattr(render, _name))
blueprint.app_template_global("named")(verdict.named)


@blueprint.app_context_processor
def frame() -> dict[str, Any]:
    """The values of ``layout.html`` for who is signed in; for ``base.html`` only that there is a dashboard."""
    user: User | None = g.get("person")
    if user is None:
        return {"dashboard": True}
    now = time.time()
    with database().read() as session:
        held = {"imminent": imminent(session), "heavy": care.heavy_today(session, now, user), "demo": demo.present(session)}
    return held | {"navigation": navigation(user), "care": care.from_user(user), "last": _last(now)}


def navigation(user: User) -> list[dict[str, Any]]:
    """The places an account may go to."""
    endpoint = (request.endpoint or "").removeprefix("reviews.")
    here = _WITHIN.get(endpoint, endpoint)
    return [{"url": url_for(f"reviews.{place}"), "name": name, "here": place == here} for place, name, role in _PLACES if may(user, role)]


def remember(now: float, decision: int, words: str) -> None:
    """Offer to undo a decision, on the next page and quietly on those after it."""
    cookie[_LAST] = {"id": decision, "words": words, "at": now, "new": True}


def forget() -> None:
    """Offer to undo nothing."""
    cookie.pop(_LAST, None)


def _last(now: float) -> dict[str, Any] | None:
    """The decision that can be undone; ``new`` the first time it is shown."""
    held: dict[str, Any] | None = cookie.get(_LAST)
    if held is None or now - held["at"] > UNDO_SECONDS:
        return None
    if held["new"]:
        cookie[_LAST] = {**held, "new": False}
    return held
