"""Passages for the review queue: ``POST /v1/items`` scores and queues them, ``GET /v1/items/<id>`` tells what was decided."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response
from flask.blueprints import BlueprintSetupState
from werkzeug.routing import BaseConverter

from tocsin_model.types import Label, Result
from tocsin_service import api, requests, store
from tocsin_service.problems import Problem
from tocsin_service.requests import ScoreRequest
from tocsin_service.reviews.submissions import Submission, parse

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from tocsin_service.reviews.intake import Outcome
    from tocsin_service.reviews.models import Item

blueprint = Blueprint("items", __name__)


class AnyId(BaseConverter):
    """The rest of an address, slashes and all: ids are the sender's."""

    regex = "(?s:.+)"
    part_isolating = False


@blueprint.record
def _add_converter(setup: BlueprintSetupState) -> None:
    setup.app.url_map.converters["any_id"] = AnyId


@blueprint.post("/v1/items")
def add() -> Response:
    """One passage, or many as ``items``; the answer has the same order and length."""
    given, settings = requests.decode(api.body()), api.state().settings
    if "items" in given:
        parsed = requests.parse_items(given, settings, lambda item, path: parse(item, settings, path))
        return api.reply({"results": api.merged(parsed, _taken([one for one in parsed if isinstance(one, Submission)]))})
    [answer] = _taken([parse(given, settings)])
    return api.reply(answer)


@blueprint.get("/v1/items/<any_id:ref>")
def show(ref: str) -> Response:
    """Where an item stands and what was decided; never its text."""
    held = store.database()
    with store.reached(), held.read() as session:
        return api.reply(_described(_found(session, ref)))


@blueprint.delete("/v1/items/<any_id:ref>")
def erase(ref: str) -> Response:
    """Erase the passage and all that tells of its author; scores and decisions stay, and so does the id."""
    held = store.database()
    from tocsin_service.reviews import purge  # noqa: PLC0415 an extra

    with store.reached(), held.write() as session:
        purge.erase(session, time.time(), _found(session, ref).id)
    return Response(status=204)


def _taken(submissions: list[Submission]) -> list[dict[str, Any]]:
    classifier = api.state().require_classifier()
    queue = store.opened()
    results = api.scored(classifier, [ScoreRequest(one.text) for one in submissions])
    outcomes = queue.take(classifier, submissions, results)
    return [_answer(outcome, result) for outcome, result in zip(outcomes, results, strict=True)]


def _answer(outcome: Outcome, result: Result) -> dict[str, Any]:
    return {
        "id": outcome.ref,
        "status": outcome.status,
        "risk": result.risk,
        "asserted_risk": result.asserted_risk,
        "band": result.band.value,
        "labels": {label.value: result.labels[label] for label in Label},
        "why": list(outcome.why),
    }


def _found(session: Session, ref: str) -> Item:
    from sqlalchemy import select  # noqa: PLC0415 an extra

    from tocsin_service.reviews.models import Item  # noqa: PLC0415 an extra

    # No id has a NUL, and PostgreSQL can't even be asked for one.
    item = None if "\0" in ref else session.scalars(select(Item).where(Item.ref == ref)).first()
    if item is None:
        raise Problem("not-found", "No item has this id: it was never sent, or policy did not queue it.")
    return item


def _described(item: Item) -> dict[str, Any]:
    """What the sender may know. What one of two reviewers thinks is no decision yet."""
    from tocsin_service.reviews.models import Status  # noqa: PLC0415 an extra

    settled = item.status == Status.DECIDED
    return {
        "id": item.ref,
        "status": item.status,
        "outcome": item.outcome if settled else None,
        "reason": item.reason if settled else None,
        "decided": _date(item.decided) if settled else None,
        "team": item.team,
        "imminent": item.imminent,
        "risk": item.risk,
        "asserted_risk": item.asserted_risk,
        "band": item.band,
        "labels": {label.value: getattr(item, label.value) for label in Label},
        "why": item.why,
        "received": _date(item.received),
        "erased": _date(item.erased),
    }


def _date(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
