"""docs/client.md is run as it stands, but for the address: every block alone, its output compared with what the service says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.conftest import ROOT, start_server

DOCUMENT = (ROOT / "docs" / "client.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)
ADDRESS = "http://127.0.0.1:8080"
THREAT, HARMLESS = "“I will burn your house down,” he told her.", "See you at the match on Sunday."
RUN = {
    "sh": ("bash", "-euo", "pipefail", "-c"),
    "python": (sys.executable, "-W", "error", "-c"),
    "js": ("node", "--input-type=module", "--eval"),
}
NEEDS = {"sh": ("bash", "curl", "gzip"), "python": (), "js": ("node",)}
Ask = Callable[..., Any]


@dataclass(frozen=True)
class Keeping:
    """A server that keeps corrections in a file."""

    url: str
    corrections: Path


@pytest.fixture(scope="module")
def keeping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keeping]:
    folder = tmp_path_factory.mktemp("examples")
    started = start_server(folder / "log", "--workers", "1", "--feedback", str(folder / "feedback.jsonl"))
    yield Keeping(started.url, folder / "feedback.jsonl")
    started.stop()


@pytest.fixture
def ask(keeping: Keeping) -> Ask:
    def score(text: str, **options: object) -> Any:
        return requests.post(keeping.url + "/v1/score", json={"text": text, **options}, timeout=10).json()

    return score


def one(ask: Ask) -> Any:
    return ask(THREAT)


def batch(ask: Ask) -> Any:
    return {"results": [ask(THREAT, id=1), ask(HARMLESS, id=2)]}


def client(ask: Ask) -> str:
    said = ask(THREAT)
    spans = [f"{span['label']} {span['voice']} {span['speaker']} {span['text']}" for span in said["spans"]]
    return "\n".join([f"{said['band']} {said['risk']} {said['asserted_risk']}", *spans])


def many(ask: Ask) -> str:
    return f"c-1 {ask(THREAT)['risk']}\nc-2 {ask(' ')['detail']}"


def asynchronous(ask: Ask) -> str:
    return f"{ask(THREAT)['risk']} {ask(HARMLESS)['risk']}\n{ask(HARMLESS)['risk']}"


def errors(ask: Ask) -> str:
    return f"422 /problems/invalid-value offsets {ask(HARMLESS, offsets='words')['detail']}"


def plain(ask: Ask) -> str:
    said = ask(THREAT)
    return f"{said['band']} {said['risk']} {[span['text'] for span in said['spans']]}"


def javascript(ask: Ask) -> str:
    said = ask("🔥🔥 " + THREAT)
    risk = str(said["risk"]).removesuffix(".0")  # as JavaScript writes 1.0
    return "\n".join([f"{said['band']} {risk}", *(f"{span['label']} {span['voice']} {span['text']}" for span in said["spans"])])


EXPECTED = [one, batch, client, many, asynchronous, errors, plain, javascript]  # in the order of the document


def test_every_block_is_here() -> None:
    assert len(BLOCKS) == len(EXPECTED)
    assert {language for language, _ in BLOCKS} == set(RUN)


def run(language: str, source: str, url: str) -> str:
    """What a block prints; it must end well and complain of nothing."""
    missing = [program for program in NEEDS[language] if shutil.which(program) is None]
    if missing:
        pytest.skip(f"{missing[0]} is not installed")
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "service"), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [*RUN[language], source.replace(ADDRESS, url)], capture_output=True, encoding="utf-8", env=environment, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.parametrize(
    ("language", "source", "expected"),
    [(*block, said) for block, said in zip(BLOCKS, EXPECTED, strict=False)],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_an_example_does_what_it_says(keeping: Keeping, ask: Ask, language: str, source: str, expected: Callable[[Ask], Any]) -> None:
    printed, says = run(language, source, keeping.url), expected(ask)
    assert (printed.rstrip("\n") if isinstance(says, str) else json.loads(printed)) == says


def test_the_threat_of_the_examples_is_found(ask: Ask) -> None:
    said = ask(THREAT)
    assert said["band"] != "low"
    assert said["spans"][0]["voice"] == "quoted"


def test_the_correction_of_the_example_is_kept(keeping: Keeping) -> None:
    [block] = [block for block in BLOCKS if "client.feedback" in block[1]]
    keeping.corrections.unlink(missing_ok=True)
    run(*block, keeping.url)
    [line] = keeping.corrections.read_text().splitlines()
    assert json.loads(line)["comment"] == "football"
