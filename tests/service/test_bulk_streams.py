"""Standard error closed, broken or full changes nothing of a run; a reader of standard output that has seen enough ends it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import HARMLESS, ROOT

import tocsin_model
from tocsin_model import Classifier
from tocsin_service.cli import main

ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in ("model", "service", "training"))}
COMMAND = [sys.executable, "-m", "tocsin_service.cli"]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.jsonl"
    path.write_text("{}\n" * 30 + json.dumps({"text": HARMLESS}) + "\n")
    return path


def unread() -> int:
    """The end of a pipe that nobody reads."""
    reader, writer = os.pipe()
    os.close(reader)
    return writer


def status(errors: str, *arguments: str) -> int:
    """The exit status of a command whose standard error is closed, full, or read by nobody."""
    shell = ["sh", "-c", {"closed": 'exec "$@" 2>&-', "full": 'exec "$@" 2>/dev/full', "unread": 'exec "$@"'}[errors], "sh"]
    if errors != "unread":
        return subprocess.run([*shell, *COMMAND, *arguments], stdout=subprocess.DEVNULL, env=ENVIRONMENT).returncode
    writer = unread()
    try:
        return subprocess.run([*COMMAND, *arguments], stdout=subprocess.DEVNULL, stderr=writer, env=ENVIRONMENT).returncode
    finally:
        os.close(writer)


@pytest.mark.parametrize("errors", ["closed", "full", "unread"])
def test_a_run_does_not_need_standard_error(errors: str, source: Path, tmp_path: Path) -> None:
    assert status(errors, "batch", str(source), str(tmp_path / "out.jsonl"), "--workers", "2") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl", "out.jsonl.rejects.jsonl"]
    assert len((tmp_path / "out.jsonl").read_text().splitlines()) == 31
    assert status(errors, "batch", str(source), str(tmp_path / "nowhere" / "out.jsonl")) == 2


def test_the_message_of_an_error_is_never_the_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    assert main(["batch", str(tmp_path / "none.jsonl"), "-"]) == 2
    assert capsys.readouterr().out == ""


def test_a_reader_that_has_seen_enough_ends_the_run(source: Path) -> None:
    writer = unread()
    done = subprocess.run([*COMMAND, "batch", str(source), "-"], stdout=writer, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
    os.close(writer)
    assert done.returncode == 0
    assert "Traceback" not in done.stderr and "Exception" not in done.stderr


def test_a_broken_pipe_that_is_named_is_an_error(
    source: Path, tmp_path: Path, classifier: Classifier, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tocsin_model, "load", lambda _=None: classifier)
    writer = unread()
    assert main(["batch", str(source), f"/proc/self/fd/{writer}", "--workers", "1"]) == 2
    os.close(writer)
    assert "can't be written: " in capsys.readouterr().err
