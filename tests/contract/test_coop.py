"""The ROOST Coop plugin: built with npm, checked against Coop's types, loaded as Coop loads it, run against the real server."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.conftest import HARMLESS, QUOTED, ROOT, THREAT, Server, start_server
from tocsin_model import Classifier
from tocsin_service.keys import KeyStore

PACKAGE = ROOT / "service" / "integrations" / "coop"
NPM = Path(__file__).with_name("npm")
SIGNALS = {
    "TOCSIN_THREAT": lambda said: said["labels"]["threat"],
    "TOCSIN_INCITEMENT": lambda said: said["labels"]["incitement"],
    "TOCSIN_GLORIFICATION": lambda said: said["labels"]["glorification"],
    "TOCSIN_RISK": lambda said: said["risk"],
    "TOCSIN_ASSERTED_RISK": lambda said: said["asserted_risk"],
}
SECTIONS = {  # REQUIRED_MODEL_CARD_SECTION_IDS of types/integration.ts
    "trainingData",
    "policyAndTaxonomy",
    "annotationMethodology",
    "performanceBenchmarks",
    "biasAndLimitations",
    "implementationGuidance",
    "relevantLinks",
}
SECRET = "Agnes Quillfeather lives at number nine"
Run = Callable[..., Any]


def npm(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("npm")
    if program is None or shutil.which("node") is None:
        pytest.skip("node and npm are not installed")
    quiet = ("--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline", "--fetch-retries=0", "--fetch-timeout=30000")
    return subprocess.run([program, *arguments, *quiet], cwd=folder, capture_output=True, text=True, timeout=120)


def compile_(folder: Path, *options: str) -> str:
    """What the compiler complains of: nothing, if all is well."""
    compiler = str(folder / "node_modules" / "typescript" / "bin" / "tsc")
    done = subprocess.run(["node", compiler, *options], cwd=folder, capture_output=True, text=True, timeout=120)
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package as it is committed, its dependencies installed from the lock file, and built."""
    folder = tmp_path_factory.mktemp("coop") / "package"
    shutil.copytree(PACKAGE, folder, ignore=shutil.ignore_patterns("node_modules", "dist"))
    installed = npm(folder, "ci")
    if installed.returncode and re.search(r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENOTCACHED", installed.stderr):
        pytest.skip("npm has no network")
    assert installed.returncode == 0, installed.stderr
    assert compile_(folder, "--noEmit") == ""
    assert compile_(folder) == ""
    return folder


@pytest.fixture(scope="module")
def run(package: Path) -> Run:
    """Run calls of the built plugin for an organisation ``o`` with these settings."""

    def runs(settings: object, *calls: dict[str, Any]) -> Any:
        asked = json.dumps({"orgs": {"o": settings}, "calls": calls})
        command = ["node", str(NPM / "coop.js"), str(package)]
        done = subprocess.run(command, input=asked, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return runs


def call(signal: str, text: object) -> dict[str, Any]:
    """A signal's input, with the fields that Coop's leaf conditions add."""
    argument = {"orgId": "o", "value": {"type": "STRING", "value": text}, "contentId": "c-1", "userId": "u-1", "contentType": "Post"}
    return {"signal": signal, "argument": argument}


def every(text: object) -> list[dict[str, Any]]:
    return [call(signal, text) for signal in SIGNALS]


def native(url: str, text: str) -> Any:
    return requests.post(url + "/v1/score", json={"text": text}, timeout=10).json()


# The types


def test_the_plugin_has_the_shape_of_coops_types(package: Path, tmp_path: Path) -> None:
    folder = tmp_path / "package"
    shutil.copytree(package, folder, symlinks=True)
    shutil.copy(NPM / "coop-shape.ts", folder / "src" / "shape.ts")
    assert compile_(folder, "--noEmit") == ""
    assert compile_(folder, "--noEmit", "--skipLibCheck", "false") == ""


def test_the_plugin_has_the_shape_of_the_published_types(package: Path, tmp_path: Path) -> None:
    folder = tmp_path / "package"
    shutil.copytree(package, folder, symlinks=True)
    shutil.copy(NPM / "coop-shape.ts", folder / "src" / "shape.ts")
    npm(folder, "install", "--no-save", "@roostorg/coop-types")  # an optional peer: npm ends well without it
    if not (folder / "node_modules" / "@roostorg" / "coop-types").exists():
        pytest.skip("npm can't get @roostorg/coop-types here; the plugin was checked against types/coop-types.d.ts")
    assert "node_modules/@roostorg/coop-types/" in compile_(folder, "--noEmit", "--listFilesOnly")
    assert compile_(folder, "--noEmit") == ""


def test_a_broken_shape_is_seen(package: Path, tmp_path: Path) -> None:
    folder = tmp_path / "package"
    shutil.copytree(package, folder, symlinks=True)
    signals = folder / "src" / "signals.ts"
    signals.write_text(signals.read_text().replace("    needsMatchingValues: false,\n", ""))
    assert "needsMatchingValues" in compile_(folder, "--noEmit")


# What Coop shows and registers


def test_the_manifest_is_one_that_coop_takes(run: Run) -> None:
    said = run({})
    manifest, signals = said["manifest"], said["signals"]
    assert manifest["version"] == manifest["modelCard"]["version"] == json.loads((PACKAGE / "package.json").read_text())["version"]
    assert re.fullmatch(r"[A-Z_]+", manifest["id"])
    assert manifest["requiresConfig"] is True
    assert manifest["signalTypeIds"] == list(signals) == list(SIGNALS)
    assert {section["id"] for section in manifest["modelCard"]["sections"]} == SECTIONS
    assert [(one["key"], one["required"], one["inputType"]) for one in manifest["configurationFields"]] == [
        ("url", True, "text"),
        ("apiKey", False, "password"),
    ]
    for name, signal in signals.items():
        assert signal["id"] == {"type": name}
        assert signal["integration"] == manifest["id"]
        assert (signal["eligibleInputs"], signal["outputType"]) == (["STRING"], {"scalarType": "NUMBER"})
        assert signal["supportedLanguages"] == ["ENGLISH"]


def test_recommended_thresholds_are_near_the_models_bands(run: Run, classifier: Classifier) -> None:
    recommended = run({})["signals"]["TOCSIN_RISK"]["recommendedThresholds"]
    assert recommended["highRecallThreshold"] == pytest.approx(classifier.thresholds.elevated, abs=0.1)
    assert recommended["highPrecisionThreshold"] == pytest.approx(classifier.thresholds.high, abs=0.1)


def test_every_link_into_the_documentation_leads_somewhere(run: Run) -> None:
    found = set(re.findall(r"/blob/main/([\w./-]+)(?:#([\w-]+))?", json.dumps(run({}))))
    assert found
    for name, anchor in found:
        headings = re.findall(r"^#+ (.*)", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)
        assert not anchor or anchor in {heading.lower().replace(" ", "-") for heading in headings}


# Scores


@pytest.mark.parametrize(
    "text",
    [THREAT, HARMLESS, QUOTED, "Look 🔪 here. “I will kill you,” he said.", "half \ud83d of a pair: I will kill you", "🔪🔪"],
    ids=ascii,
)
def test_signals_are_the_native_scores(run: Run, server: Server, text: str) -> None:
    said = native(server.url, text)
    results = run({"url": server.url}, *every(text))["results"]
    assert results == [{"outputType": {"scalarType": "NUMBER"}, "score": score(said)} for score in SIGNALS.values()]


def test_a_threat_is_told_from_a_harmless_sentence_and_from_a_quotation(run: Run, server: Server) -> None:
    calls = [call("TOCSIN_RISK", THREAT), call("TOCSIN_RISK", HARMLESS), call("TOCSIN_RISK", QUOTED), call("TOCSIN_ASSERTED_RISK", QUOTED)]
    threat, harmless, quoted, asserted = (one["score"] for one in run({"url": server.url}, *calls)["results"])
    assert min(threat, quoted) > 0.8
    assert max(harmless, asserted) < 0.5


def test_a_text_without_words_is_not_asked_about(run: Run) -> None:
    assert run({"url": "http://127.0.0.1:1"}, call("TOCSIN_RISK", " \n"))["results"][0]["score"] == 0


@pytest.mark.parametrize("end", ["", "/", "//", " "])
def test_an_address_may_end_in_a_slash(run: Run, server: Server, end: str) -> None:
    assert run({"url": server.url + end}, call("TOCSIN_RISK", THREAT))["results"][0]["score"] > 0.8


# Errors: thrown, as Coop's own signals throw theirs, with a message that says what to change


def refusal(said: Any) -> str:
    """The message of the one result, which must be an error that Coop can record."""
    [result] = said["results"]
    assert (result["type"], result["name"], result["isError"]) == ("ERROR", "TocsinError", True)
    return str(result["message"])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (None, "Tocsin's address is not set: fill in Address in the integration's settings."),
        ({}, "Tocsin's address is not set: fill in Address in the integration's settings."),
        ({"url": 7}, "Tocsin's address is not set: fill in Address in the integration's settings."),
        ({"url": "tocsin"}, "Tocsin's address can't be read: write it like http://tocsin:8080."),
        ({"url": "ftp://tocsin"}, "Tocsin's address must begin with http:// or https://."),
        ({"url": "http://me:pw@tocsin"}, "Tocsin's address takes no user, password, ? or #; a key goes into API key."),
        ({"url": "http://tocsin?key=1"}, "Tocsin's address takes no user, password, ? or #; a key goes into API key."),
        ({"url": "http://tocsin", "apiKey": "clé"}, "The API key holds characters that no key has: copy it again."),
    ],
    ids=repr,
)
def test_settings_that_cant_be_used_are_named(run: Run, settings: object, message: str) -> None:
    assert refusal(run(settings, call("TOCSIN_RISK", SECRET))) == message
    [disabled] = run(settings, {"signal": "TOCSIN_RISK", "method": "getDisabledInfo", "argument": "o"})["results"]
    assert disabled == {"disabled": True, "disabledMessage": message}


def test_a_signal_with_settings_is_enabled(run: Run) -> None:
    [said] = run({"url": "http://tocsin:8080"}, {"signal": "TOCSIN_THREAT", "method": "getDisabledInfo", "argument": "o"})["results"]
    assert said == {"disabled": False}


def test_an_address_where_nobody_answers(run: Run) -> None:
    message = refusal(run({"url": "http://127.0.0.1:1"}, call("TOCSIN_RISK", SECRET)))
    assert message.startswith("Tocsin can't be reached (")
    assert message.endswith("check Address in the integration's settings.")


def test_a_wrong_path_of_a_tocsin(run: Run, server: Server) -> None:
    message = refusal(run({"url": server.url + "/v1/score"}, call("TOCSIN_RISK", SECRET)))
    assert message == "Tocsin answered 404. There is nothing at this address. No such address. See /openapi.json for those there are."


@pytest.mark.parametrize("value", [None, {"orgId": "o"}, {"orgId": "o", "value": None}, {"orgId": "o", "value": {"value": {"url": "x"}}}])
def test_an_input_that_is_no_text(run: Run, value: object) -> None:
    said = run({"url": "http://127.0.0.1:1"}, {"signal": "TOCSIN_RISK", "argument": value})
    assert refusal(said) == "The input has to be a text of an organisation."


def test_a_text_in_another_language(run: Run, server: Server) -> None:
    message = refusal(run({"url": server.url}, call("TOCSIN_RISK", "Ich werde dich töten und dein Haus anzünden.")))
    assert message == "Tocsin reads English; this text is in another language (de)."


def test_keys(run: Run, tmp_path: Path) -> None:
    store = KeyStore(tmp_path / "keys.sqlite")
    key, few = store.create("coop"), store.create("few", per_day=1)
    guarded = start_server(tmp_path / "log", "--workers", "1", "--keys", str(store.path))
    try:
        asked = call("TOCSIN_RISK", THREAT)
        assert run({"url": guarded.url, "apiKey": key}, asked)["results"][0]["score"] > 0.8
        needed = "Tocsin answered 401. An API key is needed."
        assert refusal(run({"url": guarded.url, "apiKey": "tocsin_wrong"}, asked)) == f"{needed} There is no such API key."
        assert refusal(run({"url": guarded.url, "apiKey": ""}, asked)).startswith(needed)
        over = run({"url": guarded.url, "apiKey": few}, asked, call("TOCSIN_RISK", HARMLESS))["results"]
        assert over[0]["score"] > 0.8
        assert re.fullmatch(r"Tocsin answered 429\. .* Retry after \d+ s\.", over[1]["message"])
    finally:
        guarded.stop()


# What goes over the wire, against a server that is none


@dataclass
class Stranger:
    """A server that answers one thing to all, and what it was asked."""

    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: str = "{}"
    delay: float = 0
    seen: list[tuple[dict[str, str], Any]] = field(default_factory=list)
    leave: threading.Event = field(default_factory=threading.Event)
    url: str = ""


@pytest.fixture
def stranger() -> Iterator[Stranger]:
    told = Stranger()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.seen.append((dict(self.headers), json.loads(body)))
            told.leave.wait(told.delay)
            try:
                self.send_response(told.status)
                for name, value in {"Content-Length": str(len(told.body.encode())), **told.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(told.body.encode())
            except OSError:
                pass  # the plugin did not wait

        def log_message(self, *_: object) -> None: ...

    served = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=served.serve_forever, daemon=True).start()
    told.url = f"http://127.0.0.1:{served.server_port}"
    yield told
    told.leave.set()
    served.shutdown()
    served.server_close()


def test_a_key_is_sent_as_a_header_and_only_if_there_is_one(run: Run, stranger: Stranger, server: Server) -> None:
    stranger.body = json.dumps(native(server.url, THREAT))
    run({"url": stranger.url, "apiKey": " tocsin_k "}, call("TOCSIN_RISK", THREAT))
    run({"url": stranger.url}, call("TOCSIN_RISK", THREAT))
    (with_key, body), (without, _) = stranger.seen
    assert with_key["X-API-Key"] == "tocsin_k"
    assert "X-API-Key" not in without
    assert "Authorization" not in without
    assert body == {"text": THREAT, "spans": False}


def test_five_signals_are_one_request_and_a_failure_is_asked_again(run: Run, stranger: Stranger, server: Server) -> None:
    stranger.body = json.dumps(native(server.url, THREAT))
    run({"url": stranger.url}, *every(THREAT), *every(HARMLESS))
    assert [body["text"] for _, body in stranger.seen] == [THREAT, HARMLESS]
    stranger.status = 503
    run({"url": stranger.url}, *every(THREAT))
    assert len(stranger.seen) == 2 + len(SIGNALS)


ELSEWHERE = "check Address in the integration's settings."


@pytest.mark.parametrize(
    ("status", "headers", "body", "message"),
    [
        (200, {}, SECRET, f"The answer is not Tocsin's: {ELSEWHERE}"),
        (200, {}, "[1]", f"The answer is not Tocsin's: {ELSEWHERE}"),
        (200, {}, '{"risk": 1.5, "labels": {}}', f"The answer is not Tocsin's: {ELSEWHERE}"),
        (500, {}, SECRET, f"500 from an address that is not Tocsin's: {ELSEWHERE}"),
        (502, {"Content-Type": "text/html"}, f"<p>{SECRET}", f"502 from an address that is not Tocsin's: {ELSEWHERE}"),
        (503, {"Content-Type": "application/problem+json"}, SECRET, f"503 from an address that is not Tocsin's: {ELSEWHERE}"),
    ],
)
def test_an_answer_that_is_not_tocsins(run: Run, stranger: Stranger, status: int, headers: dict[str, str], body: str, message: str) -> None:
    stranger.status, stranger.headers, stranger.body = status, headers, body
    assert refusal(run({"url": stranger.url}, call("TOCSIN_RISK", SECRET))) == message


def test_a_redirection_is_not_followed(run: Run, stranger: Stranger, server: Server) -> None:
    stranger.status, stranger.headers = 307, {"Location": server.url + "/v1/score"}
    assert refusal(run({"url": stranger.url, "apiKey": "k"}, call("TOCSIN_RISK", THREAT))).startswith("Tocsin can't be reached (")


def test_a_server_that_does_not_answer_is_given_up(run: Run, stranger: Stranger) -> None:
    stranger.delay = 20
    assert refusal(run({"url": stranger.url}, call("TOCSIN_RISK", SECRET))) == "Tocsin did not answer within 5 s."


def test_no_error_holds_the_text_or_the_key(run: Run, stranger: Stranger) -> None:
    key = "tocsin_do_not_show"
    for status, body in ((200, SECRET), (400, SECRET), (500, json.dumps({"detail": SECRET}))):
        stranger.status, stranger.body = status, body
        message = refusal(run({"url": stranger.url, "apiKey": key}, call("TOCSIN_RISK", SECRET)))
        assert "Agnes" not in message
        assert key not in message
