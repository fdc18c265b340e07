"""docs/intake.md is run as it stands, but for the address and the names of files; what it says of files and digests is looked up."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.conftest import ROOT, THREAT, Server, start_server
from tests.contract.test_examples import run
from tocsin_service.cli import main

DOCUMENT = (ROOT / "docs" / "intake.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w*)\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def queue(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Path]]:
    """A server with the queue beside its log, and where that is."""
    folder = tmp_path_factory.mktemp("intake")
    started = start_server(folder / "log", "--workers", "2", "--store", "perspective")
    yield started, folder / "log.db"
    started.stop()


def block(part: str) -> tuple[str, str]:
    [found] = [found for found in BLOCKS if part in found[1]]
    return found[0], found[1]


def shown(server: Server, ref: str) -> Any:
    return requests.get(f"{server.url}/v1/items/{ref}", timeout=10).json()


def test_the_examples_in_order(queue: tuple[Server, Path]) -> None:
    """Sent, stored with a score, read, and erased."""
    server, _ = queue
    sent = json.loads(run(*block('"id": "c-1"'), server.url))
    assert (sent["id"], sent["status"], sent["why"]) == ("c-1", "queued", ["Elevated risk"])
    stored = json.loads(run(*block('"id": "c-2"'), server.url))
    assert (stored["stored"], stored["band"]) == ("queued", "high")
    read = json.loads(run(*block("curl -s http://127.0.0.1:8080/v1/items/c-1\n"), server.url))
    assert (read["status"], read["risk"], read["erased"]) == ("waiting", sent["risk"], None)
    assert run(*block("import requests"), server.url) == "forum/3 queued\nforum/4 items[1].link\nwaiting None\n"
    assert run(*block("-X DELETE"), server.url) == ""
    assert shown(server, "c-1")["erased"] is not None


def test_the_import(queue: tuple[Server, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server, path = queue
    monkeypatch.chdir(tmp_path)
    Path("comments.csv").write_text(f"id,body,user\nf-1,{THREAT},u-1\nf-2,,u-1\n", encoding="utf-8")
    _, command = block("tocsin reviews import")
    assert main([*command.split()[1:], "--database", f"sqlite:///{path}"]) == 1
    assert shown(server, "f-1")["status"] == "waiting"


def test_every_block_is_run() -> None:
    assert len(BLOCKS) == 6


def test_a_comment_of_perspective_is_found_by_its_digest(queue: tuple[Server, Path]) -> None:
    """Once the answer is on its way: soon, but not at once."""
    server, _ = queue
    body = {"comment": {"text": THREAT}, "requestedAttributes": {"THREAT": {}}, "clientToken": "t"}
    assert requests.post(server.url + "/v1alpha1/comments:analyze", json=body, timeout=10).status_code == 200
    ref = "perspective:" + hashlib.sha256("\0".join(["t", "", THREAT]).encode()).hexdigest()[:32]
    assert any(shown(server, ref)["status"] == "waiting" for _ in range(500))
