"""Every way a body can be wrong has its status and names its field."""

import json

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import HARMLESS, THREAT

from tocsin_service import requests
from tocsin_service.problems import TYPES, Problem
from tocsin_service.settings import Settings

BAD = [
    (b"", 400, "malformed-json", None),
    (b"{", 400, "malformed-json", None),
    (b"\xff\xfe", 400, "malformed-json", None),
    (b'{"text": "a", "text": "b"}', 400, "malformed-json", None),
    (b'{"text": NaN}', 400, "malformed-json", None),
    (b'{"text": -Infinity}', 400, "malformed-json", None),
    (b"[" * 100_000, 400, "malformed-json", None),
    (b'{"text": ' + b"9" * 10_000 + b"}", 400, "malformed-json", None),
    (b"[]", 400, "wrong-type", None),
    (b'"text"', 400, "wrong-type", None),
    (b'{"text": 7}', 400, "wrong-type", "text"),
    (b'{"text": null}', 400, "wrong-type", "text"),
    (b'{"text": ["a"]}', 400, "wrong-type", "text"),
    (b'{"text": "a", "spans": "yes"}', 400, "wrong-type", "spans"),
    (b'{"text": "a", "sentences": 1}', 400, "wrong-type", "sentences"),
    (b'{"text": "a", "id": {}}', 400, "wrong-type", "id"),
    (b'{"text": "a", "id": true}', 400, "wrong-type", "id"),
    (b'{"text": "a", "labels": "threat"}', 400, "wrong-type", "labels"),
    (b'{"text": "a", "labels": [1]}', 400, "wrong-type", "labels"),
    (b'{"text": "a", "offsets": 8}', 400, "wrong-type", "offsets"),
    (b"{}", 422, "invalid-value", "text"),
    (b'{"text": ""}', 422, "invalid-value", "text"),
    (b'{"text": " \\n\\u00a0 "}', 422, "invalid-value", "text"),
    (b'{"text": "a", "labels": []}', 422, "invalid-value", "labels"),
    (b'{"text": "a", "labels": ["toxicity"]}', 422, "invalid-value", "labels"),
    (b'{"text": "a", "offsets": "utf32"}', 422, "invalid-value", "offsets"),
    (b'{"text": "a", "lang": "en"}', 422, "invalid-value", "lang"),
    (b'{"text": "' + b"a" * 1_000_001 + b'"}', 413, "too-large", "text"),
    (b'{"text": "' + b"a" * 2_000_001 + b'"}', 413, "too-large", None),
]


@pytest.mark.parametrize(("body", "status", "slug", "field"), BAD, ids=lambda value: repr(value)[:40])
def test_bad_bodies(client: FlaskClient, body: bytes, status: int, slug: str, field: str | None) -> None:
    answer = client.post("/v1/score", data=body, content_type="application/json")
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    problem = answer.get_json()
    assert problem["type"] == f"/problems/{slug}"
    assert problem["status"] == status
    assert problem.get("field") == field
    assert problem["detail"].endswith(".")


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1"])
def test_another_media_type_is_refused(client: FlaskClient, kind: str | None) -> None:
    answer = client.post("/v1/score", data=b'{"text": "a"}', content_type=kind)
    assert answer.status_code == 415
    assert answer.get_json()["type"] == "/problems/unsupported-media-type"


def test_no_problem_repeats_the_text(client: FlaskClient) -> None:
    secret = "grandmother Agnes"
    for body in [
        {"text": "", "x" + secret * 9: 1},
        {"text": 1, "id": [secret]},
        {"text": secret, "labels": [secret]},
        {"text": secret, "offsets": secret},
    ]:
        answer = client.post("/v1/score", json=body)
        assert answer.status_code in (400, 422)
        assert secret not in answer.get_json()["detail"]


def test_a_batch_answers_for_every_item(client: FlaskClient) -> None:
    items = [{"text": THREAT, "id": "a"}, {"text": 5, "id": "b"}, 7, {"text": HARMLESS, "id": 3, "spans": False}, {"id": "c"}]
    answer = client.post("/v1/score/batch", json={"items": items})
    assert answer.status_code == 200
    results = answer.get_json()["results"]
    assert [result["id"] for result in results] == ["a", "b", None, 3, "c"]
    assert [result.get("error", {}).get("field") for result in results] == [None, "items[1].text", "items[2]", None, "items[4].text"]
    assert results[0]["risk"] > 0.5 > results[3]["risk"]
    assert results[3]["spans"] is None


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({}, 422, "items"),
        ({"items": 1}, 400, "items"),
        ({"items": [], "x": 1}, 422, "x"),
        ({"items": [{"text": "a"}] * 1_001}, 413, "items"),
    ],
)
def test_bad_batches(client: FlaskClient, body: object, status: int, field: str) -> None:
    answer = client.post("/v1/score/batch", json=body)
    assert (answer.status_code, answer.get_json()["field"]) == (status, field)


def test_an_empty_batch_is_a_batch(client: FlaskClient) -> None:
    assert client.post("/v1/score/batch", json={"items": []}).get_json() == {"results": []}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from([*requests._FIELDS, "x"]), inner, max_size=5),
    max_leaves=8,
)


@given(st.binary(max_size=60) | json_values.map(lambda value: json.dumps(value).encode("utf-8", "surrogatepass")))
def test_a_body_is_parsed_or_refused(body: bytes) -> None:
    try:
        asked = requests.parse(requests.decode(body), Settings())
    except Problem as problem:
        assert problem.type.slug in TYPES
    else:
        assert asked.text.strip()
