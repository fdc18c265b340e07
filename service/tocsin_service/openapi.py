"""The API described: ``/openapi.json`` and a page to read it and try it."""

from __future__ import annotations

import json
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from flask import Blueprint, Response

from tocsin_service.api import reply
from tocsin_service.problems import TYPES
from tocsin_service.web.views import page

blueprint = Blueprint("openapi", __name__)


@blueprint.get("/openapi.json")
def document() -> Response:
    """OpenAPI 3.1."""
    return reply(describe())


@blueprint.get("/docs")
def docs() -> Response:
    """The same for people: every operation with its fields, and a form that sends it."""
    response = page("docs.html", api=describe(), problems=TYPES.values(), dumps=_pretty, model=None, example=_example)
    # The one page with a script, our own file: it sends the request that the reader wrote.
    policy = response.headers["Content-Security-Policy"] + "; script-src 'self'; connect-src 'self'"
    response.headers["Content-Security-Policy"] = policy
    return response


@cache
def describe() -> dict[str, Any]:
    """The document with this version's number."""
    described: dict[str, Any] = json.loads((Path(__file__).parent / "openapi.json").read_text(encoding="utf-8"))
    described["info"]["version"] = version("tocsin")
    return described


def _pretty(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _example(operation: dict[str, Any]) -> str:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return _pretty(content["example"]) if "example" in content else ""
