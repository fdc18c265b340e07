"""OpenAI's moderations, asked through OpenAI's own client: it parses our answers into its types and raises our errors as its own."""

from __future__ import annotations

import asyncio
import json
import logging
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import openai
import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from openai.types.moderation import Categories, CategoryAppliedInputTypes, CategoryScores
from openai.types.moderation_create_response import ModerationCreateResponse

from tests.conftest import HARMLESS, QUOTED, THREAT, Server
from tocsin_model import Band, Classifier, Label, Language, Result
from tocsin_model.classifier import ModelInfo
from tocsin_model.policy import Thresholds
from tocsin_service.app import create_app
from tocsin_service.compat import openai as compat
from tocsin_service.keys import KeyStore
from tocsin_service.problems import TYPES, Problem
from tocsin_service.settings import Settings

GOLDEN = Path(__file__).with_name("golden")
CALL = "Go out tonight and shoot every one of them."
PAGE = "Κηφισιά 🔪👩‍👩‍👧 “I will k\u200bill you” — שלום عليكم e\u0301 ｋｉｌｌ 𝐤𝐢𝐥𝐥 \u202eabc\u202c \ud83d\n\n日本語。"
SECRET = "my neighbour Agnes"
INFO = ModelInfo("tocsin", "1.2.3", "sha256:00", {})
THRESHOLDS = Thresholds(elevated=0.8, high=0.95, labels=(0.3, 0.4, 0.5))


def result(risk: float, threat: float, incitement: float, glorification: float) -> Result:
    labels = {Label.THREAT: threat, Label.INCITEMENT: incitement, Label.GLORIFICATION: glorification}
    return Result(risk, risk, Band.LOW, labels, (), (), Language("en", True))


def client_of(server: Server, **more: Any) -> openai.OpenAI:
    return openai.OpenAI(base_url=server.url + "/v1", api_key="sk-any", max_retries=0, **more)


def post(client: FlaskClient, body: Any) -> Any:
    return client.post("/v1/moderations", json=body)


# The client


def test_a_string_has_one_result(server: Server) -> None:
    with client_of(server) as client:
        answer = client.moderations.create(input=THREAT)
    assert isinstance(answer, ModerationCreateResponse)
    assert answer.id.startswith("modr-")
    [moderation] = answer.results
    assert moderation.flagged
    assert moderation.categories.violence and moderation.categories.harassment_threatening
    assert not moderation.categories.hate_threatening and not moderation.categories.sexual
    assert moderation.category_scores.violence > 0.9
    assert moderation.category_scores.self_harm == 0.0
    assert moderation.category_applied_input_types.violence == ["text"]
    assert moderation.category_applied_input_types.sexual == []


def test_an_array_of_strings_has_a_result_each_in_order(server: Server) -> None:
    with client_of(server) as client:
        together = client.moderations.create(input=[HARMLESS, THREAT, "", CALL, HARMLESS]).results
        alone = [client.moderations.create(input=text).results[0] for text in (HARMLESS, THREAT, "", CALL, HARMLESS)]
    assert [one.flagged for one in together] == [False, True, False, True, False]
    assert together == alone


def test_a_call_is_hate_threatening_and_illicit_violent(server: Server) -> None:
    with client_of(server) as client:
        [moderation] = client.moderations.create(input=CALL).results
    assert moderation.categories.hate_threatening and moderation.categories.illicit_violent


def test_an_array_of_parts_has_one_result(server: Server) -> None:
    with client_of(server) as client:
        [parts] = client.moderations.create(input=[{"type": "text", "text": HARMLESS}, {"type": "text", "text": THREAT}]).results
        [whole] = client.moderations.create(input=f"{HARMLESS}\n\n{THREAT}").results
    assert parts.flagged
    assert parts == whole


def test_the_numbers_are_the_native_ones(server: Server) -> None:
    data = json.dumps({"text": QUOTED}).encode()
    request = urllib.request.Request(server.url + "/v1/score", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as reply:
        native = json.load(reply)
    with client_of(server) as client:
        answer = client.moderations.create(input=QUOTED)
    scores = answer.results[0].category_scores
    assert answer.model == f"tocsin-{native['model']['version']}"
    assert scores.violence == native["risk"]
    assert scores.harassment_threatening == native["labels"]["threat"]
    assert scores.hate_threatening == scores.illicit_violent == native["labels"]["incitement"]


@pytest.mark.parametrize("model", ["omni-moderation-latest", "text-moderation-stable", "anything"])
def test_any_model_may_be_named_and_ours_answers(server: Server, model: str) -> None:
    with client_of(server) as client:
        assert client.moderations.create(input=HARMLESS, model=model).model.startswith("tocsin-")


def test_the_async_client(server: Server) -> None:
    async def ask() -> list[bool]:
        async with openai.AsyncOpenAI(base_url=server.url + "/v1", api_key="sk-any", max_retries=0) as client:
            answers = await asyncio.gather(*(client.moderations.create(input=text) for text in (THREAT, HARMLESS, CALL)))
            with pytest.raises(openai.BadRequestError, match="empty array"):
                await client.moderations.create(input=[])
        return [answer.results[0].flagged for answer in answers]

    assert asyncio.run(ask()) == [True, False, True]


def test_a_refusal_is_the_clients_bad_request_error(server: Server) -> None:
    with client_of(server) as client, pytest.raises(openai.BadRequestError) as raised:
        client.moderations.create(
            input=[{"type": "text", "text": HARMLESS}, {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}]
        )
    error = raised.value
    assert (error.status_code, error.type, error.code, error.param) == (400, "invalid_request_error", "invalid_value", "input[1].type")
    assert "Tocsin reads text and sees no images" in str(error)
    assert "example.org" not in str(error)


def test_the_raw_answer_is_what_the_types_say(server: Server) -> None:
    with client_of(server) as client:
        raw = client.moderations.with_raw_response.create(input=[THREAT, HARMLESS])
    assert raw.headers["Content-Type"] == "application/json"
    ModerationCreateResponse.model_validate_json(raw.text, strict=True)


def test_a_unicode_page_is_one_passage(server: Server) -> None:
    with client_of(server) as client:
        page = PAGE.replace("\ud83d", "")  # the client can't encode half a character; the test of any text sends it
        assert len(client.moderations.create(input=[page, page * 40]).results) == 2


# The wire


@pytest.mark.parametrize("text", [PAGE, "\ud83d", "\0", "\u200b", " ", "a" * 50_000, "“" * 5_000])
def test_any_text_has_a_result(client: FlaskClient, text: str) -> None:
    answer = client.post("/v1/moderations", data=json.dumps({"input": [text]}), content_type="application/json")
    assert answer.status_code == 200
    ModerationCreateResponse.model_validate(answer.get_json(), strict=True)


def test_every_category_of_the_client_is_answered() -> None:
    for model in (Categories, CategoryScores, CategoryAppliedInputTypes):
        assert {field.alias or name for name, field in model.model_fields.items()} == set(compat.CATEGORIES)


def test_the_answer_is_pinned() -> None:
    results = [result(0.97, 0.9, 0.2, 0.1), result(0.8, 0.29, 0.4, 0.0), result(0.79, 0.1, 0.1, 0.75), result(0.35, 0.3, 0.0, 0.0)]
    assert compat.render(results, "modr-0", INFO, THRESHOLDS) == json.loads((GOLDEN / "openai_answer.json").read_text())


ERRORS = json.loads((GOLDEN / "openai_errors.json").read_text())


@pytest.mark.parametrize("case", ERRORS, ids=lambda case: json.dumps(case["body"])[:50])
def test_every_error_is_pinned(classifier: Classifier, case: dict[str, Any]) -> None:
    small = create_app(Settings(max_batch_items=3, max_text_chars=20), classifier).test_client()
    answer = post(small, case["body"])
    assert answer.status_code == 400
    assert answer.content_type == "application/json"
    assert answer.get_json() == {"error": case["error"]}


@pytest.mark.parametrize(
    "body",
    [
        {"input": "a" * 20},
        {"input": ["a" * 20] * 3},
        {"input": [{"type": "text", "text": "a" * 9}] * 2},
        {"input": [""]},
        {"input": "a", "model": None},
    ],
)
def test_what_is_just_allowed(classifier: Classifier, body: dict[str, Any]) -> None:
    small = create_app(Settings(max_batch_items=3, max_text_chars=20), classifier).test_client()
    assert post(small, body).status_code == 200


@pytest.mark.parametrize(
    ("data", "kind", "status", "code", "words"),
    [
        (b"", "application/json", 400, None, "stops being JSON"),
        (b'{"input": "a"', "application/json", 400, None, "stops being JSON"),
        (b'{"input": NaN}', "application/json", 400, None, "JSON"),
        (b'{"input": "a", "input": "b"}', "application/json", 400, None, "same key twice"),
        (b'{"input": "\xff"}', "application/json", 400, None, "UTF-8"),
        (b"[" * 100_000, "application/json", 400, None, "nested too deeply"),
        (b'["a"]', "application/json", 400, "invalid_type", "JSON object"),
        (b'{"input": "a"}', "text/plain", 415, None, "application/json"),
        (b"input=a", "application/x-www-form-urlencoded", 415, None, "application/json"),
    ],
)
def test_bodies_that_are_no_request(client: FlaskClient, data: bytes, kind: str, status: int, code: str | None, words: str) -> None:
    answer = client.post("/v1/moderations", data=data, content_type=kind)
    assert answer.status_code == status
    error = answer.get_json()["error"]
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", None, code)
    assert words in error["message"]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "text", "image_url"]), inner, max_size=3),
    max_leaves=6,
)


@given(value=json_values, model=st.none() | json_values)
def test_nothing_one_can_send_fails_on_our_side(classifier: Classifier, value: object, model: object) -> None:
    client = create_app(Settings(), classifier).test_client()
    answer = client.post("/v1/moderations", data=json.dumps({"input": value, "model": model}), content_type="application/json")
    body = answer.get_json()
    if answer.status_code == 200:
        ModerationCreateResponse.model_validate(body, strict=True)
    else:
        assert answer.status_code == 400
        assert body["error"].keys() == {"message", "type", "param", "code"}


@pytest.mark.parametrize("slug", TYPES)
def test_every_problem_can_be_said_as_openais_error(classifier: Classifier, slug: str) -> None:
    with create_app(Settings(), classifier).test_request_context():
        answer = compat.refuse(Problem(slug, "What to change.", headers={"Retry-After": "7"}))
    kind = TYPES[slug]
    assert answer.status_code == (400 if kind.status == 422 else kind.status)
    assert answer.headers["Retry-After"] == "7"
    error = answer.get_json()["error"]
    assert error["message"] == "What to change."
    assert error["type"] == {429: "requests"}.get(kind.status, "server_error" if kind.status >= 500 else "invalid_request_error")


def test_without_a_model_it_is_a_server_error(tmp_path: Path) -> None:
    client = create_app(Settings(model=str(tmp_path))).test_client()
    answer = post(client, {"input": "a"})
    assert answer.status_code == 503
    assert answer.get_json()["error"]["type"] == "server_error"
    assert answer.headers["Retry-After"]


def test_a_key_is_sent_as_openais_clients_send_it(classifier: Classifier, tmp_path: Path) -> None:
    path = tmp_path / "keys"
    key = KeyStore(path).create("a newspaper", per_minute=1)
    client = create_app(Settings(keys=str(path)), classifier).test_client()
    answers = [
        client.post("/v1/moderations", json={"input": texts}, headers={"Authorization": f"Bearer {secret}"})
        for secret, texts in (("sk-any", "a"), (key, "a"), (key, ["a", "b"]))
    ]
    assert [answer.status_code for answer in answers] == [401, 200, 429]
    assert [answer.get_json().get("error", {}).get("code") for answer in answers] == ["invalid_api_key", None, "rate_limit_exceeded"]
    assert answers[2].headers["Retry-After"]


def test_what_fails_before_the_address_is_openais_error_too(server: Server) -> None:
    for method, size, status in (("GET", 0, 405), ("POST", 10_000_000, 413)):
        data = b'{"input": "' + b"a" * size + b'"}' if size else None
        request = urllib.request.Request(server.url + "/v1/moderations", data, {"Content-Type": "application/json"}, method=method)
        with pytest.raises(urllib.error.HTTPError) as raised:
            urllib.request.urlopen(request, timeout=30)
        with raised.value as answer:
            assert (answer.code, json.load(answer)["error"]["type"]) == (status, "invalid_request_error")


def test_no_other_address_answers_in_openais_words(client: FlaskClient) -> None:
    assert "error" not in client.post("/v1/score", json={}).get_json()


def test_no_error_and_no_log_holds_the_text(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    bodies: list[object] = [
        {"input": SECRET},
        {"input": [SECRET, 1]},
        {"input": [{"type": SECRET, "text": SECRET}]},
        {"input": [{"type": "text", "text": [SECRET]}]},
        {"input": {"text": SECRET}},
        {"input": "a", "model": [SECRET]},
    ]
    with caplog.at_level(logging.DEBUG):
        said = "".join(post(client, body).get_data(as_text=True) for body in bodies)
    assert "Agnes" not in said + caplog.text + client.get("/metrics").get_data(as_text=True)


def test_passages_are_counted(client: FlaskClient) -> None:
    post(client, {"input": [THREAT, HARMLESS]})
    page = client.get("/metrics").get_data(as_text=True)
    assert 'tocsin_passages_total{band="high"} 1.0' in page
    assert 'tocsin_requests_total{endpoint="openai.moderations",method="POST",status="200"} 1.0' in page
