"""Passages sent for review: what is refused and why, what comes back, what is kept of whom."""

from __future__ import annotations

import json
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from tests.conftest import HARMLESS, QUOTED, THREAT, start_server
from tests.intake.stored import HIGH, schema, stored
from tocsin_model import Classifier
from tocsin_service.app import create_app
from tocsin_service.keys import KeyStore
from tocsin_service.reviews import policy
from tocsin_service.reviews.claims import claim
from tocsin_service.reviews.database import Database
from tocsin_service.reviews.decisions import Verdict, decide
from tocsin_service.reviews.models import Item, Kind, Role, User
from tocsin_service.reviews.policy import Policy, Rule
from tocsin_service.settings import Settings

SECRET = "my neighbour Agnes said I will kill you tonight"


def test_one_is_scored_and_queued(client: FlaskClient, database: Database) -> None:
    sent = {
        "id": 7,
        "text": QUOTED,
        "author": "u-1",
        "community": "forum",
        "link": "https://example.org/ü?a=b#c",
        "time": "2026-03-01t13:00:00.25+01:00",
        "context": ["before", {"author": "u-2", "text": "and"}, {"text": ""}],
        "metadata": {"reports": [1, 2.5, None, True], "ü": {}},
    }
    schema("ItemRequest").validate(sent)
    answer = client.post("/v1/items", json=sent)
    assert answer.status_code == 200
    schema("ItemTaken").validate(answer.json)
    said = client.post("/v1/score", json={"text": QUOTED}).json
    assert said is not None
    scores = {name: said[name] for name in ("risk", "asserted_risk", "band", "labels")}
    assert answer.json == {"id": "7", "status": "queued", **scores, "why": ["Elevated risk"]}
    item = stored(database)["7"]
    assert (item.text, item.author, item.community, item.link, item.source) == (QUOTED, "u-1", "forum", sent["link"], "api")
    assert (item.written, item.details) == (1_772_366_400.25, sent["metadata"])
    assert item.context == [{"author": None, "text": "before"}, {"author": "u-2", "text": "and"}, {"author": None, "text": ""}]
    assert item.result == {"spans": said["spans"], "language": said["language"]}


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"time": 1_700_000_000}, {"written": 1_700_000_000.0}),
        ({"time": -0.5}, {"written": -0.5}),
        ({"time": "1999-12-31 23:59:59Z"}, {"written": 946_684_799.0}),
        ({"context": "before"}, {"context": [{"author": None, "text": "before"}]}),
        ({"context": ""}, {"context": []}),
        ({"author": " ", "community": "", "link": ""}, {"author": None, "community": None, "link": None}),
        (dict.fromkeys(("author", "community", "link", "time", "context", "metadata")), {"written": None, "context": [], "details": {}}),
        ({"metadata": {"a": "x" * 16_376}}, {"details": {"a": "x" * 16_376}}),
        ({"context": ["x" * 20_000] * 20}, {"context": [{"author": None, "text": "x" * 20_000}] * 20}),
        ({"id": "ü" * 200}, {"ref": "ü" * 200}),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_what_may_be_sent(client: FlaskClient, database: Database, given: dict[str, Any], kept: dict[str, Any]) -> None:
    sent = HIGH | given
    schema("ItemRequest").validate(sent)
    assert client.post("/v1/items", json=sent).json["status"] == "queued"  # type: ignore[index]
    [item] = stored(database).values()
    assert {name: getattr(item, name) for name in kept} == kept


BAD = [
    ({"id": None}, 422, "id"),
    ({"id": ""}, 422, "id"),
    ({"id": 1.5}, 400, "id"),
    ({"id": True}, 400, "id"),
    ({"id": "i" * 201}, 422, "id"),
    ({"id": 10**200}, 422, "id"),
    ({"id": "a\0"}, 422, "id"),
    ({"text": " "}, 422, "text"),
    ({"text": 7}, 400, "text"),
    ({"text": "a\0"}, 422, "text"),
    ({"text": "a\ud83d"}, 422, "text"),
    ({"author": 7}, 400, "author"),
    ({"author": "u" * 201}, 422, "author"),
    ({"author": "\udc00"}, 422, "author"),
    ({"community": ["a"]}, 400, "community"),
    ({"community": "c" * 201}, 422, "community"),
    ({"community": "\0"}, 422, "community"),
    ({"link": 7}, 400, "link"),
    ({"link": "javascript:alert(1)"}, 422, "link"),
    ({"link": "java\nscript:alert(1)"}, 422, "link"),
    ({"link": "example.org"}, 422, "link"),
    ({"link": "//example.org"}, 422, "link"),
    ({"link": "http://"}, 422, "link"),
    ({"link": "http:///a"}, 422, "link"),
    ({"link": "http://[1"}, 422, "link"),
    ({"link": "ftp://example.org"}, 422, "link"),
    ({"link": " https://example.org"}, 422, "link"),
    ({"link": "https://example.org/a b"}, 422, "link"),
    ({"link": "https://example.org/\u202ea"}, 422, "link"),
    ({"link": "https://example.org/" + "a" * 1_981}, 422, "link"),
    ({"time": True}, 400, "time"),
    ({"time": []}, 400, "time"),
    ({"time": "noon"}, 422, "time"),
    ({"time": "2026-03-01T12:00:00"}, 422, "time"),
    ({"time": "2026-13-01T12:00:00Z"}, 422, "time"),
    ({"time": "2026-03-01T12:00:00+24:00"}, 422, "time"),
    ({"time": "٢٠٢٦-03-01T12:00:00Z"}, 422, "time"),
    ({"time": 1_700_000_000_000}, 422, "time"),
    ({"time": -(10**300)}, 422, "time"),
    ({"context": 7}, 400, "context"),
    ({"context": {"text": "a"}}, 400, "context"),
    ({"context": "x" * 20_001}, 422, "context"),
    ({"context": ["a"] * 21}, 422, "context"),
    ({"context": ["a", None]}, 400, "context[1]"),
    ({"context": ["a", "\0"]}, 422, "context[1]"),
    ({"context": [{"author": "a"}]}, 400, "context[0].text"),
    ({"context": [{"text": "a", "author": 1}]}, 400, "context[0].author"),
    ({"context": [{"text": "a", "author": "\ud83d"}]}, 422, "context[0].author"),
    ({"context": [{"text": "a\ud83d"}]}, 422, "context[0].text"),
    ({"context": [{"text": "a", "time": 1}]}, 422, "context[0].time"),
    ({"metadata": "a"}, 400, "metadata"),
    ({"metadata": [1]}, 400, "metadata"),
    ({"metadata": {"a": "x" * 16_377}}, 422, "metadata"),
    ({"metadata": {"a": "ü" * 8_189}}, 422, "metadata"),
    ({"metadata": {"a": ["b", "c\0"]}}, 422, "metadata.a[1]"),
    ({"metadata": {"a": {"b\0": 1}}}, 422, "metadata.a.b\0"),
    ({"metadata": {"a": json.loads("[" * 40 + "]" * 40)}}, 422, "metadata"),
    ({"always": 1}, 400, "always"),
    ({"store": True}, 422, "store"),
]


@pytest.mark.parametrize(("bad", "status", "field"), BAD, ids=lambda value: ascii(value)[:40])
def test_what_cannot_be_stored_names_the_field(without: FlaskClient, bad: dict[str, Any], status: int, field: str) -> None:
    """It is refused before a queue is needed."""
    answer = without.post("/v1/items", json=HIGH | bad)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert answer.json is not None
    assert (answer.json["status"], answer.json["field"]) == (status, field)
    assert answer.json["detail"].endswith(".")


@pytest.mark.parametrize(
    ("body", "field"),
    [(b'{"id": 1, "text": "a", "metadata": {"a": [1e999]}}', "metadata.a[0]"), (b'{"id": 1, "text": "a", "time": -1e999}', "time")],
)
def test_a_number_that_no_database_holds_is_refused(without: FlaskClient, body: bytes, field: str) -> None:
    answer = without.post("/v1/items", data=body, content_type="application/json")
    assert answer.json is not None
    assert (answer.status_code, answer.json["field"]) == (422, field)


def test_an_empty_batch_is_a_batch(client: FlaskClient) -> None:
    assert client.post("/v1/items", json={"items": []}).json == {"results": []}


def test_in_a_batch_the_others_go_in(client: FlaskClient, database: Database) -> None:
    sent = [HIGH | bad for bad, _, _ in BAD] + [7, {"id": 9, "text": THREAT}, {"id": "h", "text": HARMLESS}]
    answer = client.post("/v1/items", json={"items": sent})
    assert answer.status_code == 200
    schema("ItemBatchTaken").validate(answer.json)
    results = answer.json["results"]  # type: ignore[index]
    errors = [(entry["error"]["status"], entry["error"]["field"]) for entry in results[:-2]]
    assert errors == [*((status, f"items[{place}].{field}") for place, (_, status, field) in enumerate(BAD)), (400, f"items[{len(BAD)}]")]
    assert [entry["status"] for entry in results[-2:]] == ["queued", "not queued"]
    assert list(stored(database)) == ["9"]


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"items": 1}, 400, "items"),
        ({"items": [], "always": True}, 422, "always"),
        ({"items": [HIGH] * 1_001}, 413, "items"),
        (HIGH | {"items": []}, 422, "id"),
        ({}, 422, "id"),
    ],
)
def test_bad_batches(without: FlaskClient, body: object, status: int, field: str) -> None:
    answer = without.post("/v1/items", json=body)
    assert answer.json is not None
    assert (answer.status_code, answer.json["field"]) == (status, field)


@pytest.mark.parametrize("character", ["\0", "\ud83d"])
def test_the_place_of_what_cannot_be_stored_is_told(without: FlaskClient, character: str) -> None:
    """In code points: one for the emoji before it."""
    for path, more in (("/v1/items", {}), ("/v1/score", {"store": True})):
        answer = without.post(path, json={"id": 1, "text": f"🔥 ab{character}", **more})
        assert "offset 4 " in answer.json["detail"]  # type: ignore[index]


@pytest.mark.parametrize("again", [THREAT, HARMLESS, QUOTED])
def test_the_same_id_again_changes_nothing(client: FlaskClient, database: Database, again: str) -> None:
    first = client.post("/v1/items", json=HIGH | {"author": "u-1"}).json
    before = vars(stored(database)["c-1"])
    answer = client.post("/v1/items", json={"id": "c-1", "text": again, "always": True, "author": "u-2"}).json
    assert first is not None and answer is not None
    assert (first["status"], answer["status"], answer["why"]) == ("queued", "known", [])
    after = vars(stored(database)["c-1"])
    del before["_sa_instance_state"], after["_sa_instance_state"]
    assert after == before


def test_always_queues(client: FlaskClient, database: Database) -> None:
    answer = client.post("/v1/items", json={"items": [{"id": 1, "text": HARMLESS, "always": True}, {"id": 2, "text": HARMLESS}]}).json
    assert [(entry["status"], entry["why"]) for entry in answer["results"]] == [("queued", ["on request"]), ("not queued", [])]  # type: ignore[index]
    assert list(stored(database)) == ["1"]


def test_the_policy_that_holds_decides(client: FlaskClient, database: Database) -> None:
    for name, rules in (("nothing", ()), ("all", (Rule("All", "risk", 0.0),))):
        with database.write() as session:
            policy.adopt(session, Policy(rules=rules), "ana", 1.0)
        answer = client.post("/v1/items", json={"id": name, "text": HARMLESS}).json
        assert answer is not None
        assert answer["why"] == [rule.name for rule in rules]


IDS = ["a", "7", "a/b", "a//b", "/a", "//a/", "ü?#%25&", ".", "..", "a/../b", " ", "a\nb", "%00", "…" * 200, "<script>"]


def test_any_id_is_found_again(client: FlaskClient) -> None:
    client.post("/v1/items", json={"items": [{"id": ref, "text": THREAT} for ref in IDS]})
    for ref in IDS:
        answer = client.get("/v1/items/" + quote(ref, safe=""))
        assert answer.status_code == 200, ref
        assert answer.json["id"] == ref  # type: ignore[index]


@pytest.mark.parametrize("ref", ["no", "\0", "a\0", "x" * 3_000, "\udcff"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_an_unknown_id_is_not_found(client: FlaskClient, method: str, ref: str) -> None:
    answer = client.open("/v1/items/" + quote(ref, safe="", errors="surrogateescape"), method=method)
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")
    assert answer.json["type"] == "/problems/not-found"  # type: ignore[index]


def test_an_item_is_shown_without_its_text(client: FlaskClient) -> None:
    client.post("/v1/items", json=HIGH | {"author": "Agnes", "metadata": {"note": "Agnes"}, "context": "Agnes"})
    answer = client.get("/v1/items/c-1")
    schema("Item").validate(answer.json)
    assert answer.json is not None
    assert (answer.json["status"], answer.json["outcome"], answer.json["why"]) == ("waiting", None, ["Elevated risk"])
    assert "Agnes" not in answer.text and "kill" not in answer.text
    said = client.post("/v1/score", json={"text": THREAT}).json
    assert said is not None
    assert [answer.json[name] for name in ("risk", "labels", "band")] == [said[name] for name in ("risk", "labels", "band")]


def verdict(database: Database, name: str, given: Verdict, share: float = 0.0) -> None:
    """What somebody decides of the one item."""
    with database.write() as session:
        user = User(name=name, role=Role.LEAD.value, created=1.0)
        session.add(user)
        session.flush()
        [item] = session.scalars(select(Item))
        claim(session, 1_772_366_400.0, user, item.id)
        decide(session, 1_772_366_400.0, user, item.id, given, Policy(double_share=share))


DECIDED = {"status": "decided", "decided": "2026-03-01T12:00:00Z", "team": None}


@pytest.mark.parametrize(
    ("given", "share", "told"),
    [
        (Verdict(Kind.VIOLATES, "threat", labels=("threat",)), 0.0, DECIDED | {"outcome": "violates", "reason": "threat"}),
        (Verdict(Kind.ALLOWED, "idiom"), 0.0, DECIDED | {"outcome": "allowed", "reason": "idiom"}),
        (Verdict(Kind.ALLOWED, "idiom"), 1.0, {"status": "second", "outcome": None, "reason": None, "decided": None}),
        (Verdict(Kind.ESCALATED, "legal", "Libel?"), 0.0, {"status": "escalated", "outcome": None, "team": "legal", "imminent": False}),
        (Verdict(Kind.ESCALATED, "safety", "today", imminent=True), 0.0, {"status": "escalated", "team": "safety", "imminent": True}),
        (Verdict(Kind.SKIPPED), 0.0, {"status": "waiting", "outcome": None}),
    ],
    ids=lambda value: getattr(value, "kind", None),
)
def test_the_decision_is_told_once_it_is_final(
    client: FlaskClient, database: Database, given: Verdict, share: float, told: dict[str, object]
) -> None:
    client.post("/v1/items", json=HIGH)
    verdict(database, "ana", given, share)
    answer = client.get("/v1/items/c-1").json
    schema("Item").validate(answer)
    assert answer is not None
    assert {name: answer[name] for name in told} == told


def test_erasing_takes_the_passage_and_leaves_the_id(client: FlaskClient, database: Database) -> None:
    client.post("/v1/items", json=HIGH | {"author": "Agnes", "context": "Agnes", "metadata": {"a": "Agnes"}, "link": "https://a.org/Agnes"})
    for _ in range(2):
        assert client.delete("/v1/items/c-1").status_code == 204
    item = stored(database)["c-1"]
    assert (item.text, item.author, item.link, item.context, item.details, item.result["spans"]) == (None, None, None, [], {}, [])
    answer = client.get("/v1/items/c-1").json
    schema("Item").validate(answer)
    assert answer is not None and answer["erased"] is not None and answer["outcome"] is None
    assert client.post("/v1/items", json=HIGH).json["status"] == "known"  # type: ignore[index]
    assert stored(database)["c-1"].text is None


def test_keys_guard_the_queue_and_pay_by_the_passage(classifier: Classifier, database: Database, tmp_path: Path) -> None:
    keys = KeyStore(tmp_path / "keys")
    client = create_app(Settings(keys=str(keys.path)), classifier, database).test_client()
    assert client.post("/v1/items", json=HIGH).status_code == 401
    assert client.get("/v1/items/c-1").status_code == client.delete("/v1/items/c-1").status_code == 401
    client.environ_base["HTTP_X_API_KEY"] = keys.create("desk", per_day=3)
    assert client.post("/v1/items", json={"items": [{"id": place, "text": THREAT} for place in range(4)]}).status_code == 429
    assert stored(database) == {}
    answer = client.post("/v1/items", json={"items": [{"id": place, "text": THREAT} for place in range(3)]})
    assert (answer.status_code, answer.headers["RateLimit"].split(";")[1]) == (200, "r=0")
    assert client.get("/v1/items/0").status_code == 200


def test_no_log_no_metric_and_no_error_holds_the_text(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    sent = {"id": "c-2", "text": SECRET, "author": SECRET, "context": SECRET, "metadata": {"a": SECRET}}
    with caplog.at_level(logging.DEBUG):
        said = client.post("/v1/items", json=sent).text
        said += client.post("/v1/items", json=sent | {"link": SECRET, "id": "c-3"}).text
        said += client.post("/v1/items", json=sent | {"context": [SECRET + "\0"]}).text
    assert "Agnes" not in said + caplog.text + client.get("/metrics").text


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_several_processes_queue_an_id_once(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url = f"sqlite:///{tmp_path}/tocsin.db" if kind == "sqlite" else request.getfixturevalue("postgresql").create()
    server = start_server(tmp_path / "log", "--workers", "3", "--database-url", url)
    sent = [{"items": [{"id": f"{turn}-{place}", "text": THREAT} for place in range(20)]} for turn in range(10) for _ in range(4)]
    try:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda body: requests.post(server.url + "/v1/items", json=body, timeout=60), sent))
    finally:
        server.stop()
    assert {answer.status_code for answer in answers} == {200}
    queued = [entry["id"] for answer in answers for entry in answer.json()["results"] if entry["status"] == "queued"]
    assert sorted(queued) == sorted(f"{turn}-{place}" for turn in range(10) for place in range(20))
    database = Database(url)
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Item)) == 200
    database.engine.dispose()


KEPT = st.characters(exclude_categories=["Cs"], exclude_characters="\0")


@given(text=st.text(KEPT, max_size=80), name=st.text(KEPT, max_size=20))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_text_goes_through_unchanged(client: FlaskClient, database: Database, text: str, name: str) -> None:
    ref, passage = f"{len(stored(database))} {name}", f"{text}{THREAT}{text}"
    sent = {"id": ref, "text": passage, "author": name, "context": [text], "metadata": {name: [text]}, "always": True}
    assert client.post("/v1/items", json=sent).json["status"] == "queued"  # type: ignore[index]
    item = stored(database)[ref]
    blank = not name.strip()
    assert (item.text, item.author, item.details) == (passage, None if blank else name, {name: [text]})
    for span in item.result["spans"]:
        assert passage[span["start"] : span["end"]] == span["text"]
    assert client.get("/v1/items/" + quote(ref, safe="")).json["id"] == ref  # type: ignore[index]
