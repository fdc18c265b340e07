"""Answers to the types of this package, or to the error that they are."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from tocsin_client.errors import ProblemError, RateLimited, TransportError, Unavailable
from tocsin_client.types import Evidence, Item, ItemError, Language, Model, ModelCard, Score, Sentence, Span

_CLASSES = {429: RateLimited, 503: Unavailable}
_NOT_OURS = "The answer is not one of Tocsin's. Is this the address of a Tocsin, and of a version that this client knows?"


def score(response: httpx.Response) -> Score:
    """The answer of ``POST /v1/score``."""
    body = _object(response)
    try:
        return _score(body)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise TransportError(_NOT_OURS) from error


def results(response: httpx.Response, items: Sequence[tuple[int, Item]]) -> list[Score | ItemError]:
    """The answer of ``POST /v1/score/batch`` for these items, each with its index among all that were given."""
    body = _object(response)
    try:
        return [
            _refused(index, item, result["error"], place) if "error" in result else _score(result)
            for place, ((index, item), result) in enumerate(zip(items, body["results"], strict=True))
        ]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise TransportError(_NOT_OURS) from error


def card(response: httpx.Response) -> ModelCard:
    """The answer of ``GET /v1/model``."""
    body = _object(response)
    try:
        return ModelCard(body["name"], body["version"], body["digest"], tuple(body["labels"]), body)
    except (KeyError, TypeError) as error:
        raise TransportError(_NOT_OURS) from error


def stored(response: httpx.Response) -> bool:
    """The answer of ``POST /v1/feedback``."""
    return _object(response).get("stored") is True


def failure(response: httpx.Response) -> ProblemError:
    """The error that an answer other than 2xx is. What a proxy wrote is not repeated: it may quote the request."""
    try:
        said = response.json()
    except ValueError:
        said = None
    return problem(said, response.status_code, retry_after(response.headers), response.headers.get("X-Request-ID"))


def problem(said: object, status: int, wait: float | None = None, request_id: str | None = None) -> ProblemError:
    """An RFC 9457 object as an error; anything else is ``about:blank`` with the status of the answer."""
    given: Mapping[str, Any] = said if isinstance(said, dict) else {}
    if not isinstance(given.get("type"), str) or not isinstance(given.get("detail"), str):
        given = {"type": "about:blank", "detail": "The answer doesn't say why; something between here and Tocsin may have given it."}
    return _CLASSES.get(status, ProblemError)(given["type"], status, given["detail"], given.get("field"), wait, request_id)


def item_error(index: int, item: Item, problem: ProblemError) -> ItemError:
    """A problem in the place of a score."""
    return ItemError(index, item.id, problem.type, problem.status, problem.detail, problem.field)


def retry_after(headers: httpx.Headers) -> float | None:
    """Seconds that an answer asks to wait (RFC 9110, 10.2.3). A date is compared with the answer's own, so that no clock has to agree."""
    asked = headers.get("Retry-After", "").strip()
    if asked.isdecimal():
        return float(asked)
    try:
        until, since = parsedate_to_datetime(asked), parsedate_to_datetime(headers.get("Date", ""))
        return max(0.0, (until - since).total_seconds())
    except (TypeError, ValueError):
        return None


def _object(response: httpx.Response) -> dict[str, Any]:
    if not response.is_success:
        raise failure(response)
    try:
        body = json.loads(response.content)
    except ValueError as error:
        raise TransportError(_NOT_OURS) from error
    if not isinstance(body, dict):
        raise TransportError(_NOT_OURS)
    return body


def _refused(index: int, item: Item, said: Mapping[str, Any], place: int) -> ItemError:
    path = f"items[{place}]."  # where the item stood in its batch is nothing to the caller
    field = said.get("field")
    plain = {**said, "detail": said["detail"].replace(path, ""), "field": field.removeprefix(path) if field else None}
    return item_error(index, item, problem(plain, said["status"]))


def _score(body: Mapping[str, Any]) -> Score:
    spans, sentences = body["spans"], body["sentences"]
    return Score(
        id=body["id"],
        model=Model(body["model"]["name"], body["model"]["version"], body["model"]["digest"]),
        risk=body["risk"],
        asserted_risk=body["asserted_risk"],
        band=body["band"],
        labels=body["labels"],
        spans=None if spans is None else tuple(_span(span) for span in spans),
        sentences=None if sentences is None else tuple(_sentence(sentence) for sentence in sentences),
        language=Language(body["language"]["code"], body["language"]["supported"]),
        offsets=body["offsets"],
    )


def _span(body: Mapping[str, Any]) -> Span:
    evidence = tuple(Evidence(item["start"], item["end"], item["weight"]) for item in body["evidence"])
    return Span(body["start"], body["end"], body["text"], body["label"], body["score"], body["voice"], body["speaker"], evidence)


def _sentence(body: Mapping[str, Any]) -> Sentence:
    return Sentence(body["start"], body["end"], body["voice"], body["risk"], body["labels"])
