"""The demo queue: passages written for it, some of them decided by two made-up reviewers in the last days. All of it can be removed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from importlib.resources import files
from typing import Any

import numpy as np
from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from tocsin_model import Classifier
from tocsin_service.reviews import accounts, audit, decisions, drift, intake, queue
from tocsin_service.reviews.decisions import Mark, Verdict
from tocsin_service.reviews.intake import Submission
from tocsin_service.reviews.models import Decision, Item, Kind, Role, ScoreDay, Secret, SignIn, User, View
from tocsin_service.reviews.policy import SCORES, Policy

ADMIN = "demo"
SOURCE = "demo"
_REVIEWERS = {"ana": "demo-ana", "ben": "demo-ben"}
_MARK = "demo"  # the secret that holds the accounts' ids, as long as there is a demo
_HOUR = 3_600


@dataclass(frozen=True, slots=True)
class Removed:
    """How much went. ``kept``: accounts that decided items which aren't the demo's; they are switched off."""

    items: int
    decisions: int
    accounts: int
    kept: list[str]


def present(session: Session) -> bool:
    """Whether the queue holds the demo; one look-up by key."""
    return session.get(Secret, _MARK) is not None


def add(session: Session, now: float, classifier: Classifier, password: str) -> int:
    """Add the passages, the decisions, and the account ``demo``, an admin with this password; how many passages.

    Raises
    ------
    ValueError : the demo is there.    AccountError : one of its accounts' names is taken.
    """
    if present(session):
        raise ValueError("the demo queue is there already")
    passages = _passages()
    begun = now - max(passage["hours"] for passage in passages) * _HOUR
    people = {short: accounts.create(session, begun, name, Role.REVIEWER, None) for short, name in _REVIEWERS.items()}
    admin = accounts.create(session, now, ADMIN, Role.ADMIN, password)
    mark = {"accounts": [admin.id, *(person.id for person in people.values())], "password": _fingerprint(admin)}
    session.add(Secret(name=_MARK, value=json.dumps(mark)))
    items = _take(session, now, classifier, passages)
    for passage in passages:
        passage["item"] = items[passage["ref"]]
    made = [(decision["after"] - passage["hours"], passage, decision) for passage in passages for decision in passage["decisions"]]
    for hours, passage, decision in sorted(made, key=lambda one: one[0]):
        at, person = now + hours * _HOUR, people[decision["by"]]
        if queue.claim(session, at, person, passage["item"]):
            policy = replace(Policy(), double_share=float(len(passage["decisions"]) > 1))
            decisions.decide(session, at, person, passage["item"], _verdict(passage["text"], decision), policy)
    audit.record(session, now, "command line", "demo added", items=len(items))
    return len(items)


def unchanged(session: Session) -> bool:
    """Whether the account's password is still the one that :func:`add` gave it."""
    mark, admin = session.get(Secret, _MARK), session.scalars(select(User).where(User.name == ADMIN)).first()
    return mark is not None and admin is not None and bool(json.loads(mark.value)["password"] == _fingerprint(admin))


def remove(session: Session, now: float) -> Removed:
    """Remove everything that :func:`add` made, and what was decided of it since; the audit log stays.

    Raises
    ------
    ValueError : there is no demo.
    """
    mark = session.get(Secret, _MARK)
    if mark is None:
        raise ValueError("there is no demo queue")
    passages = session.scalars(select(Item).where(Item.source == SOURCE)).all()
    _uncount(session, passages)
    items = [item.id for item in passages]
    decided = session.scalars(delete(Decision).where(Decision.item_id.in_(items)).returning(Decision.id)).all()
    session.execute(delete(Item).where(Item.id.in_(items)))
    gone, kept = _without_accounts(session, json.loads(mark.value)["accounts"])
    session.delete(mark)
    audit.record(session, now, "command line", "demo removed", items=len(items), decisions=len(decided))
    return Removed(len(items), len(decided), gone, kept)


def _take(session: Session, now: float, classifier: Classifier, passages: Sequence[dict[str, Any]]) -> dict[str, int | None]:
    """Queue each passage at its own time; the items by ref."""
    results = classifier.score([passage["text"] for passage in passages])
    found: dict[str, int | None] = {}
    for passage, result in zip(passages, results, strict=True):
        received, limits = now - passage["hours"] * _HOUR, classifier.thresholds
        one = _submission(passage, received)
        [taken] = intake.take(session, received, [one], [result], Policy(), classifier.info, limits, always=True)
        found[taken.ref] = taken.id
    return found


def _uncount(session: Session, passages: Sequence[Item]) -> None:
    """Take them out of the counts that drift is seen by."""
    edges = np.arange(drift.BINS + 1) / drift.BINS
    for item in passages:
        for score in SCORES:
            place = min(int(np.searchsorted(edges, getattr(item, score), "right")) - 1, drift.BINS - 1)
            counted = (ScoreDay.model == item.model, ScoreDay.day == int(item.received // (24 * _HOUR)))
            one = update(ScoreDay).where(*counted, ScoreDay.score == score, ScoreDay.bin == place)
            session.execute(one.values(count=ScoreDay.count - 1))
    session.execute(delete(ScoreDay).where(ScoreDay.count <= 0))


def _without_accounts(session: Session, people: Sequence[int]) -> tuple[int, list[str]]:
    for table in (SignIn, View):
        session.execute(delete(table).where(table.user_id.in_(people)))
    session.execute(update(Item).where(Item.claimed_by.in_(people)).values(claimed_by=None, claimed_until=None))
    needed = set(session.scalars(select(Decision.user_id).where(Decision.user_id.in_(people)).distinct()))
    session.execute(update(User).where(User.id.in_(needed)).values(active=False, password=None))
    session.execute(delete(User).where(User.id.in_(set(people) - needed)))
    names = session.scalars(select(User.name).where(User.id.in_(needed)).order_by(User.name)).all()
    return len(set(people) - needed), list(names)


def _fingerprint(user: User) -> str:
    return hashlib.sha256((user.password or "").encode()).hexdigest()[:16]


def _passages() -> list[dict[str, Any]]:
    """Every line of ``demo/*.jsonl``. ``hours`` is how long before now a passage came; ``decisions`` say how many hours ``after``."""
    folder = files("tocsin_service.reviews").joinpath("demo")
    names = sorted(path.name for path in folder.iterdir() if path.name.endswith(".jsonl"))
    return [json.loads(line) for name in names for line in folder.joinpath(name).read_text(encoding="utf-8").split("\n") if line]


def _submission(passage: dict[str, Any], received: float) -> Submission:
    return Submission(
        passage["ref"],
        passage["text"],
        author=passage["author"],
        community=passage["community"],
        link=passage["link"],
        written=received - 0.2 * _HOUR,
        context=tuple(passage["context"]),
        source=SOURCE,
    )


def _verdict(text: str, made: dict[str, Any]) -> Verdict:
    spans = tuple(
        Mark(text.index(mark["words"]), text.index(mark["words"]) + len(mark["words"]), mark["label"], mark["voice"], mark["speaker"])
        for mark in made["marks"]
    )
    labels = tuple(sorted({mark.label for mark in spans}))
    return Verdict(Kind(made["kind"]), made["reason"], made["note"], made["imminent"], labels, spans, float(made["seconds"]))
