"""tocsin_client, both clients by the same tests: against the real server, and against answers that a real server gives too rarely."""

from __future__ import annotations

import asyncio
import concurrent.futures
import dataclasses
import gzip
import itertools
import json
import pickle
import socket
import subprocess
import sys
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests

from tests.conftest import HARMLESS, QUOTED, ROOT, THREAT, Server, start_server
from tocsin_client import (
    AsyncClient,
    Client,
    Item,
    ItemError,
    ProblemError,
    RateLimited,
    Retry,
    Score,
    TocsinError,
    TransportError,
    Unavailable,
)
from tocsin_service.keys import KeyStore

UNICODE = "👩‍👩‍👧 Κηφισιά 𝐤𝐢𝐥𝐥 e\u0301 — “I will kill you and burn your house down,” he wrote. 🔪🔪 日本語。"
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


@pytest.fixture(params=["sync", "async"])
def side(request: pytest.FixtureRequest) -> Side:
    return Side(request.param == "async", [])


@dataclass(frozen=True)
class Guarded:
    """A server with keys, corrections and small limits."""

    url: str
    key: str
    few: str
    feedback: Path


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    keys = KeyStore(folder / "keys.sqlite")
    key, few = keys.create("many"), keys.create("few", per_day=5)
    limits = ("--max-batch-items", "3", "--max-text-chars", "200", "--max-body-bytes", "4000")
    where = ("--keys", str(folder / "keys.sqlite"), "--feedback", str(folder / "feedback.jsonl"))
    server = start_server(folder / "log", "--workers", "1", *limits, *where)
    yield Guarded(server.url, key, few, folder / "feedback.jsonl")
    server.stop()


def native(server: Server, **body: Any) -> Any:
    return requests.post(server.url + "/v1/score", json=body, timeout=30).json()


def plain(answer: Score) -> Any:
    return json.loads(json.dumps(dataclasses.asdict(answer)))


def scored(text: str, id: object = None) -> dict[str, Any]:
    """An answer as the service gives it, its risk the length of the text, so that a test sees whose answer it is."""
    model = {"name": "tocsin", "version": "1", "digest": "sha256:0"}
    rest = {"labels": {}, "spans": [], "sentences": None, "language": {"code": "en", "supported": True}, "offsets": "codepoint"}
    return {"id": id, "model": model, "risk": len(text), "asserted_risk": 0, "band": "low", **rest}


def answer_batch(request: httpx.Request) -> httpx.Response:
    items = json.loads(request.content)["items"]
    return httpx.Response(200, json={"results": [scored(item["text"], item.get("id")) for item in items]})


# The real server


@pytest.mark.parametrize("text", [THREAT, QUOTED, HARMLESS, UNICODE, "\0", "a" * 50_000, "half \ud83d of a pair: I will kill you"])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"id": "é-1"},
        {"id": 7},
        {"labels": ["threat"]},
        {"labels": ["glorification", "incitement"], "spans": False},
        {"sentences": True, "offsets": "utf16"},
        {"offsets": "byte"},
    ],
)
def test_a_score_is_all_that_the_service_says(server: Server, side: Side, text: str, options: dict[str, Any]) -> None:
    answer = side.run(server.url, lambda client: client.score(text, **options))
    assert plain(answer) == native(server, text=text, **options)


@pytest.mark.parametrize(("offsets", "units", "width"), [("codepoint", "utf-32-le", 4), ("utf16", "utf-16-le", 2), ("byte", "utf-8", 1)])
def test_offsets_are_in_the_unit_asked_for(server: Server, side: Side, offsets: str, units: str, width: int) -> None:
    answer = side.run(server.url, lambda client: client.score(UNICODE, offsets=offsets))
    assert answer.spans
    for span in answer.spans:
        stretch = UNICODE.encode(units)[span.start * width : span.end * width]
        assert stretch.decode(units) == span.text
        assert all(span.start <= word.start < word.end <= span.end for word in span.evidence)
    if offsets == "codepoint":
        assert [UNICODE[span.start : span.end] for span in answer.spans] == [span.text for span in answer.spans]


def test_many_are_answered_in_order_and_one_that_cannot_be_scored_in_its_place(server: Server, side: Side) -> None:
    texts = [HARMLESS, THREAT, " ", Item(QUOTED, "q"), Item("", 5)] * 450
    answers = side.run(server.url, lambda client: client.score_many(texts, sentences=True))
    assert len(answers) == 2_250
    assert [answer.id for answer in answers] == [None, None, None, "q", 5] * 450
    assert plain(answers[1]) == native(server, text=THREAT, sentences=True)
    assert [index for index, answer in enumerate(answers) if isinstance(answer, ItemError)] == [
        index for index in range(2_250) if index % 5 in (2, 4)
    ]
    detail = "text is empty; send at least one character that is not white space."
    assert answers[2_249] == ItemError(2_249, 5, "/problems/invalid-value", 422, detail, "text")


def test_an_asynchronous_source(server: Server) -> None:
    async def source() -> AsyncIterator[str | Item]:
        for text in (THREAT, Item(HARMLESS, "h")):
            await asyncio.sleep(0)
            yield text

    async def ask() -> list[Score | ItemError]:
        async with AsyncClient(server.url) as client:
            return [answer async for answer in client.score_many(source())]

    assert [(answer.id, answer.band) for answer in asyncio.run(ask()) if isinstance(answer, Score)] == [(None, "high"), ("h", "low")]


def test_threads_and_tasks_share_a_client(server: Server) -> None:
    texts = [THREAT, HARMLESS, QUOTED] * 20
    with Client(server.url) as client, concurrent.futures.ThreadPoolExecutor(8) as pool:
        in_threads = list(pool.map(client.score, texts))

    async def ask() -> list[Score]:
        async with AsyncClient(server.url) as client:
            return await asyncio.gather(*(client.score(text) for text in texts))

    assert asyncio.run(ask()) == in_threads == in_threads[:3] * 20


def test_a_packed_body_is_read_the_same(server: Server, side: Side) -> None:
    def both(options: dict[str, Any]) -> Any:
        return side.run(server.url, lambda client: client.score_many([UNICODE] * 300), **options)

    assert both({"gzip_from": 1_000}) == both({})


def test_the_card_is_sent_once(server: Server, side: Side) -> None:
    kind = httpx.AsyncHTTPTransport if side.asynchronous else httpx.HTTPTransport
    statuses: list[int] = []

    class Watched(kind):  # type: ignore[misc, valid-type]
        def handle_request(self, request: httpx.Request) -> httpx.Response:
            response = super().handle_request(request)
            statuses.append(response.status_code)
            return response

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            response = await super().handle_async_request(request)
            statuses.append(response.status_code)
            return response

    async def thrice(client: AsyncClient) -> list[Any]:
        return [await client.model() for _ in range(3)]

    def call(client: Any) -> Any:
        return thrice(client) if side.asynchronous else [client.model() for _ in range(3)]

    cards = side.run(server.url, call, transport=Watched())
    assert statuses == [200, 304, 304]
    assert cards[0] is cards[1] is cards[2]
    assert cards[0].card == requests.get(server.url + "/v1/model", timeout=10).json()
    assert (cards[0].name, cards[0].labels) == ("tocsin", ("threat", "incitement", "glorification"))
    assert cards[0].digest.startswith("sha256:")


def test_a_correction_is_kept_unless_asked_not_to(guarded: Guarded, side: Side) -> None:
    def correct(**more: Any) -> bool:
        labels = {"threat": False}
        kept: bool = side.run(guarded.url, lambda client: client.feedback(HARMLESS, labels, **more), api_key=guarded.key)
        return kept

    guarded.feedback.unlink(missing_ok=True)
    assert correct(comment="a vote, no threat")
    assert not correct(do_not_store=True)
    [line] = guarded.feedback.read_text().splitlines()
    kept = json.loads(line)
    assert (kept["text"], kept["labels"], kept["comment"]) == (HARMLESS, {"threat": False}, "a vote, no threat")


def test_corrections_that_are_not_kept_are_unavailable_at_once(server: Server, side: Side) -> None:
    with pytest.raises(Unavailable, match="TOCSIN_FEEDBACK") as raised:
        side.run(server.url, lambda client: client.feedback(HARMLESS, {"threat": False}))
    assert raised.value.type == "/problems/feedback-off"
    assert side.waits == []


REFUSED = [
    (lambda client: client.score(" "), 422, "invalid-value", "text", "is empty"),
    (lambda client: client.score(HARMLESS, offsets="words"), 422, "invalid-value", "offsets", "codepoint, utf16, byte"),
    (lambda client: client.score(HARMLESS, labels=["fear"]), 422, "invalid-value", "labels", "threat, incitement"),
    (lambda client: client.score(HARMLESS, labels=[]), 422, "invalid-value", "labels", "one or more"),
    (lambda client: client.score(HARMLESS, id=[1]), 400, "wrong-type", "id", "a whole number"),
    (lambda client: client.score("x" * 201), 413, "too-large", "text", "the limit is 200"),
    (lambda client: client.score("x" * 5_000), 413, "too-large", None, "TOCSIN_MAX_BODY_BYTES"),
    (lambda client: client.feedback(HARMLESS, {"fear": True}), 422, "invalid-value", "labels", "threat"),
]


@pytest.mark.parametrize(("call", "status", "slug", "field", "words"), REFUSED)
def test_a_refusal_says_what_to_change(
    guarded: Guarded, side: Side, call: Callable[[Any], Any], status: int, slug: str, field: str | None, words: str
) -> None:
    with pytest.raises(ProblemError, match=words) as raised:
        side.run(guarded.url, call, api_key=guarded.key)
    error = raised.value
    assert (error.status, error.type, error.field) == (status, f"/problems/{slug}", field)
    assert error.request_id
    assert slug in str(error)
    assert side.waits == []


@pytest.mark.parametrize("api_key", [None, "tocsin_secret"])
def test_without_a_key_nothing_is_scored_and_the_key_is_not_repeated(guarded: Guarded, side: Side, api_key: str | None) -> None:
    with pytest.raises(ProblemError) as raised:
        side.run(guarded.url, lambda client: client.score(THREAT), api_key=api_key)
    assert (raised.value.status, raised.value.type) == (401, "/problems/unauthorized")
    said = "".join(traceback.format_exception(raised.value))
    assert "tocsin_secret" not in said
    assert THREAT not in said


@pytest.mark.parametrize("key", ["", " ", "tocsin_é", "tocsin\nX: y", "tocsin_x "])
def test_a_key_that_no_header_holds_is_refused_without_repeating_it(key: str) -> None:
    for kind in (Client, AsyncClient):
        with pytest.raises(ValueError, match="api_key") as raised:
            kind(api_key=key)
        assert not key.strip() or key not in str(raised.value)


def test_a_service_of_small_limits_is_asked_in_small_batches(guarded: Guarded, side: Side) -> None:
    items = [HARMLESS, "x" * 201, THREAT, "x" * 6_000, HARMLESS, THREAT, HARMLESS]
    answers = side.run(guarded.url, lambda client: client.score_many(items), api_key=guarded.key)
    assert [answer.band if isinstance(answer, Score) else answer.field for answer in answers] == [
        "low", "text", "high", None, "low", "high", "low",
    ]  # fmt: skip
    assert [(answer.index, answer.status) for answer in answers if isinstance(answer, ItemError)] == [(1, 413), (3, 413)]
    assert side.waits == []


def test_a_key_of_a_small_limit_gets_what_it_pays_for(guarded: Guarded) -> None:
    given: list[Score | ItemError] = []
    with Client(guarded.url, api_key=guarded.few, retry=Retry(attempts=1), batch_items=2) as client:
        with pytest.raises(RateLimited, match="5 passages a day") as raised:
            given.extend(client.score_many([HARMLESS] * 9))  # a list keeps what it was given before the error
        assert client.score(HARMLESS).band == "low"
        with pytest.raises(RateLimited):
            client.score(HARMLESS)
        assert client.model().name == "tocsin"
    assert [type(answer) for answer in given] == [Score] * 4
    assert raised.value.retry_after is not None
    assert 0 < raised.value.retry_after <= 86_400


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


# The package


def test_it_brings_nothing_of_the_rest() -> None:
    program = "import sys, tocsin_client; print(*{name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names))"
    path = str(ROOT / "service")
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, env={"PYTHONPATH": path}, check=True)
    loaded = set(run.stdout.split())
    assert "tocsin_client" in loaded
    assert not loaded & {"numpy", "scipy", "sklearn", "flask", "requests", "tocsin_model", "tocsin_service", "tocsin_training"}


def test_answers_and_errors_can_be_sent_to_another_process(server: Server) -> None:
    with Client(server.url) as client:
        answer = client.score(QUOTED, sentences=True)
        with pytest.raises(ProblemError) as raised:
            client.score(" ")
    assert pickle.loads(pickle.dumps(answer)) == answer
    copy = pickle.loads(pickle.dumps(raised.value))
    assert (type(copy), str(copy), vars(copy)) == (type(raised.value), str(raised.value), vars(raised.value))


def test_an_answer_cannot_be_changed(server: Server) -> None:
    with Client(server.url) as client:
        answer = client.score(THREAT)
    with pytest.raises(dataclasses.FrozenInstanceError):
        answer.risk = 0.0  # type: ignore[misc]
