"""tocsin_client, both clients by the same tests, against what a real server answers too rarely: what is sent, and what is asked again."""

from __future__ import annotations

import gzip
import itertools
import json
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import HARMLESS
from tests.contract.client_sides import Answer, Handler, Side, answer_batch, scored
from tocsin_client import (
    Client,
    Item,
    ItemError,
    ProblemError,
    RateLimited,
    Retry,
    TocsinError,
    TransportError,
    Unavailable,
)

# The wire


def test_a_batch_larger_than_the_allowance_is_split_before_it_waits(side: Side) -> None:
    sizes = []

    def handler(request: httpx.Request) -> httpx.Response:
        sizes.append(len(json.loads(request.content)["items"]))
        if sizes[-1] > 600 or len(sizes) == 3:
            return httpx.Response(429, headers={"Retry-After": "9", "RateLimit-Policy": '"minute";q=600;w=60, "day";q=9000;w=86400'})
        return answer_batch(request)

    texts = ["x" * (index + 1) for index in range(1_000)]
    answers = side.run("http://tocsin", lambda client: client.score_many(texts), handler)
    assert [answer.risk for answer in answers] == list(range(1, 1_001))
    assert sizes == [1_000, 500, 500, 500]
    assert side.waits == [9.5]


def test_batches_hold_a_thousand_items_and_four_megabytes(side: Side) -> None:
    sizes: list[tuple[int, int]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        sizes.append((len(json.loads(request.content)["items"]), len(request.content)))
        return answer_batch(request)

    texts = ["a"] * 2_500 + ["é" * 300_000] * 14 + ["x" * 5_000_000, "b"]
    answers = side.run("http://tocsin", lambda client: client.score_many(texts), handler)
    assert [answer.risk for answer in answers] == [len(text) for text in texts]
    assert [count for count, _ in sizes] == [1_000, 1_000, 506, 6, 2, 1, 1]
    assert sorted(size for _, size in sizes)[-2] <= 4_000_100


def test_nothing_is_read_ahead() -> None:
    taken = itertools.count()
    with Client("http://tocsin", transport=httpx.MockTransport(answer_batch)) as client:
        answers = client.score_many(str(number) for number in taken)
        assert next(taken) == 0
        assert len(list(itertools.islice(answers, 1_500))) == 1_500
    assert next(taken) == 2_001


@pytest.mark.parametrize(("items", "words"), [("one string", "one to score"), ([b"bytes"], "item 0 is a bytes"), ([None], "NoneType")])
def test_what_is_no_passage_is_a_type_error(side: Side, items: Any, words: str) -> None:
    with pytest.raises(TypeError, match=words):
        side.run("http://tocsin", lambda client: client.score_many(items), answer_batch)


def test_nothing_to_score_asks_nothing(side: Side) -> None:
    assert side.run("http://127.0.0.1:9", lambda client: client.score_many([])) == []


def test_what_is_sent(side: Side) -> None:
    seen: list[tuple[str, str | None, bytes]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append((str(request.url), request.headers.get("X-API-Key"), request.content))
        return httpx.Response(200, json=scored("") if request.url.path.endswith("score") else {"stored": True})

    def ask(call: Callable[[Any], Any], **options: Any) -> bytes:
        side.run("https://desk.example.org/tocsin/", call, handler, **options)
        return seen[-1][2]

    assert ask(lambda client: client.score("é \ud83d"), api_key="k") == b'{"text":"\xc3\xa9 \\ud83d"}'
    assert seen == [("https://desk.example.org/tocsin/v1/score", "k", seen[0][2])]
    everything = {"id": 0, "labels": ("threat",), "spans": False, "sentences": True, "offsets": "byte"}
    assert json.loads(ask(lambda client: client.score("a", **everything))) == {"text": "a", **everything, "labels": ["threat"]}
    assert json.loads(ask(lambda client: client.feedback("a", {"threat": True}))) == {
        "text": "a", "labels": {"threat": True}, "doNotStore": False,
    }  # fmt: skip
    assert seen[-1][:2] == ("https://desk.example.org/tocsin/v1/feedback", None)


def test_only_large_bodies_are_packed(side: Side) -> None:
    encodings = []

    def handler(request: httpx.Request) -> httpx.Response:
        encodings.append(request.headers.get("Content-Encoding"))
        body = gzip.decompress(request.content) if encodings[-1] == "gzip" else request.content
        return httpx.Response(200, json=scored(json.loads(body)["text"]))

    for size, gzip_from in [(100, 200), (300, 200), (100, None), (300, None), (1, 0)]:
        answer = side.run("http://tocsin", lambda client, size=size: client.score("x" * size), handler, gzip_from=gzip_from)
        assert answer.risk == size
    assert encodings == [None, "gzip", None, None, "gzip"]


# Asking again

GOOD: Answer = (200, {}, json.dumps(scored("a")).encode())
STORED: Answer = (202, {}, b'{"stored":true}')
LATER: Answer = (429, {"Retry-After": "7"}, b'{"type":"/problems/too-many-requests","detail":"Wait.","status":429}')
LOADING: Answer = (503, {}, b'{"type":"/problems/model-not-loaded","detail":"No model.","status":503}')
GATEWAY: Answer = (502, {"Content-Type": "text/html"}, b"<h1>Bad Gateway: a secret text</h1>")
DATE = {"Date": "Sat, 21 Nov 2026 09:22:52 GMT"}


def later(retry_after: str, **headers: str) -> Answer:
    return 429, {"Retry-After": retry_after, **headers}, LATER[2]


def batch(*results: object) -> Answer:
    return 200, {}, json.dumps({"results": results}).encode()


# What happens in turn (answers, errors of httpx); what comes of it; how long it waits in between.
SCORING: list[tuple[str, list[Any], type[TocsinError] | None, list[float]]] = [
    ("no trouble", [GOOD], None, []),
    ("limit, then fine", [LATER, GOOD], None, [7.5]),
    ("limit without a time", [later(""), later("soon"), GOOD], None, [0.5, 1.0]),
    ("limit until a date", [later("Sat, 21 Nov 2026 09:22:55 GMT", **DATE), GOOD], None, [3.5]),
    ("limit until a date gone by", [later("Sat, 21 Nov 2026 09:22:50 GMT", **DATE), GOOD], None, [0.5]),
    ("limit until a date, nobody knows since when", [later("Sat, 21 Nov 2026 09:22:50 GMT"), GOOD], None, [0.5]),
    ("limit with a negative time", [later("-5"), GOOD], None, [0.5]),
    ("limit that lasts", [LATER] * 4, RateLimited, [7.5] * 3),
    ("limit longer than we wait", [later("61")], RateLimited, []),
    ("limit longer than anybody waits", [later("9" * 400)], RateLimited, []),
    ("loading, then fine", [LOADING, LOADING, GOOD], None, [0.5, 1.0]),
    ("no model", [LOADING] * 4, Unavailable, [0.5, 1.0, 2.0]),
    ("a proxy's 503", [(503, {"Retry-After": "1"}, b"busy"), GOOD], None, [1.5]),
    ("nobody there, then fine", [httpx.ConnectError("refused"), GOOD], None, [0.5]),
    ("nobody there", [httpx.ConnectError("refused")] * 4, TransportError, [0.5, 1.0, 2.0]),
    ("no connection in time", [httpx.ConnectTimeout("slow"), httpx.PoolTimeout("full"), GOOD], None, [0.5, 1.0]),
    ("a kept connection was closed", [httpx.RemoteProtocolError("disconnected"), GOOD], None, [0.5]),
    ("a connection broke", [httpx.ReadError("reset"), httpx.WriteError("reset"), GOOD], None, [0.5, 1.0]),
    ("no answer in time", [httpx.ReadTimeout("slow")], TransportError, []),
    ("a body nobody can unpack", [(200, {"Content-Encoding": "gzip"}, b"no gzip")], TransportError, []),
    ("trouble of all kinds", [LATER, httpx.ConnectError("refused"), LOADING, GOOD], None, [7.5, 1.0, 2.0]),
    ("ours failed", [(500, {}, b'{"type":"/problems/internal","detail":"Failed."}')], ProblemError, []),
    ("a proxy failed", [GATEWAY], ProblemError, []),
    ("moved", [(307, {"Location": "https://elsewhere/"}, b"")], ProblemError, []),
    ("not JSON", [(200, {}, b"<html>")], TransportError, []),
    ("not UTF-8", [(200, {}, b'"\xff"')], TransportError, []),
    ("not an object", [(200, {}, b"[]")], TransportError, []),
    ("not a score", [(200, {}, b"{}")], TransportError, []),
    ("not a score inside", [(200, {}, json.dumps({**scored("a"), "spans": [1]}).encode())], TransportError, []),
]


def play(script: list[Any]) -> Handler:
    turns = iter(script)

    def handler(_: httpx.Request) -> httpx.Response:
        turn = next(turns)
        if isinstance(turn, Exception):
            raise turn
        status, headers, body = turn
        # A stream, so that what can't be unpacked fails where it is read.
        return httpx.Response(status, headers=headers, stream=Body(body))

    return handler


class Body(httpx.SyncByteStream, httpx.AsyncByteStream):
    def __init__(self, data: bytes) -> None:
        self.data = data

    def __iter__(self) -> Iterator[bytes]:
        yield self.data

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.data


@pytest.mark.parametrize(("script", "raises", "waits"), [case[1:] for case in SCORING], ids=[case[0] for case in SCORING])
def test_what_is_asked_again(side: Side, script: list[Any], raises: type[TocsinError] | None, waits: list[float]) -> None:
    if raises is None:
        assert side.run("http://tocsin", lambda client: client.score("a"), play(script)).risk == 1
    else:
        with pytest.raises(TocsinError) as raised:
            side.run("http://tocsin", lambda client: client.score("a"), play(script))
        assert type(raised.value) is raises
        assert "secret" not in str(raised.value)
    assert side.waits == waits


@pytest.mark.parametrize(
    ("script", "raises", "waits"),
    [
        ([STORED], None, []),
        ([LATER, STORED], None, [7.5]),
        ([httpx.ConnectError("refused"), STORED], None, [0.5]),
        ([httpx.RemoteProtocolError("disconnected")], TransportError, []),
        ([httpx.ReadError("reset")], TransportError, []),
    ],
)
def test_a_correction_is_never_kept_twice(side: Side, script: list[Any], raises: type[TocsinError] | None, waits: list[float]) -> None:
    def call() -> Any:
        return side.run("http://tocsin", lambda client: client.feedback("a", {"threat": True}), play(script))

    if raises is None:
        assert call() is True
    else:
        with pytest.raises(raises):
            call()
    assert side.waits == waits


ERROR = {"type": "/problems/wrong-type", "status": 400, "detail": "items[0].id must be a string.", "field": "items[0].id"}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (batch({"id": None, "error": ERROR}), ItemError(0, "i", "/problems/wrong-type", 400, "id must be a string.", "id")),
        (batch({"error": {**ERROR, "field": None}}), ItemError(0, "i", "/problems/wrong-type", 400, "id must be a string.", None)),
        (batch(), TransportError),
        (batch(scored("a"), scored("a")), TransportError),
        (batch("a"), TransportError),
        (batch({"error": "a"}), TransportError),
        (batch({"error": {"detail": 1, "status": 400}}), TransportError),
        ((200, {}, b'{"results": null}'), TransportError),
        ((401, {}, b'{"type":"/problems/unauthorized","detail":"Send a key."}'), ProblemError),
    ],
)
def test_answers_to_many(side: Side, answer: Answer, expected: Any) -> None:
    def call() -> Any:
        return side.run("http://tocsin", lambda client: client.score_many([Item("a", "i")]), play([answer]))

    if isinstance(expected, ItemError):
        assert call() == [expected]
    else:
        with pytest.raises(expected):
            call()


@pytest.mark.parametrize("answer", [(200, {}, b"{}"), (200, {}, b"[]"), (304, {}, b""), GATEWAY])
def test_what_is_no_card(side: Side, answer: Answer) -> None:
    with pytest.raises(TocsinError):
        side.run("http://tocsin", lambda client: client.model(), play([answer]))


def test_waits_are_spread_and_bounded() -> None:
    retry = Retry(attempts=20, longest=10)
    waits = [retry.wait(tried) or 0.0 for tried in range(1, 20)]
    assert all(0 <= wait <= min(10, 0.5 * 2**tried) for tried, wait in enumerate(waits))
    assert len(set(waits)) > 10
    assert retry.wait(20) is None
    assert Retry(attempts=1).wait(1) is None
    assert 10 <= (retry.wait(1, 10.0) or 0.0) <= 10.5


def test_nobody_listens(side: Side) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with pytest.raises(TransportError, match="try 4 of 4") as raised:
            side.run(url, lambda client: client.score(HARMLESS))
    assert isinstance(raised.value.__cause__, httpx.ConnectError)
    assert side.waits == [0.5, 1.0, 2.0]


def test_somebody_listens_and_never_answers(side: Side) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        with pytest.raises(TransportError, match="ReadTimeout"):
            side.run(url, lambda client: client.score(HARMLESS), timeout=0.2)
    assert side.waits == []


def test_it_really_sleeps() -> None:
    turns = iter([httpx.Response(503), httpx.Response(503), httpx.Response(200, json=scored("a"))])
    retry = Retry(first=0.01)
    with Client("http://tocsin", retry=retry, transport=httpx.MockTransport(lambda _: next(turns))) as client:
        assert client.score("a").risk == 1
