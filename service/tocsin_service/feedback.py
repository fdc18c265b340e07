"""Corrections from those who know better, kept for training: one JSON line each in an append-only file, if a file is named."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app

from tocsin_model.types import Label
from tocsin_service import requests
from tocsin_service.api import body, reply, state
from tocsin_service.problems import Problem

blueprint = Blueprint("feedback", __name__)

Recorder = Callable[[dict[str, Any]], None]
_FIELDS = ("text", "labels", "comment", "id", "community", "doNotStore")
_LONGEST = 2_000  # characters of a comment or a name


def recorder(path: str) -> Recorder | None:
    """Appends suggestions to a file; None without one."""
    if not path:
        return None

    def record(suggestion: dict[str, Any]) -> None:
        line = json.dumps({"at": round(time.time(), 3), **suggestion}) + "\n"
        descriptor = os.open(Path(path), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "a", encoding="ascii") as out:
            fcntl.flock(out, fcntl.LOCK_EX)  # lines of several workers don't mix
            out.write(line)

    return record


@blueprint.post("/v1/feedback")
def feedback() -> Response:
    """One correction: what the labels of a passage should be."""
    given = requests.decode(body())
    for key in given:
        if key not in _FIELDS:
            raise Problem("invalid-value", f"There is no such field. The fields are {', '.join(_FIELDS)}.", field=key[:60])
    suggestion = {
        "source": "tocsin",
        "text": requests.parse_text(given, state().settings),
        "labels": _labels(given.get("labels")),
        **{name: _short(given, name) for name in ("id", "comment", "community") if given.get(name) is not None},
    }
    discard = given.get("doNotStore", False)
    if not isinstance(discard, bool):
        raise Problem("wrong-type", "doNotStore must be true or false.", field="doNotStore")
    record: Recorder | None = current_app.extensions["tocsin.feedback"]
    if record is None:
        raise Problem("feedback-off", "This service keeps no corrections: its operator has not set TOCSIN_FEEDBACK.")
    if not discard:
        record(suggestion)
    return reply({"stored": not discard}, 202)


def _labels(given: object) -> dict[str, bool]:
    if not isinstance(given, dict) or not all(isinstance(value, bool) for value in given.values()):
        raise Problem("wrong-type", 'labels must be an object of true and false, like {"threat": false}.', field="labels")
    if not given or not set(given) <= set(Label):
        raise Problem("invalid-value", f"labels takes one or more of {', '.join(Label)}.", field="labels")
    return {str(name): bool(value) for name, value in given.items()}


def _short(given: dict[str, Any], name: str) -> str:
    value = given[name]
    if not isinstance(value, str):
        raise Problem("wrong-type", f"{name} must be a string.", field=name)
    if len(value) > _LONGEST:
        raise Problem("invalid-value", f"{name} may have {_LONGEST} characters.", field=name)
    return value
