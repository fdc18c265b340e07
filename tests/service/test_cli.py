"""The command: score, batch, model; exit statuses; nothing on a terminal that drives it."""

import csv
import io
import json
import sys
from pathlib import Path

import pytest
from tests.conftest import HARMLESS, QUOTED, THREAT

from tocsin_service.cli import main


def run(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


@pytest.fixture
def passage(tmp_path: Path) -> Path:
    path = tmp_path / "passage.txt"
    path.write_text(QUOTED, encoding="utf-8")
    return path


def test_score_marks_spans_and_names_speakers(passage: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("score", passage) == 0
    out = capsys.readouterr().out
    assert "⟦" in out
    assert "quoted, Commander Idder Ag Moussa" in out
    assert "\x1b" not in out


def test_score_colours_when_told_to(passage: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("score", passage, "--color", "always") == 0
    assert "\x1b[1;97;41m" in capsys.readouterr().out


def test_score_prints_the_wire_format(passage: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("score", "--json", "--offsets", "utf16", passage) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["offsets"] == "utf16"
    assert answer["spans"][0]["voice"] == "quoted"


def test_score_reads_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(HARMLESS.encode())))
    assert run("score") == 0
    assert "LOW" in capsys.readouterr().out


def test_score_goes_on_after_a_bad_file(tmp_path: Path, passage: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "latin").write_bytes(b"caf\xe9")
    (tmp_path / "empty").write_bytes(b"")
    assert run("score", tmp_path / "latin", tmp_path / "empty", tmp_path / "none", passage) == 1
    captured = capsys.readouterr()
    assert "not UTF-8" in captured.err and "text is empty" in captured.err and "No such file" in captured.err
    assert "quoted" in captured.out


def test_a_passage_does_not_drive_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "evil").write_text("\x1b[2J\x07 I will kill you \x9b31m said \x1b]0;x\x07", encoding="utf-8")
    assert run("score", tmp_path / "evil") == 0
    out = capsys.readouterr().out
    assert "\x1b" not in out and "\x07" not in out and "\x9b" not in out


ROWS = [{"id": "a", "text": THREAT}, {"id": 2, "text": HARMLESS, "more": [1]}, {"text": QUOTED}]


def test_batch_answers_in_order(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text("\n".join(map(json.dumps, ROWS * 400)) + "\n", encoding="utf-8")
    assert run("batch", tmp_path / "in.jsonl", tmp_path / "out.jsonl") == 0
    answers = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [answer["id"] for answer in answers] == ["a", 2, None] * 400
    assert [answer["band"] for answer in answers[:2]] == ["high", "low"]


def test_batch_lists_bad_rows_and_loses_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = [
        json.dumps(ROWS[0]).encode(),
        b"{broken",
        b'{"id": "b"}',
        b'{"text": 5}',
        b"\xff",
        b"",
        b'{"text": NaN}',
        json.dumps(ROWS[1]).encode(),
    ]
    (tmp_path / "in.jsonl").write_bytes(b"\n".join(lines))
    assert run("batch", tmp_path / "in.jsonl", tmp_path / "out.jsonl") == 1
    answers = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert [("error" in answer) for answer in answers] == [False, True, True, True, True, True, False]
    assert answers[2]["id"] == "b"
    errors = capsys.readouterr().err
    for number in (2, 3, 4, 5, 7):
        assert f"line {number}:" in errors
    assert "2 scored, 5 failed" in errors


def test_batch_reads_and_writes_csv(tmp_path: Path) -> None:
    with (tmp_path / "in.csv").open("w", encoding="utf-8", newline="") as out:
        csv.writer(out).writerows([["key", "body"], ["a", THREAT + "\nand, a second line"], ["b", ""], ["c", HARMLESS]])
    assert run("batch", tmp_path / "in.csv", tmp_path / "out.csv", "--text-column", "body", "--id-column", "key") == 1
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as lines:
        answers = list(csv.DictReader(lines))
    assert [(answer["id"], answer["band"]) for answer in answers] == [("a", "high"), ("b", ""), ("c", "low")]
    assert json.loads(answers[0]["spans"])[0]["label"] == "threat"
    assert "empty" in answers[1]["error"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["batch", "in.xlsx", "out.jsonl"], "extension"),
        (["batch", "nowhere.jsonl", "out.jsonl"], "No such file"),
        (["batch", "in.csv", "out.csv"], "--text-column"),
        (["batch", "in.csv", "in.csv"], "the same file"),
        (["model", "."], r"holds no manifest\.json"),
    ],
)
def test_usage_errors(
    arguments: list[str], message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in.csv").write_text("a,b\n1,2\n")
    assert run(*arguments) == 2
    import re

    assert re.search(message, capsys.readouterr().err)


def test_the_model_is_shown_and_checked(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("model") == 0
    assert "files match the manifest" in capsys.readouterr().out
    assert run("model", "--json") == 0
    assert json.loads(capsys.readouterr().out)["digest"].startswith("sha256:")


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["score", "--color", "sometimes"]])
def test_unknown_usage_exits_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2


@pytest.mark.parametrize("command", ["score", "batch", "serve", "model", "train", "evaluate", "data"])
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    assert "usage: tocsin" in capsys.readouterr().out
