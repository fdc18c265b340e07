"""The pages: paste a passage and see it marked; what a problem means. No script, so that none in a passage can run."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, render_template, request

from tocsin_service import requests
from tocsin_service.api import state
from tocsin_service.highlight import heaviest, pieces
from tocsin_service.problems import TYPES, Problem

blueprint = Blueprint("web", __name__)

_POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
_EXAMPLE = (
    "The harbour master said the strike would go on until Friday.\n\n"
    "“Any ship that unloads will burn, and her captain with her,” Marek Oduya, who leads the Red Quay committee,"
    " told a crowd at the gates.\n\n"
    "The union's lawyers called the remark disgraceful and asked members to stay calm."
)


def page(name: str, status: int = 200, **values: object) -> Response:
    """A rendered template under the pages' content security policy."""
    response = make_response(render_template(name, **values), status)
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@blueprint.get("/")
def home() -> Response:
    """The empty form, with an example that we wrote."""
    return page("home.html", text=_EXAMPLE, model=_model())


@blueprint.post("/")
def score() -> Response:
    """The passage marked. Posted, so that it is never in an address."""
    here = state()
    text = request.form.get("text", "").replace("\r\n", "\n")
    try:
        classifier = here.require_classifier()
        asked = requests.parse({"text": text, "sentences": True}, here.settings)
    except Problem as problem:
        return page("home.html", problem.type.status, text=text, problem=problem, model=_model())
    [result] = classifier.score([asked.text], sentences=True)
    here.metrics.observe([result])
    return page(
        "home.html",
        text=text,
        result=result,
        pieces=pieces(text, result.spans),
        words=heaviest(text, result),
        thresholds=classifier.thresholds,
        model=_model(),
    )


@blueprint.get("/problems/<slug>")
def problem(slug: str) -> Response:
    """What a problem type means and what to change."""
    kind = TYPES.get(slug)
    if kind is None:
        raise Problem("not-found", "There is no such problem type.")
    return page("problem.html", problem=kind, model=_model())


def _model() -> object:
    classifier = state().classifier
    return classifier.info if classifier else None
