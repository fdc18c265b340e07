"""The decision form to a verdict: offsets from UTF-16 to code points, and what follows for labels from what was decided."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from werkzeug.datastructures import MultiDict

from tocsin_model.types import Label
from tocsin_service.dashboard.exact import from_utf16
from tocsin_service.reviews.decisions import DecisionError, Mark, Verdict
from tocsin_service.reviews.models import Item, Kind
from tocsin_service.reviews.policy import Policy

# The exceptions whose passages, as the model's contract has it, carry no label: unless the reviewer says otherwise, none is kept.
HARMLESS = frozenset({"fiction", "idiom", "game", "history", "legal", "neutral"})
_REASON = {Kind.VIOLATES: "violation", Kind.ALLOWED: "exception", Kind.ESCALATED: "team"}
_DONE = {Kind.VIOLATES: "Violates", Kind.ALLOWED: "Allowed", Kind.ESCALATED: "Escalated", Kind.SKIPPED: "Skipped"}


def read(form: MultiDict[str, str], item: Item, now: float) -> Verdict:
    """What a form says of an item.

    Raises
    ------
    DecisionError : something in it can't be read.
    """
    kind = Kind.SKIPPED if "skip" in form else _kind(form.get("kind", ""))
    if kind is Kind.SKIPPED:
        return Verdict(kind, note=form.get("note", ""), seconds=_seconds(form, now))
    imminent = "imminent" in form
    if imminent and "confirm" not in form:
        raise DecisionError("confirm", "has to be ticked, as leads are alerted at once")
    reason = form.get(_REASON[kind], "")
    if not reason:
        raise DecisionError(_REASON[kind], "is missing; choose one")
    spans = marks(form.get("spans", "[]"), item.text or "")
    labels = set(form.getlist("labels"))
    if form.get("corrected") != "1":
        if imminent:  # its form has the labels only where a script puts them in
            labels |= {mark.label for mark in spans}
        if kind is Kind.ALLOWED and reason in HARMLESS:
            spans, labels = (), set()
    if kind is Kind.VIOLATES and reason in set(Label):
        labels.add(reason)
    off = set(Label) - labels  # without script a label is taken away and its marks are still sent
    spans = tuple(mark for mark in spans if mark.label not in off)
    return Verdict(kind, reason, form.get("note", ""), imminent, tuple(sorted(labels)), spans, _seconds(form, now))


def words(verdict: Verdict, policy: Policy) -> str:
    """A verdict in a few words: ``Allowed: News or reporting``."""
    said = _DONE[verdict.kind] + (", imminent danger" if verdict.imminent else "")
    return said + (f": {name}" if (name := named(policy, verdict.kind, verdict.reason)) else "")


def named(policy: Policy, kind: str | None, slug: str | None) -> str:
    """How the reason of a decision is shown, as a team may have the slug of an exception; what is no longer on a list as it is stored."""
    lists = {Kind.VIOLATES: policy.violations, Kind.ALLOWED: policy.exceptions, Kind.ESCALATED: policy.teams}
    choices = lists[Kind(kind)] if kind in lists else ()
    return next((choice.name for choice in choices if choice.slug == slug), slug or "")


def marks(given: str, text: str) -> tuple[Mark, ...]:
    """Spans of JSON with offsets in UTF-16 units.

    Raises
    ------
    DecisionError : they can't be read, or lie beyond the text or inside a character.
    """
    try:
        found = json.loads(given)
    except (ValueError, RecursionError):
        raise DecisionError("spans", "is no JSON; load the page anew") from None
    if not isinstance(found, list):
        raise DecisionError("spans", "must be a list; load the page anew")
    place = from_utf16(text)
    return tuple(_mark(f"spans[{number}]", one, place) for number, one in enumerate(found))


def _kind(given: str) -> Kind:
    if given not in _REASON:
        raise DecisionError("kind", "is missing; choose violates, allowed or escalate, or skip the item")
    return Kind(given)


def _seconds(form: MultiDict[str, str], now: float) -> float:
    """Since the page was made; 0 if it doesn't say."""
    opened = form.get("opened", now, type=float)
    return max(0.0, now - opened) if math.isfinite(opened) else 0.0


def _mark(where: str, given: Any, place: Any) -> Mark:
    kinds = {"start": int, "end": int, "label": str, "voice": str, "speaker": str | None}
    if not isinstance(given, dict):
        raise DecisionError(where, "must be an object; load the page anew")
    for name, kind in kinds.items():
        if not isinstance(given.get(name), kind) or isinstance(given.get(name), bool):
            raise DecisionError(f"{where}.{name}", "is missing or of another type; load the page anew")
    try:
        start, end = place(given["start"]), place(given["end"])
    except ValueError as error:
        raise DecisionError(where, f"can't be: {error}; load the page anew") from None
    if re.search("[\ud800-\udfff]", given["speaker"] or ""):
        raise DecisionError(f"{where}.speaker", "holds half a character; load the page anew")
    return Mark(start, end, given["label"], given["voice"], given["speaker"])
