"""What a call can raise. No message holds the passage or the key."""

from __future__ import annotations


class TocsinError(Exception):
    """Any failure of a call."""


class TransportError(TocsinError):
    """No answer, or none that is Tocsin's: the network, a time-out, a proxy in between. The httpx error is its cause, if there is one."""


class ProblemError(TocsinError):
    """The service answered with an error, in RFC 9457's terms.

    ``type`` is stable, like ``/problems/invalid-value``, or ``about:blank`` if something else than Tocsin answered; ``field`` is the field
    to change; ``retry_after`` are the seconds that the answer asks to wait; ``request_id`` finds the request in the service's log.
    """

    def __init__(
        self,
        type: str,
        status: int,
        detail: str,
        field: str | None = None,
        retry_after: float | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(type, status, detail, field, retry_after, request_id)
        self.type = type
        self.status = status
        self.detail = detail
        self.field = field
        self.retry_after = retry_after
        self.request_id = request_id

    def __str__(self) -> str:
        where = f" (field {self.field})" if self.field else ""
        return f"{self.status} {self.type}: {self.detail}{where}"


class RateLimited(ProblemError):
    """429 that waiting didn't end, or would not: the key's limit is used up."""


class Unavailable(ProblemError):
    """503 that waiting didn't end, or would not: no model is loaded, or corrections are not kept."""
