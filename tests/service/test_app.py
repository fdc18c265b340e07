"""The application: addresses, errors that leak nothing, readiness, the model card, pages."""

import html
import json
import logging
import re
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from tests.conftest import HARMLESS, THREAT

from tocsin_model import Classifier
from tocsin_service import openapi
from tocsin_service.app import create_app
from tocsin_service.reviews.database import Database
from tocsin_service.settings import Settings, from_environment

SECRET = "my neighbour Agnes said I will kill you tonight"


def schema(name: str) -> Draft202012Validator:
    described = openapi.describe()
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": described["components"]})


def test_the_description_is_valid_openapi() -> None:
    validate(openapi.describe())


@pytest.mark.parametrize(
    "body", [{"text": THREAT}, {"text": HARMLESS, "sentences": True, "spans": False, "id": 7}, {"text": "…", "labels": ["threat"]}]
)
def test_answers_are_what_the_description_says(client: FlaskClient, body: dict[str, object]) -> None:
    schema("ScoreRequest").validate(body)
    schema("ScoreResult").validate(client.post("/v1/score", json=body).get_json())


def test_problems_are_what_the_description_says(client: FlaskClient) -> None:
    schema("Problem").validate(client.post("/v1/score", json={"text": 1}).get_json())


def test_every_described_address_answers(classifier: Classifier, database: Database) -> None:
    client = create_app(Settings(feedback="/dev/null"), classifier, database).test_client()
    for path, methods in openapi.describe()["paths"].items():
        for method, operation in methods.items():
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            place = path.format(**{parameter["name"]: parameter["example"] for parameter in operation.get("parameters", ())})
            answer = client.open(place, method=method.upper(), json=content.get("example"))
            assert answer.status_code in (200, 202, 204), path


def test_the_examples_of_the_description_are_true(client: FlaskClient) -> None:
    example = openapi.describe()["paths"]["/v1/score"]["post"]["requestBody"]["content"]["application/json"]["example"]
    assert client.post("/v1/score", json=example).get_json()["band"] != "low"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("GET", "/v1/score", 405), ("DELETE", "/", 405), ("GET", "/problems/none", 404), ("POST", "/v1/model", 405)],
)
def test_wrong_addresses_and_methods(client: FlaskClient, method: str, path: str, status: int) -> None:
    answer = client.open(path, method=method)
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert ("Allow" in answer.headers) is (status == 405)


def test_every_problem_type_has_a_page(client: FlaskClient) -> None:
    from tocsin_service.problems import TYPES

    for slug, kind in TYPES.items():
        page = client.get(f"/problems/{slug}")
        assert page.status_code == 200
        assert html.escape(kind.help).replace("&#x27;", "&#39;") in page.get_data(as_text=True)


def test_without_a_model_it_lives_but_is_not_ready(tmp_path: Path) -> None:
    client = create_app(Settings(model=str(tmp_path))).test_client()
    assert client.get("/healthz").status_code == 200
    for answer in (client.get("/readyz"), client.post("/v1/score", json={"text": "a"}), client.get("/v1/model")):
        assert answer.status_code == 503
        assert "manifest.json" in answer.get_json()["detail"]
        assert answer.headers["Retry-After"]
    assert client.get("/").status_code == 200
    assert client.post("/", data={"text": "a"}).status_code == 503


def test_a_failure_of_ours_says_nothing_of_the_text(
    classifier: Classifier, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError(SECRET)

    client = create_app(Settings(), classifier).test_client()
    monkeypatch.setattr(Classifier, "score", fail)
    with caplog.at_level(logging.DEBUG):
        answer = client.post("/v1/score", json={"text": SECRET})
    assert answer.status_code == 500
    reference = re.search(r"[0-9a-f]{32}", answer.get_json()["detail"])
    assert reference and reference.group() in caplog.text
    assert "Agnes" not in answer.get_data(as_text=True) + caplog.text
    assert "Traceback" not in answer.get_data(as_text=True)


def test_no_metric_and_no_log_holds_the_text(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        client.post("/v1/score", json={"text": SECRET, "id": "Agnes-1"})
        client.post("/", data={"text": SECRET})
        client.get("/" + SECRET)
    assert "Agnes" not in client.get("/metrics").get_data(as_text=True) + caplog.text


def test_metrics_count_what_was_asked(client: FlaskClient) -> None:
    client.post("/v1/score/batch", json={"items": [{"text": THREAT}, {"text": HARMLESS}]})
    client.post("/v1/score", json={})
    page = client.get("/metrics").get_data(as_text=True)
    assert 'tocsin_passages_total{band="high"} 1.0' in page
    assert 'tocsin_passages_total{band="low"} 1.0' in page
    assert 'tocsin_requests_total{endpoint="api.score",method="POST",status="422"} 1.0' in page
    assert 'tocsin_score_count{label="asserted_risk"} 2.0' in page
    assert "tocsin_request_seconds_bucket" in page
    assert re.search(r'tocsin_model_info\{digest="sha256:[0-9a-f]{64}",name="tocsin",version="[\d.]+"\} 1\.0', page)


def test_the_model_card_as_data(client: FlaskClient, classifier: Classifier) -> None:
    card = client.get("/v1/model").get_json()
    assert card["digest"] == classifier.info.digest
    assert card["labels"] == ["threat", "incitement", "glorification"]
    assert {"training_data", "evaluation", "decision", "libraries"} <= card.keys()


def test_a_deployment_sets_its_own_bands(classifier: Classifier) -> None:
    [result] = classifier.score([THREAT])
    strict = create_app(Settings(elevated=0.0001, high=0.0002), classifier).test_client()
    assert strict.post("/v1/score", json={"text": HARMLESS}).get_json()["band"] == "high"
    lax = create_app(Settings(elevated=0.9998, high=0.9999), classifier).test_client()
    answer = lax.post("/v1/score", json={"text": THREAT}).get_json()
    assert (answer["band"], answer["risk"]) == ("low", result.risk)


def test_what_a_page_links_is_kept_until_it_changes(client: FlaskClient) -> None:
    linked = re.findall(r'(?:href|src)="(/static/[^"]+)"', client.get("/").text)
    assert len(linked) >= 2
    kept = dict.fromkeys(linked, "public, max-age=31536000, immutable")
    for address, asked in {**kept, "/static/000000000000/tocsin.css": "no-cache"}.items():  # the last is of another version of Tocsin
        with client.get(address) as answer:
            assert (answer.status_code, answer.headers["Cache-Control"]) == (200, asked)
    missing = client.get(linked[0] + "x")
    assert (missing.status_code, missing.headers["Cache-Control"]) == (404, "no-store")
    assert client.get("/static/000000000000/../templates/home.html").status_code == 404


def test_the_page_shows_markup_and_runs_none(client: FlaskClient) -> None:
    page = client.post("/", data={"text": THREAT + " <script>alert(1)</script> & </p>"})
    text = page.get_data(as_text=True)
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)" in text
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "script-src" not in page.headers["Content-Security-Policy"]
    assert '<mark class="threat' in text


@pytest.mark.parametrize(("text", "status"), [("", 422), ("a" * 1_000_001, 413)])
def test_the_page_explains_what_is_wrong(client: FlaskClient, text: str, status: int) -> None:
    page = client.post("/", data={"text": text})
    assert page.status_code == status
    assert 'role="alert"' in page.get_data(as_text=True)


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("TOCSIN_PORT", "http", "TOCSIN_PORT must be a whole number"),
        ("TOCSIN_ELEVATED", "1.5", "TOCSIN_ELEVATED must be a probability"),
        ("TOCSIN_MAX_TEXT_CHARS", "0", "TOCSIN_MAX_TEXT_CHARS must be more than 0"),
        ("TOCSIN_LOG_LEVEL", "loud", "TOCSIN_LOG_LEVEL must be"),
    ],
)
def test_a_wrong_setting_is_named(variable: str, value: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_environment({variable: value})


def test_the_readme_lists_every_setting() -> None:
    from tests.conftest import ROOT

    from tocsin_service.settings import table

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for row in table():
        shown = json.dumps(row.default) if row.default != "" else ""
        assert f"| `{row.variable}` | {shown} | {row.help} |" in readme
