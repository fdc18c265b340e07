"""OpenAI's moderations: ``POST /v1/moderations`` as ``omni-moderation`` answers it, for clients that change nothing but the base URL.

The wire format is that of openai/openai-python, ``src/openai/types/moderation*.py``, and of the API reference, "Create moderation"; an
array of content parts is one input and has one result. Error codes are those OpenAI's own endpoints answer with.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, Response

from tocsin_model.classifier import ModelInfo
from tocsin_model.policy import Thresholds
from tocsin_model.types import Label, Result
from tocsin_service import api, requests
from tocsin_service.problems import Problem
from tocsin_service.requests import ScoreRequest
from tocsin_service.settings import Settings

blueprint = Blueprint("openai", __name__)

PATH = "/v1/moderations"
CATEGORIES = tuple(
    "harassment harassment/threatening hate hate/threatening illicit illicit/violent self-harm self-harm/intent self-harm/instructions "
    "sexual sexual/minors violence violence/graphic".split()
)
_CODES = {
    "wrong-type": "invalid_type",
    "invalid-value": "invalid_value",
    "unauthorized": "invalid_api_key",
    "too-many-requests": "rate_limit_exceeded",
    "not-found": "unknown_url",
    "method-not-allowed": "method_not_supported",
}
_HOW = "Send a string, an array of strings, or an array of parts like {'type': 'text', 'text': '…'}."


class Refusal(Problem):
    """A problem with what a field holds, under the code OpenAI has for it."""

    def __init__(self, code: str, param: str, detail: str) -> None:
        super().__init__("invalid-value", detail, field=param)
        self.code = code


@blueprint.post(PATH)
def moderations() -> Response:
    """One result for a string or for an array of parts, one a string for an array of strings."""
    here = api.state()
    classifier = here.require_classifier()
    asked = parse(requests.decode(api.body()), here.settings)
    results = api.scored(classifier, asked)
    return api.reply(render(results, f"modr-{uuid.uuid4().hex}", classifier.info, classifier.thresholds))


@blueprint.errorhandler(Problem)
def refuse(problem: Problem) -> Response:
    """Any problem as OpenAI's error, where wrong values are 400. The application calls it for what fails before this blueprint."""
    status = 400 if problem.type.status == 422 else problem.type.status
    error = {
        "message": problem.detail,
        "type": "server_error" if status >= 500 else "requests" if status == 429 else "invalid_request_error",
        "param": problem.field,
        "code": problem.code if isinstance(problem, Refusal) else _CODES.get(problem.type.slug),
    }
    response = api.reply({"error": error}, status)
    response.headers.update(problem.headers)
    return response


def parse(body: dict[str, Any], settings: Settings) -> list[ScoreRequest]:
    """The passages of a request in order. An empty string is a passage too, as one blank message must not stop a batch."""
    for key in body:
        if key not in ("input", "model"):
            raise Refusal("unknown_parameter", key[:60], "Unknown parameter. This address takes input and model.")
    if not isinstance(body.get("model"), str | None):
        raise Refusal("invalid_type", "model", "Invalid type for 'model': it is a string. Any will do, or none: one model is loaded.")
    given = body.get("input")
    if given is None:
        raise Refusal("missing_required_parameter", "input", f"Missing required parameter: 'input'. {_HOW}")
    if isinstance(given, str):
        return [_passage(given, "input", settings)]
    if not isinstance(given, list):
        raise Refusal("invalid_type", "input", f"Invalid type for 'input'. {_HOW}")
    if not given:
        raise Refusal("empty_array", "input", f"Invalid 'input': empty array. {_HOW}")
    if len(given) > settings.max_batch_items:
        detail = f"Invalid 'input': array too long. It has {len(given)} items; at most {settings.max_batch_items} go in one request."
        raise Refusal("array_above_max_length", "input", f"{detail} Send several.")
    kind = type(given[0])
    if kind not in (str, dict):
        raise Refusal("invalid_type", "input[0]", f"Invalid type for 'input[0]'. {_HOW}")
    for index, item in enumerate(given):
        if type(item) is not kind:
            detail = f"Invalid type for 'input[{index}]': an array holds strings alone or parts alone."
            raise Refusal("invalid_type", f"input[{index}]", detail)
    if kind is str:
        return [_passage(text, f"input[{index}]", settings) for index, text in enumerate(given)]
    return [_passage("\n\n".join(_part(part, f"input[{index}]") for index, part in enumerate(given)), "input", settings)]


def render(results: Sequence[Result], identifier: str, model: ModelInfo, thresholds: Thresholds) -> dict[str, Any]:
    """The answer's body. A category that Tocsin doesn't model is 0, false, and applied to no input type."""
    return {
        "id": identifier,
        "model": f"{model.name}-{model.version}",
        "results": [_result(result, thresholds) for result in results],
    }


def _result(result: Result, thresholds: Thresholds) -> dict[str, Any]:
    threat, incitement = result.labels[Label.THREAT], result.labels[Label.INCITEMENT]
    least_threat, least_incitement, _ = thresholds.labels
    # Score, and the least score that flags. Who is meant we can't tell, so hate/threatening takes calls for violence, harassment threats.
    modelled = {
        "violence": (result.risk, thresholds.elevated),
        "harassment/threatening": (threat, least_threat),
        "hate/threatening": (incitement, least_incitement),
        "illicit/violent": (incitement, least_incitement),
    }
    flags = {name: name in modelled and modelled[name][0] >= modelled[name][1] for name in CATEGORIES}
    return {
        "flagged": any(flags.values()),
        "categories": flags,
        "category_scores": {name: modelled[name][0] if name in modelled else 0.0 for name in CATEGORIES},
        "category_applied_input_types": {name: ["text"] if name in modelled else [] for name in CATEGORIES},
    }


def _passage(text: str, param: str, settings: Settings) -> ScoreRequest:
    if len(text) > settings.max_text_chars:
        detail = f"Invalid '{param}': string too long. It has {len(text)} characters; the limit is {settings.max_text_chars}."
        raise Refusal("string_above_max_length", param, f"{detail} Cut it into several strings.")
    return ScoreRequest(text, spans=False)


def _part(part: dict[str, Any], param: str) -> str:
    kind, text = part.get("type"), part.get("text")
    if kind is None:
        raise Refusal("missing_required_parameter", f"{param}.type", f"Missing required parameter: '{param}.type'. It is 'text'.")
    if kind == "image_url":
        detail = f"Invalid value for '{param}.type': Tocsin reads text and sees no images. Supported values are: 'text'."
        raise Refusal("invalid_value", f"{param}.type", detail)
    if kind != "text":
        raise Refusal("invalid_value", f"{param}.type", f"Invalid value for '{param}.type'. Supported values are: 'text'.")
    if text is None:
        raise Refusal("missing_required_parameter", f"{param}.text", f"Missing required parameter: '{param}.text'. It is a string.")
    if not isinstance(text, str):
        raise Refusal("invalid_type", f"{param}.text", f"Invalid type for '{param}.text': it is a string.")
    for key in part:
        if key not in ("type", "text"):
            raise Refusal("unknown_parameter", f"{param}.{key[:60]}", "Unknown parameter. A part has a type and a text.")
    return text
