"""The native API: one passage, a batch, and the model's card as data."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

from flask import Blueprint, Response, current_app, request

from tocsin_model import Classifier
from tocsin_model.types import Result
from tocsin_service import auth, requests, responses, store
from tocsin_service.problems import Problem
from tocsin_service.requests import ScoreRequest
from tocsin_service.reviews.submissions import Submission
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
    asked = requests.parse(requests.decode(body()), here.settings)
    [answer] = _answers(classifier, [asked])
    return reply(answer)


@blueprint.post("/v1/score/batch")
def score_batch() -> Response:
    """Many passages; the answer has the same order and length."""
    here = state()
    classifier = here.require_classifier()
    parsed = requests.parse_batch(requests.decode(body()), here.settings)
    asked = [item for item in parsed if isinstance(item, ScoreRequest)]
    return reply({"results": merged(parsed, _answers(classifier, asked))})


def _answers(classifier: Classifier, asked: list[ScoreRequest]) -> list[dict[str, Any]]:
    """Scores, and what became of those to be stored."""
    queue = store.opened() if any(one.store for one in asked) else None
    results = scored(classifier, asked)
    answers = [responses.render(result, one, classifier.info) for one, result in zip(asked, results, strict=True)]
    if queue:
        stored = [place for place, one in enumerate(asked) if one.store]
        submissions = [Submission(str(asked[place].id), asked[place].text, source="score") for place in stored]
        outcomes = queue.take(classifier, submissions, [results[place] for place in stored])
        for place, outcome in zip(stored, outcomes, strict=True):
            answers[place]["stored"] = outcome.status
    return answers


def merged(parsed: Sequence[object], answers: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """The answers of a batch in its order; what could not be parsed has its id and the problem."""
    given = iter(answers)
    return [{"id": one[0], "error": one[1].body()} if isinstance(one, tuple) else next(given) for one in parsed]


@blueprint.get("/v1/model")
def model() -> Response:
    """The model card as data."""
    info = state().require_classifier().info
    response = reply(info.card | {"digest": info.digest})
    response.set_etag(info.digest.removeprefix("sha256:"))
    response.headers["Cache-Control"] = "no-cache"  # may be kept, must be asked about
    response.make_conditional(request)
    return response


def reply(body: object, status: int = 200, content_type: str = "application/json") -> Response:
    """JSON that any client can decode: ASCII, so that even a lone surrogate survives, and never NaN."""
    return Response(json.dumps(body, allow_nan=False, separators=(",", ":")) + "\n", status, content_type=content_type)


def scored(classifier: Classifier, asked: list[ScoreRequest]) -> list[Result]:
    """Score, count, and charge the key: the one way from requests to results over HTTP."""
    auth.spend(len(asked))
    results = classifier.score(
        [one.text for one in asked], spans=any(one.spans or one.store for one in asked), sentences=any(one.sentences for one in asked)
    )
    state().metrics.observe(results)
    return results


def body() -> bytes:
    """The bytes of a JSON body, unpacked.

    Raises
    ------
    Problem : not declared as JSON, another charset or encoding, or larger than the limit once unpacked.
    """
    kind = request.mimetype
    if kind != "application/json" and not (kind.startswith("application/") and kind.endswith("+json")):
        said = kind or "nothing"
        raise Problem("unsupported-media-type", f"Content-Type says {said[:60]}; send the body as application/json.")
    charset = request.mimetype_params.get("charset", "utf-8").lower().replace("_", "-")
    if charset not in ("utf-8", "utf8", "us-ascii"):
        raise Problem("unsupported-media-type", f"The charset is {charset[:30]}; encode the body as UTF-8.")
    data = request.get_data(cache=False)
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding == "identity":
        return data
    if encoding != "gzip":
        raise Problem("unsupported-media-type", f"Content-Encoding is {encoding[:30]}; send gzip or nothing.")
    return _unzipped(data, state().settings.max_body_bytes)


def _unzipped(data: bytes, limit: int) -> bytes:
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        plain = unpacker.decompress(data, limit + 1)
    except zlib.error:
        raise Problem("malformed-json", "The body says it is gzip, but can't be unpacked.") from None
    if len(plain) > limit:
        raise Problem("too-large", f"The unpacked body may have {limit} bytes. Split a batch, or raise TOCSIN_MAX_BODY_BYTES.")
    if not unpacker.eof:
        raise Problem("malformed-json", "The gzip body stops before its end.")
    return plain
