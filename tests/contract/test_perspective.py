"""The Perspective API's wire format, in process: what is asked for, what is answered, what is kept."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import HARMLESS, THREAT
from tocsin_model import Band, Classifier, Label, Language, Result, Sentence, Voice
from tocsin_service.app import create_app
from tocsin_service.compat.perspective import google_error
from tocsin_service.compat.perspective_discovery import document
from tocsin_service.compat.perspective_errors import Refusal
from tocsin_service.compat.perspective_requests import parse_analyze, parse_suggest
from tocsin_service.compat.perspective_responses import render_analyze, render_suggest
from tocsin_service.keys import KeyStore
from tocsin_service.requests import Offsets
from tocsin_service.settings import Settings

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"
ANALYZE, SUGGEST = "/v1alpha1/comments:analyze", "/v1alpha1/comments:suggestscore"
SECRET = "Agnes Quillfeather lives at number nine"

UNICODE = [  # a text, and the sentence in it that scores highest
    ("I will kill you 🔪 tonight. 👩‍👩‍👧 Nice day, José.", "I will kill you 🔪 tonight"),  # astral, joined, é as one code point
    ("Jose\u0301 said hello.\r\nI will kill you, Jose\u0301.\r\n\r\nGood night.", "I will kill you, Jose\u0301"),  # combining marks, CRLF
    ("𝕴 𝖜𝖎𝖑𝖑 𝖐𝖎𝖑𝖑 𝖞𝖔𝖚. Nice day.", "𝕴 𝖜𝖎𝖑𝖑 𝖐𝖎𝖑𝖑 𝖞𝖔𝖚"),  # astral letters
    ("\ufeffI will k\u200bill you. “Yes” — said she… 😀😀", "I will k\u200bill you"),
    ("I will kill you \ud83d now. Nice day.", "I will kill you \ud83d now"),  # a lone surrogate, as JavaScript can send
    ("🇳🇴🇳🇴 I will kill you. 🇳🇴", "I will kill you"),
]


def golden(name: str) -> Any:
    return json.loads((GOLDEN / f"perspective_{name}.json").read_text(encoding="utf-8"))


def ask(*names: str, text: str = THREAT, **fields: object) -> dict[str, Any]:
    return {"comment": {"text": text}, "requestedAttributes": {name: {} for name in names or ("THREAT",)}, **fields}


def cut(text: str, begin: int, end: int, unit: str) -> str:
    if unit == "codepoint":
        return text[begin:end]
    encoding, width = ("utf-16-le", 2) if unit == "utf16" else ("utf-8", 1)
    return text.encode(encoding, "surrogatepass")[begin * width : end * width].decode(encoding, "surrogatepass")


def violated(answer: dict[str, Any]) -> str:
    """The field that an error names."""
    [violation] = answer["error"]["details"][-1]["fieldViolations"]
    assert violation["description"].endswith(".")
    return str(violation["field"])


def scored(labels: tuple[float, float, float], risk: float) -> dict[str, Any]:
    return {"labels": dict(zip(Label, labels, strict=True)), "risk": risk}


TEXT = "🔪 “We will burn it,” he said.\r\nNice day."
RESULT = Result(
    asserted_risk=0.25,
    band=Band.HIGH,
    spans=(),
    sentences=(
        Sentence(3, 18, Voice.QUOTED, **scored((0.75, 0.5, 0.125), 0.875)),
        Sentence(21, 28, Voice.AUTHOR, **scored((0.0625, 0.0, 0.0), 0.125)),
        Sentence(31, 39, Voice.AUTHOR, **scored((0.0, 0.0, 0.25), 0.25)),
    ),
    language=Language("en", True),
    **scored((0.75, 0.5, 0.25), 0.875),
)


@pytest.mark.parametrize("case", golden("analyze"), ids=lambda case: case["name"])
def test_analyze_is_pinned(case: dict[str, Any]) -> None:
    asked = parse_analyze(case["request"], Settings(), Offsets(case["offsets"]))
    assert render_analyze(asked, RESULT) == case["response"]


def test_suggestscore_is_pinned() -> None:
    case = golden("suggest")
    asked = parse_suggest(case["request"], Settings())
    assert render_suggest(asked, Language("en", True)) == case["response"]
    assert json.loads(json.dumps(asked.record)) == case["record"]


def test_the_discovery_document_is_whole() -> None:
    described = document("http://127.0.0.1/")
    referred = {part.split('"')[0] for part in json.dumps(described).split('"$ref": "')[1:]}
    assert referred == set(described["schemas"])
    assert described == golden("discovery")


def test_a_threshold_leaves_out_what_is_below_it(client: FlaskClient) -> None:
    body = ask(spanAnnotations=True, text=f"{HARMLESS} {THREAT}", clientToken="t")
    body["requestedAttributes"] = {"THREAT": {"scoreThreshold": 0.5}, "GLORIFICATION": {"scoreThreshold": 0.99}, "INCITEMENT": {}}
    scores = client.post(ANALYZE, json=body).get_json()["attributeScores"]
    assert set(scores) == {"THREAT", "INCITEMENT"}
    assert len(scores["THREAT"]["spanScores"]) == 1 and len(scores["INCITEMENT"]["spanScores"]) == 2
    body["requestedAttributes"] = {"THREAT": {"scoreThreshold": 1.5}}
    assert client.post(ANALYZE, json=body).get_json() == {"languages": ["en"], "detectedLanguages": ["en"], "clientToken": "t"}


@pytest.mark.parametrize("text", [*(text for text, _ in UNICODE), THREAT], ids=ascii)
@pytest.mark.parametrize("unit", list(Offsets))
def test_spans_are_right_in_every_unit(client: FlaskClient, text: str, unit: Offsets) -> None:
    body = ask(text=text, spanAnnotations=True, languages=["en"])
    native = client.post("/v1/score", json={"text": text, "sentences": True}).get_json()["sentences"]
    for wanted in (True, False):
        body["spanAnnotations"] = wanted
        spans = client.post(f"{ANALYZE}?offsets={unit}", json=body).get_json()["attributeScores"]["THREAT"]["spanScores"]
        expected = [text[one["start"] : one["end"]] for one in native] if wanted else [text]
        assert [cut(text, one["begin"], one["end"], unit) for one in spans] == expected


def test_a_comment_without_words_has_the_whole_as_its_span(client: FlaskClient) -> None:
    answer = client.post(ANALYZE, json=ask(text="...", spanAnnotations=True, languages=["en"])).get_json()
    [span] = answer["attributeScores"]["THREAT"]["spanScores"]
    assert (span["begin"], span["end"], answer["detectedLanguages"]) == (0, 3, ["und"])


@pytest.mark.parametrize("code", ["en", "EN", "en-US", "en_GB", "en-Latn-US"])
def test_codes_of_english_are_echoed_as_they_came(client: FlaskClient, code: str) -> None:
    answer = client.post(ANALYZE, json=ask(text="Je vais te tuer demain soir.", languages=[code])).get_json()
    assert (answer["languages"], answer["detectedLanguages"]) == ([code], ["fr"])
    assert answer["attributeScores"]["THREAT"]


@pytest.mark.parametrize(
    ("fields", "left"),
    [
        ({"text": "Je vais te tuer demain soir."}, set()),
        ({"languages": ["en", "fr"]}, set()),
        ({}, {"THREAT"}),
    ],
)
def test_unsupported_attributes_are_dropped_when_asked(client: FlaskClient, fields: dict[str, Any], left: set[str]) -> None:
    answer = client.post(ANALYZE, json=ask("TOXICITY", "THREAT", dropUnsupportedAttributes=True, **fields))
    assert answer.status_code == 200
    assert set(answer.get_json().get("attributeScores", {})) == left


def test_a_deployment_can_omit_what_tocsin_does_not_model(classifier: Classifier) -> None:
    client = create_app(Settings(perspective_unknown="omit"), classifier).test_client()
    kept: list[dict[str, Any]] = []
    client.application.extensions["tocsin.feedback"] = kept.append
    answer = client.post(ANALYZE, json=ask("TOXICITY", "THREAT", "THREAT@2", "THREAT_EXPERIMENTAL"))
    assert set(answer.get_json()["attributeScores"]) == {"THREAT"}
    assert client.post(ANALYZE, json=ask("TOXICITY")).get_json() == {"languages": ["en"], "detectedLanguages": ["en"]}
    foreign = client.post(ANALYZE, json=ask("TOXICITY", "THREAT", languages=["fr"]))
    assert foreign.get_json()["error"]["message"] == "Attribute THREAT does not support request languages: fr"
    body = {"comment": {"text": HARMLESS}, "attributeScores": {"TOXICITY": {"summaryScore": {"value": 0}}}}
    assert client.post(SUGGEST, json=body).status_code == 200 and kept == []


def test_either_spelling_and_null_are_read_as_proto3_json(client: FlaskClient) -> None:
    body = {"comment": {"text": THREAT, "type": None}, "requested_attributes": {"THREAT": None}, "client_token": "t", "context": None}
    answer = client.post(ANALYZE, json={**body, "span_annotations": True, "do_not_store": True, "session_id": "1", "community_id": "2"})
    assert answer.status_code == 200 and answer.get_json()["clientToken"] == "t"


@pytest.mark.parametrize(
    "context",
    [
        {"entries": [{"text": "Who is that?", "type": "PLAIN_TEXT"}, {"type": "HTML"}]},
        {"articleAndParentComment": {"article": {"text": "An article"}, "parentComment": {"text": "A comment"}}},
        {"entries": [], "articleAndParentComment": {"article": {"text": "An article"}}},
        {},
    ],
)
def test_context_changes_no_score(client: FlaskClient, context: dict[str, Any]) -> None:
    assert client.post(ANALYZE, json=ask(context=context)).get_json() == client.post(ANALYZE, json=ask()).get_json()


@pytest.mark.parametrize("discard", [True, False])
def test_do_not_store_is_honoured(client: FlaskClient, discard: bool) -> None:
    kept: list[dict[str, Any]] = []
    client.application.extensions["tocsin.feedback"] = kept.append
    body = {"comment": {"text": THREAT}, "attributeScores": {"THREAT": {"summaryScore": {"value": 1}}}, "doNotStore": discard}
    assert client.post(SUGGEST, json=body).status_code == 200
    assert client.post(ANALYZE, json=ask(doNotStore=False)).status_code == 200
    assert [one["text"] for one in kept] == ([] if discard else [THREAT])


def test_a_suggestion_is_kept_in_the_file_of_corrections(classifier: Classifier, tmp_path: Path) -> None:
    client = create_app(Settings(feedback=str(tmp_path / "kept.jsonl")), classifier).test_client()
    assert client.post(SUGGEST, json=golden("suggest")["request"]).status_code == 200
    kept = json.loads((tmp_path / "kept.jsonl").read_text(encoding="utf-8"))
    assert kept.pop("at") > 1e9 and kept == golden("suggest")["record"]


def test_scored_comments_are_counted(client: FlaskClient) -> None:
    client.post(ANALYZE, json=ask())
    client.post(ANALYZE, json=ask("NONE"))
    assert 'tocsin_passages_total{band="high"} 1.0' in client.get("/metrics").get_data(as_text=True)


def test_the_key_of_the_address_is_the_key(classifier: Classifier, tmp_path: Path) -> None:
    store = KeyStore(tmp_path / "keys.db")
    secret = store.create("a forum", per_minute=1)
    client = create_app(Settings(keys=str(store.path)), classifier).test_client()
    answers = [client.post(ANALYZE, query_string={"key": key}, json=ask()) for key in ("", "wrong", secret, secret)]
    assert [answer.status_code for answer in answers] == [401, 401, 200, 429]
    states = [answer.get_json().get("error", {}).get("status") for answer in answers]
    assert states == ["UNAUTHENTICATED", "UNAUTHENTICATED", None, "RESOURCE_EXHAUSTED"]
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_without_a_model_it_is_unavailable(tmp_path: Path) -> None:
    client = create_app(Settings(model=str(tmp_path))).test_client()
    for path in (ANALYZE, SUGGEST):
        answer = client.post(path, json=ask())
        assert (answer.status_code, answer.get_json()["error"]["status"]) == (503, "UNAVAILABLE")
        assert answer.headers["Retry-After"]


@pytest.mark.parametrize(
    ("code", "status"),
    [
        (400, "INVALID_ARGUMENT"),
        (404, "NOT_FOUND"),
        (405, "INVALID_ARGUMENT"),
        (413, "INVALID_ARGUMENT"),
        (500, "INTERNAL"),
        (503, "UNAVAILABLE"),
    ],
)
def test_an_error_of_the_application_has_googles_shape(client: FlaskClient, code: int, status: str) -> None:
    with client.application.test_request_context():
        answer = google_error(code, "A sentence.")
    assert (answer.status_code, answer.content_type) == (code, "application/json")
    assert answer.get_json() == {"error": {"code": code, "message": "A sentence.", "status": status}}


def test_the_limit_of_a_comment_is_the_services(classifier: Classifier) -> None:
    client = create_app(Settings(max_text_chars=20), classifier).test_client()
    assert client.post(ANALYZE, json=ask(text="🔪" * 20, languages=["en"])).status_code == 200
    answer = client.post(ANALYZE, json=ask(text="a" * 21))
    error = answer.get_json()["error"]
    assert (answer.status_code, error["message"], error["details"][0]["errorType"]) == (400, "Comment text too long.", "COMMENT_TOO_LONG")
    assert violated(answer.get_json()) == "comment.text"


def test_no_error_repeats_the_comment(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    wrong: list[dict[str, Any]] = [
        ask("NONE", text=SECRET),
        ask(text=SECRET, languages=["fr"]),
        {"comment": {"text": [SECRET]}},
        {"comment": SECRET, "requestedAttributes": {"THREAT": {}}},
        {"comment": {"text": SECRET, "type": SECRET}, "requestedAttributes": {"THREAT": {}}},
        {**ask(text=SECRET), "context": {"entries": SECRET}},
        {**ask(text=SECRET), "spanAnnotations": SECRET},
        {"comment": {"text": SECRET}, "requestedAttributes": {"THREAT": {"scoreType": SECRET}}},
    ]
    for body in wrong:
        answer = client.post(ANALYZE, json=body)
        assert answer.status_code == 400 and violated(answer.get_json())
        assert "Agnes" not in answer.get_data(as_text=True) + caplog.text


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=4) | st.just("THREAT"),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["text", "type", "score", "THREAT", "value"]), inner, max_size=2)
    ),
    max_leaves=6,
)
FIELDS = st.sampled_from(
    "comment context languages doNotStore clientToken sessionId communityId requestedAttributes spanAnnotations attributeScores".split()
)


@given(st.dictionaries(FIELDS, VALUES, max_size=4), st.booleans())
def test_no_body_is_a_failure_of_ours(fields: dict[str, Any], suggests: bool) -> None:
    whole = {"comment": {"text": THREAT}, "languages": ["en"]}
    parse: Callable[..., Any] = parse_suggest if suggests else parse_analyze
    whole |= {"attributeScores": {"THREAT": {"summaryScore": {"value": 1}}}} if suggests else {"requestedAttributes": {"THREAT": {}}}
    try:
        parse(whole | fields, Settings())
    except Refusal as refusal:
        assert refusal.details[-1]["fieldViolations"][0]["field"]


def test_a_suggested_span_is_kept_in_code_points() -> None:
    body = golden("suggest")["request"]
    span = body["attributeScores"]["INCITEMENT"]["spanScores"][0]
    for unit, begin, end in ((Offsets.UTF16, 3, 10), (Offsets.CODEPOINT, 2, 9), (Offsets.BYTE, 5, 12)):
        record = parse_suggest(
            {**body, "attributeScores": {"THREAT": {"spanScores": [{**span, "begin": begin, "end": end}]}}}, Settings(), unit
        ).record
        assert record is not None
        [kept] = record["spans"]
        assert (kept["start"], kept["end"]) == (2, 9)


def test_a_text_in_another_language_is_refused_by_its_first_attribute() -> None:
    asked = parse_analyze(ask("INCITEMENT", "THREAT", text=TEXT), Settings())
    with pytest.raises(Refusal, match="Attribute INCITEMENT does not support request languages: fr"):
        render_analyze(asked, replace(RESULT, language=Language("fr", False)))
