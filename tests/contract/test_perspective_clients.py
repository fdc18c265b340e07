"""Perspective's clients against the real server: Google's own, perspective-api-client of npm, and plain requests."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from googleapiclient import discovery
from googleapiclient.errors import HttpError

from tests.conftest import HARMLESS, QUOTED, THREAT, Server
from tests.contract.test_perspective import ANALYZE, SUGGEST, UNICODE, ask, cut, golden
from tocsin_service.compat.perspective_requests import Attribute

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def google(server: Server) -> Iterator[Any]:
    """The client that Perspective's own examples build, with another discoveryServiceUrl and nothing else changed."""
    address = f"{server.url}/$discovery/rest?version=v1alpha1"
    with discovery.build(
        "commentanalyzer", "v1alpha1", developerKey="a key", discoveryServiceUrl=address, static_discovery=False
    ) as client:
        yield client


# Through Google's client, against the real server.


def test_googles_client_scores(google: Any) -> None:
    answer = google.comments().analyze(body=ask(clientToken="t-1")).execute()
    assert answer["attributeScores"]["THREAT"]["summaryScore"]["value"] > 0.8
    assert answer["attributeScores"]["THREAT"]["summaryScore"]["type"] == "PROBABILITY"
    assert (answer["clientToken"], answer["languages"], answer["detectedLanguages"]) == ("t-1", ["en"], ["en"])


def test_googles_client_needs_no_key(server: Server) -> None:
    address = f"{server.url}/$discovery/rest?version=v1alpha1"
    with discovery.build("commentanalyzer", "v1alpha1", discoveryServiceUrl=address) as client:
        assert "THREAT" in client.comments().analyze(body=ask()).execute()["attributeScores"]


def test_googles_client_and_the_native_api_agree(google: Any, server: Server) -> None:
    answer = google.comments().analyze(body=ask(*Attribute, text=QUOTED)).execute()
    native = requests.post(server.url + "/v1/score", json={"text": QUOTED}, timeout=10).json()
    expected = {name.upper(): value for name, value in native["labels"].items()}
    expected |= {"VIOLENCE_RISK": native["risk"], "VIOLENCE_RISK_ASSERTED": native["asserted_risk"]}
    assert {name: scores["summaryScore"]["value"] for name, scores in answer["attributeScores"].items()} == expected
    assert expected["VIOLENCE_RISK"] > 0.8
    assert expected["VIOLENCE_RISK_ASSERTED"] < 0.5


def test_googles_client_raises_perspectives_errors(google: Any) -> None:
    with pytest.raises(HttpError) as raised:
        google.comments().analyze(body=ask("TOXICITY", "THREAT")).execute()
    assert (raised.value.status_code, raised.value.reason) == (400, "Unknown requested attribute: TOXICITY")
    assert raised.value.error_details[0]["errorType"] == "INVALID_REQUEST"


@pytest.mark.parametrize(("text", "sentence"), UNICODE, ids=ascii)
@pytest.mark.parametrize("unit", ["utf16", "codepoint", "byte"])
def test_googles_client_gets_spans_in_each_unit(google: Any, text: str, sentence: str, unit: str) -> None:
    options = {} if unit == "utf16" else {"offsets": unit}
    answer = google.comments().analyze(body=ask(text=text, spanAnnotations=True, languages=["en"]), **options).execute()
    worst = max(answer["attributeScores"]["THREAT"]["spanScores"], key=lambda span: span["score"]["value"])
    assert sentence in cut(text, worst["begin"], worst["end"], unit)
    assert worst["score"] == answer["attributeScores"]["THREAT"]["summaryScore"]


def test_googles_client_suggests_a_score(google: Any) -> None:
    body = {"comment": {"text": HARMLESS}, "attributeScores": {"THREAT": {"summaryScore": {"value": 0}}}, "clientToken": "c-53922"}
    assert google.comments().suggestscore(body=body).execute() == {"clientToken": "c-53922", "detectedLanguages": ["en"]}


# Through a client of npm, against the real server.


def test_the_npm_client(server: Server, tmp_path: Path) -> None:
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("node and npm are not installed")
    for name in ("package.json", "perspective.js"):
        shutil.copy(HERE / "npm" / name, tmp_path)
    command = [npm, "install", "--no-audit", "--no-fund", "--ignore-scripts", "--fetch-retries=0", "--fetch-timeout=30000"]
    installed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    if installed.returncode:
        assert "network" in installed.stderr or "registry" in installed.stderr, installed.stderr
        pytest.skip("npm has no network")
    ran = subprocess.run([node, "perspective.js", server.url], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    answer = json.loads(ran.stdout)
    assert answer["value"] > 0.8
    assert answer["spans"] == ["Look 🔪 here", "I will kill you and burn your house down"]
    assert answer["refused"] == {"name": "ResponseError", "message": "Unknown requested attribute: TOXICITY"}


# Plain requests, against the real server.


def test_perspectives_own_example_needs_no_content_type(server: Server) -> None:
    answer = requests.post(server.url + ANALYZE, params={"key": "a key"}, data=json.dumps(ask()), timeout=10)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/json")


@pytest.mark.parametrize("case", golden("errors"), ids=lambda case: case["name"])
def test_every_error_is_pinned(server: Server, case: dict[str, Any]) -> None:
    path = {"analyze": ANALYZE, "suggestscore": SUGGEST}[case["method"]]
    answer = requests.post(server.url + path, params=case.get("query"), json=case["request"], timeout=10)
    assert answer.json() == case["response"]
    assert answer.status_code == case["response"]["error"]["code"]


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 400), (b"{", 400), (b"[]", 400), (b"\xff", 400), (b'{"comment": NaN}', 400), (b'{"comment": 1, "comment": 2}', 400)],
    ids=repr,
)
def test_a_body_that_is_no_json_object_is_an_error_in_googles_shape(server: Server, body: bytes, status: int) -> None:
    for path in (ANALYZE, SUGGEST):
        answer = requests.post(server.url + path, data=body, headers={"Content-Type": "application/json"}, timeout=10)
        error = answer.json()["error"]
        assert (answer.status_code, error["code"], error["status"]) == (status, status, "INVALID_ARGUMENT")
        assert error["message"].endswith(".")


def test_a_form_is_refused(server: Server) -> None:
    for path in (ANALYZE, SUGGEST):
        answer = requests.post(server.url + path, data={"comment": THREAT}, timeout=10)
        assert (answer.status_code, answer.json()["error"]["status"]) == (415, "INVALID_ARGUMENT")
        assert "application/json" in answer.json()["error"]["message"]


def test_a_suggestion_has_to_be_declared_as_json(server: Server) -> None:
    body = {"comment": {"text": HARMLESS}, "attributeScores": {"THREAT": {"summaryScore": {"value": 0}}}}
    answer = requests.post(server.url + SUGGEST, data=json.dumps(body), headers={"Content-Type": "text/plain"}, timeout=10)
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, 415)


def test_the_discovery_document_names_the_host_it_was_asked_under(server: Server) -> None:
    address = server.url + "/$discovery/rest"
    assert requests.get(address, params={"version": "v1alpha1"}, timeout=10).json()["rootUrl"] == server.url + "/"
    elsewhere = requests.get(address, headers={"Host": "tocsin.example:8443"}, timeout=10).json()
    assert elsewhere["rootUrl"] == "http://tocsin.example:8443/"
    missing = requests.get(address, params={"version": "v2"}, timeout=10)
    assert (missing.status_code, missing.json()["error"]["status"]) == (404, "NOT_FOUND")
