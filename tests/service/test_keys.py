"""API keys: hashed at rest, found however a client sends them, limited, revoked at once."""

from __future__ import annotations

import gzip
import json
import threading
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from tests.conftest import HARMLESS, THREAT

from tocsin_model import Classifier
from tocsin_service.app import create_app
from tocsin_service.cli import main
from tocsin_service.keys import KeyStore
from tocsin_service.settings import Settings


@pytest.fixture
def store(tmp_path: Path) -> KeyStore:
    return KeyStore(tmp_path / "keys.sqlite")


@pytest.fixture
def guarded(store: KeyStore, classifier: Classifier) -> FlaskClient:
    return create_app(Settings(keys=str(store.path), cors_origins="https://desk.example.org"), classifier).test_client()


def test_a_key_is_nowhere_in_the_file(store: KeyStore) -> None:
    secret = store.create("desk")
    assert secret.encode() not in b"".join(path.read_bytes() for path in store.path.parent.iterdir())
    assert store.find(secret) is not None
    assert store.find(secret + "x") is None


@pytest.mark.parametrize("send", [lambda key: {"X-API-Key": key}, lambda key: {"Authorization": f"Bearer {key}"}])
def test_a_key_is_taken_as_clients_send_it(guarded: FlaskClient, store: KeyStore, send: object) -> None:
    headers = send(store.create("desk"))  # type: ignore[operator]
    assert guarded.post("/v1/score", json={"text": HARMLESS}, headers=headers).status_code == 200


@pytest.mark.parametrize("headers", [{}, {"X-API-Key": "tocsin_no"}, {"Authorization": "Basic x"}, {"Authorization": "Bearer "}])
def test_without_a_key_nothing_is_scored(guarded: FlaskClient, headers: dict[str, str]) -> None:
    answer = guarded.post("/v1/score", json={"text": HARMLESS}, headers=headers)
    assert (answer.status_code, answer.get_json()["type"]) == (401, "/problems/unauthorized")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_key_in_the_address_is_not_taken_by_our_own_api(guarded: FlaskClient, store: KeyStore) -> None:
    assert guarded.post(f"/v1/score?key={store.create('desk')}", json={"text": HARMLESS}).status_code == 401


def test_a_revoked_key_is_refused_at_once(guarded: FlaskClient, store: KeyStore) -> None:
    headers = {"X-API-Key": store.create("desk")}
    assert guarded.get("/v1/model", headers=headers).status_code == 200
    store.revoke(1)
    answer = guarded.get("/v1/model", headers=headers)
    assert (answer.status_code, answer.get_json()["type"]) == (403, "/problems/forbidden")


@pytest.mark.parametrize("path", ["/", "/docs", "/healthz", "/readyz", "/metrics", "/openapi.json", "/problems/unauthorized"])
def test_pages_and_health_are_open(guarded: FlaskClient, path: str) -> None:
    assert guarded.get(path).status_code == 200


def test_a_limit_counts_passages_and_says_what_is_left(guarded: FlaskClient, store: KeyStore) -> None:
    headers = {"X-API-Key": store.create("desk", per_minute=1_000_000, per_day=3)}
    two = {"items": [{"text": HARMLESS}, {"text": THREAT}]}
    first = guarded.post("/v1/score/batch", json=two, headers=headers)
    assert first.headers["RateLimit-Policy"] == '"minute";q=1000000;w=60, "day";q=3;w=86400'
    assert '"day";r=1;t=' in first.headers["RateLimit"]
    second = guarded.post("/v1/score/batch", json=two, headers=headers)
    assert (second.status_code, second.get_json()["type"]) == (429, "/problems/too-many-requests")
    assert 0 < int(second.headers["Retry-After"]) <= 86_400
    assert guarded.post("/v1/score", json={"text": HARMLESS}, headers=headers).status_code == 200


def test_a_window_ends(store: KeyStore) -> None:
    key = store.find(store.create("desk", per_minute=2))
    assert key is not None
    assert [store.spend(key, 1, now)[0].exceeded for now in (600, 630, 659, 660)] == [False, False, True, False]


def test_many_workers_never_spend_more_than_there_is(store: KeyStore) -> None:
    key = store.find(store.create("desk", per_day=50))
    assert key is not None
    passed: list[bool] = []
    threads = [threading.Thread(target=lambda: passed.extend(not store.spend(key, 1, 0)[0].exceeded for _ in range(20))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(passed) == 50


def test_keys_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(tmp_path / "keys.sqlite")
    assert main(["keys", "create", "the desk", "--per-minute", "600", "--keys", path]) == 0
    secret = capsys.readouterr().out.strip()
    assert KeyStore(Path(path)).find(secret) is not None
    assert main(["keys", "list", "--keys", path]) == 0
    listed = capsys.readouterr().out
    assert "the desk" in listed and secret[-4:] in listed and secret not in listed
    assert main(["keys", "revoke", "1", "--keys", path]) == 0
    assert main(["keys", "revoke", "9", "--keys", path]) == 2
    assert "there is no key 9" in capsys.readouterr().err
    assert main(["keys", "create", " ", "--keys", path]) == 2
    assert main(["keys", "list"]) == 2
    assert "TOCSIN_KEYS" in capsys.readouterr().err


def test_pages_of_named_origins_may_call(guarded: FlaskClient) -> None:
    asked = {"Origin": "https://desk.example.org", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "X-API-Key"}
    assert guarded.options("/v1/score", headers=asked).headers["Access-Control-Allow-Origin"] == "https://desk.example.org"
    other = guarded.options("/v1/score", headers={**asked, "Origin": "https://other.example.org"})
    assert "Access-Control-Allow-Origin" not in other.headers


def test_request_ids_are_echoed_or_made(client: FlaskClient) -> None:
    assert client.get("/healthz", headers={"X-Request-ID": "a-1.b:c_d"}).headers["X-Request-ID"] == "a-1.b:c_d"
    made = client.get("/healthz", headers={"X-Request-ID": "no blanks allowed"}).headers["X-Request-ID"]
    assert len(made) == 32


def test_gzip_both_ways(client: FlaskClient) -> None:
    body = gzip.compress(json.dumps({"text": (HARMLESS + " ") * 50, "sentences": True}).encode())
    answer = client.post(
        "/v1/score", data=body, headers={"Content-Type": "application/json", "Content-Encoding": "gzip", "Accept-Encoding": "gzip"}
    )
    assert answer.headers["Content-Encoding"] == "gzip"
    assert json.loads(gzip.decompress(answer.data))["band"] == "low"


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (b"no gzip", "gzip", 400),
        (gzip.compress(b"{}", mtime=0)[:-9], "gzip", 400),
        (gzip.compress(b" " * 3_000_000, mtime=0), "gzip", 413),
        (b"{}", "br", 415),
    ],
)
def test_bad_packing_is_refused(client: FlaskClient, body: bytes, encoding: str, status: int) -> None:
    answer = client.post("/v1/score", data=body, headers={"Content-Type": "application/json", "Content-Encoding": encoding})
    assert answer.status_code == status


def test_the_card_is_sent_once(client: FlaskClient) -> None:
    first = client.get("/v1/model")
    again = client.get("/v1/model", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")


def test_feedback_is_kept_unless_it_says_no(tmp_path: Path, classifier: Classifier) -> None:
    client = create_app(Settings(feedback=str(tmp_path / "corrections.jsonl")), classifier).test_client()
    assert client.post("/v1/feedback", json={"text": THREAT, "labels": {"threat": False}, "comment": "a film"}).get_json() == {
        "stored": True
    }
    assert client.post("/v1/feedback", json={"text": "secret", "labels": {"threat": True}, "doNotStore": True}).get_json() == {
        "stored": False
    }
    [line] = (tmp_path / "corrections.jsonl").read_text().splitlines()
    kept = json.loads(line)
    assert (kept["text"], kept["labels"], kept["comment"]) == (THREAT, {"threat": False}, "a film")


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"labels": {"threat": True}}, 422, "text"),
        ({"text": "a"}, 400, "labels"),
        ({"text": "a", "labels": {"toxicity": True}}, 422, "labels"),
        ({"text": "a", "labels": {"threat": 1}}, 400, "labels"),
        ({"text": "a", "labels": {"threat": True}, "comment": 1}, 400, "comment"),
        ({"text": "a", "labels": {"threat": True}, "x": 1}, 422, "x"),
        ({"text": "a", "labels": {"threat": True}, "doNotStore": "no"}, 400, "doNotStore"),
    ],
)
def test_bad_feedback(client: FlaskClient, body: dict[str, object], status: int, field: str) -> None:
    answer = client.post("/v1/feedback", json=body)
    assert (answer.status_code, answer.get_json()["field"]) == (status, field)


def test_feedback_without_a_file_is_off(client: FlaskClient) -> None:
    assert client.post("/v1/feedback", json={"text": "a", "labels": {"threat": True}}).status_code == 503
