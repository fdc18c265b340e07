"""The page of an item, put together."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from flask import Response, request, url_for

from tocsin_model.types import Label, Result, Span, Voice
from tocsin_service.api import state
from tocsin_service.dashboard import exact, verdict
from tocsin_service.dashboard.asking import asked, posted
from tocsin_service.dashboard.base import database, may, page, person
from tocsin_service.dashboard.render import Group, clock, groups, host, marked, result_of, snippet
from tocsin_service.highlight import heaviest
from tocsin_service.problems import Problem
from tocsin_service.reviews import care, decisions, policy, queue
from tocsin_service.reviews.decisions import DecisionError, Past
from tocsin_service.reviews.models import FOR_LEADS, Item, Kind, Role, Status, User

_LONGEST_NOTE = 2_000
_MOST_DETAILS = 8


@dataclass(frozen=True, slots=True)
class Notice:
    """A message above the item; ``kept`` is what the reader wrote and should not lose."""

    kind: str
    title: str
    text: str
    kept: str = ""


@dataclass(frozen=True, slots=True)
class Other:
    """Another item beside this one, and how much of its words they share."""

    item: Item
    snippet: list[Group]
    likeness: float = 0.0


def show(id: int, now: float, status: int = 200, notice: Notice | None = None, error: DecisionError | None = None) -> Response:
    """The page; with ``error`` the form is as it was sent.

    Raises
    ------
    Problem : 404, there is no such item.
    """
    me, form = person(), request.form
    filters = posted() if request.method == "POST" else asked()
    with database().read() as session:
        item = session.get(Item, id)
        if item is None:
            raise Problem("not-found", "There is no such item.")
        obstacle = queue.obstacle(session, now, me, item)
        past = decisions.history(session, item, me)
        by_author = [Other(one, snippet(one)) for one in decisions.by_author(session, item)]
        similar = [Other(one, snippet(one), likeness) for one, likeness in decisions.similar(session, item)]
        rules = policy.current(session)
    mine = obstacle is None and item.claimed_by == me.id
    text, result = item.text or "", result_of(item)
    spans, labels = _marking(item, past, result, error)
    query = filters.query()
    classifier = state().classifier
    return page(
        "item.html",
        status,
        now=now,
        item=item,
        mine=mine,
        free=obstacle is None and not mine,
        query=query,
        form=form,
        notice=notice or _why_not(item, obstacle, now),
        error=_sentence(error) if error and "imminent" not in form else None,
        danger_error=_sentence(error) if error and "imminent" in form else None,
        asserted_band=classifier.thresholds.band(item.asserted_risk) if classifier else item.band,
        host=host(item.link),
        details=[(name, value) for name, value in item.details.items() if isinstance(value, str | int | float)][:_MOST_DETAILS],
        language=result.language,
        groups=groups(text, spans),
        words=heaviest(text, result, 12),
        marks=spans,
        spans=exact.to_utf16(text, [asdict(span) for span in spans]),
        labels=[{"name": label.value, "score": result.labels[label], "on": label in labels} for label in Label],
        voices=list(Voice),
        harmless=verdict.HARMLESS,
        policy=rules,
        longest_note=_LONGEST_NOTE,
        opened=form.get("opened", now, type=float),
        veiled=care.from_user(me).blur and request.method == "GET" and "reveal" not in request.args,
        reveal_url=url_for("reviews.item", id=id) + "?" + "&".join(filter(None, (query, "reveal=1"))),
        handed=bool(past) and item.status in FOR_LEADS,  # why is to be read first
        history=[_decision(one, me, now) for one in past],
        by_author=by_author[:5],
        tally=Counter(other.item.outcome or other.item.status for other in by_author).most_common(),
        more_by_author=len(by_author) > 5,
        similar=similar,
    )


def _marking(item: Item, past: list[Past], result: Result, error: DecisionError | None) -> tuple[list[Span], set[str]]:
    """The spans and labels to show: as they were sent, or as the last decision that stands has them, or the model's."""
    text, found = item.text or "", list(result.spans)
    if error is not None:
        try:
            sent = verdict.marks(request.form.get("spans", "[]"), text)
            return marked(text, [asdict(mark) for mark in sent], found), set(request.form.getlist("labels"))
        except (DecisionError, ValueError):  # of all things, this is what can't be read
            pass
    standing = [one.decision for one in past if one.decision.undone is None and one.decision.kind != Kind.SKIPPED]
    if standing and item.status in (Status.DECIDED, Status.ESCALATED) and item.erased is None:
        return marked(text, standing[-1].spans, found), set(standing[-1].labels)
    return found, {span.label for span in found}


def _why_not(item: Item, obstacle: str | None, now: float) -> Notice | None:
    if obstacle is None or item.status == Status.DECIDED or item.erased is not None:  # the page says so anyway
        return None
    free = item.claimed_until if item.claimed_by is not None and (item.claimed_until or 0) > now else None
    until = f" It is free again at {clock(free)} UTC, unless they stay with it." if free else ""
    return Notice("", "You can read it, not decide it.", obstacle + until)


def _sentence(error: DecisionError) -> str:
    said = str(error).replace(": ", " ", 1)
    return f"{said[:1].upper()}{said[1:]}."


def _decision(past: Past, me: User, now: float) -> dict[str, Any]:
    """A decision of the history. Who may take it back is decided again when they try."""
    one = past.decision
    recent = one.user_id == me.id and now - one.at < decisions.UNDO_SECONDS
    return {
        **{name: getattr(one, name) for name in ("id", "kind", "reason", "note", "imminent", "at", "undone")},
        "who": past.name,
        "can_undo": one.undone is None and (recent or may(me, Role.LEAD)),
    }
