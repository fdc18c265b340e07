"""Into the queue: what policy asks for is stored, once for each id, whoever else sends the same at the same moment."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from tocsin_model.classifier import ModelInfo
from tocsin_model.policy import Thresholds
from tocsin_model.types import Result
from tocsin_service import responses
from tocsin_service.requests import ScoreRequest
from tocsin_service.reviews import drift
from tocsin_service.reviews.database import insert
from tocsin_service.reviews.models import Item, Status
from tocsin_service.reviews.policy import Policy, scores_of
from tocsin_service.reviews.submissions import Submission

__all__ = ["KNOWN", "NOT_QUEUED", "ON_REQUEST", "QUEUED", "Outcome", "Submission", "find", "take"]

QUEUED, NOT_QUEUED, KNOWN = "queued", "not queued", "known"
ON_REQUEST = "on request"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a submission. ``status`` is ``queued``, ``not queued`` (then nothing is stored) or ``known``: an item with that
    ref is there already and stays as it is. ``id`` is the item's; ``why`` names the rules that queued this submission.
    """

    ref: str
    id: int | None
    status: str
    why: tuple[str, ...] = ()


def take(
    session: Session,
    now: float,
    submissions: Sequence[Submission],
    results: Sequence[Result],
    policy: Policy,
    info: ModelInfo,
    thresholds: Thresholds,
    always: bool = False,
) -> list[Outcome]:
    """Queue what policy asks for; one outcome a submission, in order. Of those with the same ref the first that is queued counts.

    The scores of all that are new are counted, see :mod:`tocsin_service.reviews.drift`; of those not queued nothing else is kept.

    Parameters
    ----------
    results : scored with spans.
    always : queue them all, as if each were marked so.
    """
    known = find(session, {one.ref for one in submissions})
    rows: dict[str, dict[str, Any]] = {}
    queued_by: dict[str, int] = {}
    reasons = []
    for place, (one, result) in enumerate(zip(submissions, results, strict=True)):
        why = policy.why(scores_of(result), one.community, thresholds) or ([ON_REQUEST] if always or one.always else [])
        reasons.append(tuple(why))
        if why and one.ref not in known and one.ref not in rows:
            rows[one.ref] = _row(one, result, why, now, policy, info)
            queued_by[one.ref] = place
    made = _insert(session, rows)
    known |= find(session, rows.keys() - made.keys())  # somebody was faster
    outcomes = []
    for place, one in enumerate(submissions):
        if one.ref in made and queued_by[one.ref] == place:
            outcomes.append(Outcome(one.ref, made[one.ref], QUEUED, reasons[place]))
        elif one.ref in known or queued_by.get(one.ref, place) < place:
            outcomes.append(Outcome(one.ref, known.get(one.ref, made.get(one.ref)), KNOWN))
        else:
            outcomes.append(Outcome(one.ref, None, NOT_QUEUED))
    drift.count(session, now, [result for outcome, result in zip(outcomes, results, strict=True) if outcome.status != KNOWN], info.digest)
    return outcomes


def find(session: Session, refs: Iterable[str]) -> dict[str, int]:
    """The ids of the items that have one of these refs."""
    wanted = sorted(refs)
    return dict(session.execute(select(Item.ref, Item.id).where(Item.ref.in_(wanted))).all()) if wanted else {}


def _insert(session: Session, rows: dict[str, dict[str, Any]]) -> dict[str, int]:
    """The ids of those that were not there yet. In the order of their refs: two who insert the same ones would lock each other out."""
    if not rows:
        return {}
    connection = session.connection()
    engine: Engine = connection.engine
    statement = insert(engine, Item).on_conflict_do_nothing(index_elements=["ref"]).returning(Item.ref, Item.id)
    return dict(connection.execute(statement, [rows[ref] for ref in sorted(rows)]).all())


def _row(one: Submission, result: Result, why: list[str], now: float, policy: Policy, info: ModelInfo) -> dict[str, Any]:
    worst = max(result.spans, key=lambda span: span.score, default=None)
    answer = responses.render(result, ScoreRequest(one.text), info)
    return {
        "ref": one.ref,
        "source": one.source,
        "text": one.text,
        "author": one.author,
        "community": one.community,
        "link": one.link,
        "written": one.written,
        "context": list(one.context),
        "details": one.details,
        "received": now,
        "due": policy.due(result.risk, now),
        **scores_of(result),
        "band": result.band.value,
        "label": worst.label.value if worst else "none",
        "voice": worst.voice.value if worst else "none",
        "result": {"spans": answer["spans"], "language": answer["language"]},
        "model": info.digest,
        "why": why,
        "status": Status.WAITING.value,
    }
