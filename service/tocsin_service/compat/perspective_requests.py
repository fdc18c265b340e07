"""Perspective's two requests, from decoded JSON.

Fields and their meaning: the discovery document of commentanalyzer v1alpha1 (kept in github.com/googleapis/google-api-go-client,
commentanalyzer/v1alpha1/commentanalyzer-api.json, and with ``dropUnsupportedAttributes`` in github.com/APIs-guru/openapi-directory,
APIs/googleapis.com/commentanalyzer) and github.com/conversationai/perspectiveapi, 2-api/methods.md. ``SpanScore.begin`` and ``end`` are
"the UTF-16 codepoint range": UTF-16 code units, as JavaScript counts.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tocsin_model.types import Label
from tocsin_service.compat import perspective_errors as errors
from tocsin_service.compat.perspective_html import Stretch, as_it_is, to_text
from tocsin_service.compat.perspective_message import Message, read
from tocsin_service.requests import Offsets, ScoreRequest
from tocsin_service.responses import converter
from tocsin_service.reviews.submissions import Submission, foreign
from tocsin_service.settings import Settings


class Attribute(StrEnum):
    """What can be asked for: Perspective's THREAT and four of ours."""

    THREAT = "THREAT"
    INCITEMENT = "INCITEMENT"
    GLORIFICATION = "GLORIFICATION"
    VIOLENCE_RISK = "VIOLENCE_RISK"
    VIOLENCE_RISK_ASSERTED = "VIOLENCE_RISK_ASSERTED"


@dataclass(frozen=True, slots=True)
class Analyze:
    """``comments:analyze``. ``passage`` is what is scored; ``sent`` what was sent, HTML perhaps; ``place`` leads from one to the other.

    ``thresholds`` has the attributes to answer with, in the order asked for, and the least score to answer with, if one was given.
    ``drop`` : leave an attribute out where its language is not supported. ``submission`` is what goes to the review queue, None where
    nothing may.
    """

    passage: ScoreRequest
    sent: str
    place: Stretch
    thresholds: Mapping[Attribute, float | None]
    languages: tuple[str, ...]
    drop: bool
    token: str
    submission: Submission | None = None


@dataclass(frozen=True, slots=True)
class Suggest:
    """``comments:suggestscore``. ``record`` is what is kept, None where nothing may be or is left."""

    passage: ScoreRequest
    languages: tuple[str, ...]
    token: str
    record: dict[str, Any] | None


_TEXT = ("text", "type")
_BOTH = ("comment", "context", "languages", "doNotStore", "clientToken", "sessionId", "communityId")
_ANALYZE = (*_BOTH, "requestedAttributes", "spanAnnotations", "dropUnsupportedAttributes")
_SUGGEST = (*_BOTH, "attributeScores")
_SCORE_TYPES = ("SCORE_TYPE_UNSPECIFIED", "PROBABILITY", "STD_DEV_SCORE", "PERCENTILE", "RAW")
_TEXT_TYPES = ("TEXT_TYPE_UNSPECIFIED", "PLAIN_TEXT", "HTML")
_LIKELY = 0.5


def parse_analyze(value: dict[str, Any], settings: Settings, offsets: Offsets = Offsets.UTF16) -> Analyze:
    """A request to score; ``offsets`` is the unit of the span scores."""
    body = read(value, "", _ANALYZE)
    sent, is_html = _comment(body, settings)
    context = _common(body)
    drop, sentences = body.flag("dropUnsupportedAttributes"), body.flag("spanAnnotations")
    requested = body.mapping("requestedAttributes", ("scoreType", "scoreThreshold"))
    if not requested:
        advice = f'Name at least one: {", ".join(Attribute)}, as {{"THREAT": {{}}}}.'
        raise errors.refused("Missing requested_attributes", "NO_REQUESTED_ATTRIBUTES", "requestedAttributes", advice)
    omit = drop or settings.perspective_unknown == "omit"
    thresholds = {}
    for attribute, wanted in _modelled(requested, "requestedAttributes", omit).items():
        _score_type(wanted, "scoreType", attribute)
        thresholds[attribute] = wanted.number("scoreThreshold")
    languages = body.strings("languages")
    unsupported = [code for code in languages if not reads(code)]
    if unsupported and thresholds and not drop:
        raise errors.language(next(iter(thresholds)), unsupported, detected=False)
    text, place = to_text(sent) if is_html else (sent, as_it_is)
    _not_empty(text)
    store = settings.stores("perspective") and not body.flag("doNotStore")
    passage = ScoreRequest(text, spans=False, sentences=sentences, offsets=offsets, store=store)
    submission = _submission(body, text, context) if store else None
    return Analyze(passage, sent, place, {} if unsupported else thresholds, languages, drop, body.text("clientToken"), submission)


def parse_suggest(value: dict[str, Any], settings: Settings, offsets: Offsets = Offsets.UTF16) -> Suggest:
    """A correction; ``offsets`` is the unit of its spans, which are kept in code points of the comment as it was sent."""
    body = read(value, "", _SUGGEST)
    sent, is_html = _comment(body, settings)
    _common(body)
    suggested = body.mapping("attributeScores", ("summaryScore", "spanScores"))
    if not suggested:
        advice = 'Name at least one, as {"THREAT": {"summaryScore": {"value": 0}}}.'
        raise errors.invalid("Missing attribute_scores", "attributeScores", advice)
    scores: dict[str, float] = {}
    spans: list[dict[str, object]] = []
    place = converter(sent, offsets)
    for attribute, given in _modelled(suggested, "attributeScores", settings.perspective_unknown == "omit").items():
        summary = given.child("summaryScore", ("value", "type"))
        stretches = given.children("spanScores", ("begin", "end", "score"))
        if summary is None and not stretches:
            raise errors.invalid(
                f"Empty attribute_scores for {attribute}", f"{given.path}summaryScore", "Give a summaryScore or spanScores."
            )
        if summary is not None:
            scores[attribute] = _value(summary, attribute)
        spans += [_span(stretch, attribute, len(sent), place, offsets) for stretch in stretches]
    languages = body.strings("languages")
    record: dict[str, Any] = {
        "source": "perspective",
        "text": sent,
        "type": "HTML" if is_html else "PLAIN_TEXT",
        "labels": {name.lower(): value >= _LIKELY for name, value in scores.items() if name.lower() in set(Label)},
        "scores": scores,
        "spans": spans,
        "languages": languages,
        "community": body.text("communityId"),
        "session": body.text("sessionId"),
    }
    text = to_text(sent)[0] if is_html else sent
    _not_empty(text)
    kept = (scores or spans) and not body.flag("doNotStore")
    return Suggest(ScoreRequest(text, spans=False), languages, body.text("clientToken"), record if kept else None)


def reads(language: str) -> bool:
    """Whether a BCP 47 code is one of English."""
    return language.replace("_", "-").split("-")[0].lower() == "en"


def _comment(body: Message, settings: Settings) -> tuple[str, bool]:
    """The comment's text, and whether it is HTML."""
    comment = body.child("comment", _TEXT)
    text = comment.text("text") if comment else ""
    _not_empty(text)
    if len(text) > settings.max_text_chars:
        advice = f"It has {len(text)} characters; the limit is {settings.max_text_chars}. Cut it into pages."
        raise errors.refused("Comment text too long.", "COMMENT_TOO_LONG", "comment.text", advice)
    return text, comment is not None and _text_type(comment) == "HTML"


def _not_empty(text: str) -> None:
    if not text.strip():
        advice = "Send at least one character that is not white space."
        raise errors.refused("Comment must be non-empty.", "COMMENT_EMPTY", "comment.text", advice)


def _text_type(entry: Message) -> str:
    given = entry.text("type") or "PLAIN_TEXT"
    if given not in _TEXT_TYPES:
        raise errors.invalid("Unknown text type", f"{entry.path}type", "It must be PLAIN_TEXT or HTML.")
    return given


def _submission(body: Message, text: str, context: list[Message]) -> Submission:
    """For the review queue. A token may be the same for all comments, so it is but a part of the ref."""
    token, community = body.text("clientToken"), body.text("communityId")
    details: dict[str, object] = {"clientToken": token, "sessionId": body.text("sessionId")}
    before = [to_text(entry.text("text"))[0].strip() if _text_type(entry) == "HTML" else entry.text("text") for entry in context]
    return foreign("perspective", text, (token, community, text), community=community, context=before, details=details)


def _common(body: Message) -> list[Message]:
    """Fields that have to be right, though they change no score; the entries of the context."""
    for name in ("clientToken", "sessionId", "communityId"):
        body.text(name)
    body.flag("doNotStore")
    context = body.child("context", ("entries", "articleAndParentComment"))
    if context is None:
        return []
    pair = context.child("articleAndParentComment", ("article", "parentComment"))
    entries = context.children("entries", _TEXT)
    if pair and entries:
        message = "Context can have either entries or article_and_parent_comment, but both fields were populated."
        raise errors.invalid(message, "context", "Send one of the two; Tocsin's scores depend on neither.")
    parts = [pair.child(name, _TEXT) for name in ("article", "parentComment")] if pair else entries
    entries = [entry for entry in parts if entry is not None]
    for entry in entries:
        entry.text("text")
        _text_type(entry)
    return entries


def _modelled(given: dict[str, Message], field: str, omit: bool) -> dict[Attribute, Message]:
    """Those that Tocsin models; the others are left out, or the first of them is an error."""
    known = {}
    for name, value in given.items():
        if name in Attribute.__members__:
            known[Attribute(name)] = value
        elif not omit:
            advice = f"Tocsin models {', '.join(Attribute)}. Ask for those alone, or set TOCSIN_PERSPECTIVE_UNKNOWN=omit."
            raise errors.invalid(f"Unknown requested attribute: {name[:60]}", f"{field}.{name[:60]}", advice)
    return known


def _score_type(holder: Message, name: str, attribute: Attribute) -> None:
    given = holder.text(name) or "PROBABILITY"
    if given not in _SCORE_TYPES:
        raise errors.malformed(f"Invalid value at '{holder.path}{name}' (ScoreType): send PROBABILITY.", holder.path + name)
    if given not in ("PROBABILITY", "SCORE_TYPE_UNSPECIFIED"):
        message = f"Requested score type {given} is not supported by attribute {attribute}"
        raise errors.invalid(message, holder.path + name, "Ask for PROBABILITY.")


def _value(score: Message, attribute: Attribute) -> float:
    _score_type(score, "type", attribute)
    value = score.number("value")
    if value is None or not 0 <= value <= 1:
        raise errors.invalid(f"Score of {attribute} must be set, from 0 to 1", f"{score.path}value", "Give a number from 0 to 1.")
    return float(value)


def _span(stretch: Message, attribute: Attribute, length: int, place: Callable[[int], int], unit: Offsets) -> dict[str, object]:
    given = stretch.integer("begin"), stretch.integer("end")
    begin, end = (bisect_left(range(length + 1), offset, key=place) for offset in given)
    if not (begin < end <= length and (place(begin), place(end)) == given):
        advice = f"begin and end count in {unit}: 0 <= begin < end <= {place(length)}, between whole characters."
        raise errors.invalid(f"Span score of {attribute} is not a stretch of the comment", f"{stretch.path}end", advice)
    score = stretch.child("score", ("value", "type"))
    if score is None:
        raise errors.invalid(f"Score of {attribute} must be set, from 0 to 1", f"{stretch.path}score", "Give the span a score.")
    return {"attribute": attribute.value, "start": begin, "end": end, "value": _value(score, attribute)}
