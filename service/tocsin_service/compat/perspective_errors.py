"""Errors as Perspective and every Google API word them: ``{"error": {"code", "message", "status", "details"?}}``.

The outer shape is google.rpc.Status over HTTP. The sentences and the ``errorType`` enum are those of Perspective's reference
(github.com/conversationai/perspectiveapi, 2-api/limits.md; later "API Errors" on developers.perspectiveapi.com); the detail objects are
as clients have recorded them, ``{"@type": "type.googleapis.com/google.commentanalyzer.v1alpha1.Error", "errorType": ...}``.
"""

from __future__ import annotations

from typing import Any

_ERROR = "type.googleapis.com/google.commentanalyzer.v1alpha1.Error"
_BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"

_STATUSES = {  # google.rpc.Code by HTTP status
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


def body(code: int, message: str, details: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """The error object; a status that google.rpc.Code has no name for is INVALID_ARGUMENT below 500 and INTERNAL above."""
    status = _STATUSES.get(code, "INVALID_ARGUMENT" if code < 500 else "INTERNAL")
    error: dict[str, Any] = {"code": code, "message": message, "status": status}
    return {"error": {**error, "details": details} if details else error}


def violation(field: str, advice: str) -> dict[str, Any]:
    """The detail that names a field of the request and what to change."""
    return {"@type": _BAD_REQUEST, "fieldViolations": [{"field": field, "description": advice}]}


class Refusal(Exception):
    """Ends a request with 400. ``details`` begins with Perspective's own error, as its clients expect, then names the field."""

    def __init__(self, message: str, details: list[dict[str, Any]]) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


def refused(message: str, kind: str, field: str, advice: str, **payload: object) -> Refusal:
    """One of Perspective's own errors: its sentence to the letter, because clients compare it; the advice is in the details."""
    return Refusal(message, [{"@type": _ERROR, "errorType": kind, **payload}, violation(field, advice)])


def invalid(message: str, field: str, advice: str) -> Refusal:
    """One of Perspective's errors that has no name of its own."""
    return refused(message, "INVALID_REQUEST", field, advice)


def malformed(message: str, field: str) -> Refusal:
    """What Google's JSON reader says before Perspective sees the request."""
    return Refusal(message, [violation(field, message)])


def language(attribute: str, unsupported: list[str], *, detected: bool) -> Refusal:
    """The attribute can't be scored in these languages, which were either detected or asked for."""
    source, field = ("detectedLanguages", "comment.text") if detected else ("requestedLanguages", "languages")
    return refused(
        f"Attribute {attribute} does not support request languages: {', '.join(unsupported)}",
        "LANGUAGE_NOT_SUPPORTED_BY_ATTRIBUTE",
        field,
        'Tocsin reads English. Send "languages": ["en"] to have the text scored as English, or "dropUnsupportedAttributes": true.',
        languageNotSupportedByAttributeError={source: unsupported, "attribute": attribute},
    )
