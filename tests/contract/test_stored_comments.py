"""Comments in other products' formats go to the review queue where the operator says so, and never in the way of their answer."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.conftest import HARMLESS, QUOTED, THREAT
from tocsin_model import Classifier
from tocsin_service.app import create_app
from tocsin_service.reviews.database import Database
from tocsin_service.reviews.models import Item
from tocsin_service.settings import SettingError, Settings, from_environment

PHASE = "phase_secret"
CORAL = json.loads(json.loads((Path(__file__).with_name("golden") / "coral_request.json").read_text(encoding="utf-8"))["body"])
ANALYZE = {"requestedAttributes": {"THREAT": {}}, "languages": ["en"]}


def application(classifier: Classifier, database: Database | None, store: str, **more: Any) -> FlaskClient:
    return create_app(Settings(store=store, coral_secret=PHASE, **more), classifier, database).test_client()


@pytest.fixture
def client(classifier: Classifier, database: Database) -> FlaskClient:
    return application(classifier, database, "perspective, coral")


def analyze(client: FlaskClient, text: str, **fields: Any) -> Any:
    """The answer to a comment of Perspective's, once it is closed: only then is anything stored."""
    with client.post("/v1alpha1/comments:analyze", json=ANALYZE | {"comment": {"text": text}} | fields) as answer:
        return answer.status_code, answer.get_json()


def moderate(client: FlaskClient, text: str, **fields: Any) -> Any:
    """The same for one of Coral's; ``fields`` replace whole objects of the request."""
    body = json.dumps(CORAL | {"comment": {"body": text, "parentID": None}} | fields).encode()
    mark = "sha256=" + hmac.new(PHASE.encode(), body, hashlib.sha256).hexdigest()
    with client.post("/v1/coral", data=body, headers={"Content-Type": "application/json", "X-Coral-Signature": mark}) as answer:
        return answer.status_code, answer.get_json(silent=True)


def stored(database: Database) -> list[Item]:
    with database.read() as session:
        return list(session.scalars(select(Item).order_by(Item.id)))


def test_a_comment_of_perspective(client: FlaskClient, database: Database) -> None:
    context = {"articleAndParentComment": {"article": {"text": "<p>The match</p>", "type": "HTML"}, "parentComment": {"text": "Boo!"}}}
    more = {"clientToken": "c-1", "communityId": "forum", "sessionId": "s", "context": context}
    assert analyze(client, QUOTED, **more)[0] == 200
    [item] = stored(database)
    assert item.ref == "perspective:" + hashlib.sha256("\0".join(("c-1", "forum", QUOTED)).encode()).hexdigest()[:32]
    assert (item.source, item.text, item.community, item.voice) == ("perspective", QUOTED, "forum", "quoted")
    assert item.context == [{"author": None, "text": "The match"}, {"author": None, "text": "Boo!"}]
    assert item.details == {"clientToken": "c-1", "sessionId": "s"}
    assert item.why == ["Elevated risk"]


def test_html_is_stored_as_the_text_that_was_scored(client: FlaskClient, database: Database) -> None:
    analyze(client, "", comment={"text": f"<p>{THREAT} &amp; more</p>", "type": "HTML"})
    [item] = stored(database)
    assert item.text is not None and item.text.strip() == THREAT + " & more"
    assert all(item.text[span["start"] : span["end"]] == span["text"] for span in item.result["spans"])


def test_a_comment_of_coral(client: FlaskClient, database: Database) -> None:
    assert moderate(client, THREAT, comment={"body": THREAT, "parentID": "p-1"}) == moderate(client, THREAT + " ")
    item, other = stored(database)
    assert (item.source, item.text, item.author, item.community) == ("coral", THREAT, CORAL["author"]["id"], "localhost")
    assert item.link == CORAL["story"]["url"]
    names = {"tenant": CORAL["tenantID"], "site": CORAL["site"]["id"], "story": CORAL["story"]["id"], "action": "NEW"}
    assert (item.details, other.details) == (names | {"parent": "p-1"}, names)
    assert item.ref.startswith("coral:") and item.ref != other.ref


def test_the_same_comment_again_is_the_same_item(client: FlaskClient, database: Database) -> None:
    """Another token, community, story or author is another item; a client may send one token for all its comments."""
    for _ in range(2):
        analyze(client, THREAT, clientToken="app")
        moderate(client, THREAT)
    analyze(client, THREAT + "!", clientToken="app")
    analyze(client, THREAT, clientToken="app", communityId="forum")
    moderate(client, THREAT, author={"id": "another"})
    moderate(client, THREAT, story={"id": "another"})
    assert [item.source for item in stored(database)] == ["perspective", "coral", "perspective", "perspective", "coral", "coral"]


def test_policy_decides_here_too(client: FlaskClient, database: Database) -> None:
    analyze(client, HARMLESS)
    moderate(client, HARMLESS)
    moderate(client, "")
    assert stored(database) == []


@pytest.mark.parametrize("store", ["", "perspective", "coral"])
def test_only_what_the_operator_names_is_stored(classifier: Classifier, database: Database, store: str) -> None:
    client = application(classifier, database, store)
    answers = analyze(client, THREAT), moderate(client, THREAT)
    assert [item.source for item in stored(database)] == ([store] if store else [])
    plain = application(classifier, None, "", database_url="off")
    assert answers == (analyze(plain, THREAT), moderate(plain, THREAT))


def test_do_not_store_is_honoured(client: FlaskClient, database: Database) -> None:
    assert analyze(client, THREAT, doNotStore=True)[0] == 200
    assert stored(database) == []
    analyze(client, THREAT, doNotStore=False)
    assert len(stored(database)) == 1


def test_what_perspective_refuses_is_not_stored(client: FlaskClient, database: Database) -> None:
    assert analyze(client, THREAT, languages=["de"])[0] == 400
    assert stored(database) == []


@pytest.mark.parametrize("sent", ["x" * 201, "\ud83d", 7, {"a": 1}, None], ids=ascii)
def test_of_the_rest_what_cannot_be_kept_is_left_out(client: FlaskClient, database: Database, sent: Any) -> None:
    moderate(client, THREAT, author={"id": sent}, tenantDomain=sent, tenantID=sent, story={"id": sent, "url": sent}, site=sent)
    [item] = stored(database)
    assert (item.author, item.community, item.link, item.details) == (None, None, None, {"action": "NEW"})


def test_a_long_context_is_cut(client: FlaskClient, database: Database) -> None:
    """To the nearest entries, and their beginnings."""
    entries = [{"text": f"{place} " + "x" * 30_000} for place in range(25)]
    analyze(client, THREAT, context={"entries": entries})
    [item] = stored(database)
    assert [entry["text"] for entry in item.context] == [(f"{place} " + "x" * 30_000)[:20_000] for place in range(5, 25)]


@pytest.mark.parametrize("broken", ["text", "database"])
def test_a_comment_that_cannot_be_stored_is_answered_and_logged_without_its_text(
    classifier: Classifier, database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture, broken: str
) -> None:
    nowhere = Database(f"sqlite:///{tmp_path}/none/tocsin.db")
    client = application(classifier, nowhere if broken == "database" else database, "perspective,coral")
    text = THREAT + (" Agnes\0" if broken == "text" else " Agnes")
    plain = application(classifier, None, "", database_url="off")
    with caplog.at_level(logging.DEBUG):
        assert analyze(client, text) == analyze(plain, text)
        assert moderate(client, text) == moderate(plain, text)
    for source in ("perspective", "coral"):
        assert f"a passage from {source} was not queued: The " in caplog.text
    page = client.get("/metrics").get_data(as_text=True)
    assert 'tocsin_items_total{status="failed"} 2.0' in page
    assert "Agnes" not in caplog.text + page
    assert stored(database) == []


def test_a_mistake_of_ours_is_logged_by_its_name_alone(
    client: FlaskClient, database: Database, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("Agnes")

    monkeypatch.setattr("tocsin_service.reviews.intake.take", fail)
    assert analyze(client, THREAT)[0] == 200
    assert "was not queued: RuntimeError" in caplog.text
    assert "Agnes" not in caplog.text


@pytest.mark.parametrize(
    ("values", "message"),
    [({"TOCSIN_STORE": "openai"}, "takes perspective, coral"), ({"TOCSIN_STORE": "coral", "TOCSIN_DATABASE_URL": "off"}, "needs a queue")],
)
def test_a_wrong_setting_is_named(values: dict[str, str], message: str) -> None:
    with pytest.raises(SettingError, match=f"TOCSIN_STORE {message}"):
        from_environment(values)
