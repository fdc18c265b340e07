"""Coral's external moderation phase, asked as Coral asks: indented JSON, signed with every secret that is active."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.conftest import HARMLESS, QUOTED, THREAT, Server, start_server
from tocsin_model import Band, Classifier, Label, Language, Result
from tocsin_model.policy import Thresholds
from tocsin_service.app import create_app
from tocsin_service.compat import coral
from tocsin_service.problems import Problem
from tocsin_service.settings import Settings

GOLDEN = Path(__file__).with_name("golden")
SENT = json.loads((GOLDEN / "coral_request.json").read_text(encoding="utf-8"))  # written and signed by Node, as Coral does
OLD, NEW = SENT["secrets"]
BODY = SENT["body"].encode()
THRESHOLDS = Thresholds(elevated=0.8, high=0.95, labels=(0.3, 0.4, 0.5))
WITHHELD = {"actions": [{"actionType": "FLAG", "reason": "COMMENT_DETECTED_TOXIC"}], "status": "SYSTEM_WITHHELD"}
REJECTED = {**WITHHELD, "status": "REJECTED"}

# What Coral's external.ts lets through; an answer with anything else is thrown away there, and the comment published.
TAKEN = Draft202012Validator(
    {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "actions": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["actionType", "reason"],
                    "additionalProperties": False,
                    "properties": {
                        "actionType": {"const": "FLAG"},
                        "reason": {"enum": ["COMMENT_DETECTED_TOXIC", "COMMENT_DETECTED_SPAM"]},
                    },
                },
            },
            "status": {"enum": ["NONE", "APPROVED", "REJECTED", "PREMOD", "SYSTEM_WITHHELD"]},
            "tags": {"type": "array", "items": {"enum": ["FEATURED", "STAFF"]}},
        },
    }
)


def comment(text: str, action: str = "NEW") -> bytes:
    """The bytes Coral would send for a comment."""
    sent = json.loads(BODY)
    sent["action"], sent["comment"]["body"] = action, text
    return json.dumps(sent, indent=2, ensure_ascii=False).encode("utf-8", "surrogatepass")


def signed(body: bytes, *secrets: str) -> dict[str, str]:
    marks = [f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}" for secret in secrets or (NEW,)]
    return {"Content-Type": "application/json", "X-Coral-Signature": ",".join(marks)}


def ask(client: FlaskClient, body: bytes, query: str = "") -> Any:
    return client.post("/v1/coral" + query, data=body, headers=signed(body))


@pytest.fixture(scope="module")
def phase(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A real server that has Coral's secret, as a deployment gives it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOCSIN_CORAL_SECRET", NEW)
        started = start_server(tmp_path_factory.mktemp("coral") / "log", "--workers", "1")
    yield started
    started.stop()


@pytest.fixture
def client(classifier: Classifier) -> FlaskClient:
    return create_app(Settings(coral_secret=NEW, max_body_bytes=50_000, max_text_chars=20_000), classifier).test_client()


def over_http(server: Server, body: bytes, headers: dict[str, str], query: str = "") -> tuple[int, bytes]:
    request = urllib.request.Request(f"{server.url}/v1/coral{query}", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


@pytest.mark.parametrize("action", ["NEW", "EDIT"])
@pytest.mark.parametrize(
    ("text", "query", "expected"),
    [
        (HARMLESS, "", None),
        ("", "", None),
        (THREAT, "", WITHHELD),
        (THREAT, "?high=withhold", WITHHELD),
        (THREAT, "?high=reject", REJECTED),
        (QUOTED, "?high=reject", WITHHELD),
    ],
)
def test_the_real_server_answers_a_signed_comment(
    phase: Server, text: str, query: str, expected: dict[str, Any] | None, action: str
) -> None:
    body = comment(text, action)
    status, answer = over_http(phase, body, signed(body), query)
    assert status == (204 if expected is None else 200)
    assert (json.loads(answer) if answer else None) == expected


def test_a_request_as_coral_writes_and_signs_it(phase: Server) -> None:
    headers = {"Content-Type": "application/json", "X-Coral-Signature": SENT["header"], "User-Agent": "Coral Moderation/9.0.0"}
    status, answer = over_http(phase, BODY, headers)
    assert (status, json.loads(answer)) == (200, WITHHELD)


@pytest.mark.parametrize("secret", [OLD, NEW])
def test_while_a_secret_is_changed_both_are_taken(secret: str) -> None:
    coral.verify(BODY, SENT["header"], secret)


MARK = signed(BODY)["X-Coral-Signature"]


@pytest.mark.parametrize(
    "header",
    [
        "",
        ",",
        "sha256=",
        MARK.removeprefix("sha256="),
        MARK.replace("sha256", "sha1"),
        MARK.replace("sha256", "SHA256"),
        MARK.upper(),
        MARK[:-1],
        MARK + "0",
        "sha256=é" + MARK[8:],
        signed(BODY, OLD)["X-Coral-Signature"],
        signed(BODY + b" ")["X-Coral-Signature"],
        "sha256=" + hashlib.sha256(BODY).hexdigest(),
        "sha256=" + hmac.new(b"", BODY, hashlib.sha256).hexdigest(),
    ],
)
def test_a_signature_that_does_not_fit_is_refused(client: FlaskClient, header: str) -> None:
    answer = client.post("/v1/coral", data=BODY, headers={"Content-Type": "application/json", "X-Coral-Signature": header})
    assert (answer.status_code, answer.content_type) == (403, "application/problem+json")
    assert answer.get_json()["type"] == "/problems/bad-signature"


def test_one_changed_byte_of_the_body_is_refused(phase: Server) -> None:
    status, problem = over_http(phase, BODY.replace(b"tonight", b"tonighT"), signed(BODY))
    assert (status, json.loads(problem)["type"]) == (403, "/problems/bad-signature")


def test_an_unsigned_request_is_refused(phase: Server) -> None:
    assert over_http(phase, BODY, {"Content-Type": "application/json"})[0] == 403


@given(header=st.text(max_size=200), body=st.binary(max_size=50))
def test_no_made_up_signature_is_taken(header: str, body: bytes) -> None:
    with pytest.raises(Problem):
        coral.verify(body, header, NEW)


@pytest.mark.parametrize("secret", ["", NEW])
def test_without_a_secret_it_is_off(server: Server, secret: str) -> None:
    status, problem = over_http(server, BODY, signed(BODY, secret))
    assert (status, json.loads(problem)["type"]) == (503, "/problems/coral-off")


def test_without_a_model_it_says_so(tmp_path: Path) -> None:
    client = create_app(Settings(coral_secret=NEW, model=str(tmp_path))).test_client()
    assert ask(client, BODY).status_code == 503


@pytest.mark.parametrize(
    ("body", "query", "status", "field"),
    [
        (b"", "", 400, None),
        (b"[]", "", 400, None),
        (b"{}", "", 400, "comment"),
        (b'{"comment": "a"}', "", 400, "comment"),
        (b'{"comment": {}}', "", 400, "comment.body"),
        (b'{"comment": {"body": null}}', "", 400, "comment.body"),
        (b'{"comment": {"body": "' + b"a" * 20_001 + b'"}}', "", 413, "comment.body"),
        (b'{"comment": {"body": "' + b"a" * 60_000 + b'"}}', "", 413, None),
        (BODY, "?high=delete", 422, "high"),
        (BODY, "?high=", 422, "high"),
    ],
)
def test_what_can_not_be_moderated_is_a_problem(client: FlaskClient, body: bytes, query: str, status: int, field: str | None) -> None:
    answer = ask(client, body, query)
    assert (answer.status_code, answer.get_json().get("field")) == (status, field)
    assert answer.content_type == "application/problem+json"


@pytest.mark.parametrize("case", json.loads((GOLDEN / "coral_answers.json").read_text(encoding="utf-8")), ids=repr)
def test_every_decision_is_pinned_and_taken_by_coral(case: dict[str, Any]) -> None:
    risk, asserted = case["risk"], case["asserted_risk"]
    result = Result(risk, asserted, THRESHOLDS.band(risk), dict.fromkeys(Label, risk), (), (), Language("en", True))
    answer = coral.render(result, THRESHOLDS, case["high"])
    assert answer == case["answer"]
    if answer is not None:
        TAKEN.validate(answer)


def test_the_deployments_own_bands_decide(classifier: Classifier) -> None:
    strict = create_app(Settings(coral_secret=NEW, elevated=0.0001, high=0.0002), classifier).test_client()
    assert ask(strict, comment(HARMLESS), "?high=reject").get_json() == REJECTED


@pytest.mark.parametrize("text", ["", " ", "\0", "🔪 e\u0301 \u202eabc ｋｉｌｌ", "<p>" * 2_000, "“" * 2_000])
def test_any_comment_has_an_answer(client: FlaskClient, text: str) -> None:
    assert ask(client, comment(text)).status_code in (200, 204)


def test_half_a_character_is_answered(client: FlaskClient) -> None:
    assert ask(client, b'{"comment": {"body": "\\ud83d"}}').status_code == 204


def test_no_error_and_no_log_holds_the_comment_or_the_secret(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        said = ask(client, comment("Agnes " * 5_000)).get_data(as_text=True)
        said += client.post("/v1/coral", data=comment("Agnes"), headers=signed(b"")).get_data(as_text=True)
        said += ask(client, comment("Agnes")).get_data(as_text=True)
    for kept in ("Agnes", NEW):
        assert kept not in said + caplog.text + client.get("/metrics").get_data(as_text=True)


def test_comments_are_counted(client: FlaskClient) -> None:
    ask(client, comment(THREAT))
    page = client.get("/metrics").get_data(as_text=True)
    assert f'tocsin_passages_total{{band="{Band.HIGH}"}} 1.0' in page
