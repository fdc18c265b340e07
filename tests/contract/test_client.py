"""tocsin_client, both clients by the same tests, against the real server."""

from __future__ import annotations

import asyncio
import concurrent.futures
import dataclasses
import json
import pickle
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
from tests.contract.client_sides import Side
from tocsin_client import (
    AsyncClient,
    Client,
    Item,
    ItemError,
    ProblemError,
    RateLimited,
    Retry,
    Score,
    Unavailable,
)
from tocsin_service.keys import KeyStore

UNICODE = "👩‍👩‍👧 Κηφισιά 𝐤𝐢𝐥𝐥 e\u0301 — “I will kill you and burn your house down,” he wrote. 🔪🔪 日本語。"


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
