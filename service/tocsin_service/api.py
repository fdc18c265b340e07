"""The native API: one passage, a batch, and the model's card as data."""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, current_app, request

from tocsin_model import Classifier
from tocsin_model.types import Result
from tocsin_service import requests, responses
from tocsin_service.problems import Problem
from tocsin_service.requests import ScoreRequest
from tocsin_service.state import State

blueprint = Blueprint("api", __name__)


def state() -> State:
    """What the running application holds: settings, the classifier or why there is none, metrics."""
    held: State = current_app.extensions["tocsin"]
    return held


@blueprint.post("/v1/score")
def score() -> Response:
    """One passage."""
    here = state()
    classifier = here.require_classifier()
    asked = requests.parse(requests.decode(_body()), here.settings)
    return reply(responses.render(_score(classifier, [asked])[0], asked, classifier.info))


@blueprint.post("/v1/score/batch")
def score_batch() -> Response:
    """Many passages; the answer has the same order and length."""
    here = state()
    classifier = here.require_classifier()
    parsed = requests.parse_batch(requests.decode(_body()), here.settings)
    asked = [item for item in parsed if isinstance(item, ScoreRequest)]
    scored = iter(_score(classifier, asked))
    results: list[dict[str, Any]] = []
    for item in parsed:
        if isinstance(item, ScoreRequest):
            results.append(responses.render(next(scored), item, classifier.info))
        else:
            results.append({"id": item[0], "error": item[1].body()})
    return reply({"results": results})


@blueprint.get("/v1/model")
def model() -> Response:
    """The model card as data."""
    info = state().require_classifier().info
    return reply(info.card | {"digest": info.digest})


def reply(body: object, status: int = 200, content_type: str = "application/json") -> Response:
    """JSON that any client can decode: ASCII, so that even a lone surrogate survives, and never NaN."""
    return Response(json.dumps(body, allow_nan=False, separators=(",", ":")) + "\n", status, content_type=content_type)


def _score(classifier: Classifier, asked: list[ScoreRequest]) -> list[Result]:
    results = classifier.score(
        [one.text for one in asked], spans=any(one.spans for one in asked), sentences=any(one.sentences for one in asked)
    )
    state().metrics.observe(results)
    return results


def _body() -> bytes:
    kind = request.mimetype
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        said = kind or "nothing"
        raise Problem("unsupported-media-type", f"Content-Type says {said[:60]}; send the body as application/json.")
    charset = request.mimetype_params.get("charset", "utf-8").lower().replace("_", "-")
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise Problem("unsupported-media-type", f"The charset is {charset[:30]}; encode the body as UTF-8.")
    return request.get_data(cache=False)
