"""Every way a request can fail, in one table: RFC 9457 problem types, each with a page that says what to change."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProblemType:
    """``slug`` is stable: clients may switch on ``/problems/<slug>``."""

    slug: str
    status: int
    title: str
    help: str


TYPES = {
    kind.slug: kind
    for kind in (
        ProblemType(
            "malformed-json",
            400,
            "The body is not JSON",
            "Send one UTF-8 encoded JSON object (RFC 8259): no duplicate keys, no NaN or Infinity.",
        ),
        ProblemType("wrong-type", 400, "A field has the wrong type", "Look the field up in /openapi.json and send the type it names."),
        ProblemType(
            "unauthorized",
            401,
            "An API key is needed",
            "Send the key you were given, as X-API-Key or Authorization: Bearer. Keys are made with `tocsin keys create`.",
        ),
        ProblemType("forbidden", 403, "This API key may not ask", "It was revoked: ask whoever runs this service for another."),
        ProblemType("not-found", 404, "There is nothing at this address", "The addresses are listed in /openapi.json."),
        ProblemType("method-not-allowed", 405, "This address takes another method", "The Allow header names the methods it takes."),
        ProblemType(
            "too-large", 413, "The request is too large", "Send less at once: split a batch, or cut a very long passage into pages."
        ),
        ProblemType("unsupported-media-type", 415, "The body is not declared as JSON", "Send the header Content-Type: application/json."),
        ProblemType(
            "invalid-value", 422, "A field has a value that can't be used", "The problem's `field` says which, its `detail` what it takes."
        ),
        ProblemType(
            "too-many-requests", 429, "The key's limit is used up", "Wait as long as Retry-After says; RateLimit shows what is left."
        ),
        ProblemType(
            "bad-signature",
            403,
            "The signature doesn't fit",
            "X-Coral-Signature holds sha256= and the HMAC-SHA256 of the body in hex, keyed with TOCSIN_CORAL_SECRET.",
        ),
        ProblemType(
            "coral-off", 503, "Coral is not set up", "Set TOCSIN_CORAL_SECRET to the signing secret that Coral shows for the phase."
        ),
        ProblemType("feedback-off", 503, "Corrections are not kept", "The operator names a file with TOCSIN_FEEDBACK to keep them."),
        ProblemType(
            "reviews-off",
            503,
            "There is no review queue",
            "The operator installs tocsin[dashboard], and names a database with TOCSIN_DATABASE_URL or leaves it at its default.",
        ),
        ProblemType("database-down", 503, "The queue's database does not answer", "Ask again in a moment; the operator's log says why."),
        ProblemType("form-expired", 400, "The form was not accepted", "Load the page anew and send the form again, with cookies allowed."),
        ProblemType("signed-out", 401, "You are signed out", "Sign in again. What you wrote is shown, for you to keep."),
        ProblemType("not-your-role", 403, "Your role may not see this", "An admin can change it under People."),
        ProblemType("model-not-loaded", 503, "No model is loaded", "GET /readyz says why; the operator has to mend the model folder."),
        ProblemType("internal", 500, "Tocsin failed", "This is our mistake, not yours: please report the request id, never the text."),
    )
}


class Problem(Exception):
    """Raised anywhere below a route to end the request with one problem. Its detail never holds the passage."""

    def __init__(self, slug: str, detail: str, *, field: str | None = None, headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.type = TYPES[slug]
        self.detail = detail
        self.field = field
        self.headers = headers or {}

    def body(self) -> dict[str, object]:
        """The problem+json object."""
        body: dict[str, object] = {
            "type": f"/problems/{self.type.slug}",
            "title": self.type.title,
            "status": self.type.status,
            "detail": self.detail,
        }
        return body if self.field is None else {**body, "field": self.field}
