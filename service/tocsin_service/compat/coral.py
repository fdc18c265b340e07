"""Coral's external moderation phase: ``POST /v1/coral`` takes a comment as Coral sends it and answers what is to be done with it.

Reference: coralproject/talk, ``server/EXTERNAL_MODERATION_PHASES.md`` (request and response), ``WEBHOOKS.md`` (signature) and
``server/src/core/server/services/comments/pipeline/phases/external.ts`` (what Coral really takes: other tags than its own fail there).
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from flask import Blueprint, Response, request

from tocsin_model.policy import Thresholds
from tocsin_model.types import Band, Result
from tocsin_service import api, requests, store
from tocsin_service.problems import Problem
from tocsin_service.requests import ScoreRequest
from tocsin_service.reviews.submissions import Submission, foreign
from tocsin_service.settings import Settings

blueprint = Blueprint("coral", __name__)

POLICIES = ("withhold", "reject")


@blueprint.post("/v1/coral")
def moderate() -> Response:
    """What Coral is to do with a comment; 204 for nothing. ``?high=reject`` rejects what authors threaten instead of withholding it."""
    here = api.state()
    if not here.settings.coral_secret:
        raise Problem("coral-off", "TOCSIN_CORAL_SECRET is empty; set it to the signing secret that Coral shows for the phase.")
    body = request.get_data(cache=False)
    verify(body, request.headers.get("X-Coral-Signature", ""), here.settings.coral_secret)
    policy = request.args.get("high", POLICIES[0])
    if policy not in POLICIES:
        raise Problem("invalid-value", f"high takes one of {', '.join(POLICIES)}.", field="high")
    classifier = here.require_classifier()
    sent = requests.decode(body)
    asked = parse(sent, here.settings)
    [result] = api.scored(classifier, [asked])
    answer = render(result, classifier.thresholds, policy)
    response = Response(status=204) if answer is None else api.reply(answer)
    if asked.store:
        store.later(response, classifier, submission(sent, asked.text), result)
    return response


def verify(body: bytes, header: str, secret: str) -> None:
    """Refuse a body that none of the header's signatures fits; while a secret is being changed Coral signs with the old and the new."""
    expected = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().encode()
    signatures = [value.strip() for name, _, value in (item.partition("=") for item in header.split(",")) if name.strip() == "sha256"]
    if not any([hmac.compare_digest(signature.encode(), expected) for signature in signatures]):  # noqa: C419 all are compared
        raise Problem("bad-signature", "No sha256 signature in X-Coral-Signature fits this body and TOCSIN_CORAL_SECRET.")


def parse(body: dict[str, Any], settings: Settings) -> ScoreRequest:
    """The comment's text, which may be empty (a picture alone). Author, story, site and tenant change no score."""
    comment = body.get("comment")
    if not isinstance(comment, dict):
        raise Problem("wrong-type", "comment must be an object with the comment's body.", field="comment")
    text = comment.get("body")
    if not isinstance(text, str):
        raise Problem("wrong-type", "comment.body must be a string: the comment's text.", field="comment.body")
    if len(text) > settings.max_text_chars:
        detail = f"comment.body has {len(text)} characters; the limit is {settings.max_text_chars}. Limit comments in Coral."
        raise Problem("too-large", detail, field="comment.body")
    return ScoreRequest(text, spans=False, store=settings.stores("coral") and bool(text.strip()))


def submission(body: dict[str, Any], text: str) -> Submission:
    """For the review queue. A new comment has no id yet: the same words of the same author under the same story are the same item."""
    comment, author, story, site = (_object(body.get(name)) for name in ("comment", "author", "story", "site"))
    names = {
        "tenant": body.get("tenantID"),
        "site": site.get("id"),
        "story": story.get("id"),
        "parent": comment.get("parentID"),
        "action": body.get("action"),
    }
    key = [value if isinstance(value, str) else "" for value in (names["tenant"], names["story"], author.get("id"), text)]
    return foreign("coral", text, key, author.get("id"), body.get("tenantDomain"), story.get("url"), details=names)


def _object(given: object) -> dict[str, Any]:
    return given if isinstance(given, dict) else {}


def render(result: Result, thresholds: Thresholds, policy: str) -> dict[str, Any] | None:
    """Coral's response, or None for no change: a status would keep later phases from running, so a low band has none.

    Only what the author says in their own voice is ever rejected; who quotes a threat is left to a moderator.
    """
    if result.band is Band.LOW:
        return None
    reject = policy == "reject" and thresholds.band(result.asserted_risk) is Band.HIGH
    return {
        "actions": [{"actionType": "FLAG", "reason": "COMMENT_DETECTED_TOXIC"}],
        "status": "REJECTED" if reject else "SYSTEM_WITHHELD",
    }
