"""One item: read, decided, let go, taken back."""

from __future__ import annotations

import time

from flask import Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from tocsin_service.api import reply
from tocsin_service.dashboard import context, facets, verdict
from tocsin_service.dashboard.asking import posted
from tocsin_service.dashboard.base import database, person, signed_in
from tocsin_service.dashboard.install import blueprint
from tocsin_service.dashboard.item_view import Notice, show
from tocsin_service.dashboard.queue_pages import onward
from tocsin_service.problems import Problem
from tocsin_service.reviews import audit, decisions, policy, queue
from tocsin_service.reviews.decisions import DecisionError, NotYours
from tocsin_service.reviews.models import Item


@blueprint.get("/items/<key:id>")
@signed_in()
def item(id: int) -> Response:
    """The item, open for the reader if they may decide it and nobody else has it."""
    now, me = time.time(), person()
    with database().write() as session:
        queue.claim(session, now, me, id)
        if session.get(Item, id) is not None:
            audit.record(session, now, me.name, "viewed", item=id)
    return show(id, now)


@blueprint.post("/items/<key:id>/decision")
@signed_in()
def decision(id: int) -> BaseResponse:
    """Decide it, and go on to the next; if that can't be, the page again with what was said and why not."""
    now, me, filters = time.time(), person(), posted()
    try:
        with database().write() as session:
            held = session.get(Item, id)
            if held is None:
                raise Problem("not-found", "There is no such item.")
            rules = policy.current(session)
            given = verdict.read(request.form, held, now)
            made = decisions.decide(session, now, me, id, given, rules)
    except NotYours as error:
        kept = request.form.get("note", "").strip()
        return show(id, now, 409, notice=Notice("bad", "Your decision was not saved.", str(error), kept))
    except DecisionError as error:
        return show(id, now, 422, error=error)
    context.remember(now, made.id, verdict.words(given, rules))
    return onward(filters)


@blueprint.post("/items/<key:id>/renew")
@signed_in()
def renew(id: int) -> Response:
    """Keep it open, for a page that still shows it."""
    now, me = time.time(), person()
    with database().write() as session:
        if queue.renew(session, now, me, id):
            return reply({"until": now + queue.CLAIM_SECONDS})
    with database().read() as session:
        held = session.get(Item, id)
        why = None if held is None else queue.obstacle(session, now, me, held)
    return reply({"detail": why or "You opened another item, or left this one for long."}, 409)


@blueprint.post("/items/<key:id>/release")
@signed_in()
def release(id: int) -> Response:
    """Let go of it, for a page that is left; not if a page that came later has it."""
    until = request.form.get("until", type=float)
    with database().write() as session:
        held = session.get(Item, id)
        if held is not None and held.claimed_until == until:
            queue.release(session, person(), id)
    return Response(status=204)


@blueprint.post("/decisions/<key:id>/undo")
@signed_in()
def undo(id: int) -> BaseResponse:
    """Take a decision back, and open its item again."""
    filters = posted()
    try:
        with database().write() as session:
            back = decisions.undo(session, time.time(), person(), id)
    except DecisionError as error:
        flash(f"This {error.field} {str(error).partition(': ')[2]}.", "bad")
        return redirect(facets.address(filters), 303)
    context.forget()
    flash("Taken back. The item is open with you again.")
    return redirect(url_for("reviews.item", id=back) + (f"?{query}" if (query := filters.query()) else ""), 303)
