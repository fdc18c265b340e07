"""The Perspective API's two methods and its discovery document, so that a Perspective client needs another host and nothing else.

What the wire format is and where it is written down: :mod:`tocsin_service.compat.perspective_requests`,
:mod:`tocsin_service.compat.perspective_errors`. What is honoured, ignored and refused: docs/migrate-from-perspective.md.
"""

from __future__ import annotations

from flask import Blueprint, Response, current_app, request

from tocsin_service import api, requests, store
from tocsin_service.compat import perspective_discovery, perspective_errors
from tocsin_service.compat.perspective_errors import Refusal
from tocsin_service.compat.perspective_requests import parse_analyze, parse_suggest
from tocsin_service.compat.perspective_responses import render_analyze, render_suggest
from tocsin_service.feedback import Recorder
from tocsin_service.problems import Problem
from tocsin_service.requests import Offsets

blueprint = Blueprint("perspective", __name__)

_UNDECLARED = ("", "text/plain")


@blueprint.post("/v1alpha1/comments:analyze")
def analyze() -> Response:
    """Score a comment."""
    here = api.state()
    classifier = here.require_classifier()
    # Perspective's own examples post without a Content-Type.
    body = request.get_data(cache=False) if request.mimetype in _UNDECLARED else api.body()
    asked = parse_analyze(requests.decode(body), here.settings, _offsets())
    [result] = api.scored(classifier, [asked.passage])
    answer = api.reply(render_analyze(asked, result))
    if asked.submission is not None:
        store.later(answer, classifier, asked.submission, result)
    return answer


@blueprint.post("/v1alpha1/comments:suggestscore")
def suggestscore() -> Response:
    """Take a correction. The body has to be declared as JSON: a page of another origin can't do that unasked."""
    here = api.state()
    classifier = here.require_classifier()
    asked = parse_suggest(requests.decode(api.body()), here.settings, _offsets())
    [result] = api.scored(classifier, [asked.passage])
    record: Recorder | None = current_app.extensions.get("tocsin.feedback")
    if record is not None and asked.record is not None:
        record(asked.record)
    return api.reply(render_suggest(asked, result.language))


@blueprint.get("/$discovery/rest")
def discovery() -> Response:
    """The discovery document, with the address under which this service was asked for it."""
    if request.args.get("version", "v1alpha1") != "v1alpha1":
        return google_error(404, "There is one version: ask for /$discovery/rest?version=v1alpha1.")
    return api.reply(perspective_discovery.document(request.host_url))


def google_error(status: int, message: str) -> Response:
    """An error without details in Google's shape, for whatever goes wrong under /v1alpha1/."""
    return api.reply(perspective_errors.body(status, message), status)


@blueprint.errorhandler(Problem)
def render_problem(problem: Problem) -> Response:
    """One of our problems in Google's shape; 422 is Google's 400."""
    status = 400 if problem.type.status == 422 else problem.type.status
    details = [perspective_errors.violation(problem.field, problem.detail)] if problem.field else None
    response = api.reply(perspective_errors.body(status, problem.detail, details), status)
    response.headers.update(problem.headers)
    return response


@blueprint.errorhandler(Refusal)
def _refusal(refusal: Refusal) -> Response:
    return api.reply(perspective_errors.body(400, refusal.message, refusal.details), 400)


def _offsets() -> Offsets:
    alt, unit = request.args.get("alt", "json"), request.args.get("offsets", Offsets.UTF16)
    if alt != "json":
        raise perspective_errors.malformed("Invalid value at 'alt': answers are JSON; send json or leave it out.", "alt")
    if unit not in set(Offsets):
        raise perspective_errors.malformed(f"Invalid value at 'offsets': it takes {', '.join(Offsets)}.", "offsets")
    return Offsets(unit)
