"""The queue: what waits, found by facets and words, and the way to the next item."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, replace

from flask import Response, current_app, flash, make_response, redirect, request, url_for
from sqlalchemy import func, select
from werkzeug.wrappers import Response as BaseResponse

from tocsin_service.api import reply
from tocsin_service.dashboard import facets
from tocsin_service.dashboard.asking import asked, look_for, posted
from tocsin_service.dashboard.base import database, may, page, person, signed_in
from tocsin_service.dashboard.install import blueprint
from tocsin_service.dashboard.render import Group, riskiest, snippet
from tocsin_service.problems import Problem
from tocsin_service.reviews import accounts, policy
from tocsin_service.reviews import queue as store
from tocsin_service.reviews.models import FOR_LEADS, Decision, Item, Kind, Role, Status
from tocsin_service.reviews.queue import Filters, QueueError

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Row:
    """An item of the list: a few lines of it, who speaks in the riskiest span, who has it open."""

    item: Item
    snippet: list[Group]
    speaker: str | None
    holder: str | None


@blueprint.get("")
@signed_in()
def queue() -> Response:
    """The list under the filters of the address and the words looked for."""
    now, me, filters = time.time(), person(), asked()
    number = request.args.get("page", 1, type=int)
    with database().read() as session:
        counted = store.counts(session, now, filters, me)
        found = store.listing(session, now, filters, number, me=me, total=counted.total)
        views = store.views(session, me)
        holding = policy.current(session)
        people = [user.name for user in accounts.everybody(session)]
    with database().write() as session:
        store.record_listing(session, now, me, filters, found)
    return page(
        "queue.html",
        now=now,
        filters=filters,
        query=filters.query(),
        found=found,
        rows=[_row(item, found.holders.get(item.id)) for item in found.items],
        tabs=facets.tabs(filters, counted),
        facets=facets.facets(filters, counted),
        active=facets.chips(filters),
        kept=facets.kept(filters),
        more_open=facets.more(filters),
        page_url=lambda number: facets.address(filters, number),
        views=views,
        policy=holding,
        people=people,
    )


@blueprint.get("/counts")
@signed_in()
def live_counts() -> Response:
    """The numbers of the queue page, to keep them fresh."""
    with database().read() as session:
        counted = store.counts(session, time.time(), asked(), person())
    values = asdict(counted)
    values["status"][store.ALL] = sum(counted.status.values())
    return reply(values)


@blueprint.get("/alarm")
@signed_in()
def alarm() -> Response:
    """The line about imminent danger, for pages that are open. Without their frame: that shows each message once."""
    with database().read() as session:
        waiting = store.imminent(session)
    return make_response(current_app.jinja_env.get_template("reviews/alarm.html").render(imminent=waiting))


@blueprint.post("/search")
@signed_in()
def search() -> BaseResponse:
    """Look for words in the passages from now on; for none: stop looking."""
    filters = posted()
    try:
        look_for(request.form.get("search", ""))
    except QueueError as error:
        flash(f"The {error}.", "bad")
    return redirect(facets.address(filters), 303)


@blueprint.post("/next")
@signed_in()
def next_item() -> BaseResponse:
    """Open the first item under the filters that nobody has."""
    return onward(posted())


@blueprint.post("/views")
@signed_in()
def keep_view() -> BaseResponse:
    """Save the filters under a name."""
    filters, shared = posted(), "shared" in request.form and may(person(), Role.LEAD)
    try:
        with database().write() as session:
            view = store.save_view(session, person(), request.form.get("name", ""), filters.query(), shared)
        flash(f"Saved as {view.name}.")
    except QueueError as error:
        flash(f"Not saved: the {error}.", "bad")
    return redirect(facets.address(filters), 303)


@blueprint.get("/views/<key:view>")
@signed_in()
def open_view(view: int) -> BaseResponse:
    """The queue under a saved view, whatever words were looked for before."""
    with database().read() as session:
        query = next((one.query for one in store.views(session, person()) if one.id == view), None)
    if query is None:
        raise Problem("not-found", "There is no such view, or it is not shared any more.")
    look_for("")
    return redirect(url_for("reviews.queue") + (f"?{query}" if query else ""), 303)


@blueprint.post("/views/<key:view>/forget")
@signed_in()
def forget_view(view: int) -> BaseResponse:
    """Forget a saved view of one's own."""
    filters = posted()
    with database().write() as session:
        store.delete_view(session, person(), view)
    return redirect(facets.address(filters), 303)


@blueprint.get("/done")
@signed_in()
def done() -> Response:
    """There is nothing more to decide under these filters."""
    now, filters = time.time(), asked()
    today = select(func.count()).where(
        Decision.user_id == person().id, Decision.at >= now - now % _DAY, Decision.undone.is_(None), Decision.kind != Kind.SKIPPED
    )
    with database().read() as session:
        decided = session.scalar(today) or 0
        open_ones = (
            select(Item.status, func.count().label("many")).where(Item.status.in_((Status.WAITING, *FOR_LEADS))).group_by(Item.status)
        )
        waiting = {row.status: row.many for row in session.execute(open_ones)}
    left = waiting.get(Status.WAITING, 0)
    for_leads = [(status.value, waiting[status]) for status in FOR_LEADS if waiting.get(status)]
    return page(
        "done.html",
        decided=decided,
        left=left,
        for_leads=for_leads if may(person(), Role.LEAD) else [],
        filtered=replace(filters, status=Filters().status) != Filters(),
    )


@blueprint.get("/help")
@signed_in()
def help() -> Response:
    """The keyboard, the labels and the voices."""
    return page("help.html")


def onward(filters: Filters) -> BaseResponse:
    """To the next item under the filters, which is then the reader's; or to the page that says there is none.

    Who looks at what is decided gets what waits.
    """
    if filters.status == Status.DECIDED:
        filters = replace(filters, status=Status.WAITING.value)
    with database().write() as session:
        item = store.claim_next(session, time.time(), person(), filters)
    address = url_for("reviews.done") if item is None else url_for("reviews.item", id=item.id)
    query = filters.query()
    return redirect(address + (f"?{query}" if query else ""), 303)


def _row(item: Item, holder: str | None) -> Row:
    worst = riskiest(item)
    return Row(item, snippet(item), worst.speaker if worst else None, holder)
