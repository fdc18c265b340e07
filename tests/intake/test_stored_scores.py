"""``"store": true`` in /v1/score, and a queue that is not there."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask.testing import FlaskClient

from tests.conftest import HARMLESS, QUOTED, ROOT, THREAT
from tests.intake.stored import HIGH, schema, stored
from tests.postgresql import PostgreSQL
from tocsin_model import Classifier
from tocsin_service.app import create_app
from tocsin_service.keys import KeyStore
from tocsin_service.reviews.database import Database
from tocsin_service.settings import Settings


def test_a_score_can_be_stored_and_is_otherwise_what_it_was(client: FlaskClient, database: Database) -> None:
    asked = [
        {"text": text, "id": place, "spans": False, "labels": ["threat"]} for place, text in enumerate((THREAT, HARMLESS, QUOTED, THREAT))
    ]
    plain = client.post("/v1/score/batch", json={"items": asked}).json
    assert stored(database) == {}
    storing = [one | {"store": place < 3} for place, one in enumerate(asked)] + [
        asked[0] | {"store": True},
        {"text": THREAT, "store": True},
    ]
    answer = client.post("/v1/score/batch", json={"items": storing}).json
    schema("BatchResult").validate(answer)
    assert plain is not None and answer is not None
    *results, again, error = answer["results"]
    assert [result.pop("stored", None) for result in [*results, again]] == ["queued", "not queued", "queued", None, "known"]
    assert results == plain["results"]
    assert (error["error"]["field"], error["error"]["status"]) == ("items[5].id", 422)
    items = stored(database)
    assert {ref: (item.text, item.source) for ref, item in items.items()} == {"0": (THREAT, "score"), "2": (QUOTED, "score")}
    assert items["2"].voice == "quoted" and items["2"].threat > 0.5 and items["2"].result["spans"]


def test_one_score_can_be_stored(client: FlaskClient, database: Database) -> None:
    answer = client.post("/v1/score", json={"text": THREAT, "id": "a", "store": True, "offsets": "byte"}).json
    schema("ScoreResult").validate(answer)
    assert answer is not None and answer["stored"] == "queued"
    assert "stored" not in client.post("/v1/score", json={"text": THREAT, "id": "b", "store": False}).json  # type: ignore[operator]
    assert list(stored(database)) == ["a"]


@pytest.mark.parametrize(
    ("bad", "status", "field"),
    [
        ({}, 422, "id"),
        ({"id": "i" * 201}, 422, "id"),
        ({"id": "\0"}, 422, "id"),
        ({"id": 1, "text": "\0a"}, 422, "text"),
        ({"store": 1}, 400, "store"),
    ],
)
def test_what_a_score_needs_to_be_stored(without: FlaskClient, bad: dict[str, Any], status: int, field: str) -> None:
    answer = without.post("/v1/score", json={"text": THREAT, "store": True} | bad)
    assert answer.json is not None
    assert (answer.status_code, answer.json["field"]) == (status, field)


ASKING: list[Callable[[FlaskClient], Any]] = [
    lambda client: client.post("/v1/items", json=HIGH),
    lambda client: client.post("/v1/items", json={"items": [HIGH]}),
    lambda client: client.post("/v1/score", json=HIGH | {"store": True}),
    lambda client: client.post("/v1/score/batch", json={"items": [{"text": "a"}, HIGH | {"store": True}]}),
    lambda client: client.get("/v1/items/c-1"),
    lambda client: client.delete("/v1/items/c-1"),
]


@pytest.mark.parametrize("ask", ASKING)
def test_without_a_queue_nothing_is_silently_lost(without: FlaskClient, ask: Callable[[FlaskClient], Any]) -> None:
    answer = ask(without)
    assert (answer.status_code, answer.json["type"]) == (503, "/problems/reviews-off")
    assert without.post("/v1/score", json=HIGH).status_code == 200


@pytest.mark.parametrize("ask", ASKING)
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_database_that_does_not_answer_is_said_and_logged_without_the_text(
    classifier: Classifier, tmp_path: Path, caplog: pytest.LogCaptureFixture, ask: Callable[[FlaskClient], Any], kind: str
) -> None:
    """Nothing is counted against the key, as nothing was done."""
    keys = KeyStore(tmp_path / "keys")
    url = f"sqlite:///{tmp_path}/none/tocsin.db" if kind == "sqlite" else "postgresql://tocsin:hidden@127.0.0.1:1/tocsin"
    client = create_app(Settings(keys=str(keys.path), database_url=url), classifier).test_client()
    client.environ_base["HTTP_X_API_KEY"] = keys.create("desk", per_day=1)
    for _ in range(2):
        answer = ask(client)
        assert (answer.status_code, answer.json["type"]) == (503, "/problems/database-down")
        assert answer.headers["Retry-After"]
    assert "no database: " in caplog.text
    assert "kill" not in caplog.text + answer.text and "hidden" not in caplog.text + answer.text


def test_a_database_that_is_lost_is_told_from_a_mistake_of_ours(classifier: Classifier, postgresql: PostgreSQL) -> None:
    database = Database(postgresql.create())
    client = create_app(Settings(), classifier, database).test_client()
    assert client.post("/v1/items", json=HIGH).status_code == 200
    name = database.url.rpartition("/")[2]
    with psycopg.connect(database.url.replace("+psycopg", "").replace(name, "postgres"), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    answer = client.post("/v1/items", json=HIGH)
    assert (answer.status_code, answer.json["type"]) == (503, "/problems/database-down")  # type: ignore[index]
    database.engine.dispose()


def test_without_the_extra_everything_else_works() -> None:
    """Nothing of the queue is imported before it is asked for."""
    source = """
import sys
for name in ("sqlalchemy", "alembic", "argon2", "flask_wtf", "psycopg", "authlib"):
    sys.modules[name] = None
from tocsin_service.app import create_app
client = create_app().test_client()
assert client.post("/v1/score", json={"text": "a"}).status_code == 200
for answer in (client.post("/v1/items", json={"id": 1, "text": "a"}), client.get("/v1/items/1"), client.delete("/v1/items/1")):
    assert (answer.status_code, answer.json["type"]) == (503, "/problems/reviews-off"), answer.text
"""
    paths = os.pathsep.join(str(ROOT / part) for part in ("model", "service"))
    done = subprocess.run([sys.executable, "-c", source], env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_metrics_count_what_became_of_them(client: FlaskClient) -> None:
    client.post("/v1/items", json={"items": [HIGH, HIGH, {"id": 2, "text": HARMLESS}, {"id": 3}]})
    client.post("/v1/score", json=HIGH | {"store": True})
    page = client.get("/metrics").text
    for status, count in (("queued", 1), ("known", 2), ("not queued", 1)):
        assert f'tocsin_items_total{{status="{status}"}} {count}.0' in page
