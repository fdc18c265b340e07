"""The two clients: how to wait and how to send, and nothing else."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from types import TracebackType
from typing import Self, TypeVar

import httpx

from tocsin_client.batches import MOST_ITEMS, Batcher, several
from tocsin_client.calls import Calls, Options
from tocsin_client.retries import Conversation, Retry
from tocsin_client.types import Id, Item, ItemError, Label, ModelCard, Offsets, Score

T = TypeVar("T")
_URL = "http://127.0.0.1:8080"
_RETRY = Retry()


class Client:
    """A connection pool to one Tocsin; threads may share it, ``with`` or :meth:`close` ends it.

    ``timeout`` is in seconds, for connecting, sending and each read of an answer. Bodies of ``gzip_from`` bytes and more are packed; None:
    never. ``batch_items`` is the service's ``TOCSIN_MAX_BATCH_ITEMS``. ``transport`` is httpx's, for certificates, proxies and tests.
    What a call raises is a :class:`TocsinError`.
    """

    def __init__(
        self,
        url: str = _URL,
        *,
        api_key: str | None = None,
        timeout: float | httpx.Timeout | None = 30.0,
        retry: Retry = _RETRY,
        gzip_from: int | None = None,
        batch_items: int = MOST_ITEMS,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._calls = Calls(retry, gzip_from)
        self._http = httpx.Client(base_url=url, headers=_headers(api_key), timeout=timeout, transport=transport)
        self._sleep = sleep
        self._batch_items = batch_items

    def score(
        self,
        text: str,
        *,
        id: Id = None,
        labels: Sequence[Label] | None = None,
        spans: bool = True,
        sentences: bool = False,
        offsets: Offsets = "codepoint",
    ) -> Score:
        """The scores of one passage; ``labels`` None: all."""
        return self._hold(self._calls.score(text, id, Options(labels, spans, sentences, offsets)))

    def score_many(
        self,
        items: Iterable[str | Item],
        *,
        labels: Sequence[Label] | None = None,
        spans: bool = True,
        sentences: bool = False,
        offsets: Offsets = "codepoint",
    ) -> Iterator[Score | ItemError]:
        """One answer an item, in order, asked for in batches as the items come; an item that can't be scored is an :class:`ItemError`.

        What raises ends the run; the answers before it were given.
        """
        batcher = Batcher(Options(labels, spans, sentences, offsets).fields(), self._batch_items)
        for item in several(items):
            for batch in batcher.add(item):
                yield from self._hold(self._calls.score_batch(batch, batcher))
        for batch in batcher.rest():
            yield from self._hold(self._calls.score_batch(batch, batcher))

    def model(self) -> ModelCard:
        """The model card; the same object until it changes."""
        return self._hold(self._calls.model())

    def feedback(self, text: str, labels: Mapping[Label, bool], comment: str | None = None, do_not_store: bool = False) -> bool:
        """Say what the labels of a passage should be; whether that was kept."""
        return self._hold(self._calls.feedback(text, labels, comment, do_not_store))

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def _hold(self, conversation: Conversation[T]) -> T:
        try:
            attempt = next(conversation)
            while True:
                if attempt.delay:
                    self._sleep(attempt.delay)
                request = attempt.request
                try:
                    response = self._http.request(request.method, request.path, content=request.content, headers=request.headers)
                except httpx.RequestError as error:
                    attempt = conversation.throw(error)
                else:
                    attempt = conversation.send(response)
        except StopIteration as end:
            result: T = end.value
            return result


class AsyncClient:
    """:class:`Client` for asyncio; for another loop give its own ``sleep``."""

    def __init__(
        self,
        url: str = _URL,
        *,
        api_key: str | None = None,
        timeout: float | httpx.Timeout | None = 30.0,
        retry: Retry = _RETRY,
        gzip_from: int | None = None,
        batch_items: int = MOST_ITEMS,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._calls = Calls(retry, gzip_from)
        self._http = httpx.AsyncClient(base_url=url, headers=_headers(api_key), timeout=timeout, transport=transport)
        self._sleep = sleep
        self._batch_items = batch_items

    async def score(
        self,
        text: str,
        *,
        id: Id = None,
        labels: Sequence[Label] | None = None,
        spans: bool = True,
        sentences: bool = False,
        offsets: Offsets = "codepoint",
    ) -> Score:
        """The scores of one passage; ``labels`` None: all."""
        return await self._hold(self._calls.score(text, id, Options(labels, spans, sentences, offsets)))

    async def score_many(
        self,
        items: Iterable[str | Item] | AsyncIterable[str | Item],
        *,
        labels: Sequence[Label] | None = None,
        spans: bool = True,
        sentences: bool = False,
        offsets: Offsets = "codepoint",
    ) -> AsyncIterator[Score | ItemError]:
        """:meth:`Client.score_many`, of an asynchronous source too."""
        batcher = Batcher(Options(labels, spans, sentences, offsets).fields(), self._batch_items)
        async for item in _each(several(items)):
            for batch in batcher.add(item):
                for answer in await self._hold(self._calls.score_batch(batch, batcher)):
                    yield answer
        for batch in batcher.rest():
            for answer in await self._hold(self._calls.score_batch(batch, batcher)):
                yield answer

    async def model(self) -> ModelCard:
        """The model card; the same object until it changes."""
        return await self._hold(self._calls.model())

    async def feedback(self, text: str, labels: Mapping[Label, bool], comment: str | None = None, do_not_store: bool = False) -> bool:
        """Say what the labels of a passage should be; whether that was kept."""
        return await self._hold(self._calls.feedback(text, labels, comment, do_not_store))

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    async def _hold(self, conversation: Conversation[T]) -> T:
        try:
            attempt = next(conversation)
            while True:
                if attempt.delay:
                    await self._sleep(attempt.delay)
                request = attempt.request
                try:
                    response = await self._http.request(request.method, request.path, content=request.content, headers=request.headers)
                except httpx.RequestError as error:
                    attempt = conversation.throw(error)
                else:
                    attempt = conversation.send(response)
        except StopIteration as end:
            result: T = end.value
            return result


def _headers(api_key: str | None) -> dict[str, str]:
    headers = {"User-Agent": "tocsin-client", "Accept": "application/json, application/problem+json"}
    if api_key is None:
        return headers
    if not re.fullmatch("[!-~]+", api_key):
        raise ValueError("api_key is empty or holds a character that no header can hold")  # httpx would quote the key
    return {**headers, "X-API-Key": api_key}


async def _each(items: Iterable[str | Item] | AsyncIterable[str | Item]) -> AsyncIterator[str | Item]:
    if isinstance(items, AsyncIterable):
        async for item in items:
            yield item
    else:
        for item in items:
            yield item
