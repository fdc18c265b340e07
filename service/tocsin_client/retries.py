"""When to ask again: a request and its answers as a conversation that does no input or output itself.

A conversation yields each :class:`Attempt` and is sent its answer, or thrown the httpx error; what it returns is the result of the call.
The two clients differ in nothing but how they wait and send.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import httpx

from tocsin_client import reading
from tocsin_client.errors import TransportError

T = TypeVar("T")
_QUOTA = re.compile(r";q=(\d+)")
_LASTING = ("/problems/feedback-off",)  # a 503 that only the operator can end
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_BROKEN = (httpx.NetworkError, httpx.RemoteProtocolError)  # the server may have done it; a kept connection may have been closed


@dataclass(frozen=True, slots=True)
class Retry:
    """How often to try and how long to wait after 429, 503 and connections that fail or break; a time-out of an answer is not tried again.

    The ``n``-th wait is a random part of ``first * 2**(n - 1)`` seconds, at most ``longest``. Where the answer has Retry-After it is
    that and a random part of ``first``; an answer that asks for more than ``longest`` is raised at once. ``attempts=1`` never tries again.
    """

    attempts: int = 4
    first: float = 0.5
    longest: float = 60.0
    jitter: Callable[[], float] = random.random

    def wait(self, tried: int, asked: float | None = None) -> float | None:
        """Seconds before the next of the tries, ``tried`` of which are done; None to give up."""
        if tried >= self.attempts or (asked is not None and asked > self.longest):
            return None
        if asked is not None:
            return asked + self.first * self.jitter()
        return min(self.longest, self.first * 2.0 ** (tried - 1)) * self.jitter()


@dataclass(frozen=True, slots=True)
class Request:
    """One request; ``repeatable`` if the service may do it twice, ``passages`` is what it costs."""

    method: str
    path: str
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    repeatable: bool = True
    passages: int = 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """Wait ``delay`` seconds, then send."""

    request: Request
    delay: float


Conversation = Generator[Attempt, httpx.Response, T]


def exchange(request: Request, retry: Retry) -> Conversation[httpx.Response]:
    """Ask until there is an answer that is not to be asked again.

    Raises
    ------
    TransportError : no answer.
    """
    delay, tried = 0.0, 0
    while True:
        tried += 1
        try:
            response = yield Attempt(request, delay)
        except httpx.RequestError as error:
            again = isinstance(error, _UNSENT) or (request.repeatable and isinstance(error, _BROKEN))
            wait = retry.wait(tried) if again else None
            if wait is None:
                raise TransportError(f"No answer: {type(error).__name__}: {error} (try {tried} of {retry.attempts})") from error
        else:
            wait = retry.wait(tried, reading.retry_after(response.headers)) if _passing(response, request) else None
            if wait is None:
                return response
        delay = wait


def never_fits(response: httpx.Response, passages: int) -> bool:
    """Whether so many passages in one request are refused however long one waits: too large, or more than the key's whole allowance."""
    quotas = [int(quota) for quota in _QUOTA.findall(response.headers.get("RateLimit-Policy", ""))]
    return response.status_code == 413 or (response.status_code == 429 and passages > max(1, min(quotas, default=passages)))


def _passing(response: httpx.Response, request: Request) -> bool:
    if response.status_code == 429:
        return not never_fits(response, request.passages)
    return response.status_code == 503 and reading.failure(response).type not in _LASTING
