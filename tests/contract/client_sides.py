"""Both clients behind one face, so that a test drives them without knowing which; and answers made by hand."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import Any

import httpx

from tocsin_client import AsyncClient, Client, Retry

EXACT = Retry(jitter=lambda: 1.0)
Answer = tuple[int, dict[str, str], bytes]
Handler = Callable[[httpx.Request], httpx.Response]


@dataclass(frozen=True)
class Side:
    """One of the two clients, driven from a test that doesn't know which; ``waits`` is how long it would have slept."""

    asynchronous: bool
    waits: list[float]

    def run(self, url: str, call: Callable[[Any], Any], handler: Handler | None = None, **options: Any) -> Any:
        """What ``call`` gives, lists for iterators; answers are the handler's, if there is one."""
        options = {"retry": EXACT, **options, **({"transport": httpx.MockTransport(handler)} if handler else {})}
        if not self.asynchronous:
            with Client(url, sleep=self.waits.append, **options) as client:
                got = call(client)
                return list(got) if isinstance(got, Iterator) else got
        return asyncio.run(self._run(url, call, options))

    async def _run(self, url: str, call: Callable[[Any], Any], options: dict[str, Any]) -> Any:
        async def sleep(seconds: float) -> None:
            self.waits.append(seconds)

        async with AsyncClient(url, sleep=sleep, **options) as client:
            got = call(client)
            return [answer async for answer in got] if isinstance(got, AsyncIterator) else await got


def scored(text: str, id: object = None) -> dict[str, Any]:
    """An answer as the service gives it, its risk the length of the text, so that a test sees whose answer it is."""
    model = {"name": "tocsin", "version": "1", "digest": "sha256:0"}
    rest = {"labels": {}, "spans": [], "sentences": None, "language": {"code": "en", "supported": True}, "offsets": "codepoint"}
    return {"id": id, "model": model, "risk": len(text), "asserted_risk": 0, "band": "low", **rest}


def answer_batch(request: httpx.Request) -> httpx.Response:
    items = json.loads(request.content)["items"]
    return httpx.Response(200, json={"results": [scored(item["text"], item.get("id")) for item in items]})
