"""The native wire format: pinned by a golden file, and its offsets right in every unit."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import THREAT

from tocsin_model import Band, Classifier, Evidence, Label, Language, Result, Sentence, Span, Voice
from tocsin_model.classifier import ModelInfo
from tocsin_service import responses
from tocsin_service.requests import Offsets, ScoreRequest

GOLDEN = Path(__file__).with_name("golden") / "score.json"
TEXT = "Café 🔪 “we will burn it,” said Oduya."
INFO = ModelInfo("tocsin", "1.2.3", "sha256:00", {})
RESULT = Result(
    risk=0.9,
    asserted_risk=0.1,
    band=Band.HIGH,
    labels={Label.THREAT: 0.9, Label.INCITEMENT: 0.2, Label.GLORIFICATION: 0.05},
    spans=(Span(8, 23, TEXT[8:23], Label.THREAT, 0.9, Voice.QUOTED, "Oduya", (Evidence(16, 20, 0.75),)),),
    sentences=(Sentence(8, 24, Voice.QUOTED, 0.9, {Label.THREAT: 0.9, Label.INCITEMENT: 0.2, Label.GLORIFICATION: 0.05}),),
    language=Language("en", True),
)


@pytest.mark.parametrize("offsets", list(Offsets))
def test_the_wire_format_is_pinned(offsets: Offsets) -> None:
    request = ScoreRequest(TEXT, id="x-1", sentences=True, offsets=offsets)
    assert responses.render(RESULT, request, INFO) == json.loads(GOLDEN.read_text())[offsets.value]


def test_only_what_was_asked_is_sent() -> None:
    body = responses.render(RESULT, ScoreRequest(TEXT, labels=(Label.INCITEMENT,)), INFO)
    assert body["labels"] == {"incitement": 0.2}
    assert body["spans"] == []
    assert body["sentences"] is None
    assert responses.render(RESULT, ScoreRequest(TEXT, spans=False), INFO)["spans"] is None


@given(st.text(max_size=40), st.data())
def test_offsets_slice_right_in_every_unit(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    utf16 = responses.converter(text, Offsets.UTF16)
    units = text.encode("utf-16-le", "surrogatepass")
    assert units[2 * utf16(start) : 2 * utf16(end)] == text[start:end].encode("utf-16-le", "surrogatepass")
    byte = responses.converter(text, Offsets.BYTE)
    assert text.encode("utf-8", "surrogatepass")[byte(start) : byte(end)] == text[start:end].encode("utf-8", "surrogatepass")


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_javascript_slices_what_python_marked(client: FlaskClient) -> None:
    text = "😀🔪 naïve é\r\n" + THREAT + " 👩‍👩‍👧"
    answer = client.post("/v1/score", json={"text": text, "offsets": "utf16"}).get_data(as_text=True)
    script = "const [text, answer] = JSON.parse(require('fs').readFileSync(0)); console.log(JSON.stringify(answer.spans.map(s => text.slice(s.start, s.end) === s.text)))"
    done = subprocess.run(["node", "-e", script], input=json.dumps([text, json.loads(answer)]), capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) and all(json.loads(done.stdout))


def test_http_command_line_and_python_agree(client: FlaskClient, classifier: Classifier) -> None:
    [result] = classifier.score([THREAT])
    over_http = client.post("/v1/score", json={"text": THREAT}).get_json()
    assert over_http["risk"] == result.risk
    assert [span["score"] for span in over_http["spans"]] == [span.score for span in result.spans]


def test_a_lone_surrogate_survives_the_round_trip(client: FlaskClient) -> None:
    body = b'{"text": "I will kill you \\ud800 tonight", "id": "\\udfff"}'
    answer = client.post("/v1/score", data=body, content_type="application/json")
    assert answer.status_code == 200
    assert json.loads(answer.data)["id"] == "\udfff"
