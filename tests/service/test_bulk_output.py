"""What is written: the same as Classifier.score, whatever the workers and chunks; less of it on demand; nothing else anywhere."""

import json
import os
import re
import signal
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from tests.conftest import HARMLESS, QUOTED, THREAT

import tocsin_model
from tocsin_model import Classifier, Label
from tocsin_service import requests, responses
from tocsin_service.bulk import chunks, formats, summary, work, workers
from tocsin_service.bulk.inputs import Input
from tocsin_service.bulk.progress import Screen
from tocsin_service.bulk.summary import MOST_GROUPS, OTHER_GROUPS, Passage, Summary, riskiest
from tocsin_service.cli import main
from tocsin_service.requests import Offsets, ScoreRequest

TEXTS = [THREAT, HARMLESS, QUOTED, "👍 " + THREAT, "\ud800 " + THREAT, "Shoot them all!", "ok", THREAT + " " + HARMLESS * 20]
SECRET = "<script>alert('zzyzx')</script>"


def run(*arguments: object) -> int:
    return main([*map(str, arguments), *([] if "--workers" in arguments else ["--workers", "1"])])


@pytest.fixture(autouse=True)
def loaded_once(classifier: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tocsin_model.load
    monkeypatch.setattr(tocsin_model, "load", lambda path=None: classifier if path is None else own(path))


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.jsonl"
    path.write_text(
        "".join(json.dumps({"id": number, "text": TEXTS[number % len(TEXTS)] + "!" * (number % 3)}) + "\n" for number in range(120))
    )
    return path


@pytest.mark.parametrize("offsets", Offsets)
@pytest.mark.parametrize(("count", "rows", "size"), [(1, 512, 1 << 20), (1, 1, 1), (3, 7, 1 << 20), (2, 512, 900)])
def test_the_answers_are_the_classifiers(
    count: int, rows: int, size: int, offsets: Offsets, source: Path, classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chunks, "ROWS", rows)
    monkeypatch.setattr(chunks, "BYTES", size)
    out = source.with_name("out.jsonl")
    assert run("batch", source, out, "--workers", count, "--offsets", offsets) == 0
    wanted = []
    for item in lines(source):
        asked = ScoreRequest(item["text"], item["id"], offsets=offsets)
        wanted.append(json.dumps(responses.render(classifier.score([asked.text])[0], asked, classifier.info)))
    assert out.read_text().splitlines() == wanted


@pytest.mark.parametrize(
    ("columns", "fields"),
    [
        ("scores", ["id", "more", "risk", "asserted_risk", "band", "labels"]),
        ("spans", ["id", "more", "risk", "asserted_risk", "band", "labels", "spans"]),
        ("all", ["id", "more", "model", "risk", "asserted_risk", "band", "labels", "spans", "sentences", "language", "offsets"]),
    ],
)
def test_columns_choose_what_is_written(columns: str, fields: list[str], tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text(json.dumps({"text": THREAT, "more": {"deep": [1]}}) + "\n{}\n")
    assert run("batch", tmp_path / "in.jsonl", tmp_path / "out.jsonl", "--columns", columns, "--keep", "more") == 1
    first, second = lines(tmp_path / "out.jsonl")
    assert list(first) == fields
    assert first["more"] == {"deep": [1]}
    assert list(second) == ["id", "more", "error"]
    tables = {"scores": 0, "spans": 1, "all": 3}
    assert run("batch", tmp_path / "in.jsonl", tmp_path / "out.csv", "--columns", columns, "--keep", "more") == 1
    header, row, *_ = (tmp_path / "out.csv").read_text().splitlines()
    wanted = ["id", "more", "risk", "asserted_risk", "band", *Label, *["spans", "language", "model"][: tables[columns]], "error"]
    assert header.split(",") == wanted
    assert '"{""deep"": [1]}"' in row


def test_min_risk_writes_no_other_row(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with source.open("a") as more:
        more.write("{broken\n")
    every, some = source.with_name("every.jsonl"), source.with_name("some.jsonl")
    assert run("batch", source, every) == 1
    assert run("batch", source, some, "--min-risk", "0.5") == 1
    wanted = [answer for answer in lines(every) if "error" not in answer and answer["risk"] >= 0.5]
    assert lines(some) == wanted
    assert 0 < len(wanted) < 120
    assert f"120 scored, 1 failed, {len(wanted)} written" in capsys.readouterr().err
    [reject] = lines(source.with_name("some.jsonl.rejects.jsonl"))
    assert (reject["file"], reject["line"], reject["id"], reject["type"]) == (str(source), 121, None, "malformed-json")


@pytest.mark.parametrize("count", [1, 40, 1000])
@pytest.mark.parametrize("processes", [1, 2])
def test_top_writes_the_riskiest_first(count: int, processes: int, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(chunks, "ROWS", 16)
    every, top = source.with_name("every.jsonl"), source.with_name("top.jsonl")
    assert run("batch", source, every) == 0
    assert run("batch", source, top, "--top", count, "--workers", processes) == 0
    assert lines(top) == sorted(lines(every), key=lambda answer: -answer["risk"])[:count]


def test_old_rejects_do_not_stay(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": ""}\n')
    assert run("batch", tmp_path / "in.jsonl", tmp_path / "out.jsonl") == 1
    assert (tmp_path / "out.jsonl.rejects.jsonl").exists()
    (tmp_path / "in.jsonl").write_text('{"text": "fine"}\n')
    assert run("batch", tmp_path / "in.jsonl", tmp_path / "out.jsonl") == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl", "out.jsonl"]


def test_many_rejects_are_listed_in_the_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in.jsonl").write_text("{}\n" * 100)
    assert run("batch", tmp_path / "in.jsonl", tmp_path / "out.jsonl", "--rejects", tmp_path / "bad.jsonl") == 1
    errors = capsys.readouterr().err
    assert "line 20:" in errors and "line 21:" not in errors and "bad.jsonl" in errors
    assert [reject["line"] for reject in lines(tmp_path / "bad.jsonl")] == list(range(1, 101))
    assert run("batch", tmp_path / "in.jsonl", "-") == 1
    assert "line 100:" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["jsonl", "csv", "parquet"])
def test_no_rows_make_a_file_without_rows(name: str, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text("\n\n")
    assert run("batch", tmp_path / "in.jsonl", tmp_path / f"out.{name}", "--report", tmp_path / "r.html") == 0
    assert (tmp_path / f"out.{name}").exists()
    assert "No passage was scored" in (tmp_path / "r.html").read_text()


USAGE = [
    ("in.jsonl in.jsonl", "same file"),
    ("in.jsonl link.jsonl", "same file"),
    (". out.jsonl --rejects in.jsonl", "same file"),
    ("in.jsonl ./in.jsonl out.jsonl", "given twice"),
    ("in.jsonl - out.jsonl", "standard input"),
    ("in.jsonl in.csv twice.csv", "the last is the output"),
    ("in.jsonl nowhere/out.jsonl", "there is no folder"),
    ("in.jsonl folder", "is a folder"),
    ("folder out.jsonl", "holds no"),
    ("*.tsv out.jsonl", "no file matches"),
    ("in.jsonl out.jsonl --min-risk 1.5", "between 0 and 1"),
    ("in.jsonl out.jsonl --min-risk nan", "between 0 and 1"),
    ("in.jsonl out.jsonl --top 0", "--top takes"),
    ("in.jsonl out.jsonl --top 10001", "--min-risk"),
    ("in.jsonl out.jsonl --workers -1", "--workers"),
    ("in.jsonl out.jsonl --keep risk", "rename"),
    ("in.jsonl out.jsonl --group-by text", "--group-by"),
    ("in.jsonl out.jsonl --report out.jsonl", "different files"),
    ("in.jsonl - --resume", "--resume"),
    ("- out.jsonl --resume", "--resume"),
    ("in.jsonl pipe.parquet", "written to files only"),
    ("in.csv out.jsonl", "no column 'text' among .*; name another with --text-column"),
    ("in.csv out.jsonl --text-column a --keep c", "--keep"),
    ("in.csv out.jsonl --text-column a --group-by c", "--group-by"),
    ("twice.csv out.jsonl", "two columns"),
    ("empty.csv out.jsonl", "is empty"),
    ("in.jsonl out.jsonl --model folder", "manifest"),
]


@pytest.mark.parametrize(("arguments", "message"), USAGE, ids=[arguments for arguments, _ in USAGE])
def test_what_does_not_fit_is_refused(
    arguments: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    before = {"in.jsonl": '{"text": "fine"}\n', "in.csv": "a,b\n1,2\n", "twice.csv": "text,text\n1,2\n", "empty.csv": ""}
    for name, text in before.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe.parquet")
    (tmp_path / "link.jsonl").symlink_to("in.jsonl")
    if "." in arguments.split():
        (tmp_path / "link.jsonl").unlink()
        (tmp_path / "pipe.parquet").unlink()
    assert run("batch", *arguments.split()) == 2
    assert re.search(message, capsys.readouterr().err)
    assert {name: (tmp_path / name).read_text() for name in before} == before
    assert not (tmp_path / "out.jsonl").exists()


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": "fine"}\n')
    (tmp_path / "real.jsonl").write_text("old")
    (tmp_path / "link.jsonl").symlink_to("real.jsonl")
    assert run("batch", tmp_path / "in.jsonl", tmp_path / "link.jsonl") == 0
    assert (tmp_path / "link.jsonl").is_symlink()
    assert len(lines(tmp_path / "real.jsonl")) == 1


class Page(HTMLParser):
    """What a browser would make of a report."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.aside = False  # in words for screen readers
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.said: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.aside = tag == "span" and ("class", "sr") in attrs

    def handle_endtag(self, tag: str) -> None:
        self.aside = False

    def handle_data(self, data: str) -> None:
        if not self.aside:
            self.said.append(data)


def test_the_report_counts_and_escapes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    evil = f'{SECRET}" onmouseover="x I will kill you, </p></style> & "{QUOTED}'
    community = f"{SECRET}\x1b[2J"
    records = [{"id": SECRET, "text": evil, "community": community}, {"text": HARMLESS, "community": "quay"}, {"text": THREAT}]
    (tmp_path / "in<b>.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records * 2) + '{"text": 1}\n')
    monkeypatch.chdir(tmp_path)
    assert run("batch", "in<b>.jsonl", "out.jsonl", "--report", "r.html", "--group-by", "community") == 1
    errors = capsys.readouterr().err
    assert "\x1b" not in errors and "2         2         0  " in errors  # the group's counts
    html = (tmp_path / "r.html").read_text()
    page = Page(html)
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"script", "b>", "img", "link", "iframe", "object", "form", "a"}
    assert not [name for _, attributes in page.tags for name in attributes if name.startswith("on") or name in ("src", "href", "style")]
    assert "default-src 'none'" in str(page.tags)
    words = "".join(page.said)
    assert evil in words
    assert "6 passages scored, 1 rows failed" in words and "in<b>.jsonl line 1, id <script>" in words
    assert html.count("<article>") == 3  # each passage once
    assert community in words and "(none)" in words
    assert any(tag == "mark" and "threat" in (attributes["class"] or "") for tag, attributes in page.tags)


def test_the_report_shows_a_long_passage_around_its_worst_span(tmp_path: Path) -> None:
    text = "The nurses voted. " * 2000 + THREAT + " The nurses voted." * 2000
    (tmp_path / "in.jsonl").write_text(json.dumps({"text": text}) + "\n")
    assert run("batch", tmp_path / "in.jsonl", tmp_path / "out.jsonl", "--report", tmp_path / "r.html") == 0
    html = (tmp_path / "r.html").read_text()
    assert len(html) < 40_000
    words = "".join(Page(html).said)
    assert THREAT.rstrip(".") in words and "…" in words


def test_the_passage_stays_out_of_messages(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [b'{"text": "zzyzx"}', b'{"text": "zzyzx', b'{"text": ["zzyzx"]}', b'{"zzyzx": "zzyzx"}', b'"zzyzx"', b'{"text": "zzyzx\xff"}']
    (tmp_path / "in.jsonl").write_bytes(b"\n".join(rows))
    (tmp_path / "in.csv").write_bytes(b'id,text\nzzyzx\n1,"zzyzx"zzyzx\n1,zzyzx,zzyzx\n1,"zzyzx')
    for name in ("in.jsonl", "in.csv"):
        assert run("batch", tmp_path / name, tmp_path / "out.jsonl", "--group-by", "id") == 1
    (tmp_path / "no-header.csv").write_bytes(b"zzyzx,zzyzx zzyzx\n")
    assert run("batch", tmp_path / "no-header.csv", tmp_path / "out.jsonl") == 2
    assert "zzyzx" not in (tmp_path / "out.jsonl.rejects.jsonl").read_text()

    def broken(*_: object) -> None:
        raise RuntimeError("zzyzx")

    monkeypatch.setattr(requests, "decode", broken)
    for count in (1, 2):
        assert run("batch", tmp_path / "in.jsonl", tmp_path / "out.jsonl", "--workers", count) == 2
        errors = capsys.readouterr().err
        assert "zzyzx" not in errors and "RuntimeError at" in errors


def test_a_killed_worker_is_an_error_and_not_a_hang(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in.jsonl").write_text('{"text": "fine"}\n' * 50)
    monkeypatch.setattr(chunks, "ROWS", 5)
    monkeypatch.setattr(work.rows, "parse", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    assert run("batch", tmp_path / "in.jsonl", tmp_path / "out.jsonl", "--workers", 2) == 2
    assert "a worker ended by signal 9" in capsys.readouterr().err


def test_workers_wait_for_a_slow_one_and_keep_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(chunk: chunks.Chunk) -> work.Done:
        signal.pause() if chunk.number < 0 else None
        if chunk.number == 0:
            import time

            time.sleep(0.3)
        return work.Done(chunk.number, 0, 0, "", b"", (), (), Summary())

    given: list[int] = []

    def source() -> Any:
        for number in range(200):
            given.append(number)
            yield chunks.Chunk(number, number, 0, (1,), (b"",), 0, "")

    with workers.Workers(4, slow) as pool:
        found = pool.run(source())
        assert next(found).number == 0
        assert len(given) <= 4 * 4 + 1  # the others didn't run away from the slow one
        assert [done.number for done in found] == list(range(1, 200))


class Terminal:
    """Standard error that says it is a terminal."""

    def __init__(self) -> None:
        self.written = ""

    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.written += text
        return len(text)

    def flush(self) -> None:
        """Nothing is held back."""


def test_the_bar_shows_rate_and_time_left() -> None:
    now = [0.0]
    terminal = Terminal()
    screen = Screen(terminal, 1000, True, lambda: now[0])  # type: ignore[arg-type]
    screen.skipped(50, 200)
    now[0] = 10.0
    screen.show(150, 400)
    assert terminal.written.endswith("[##########..............]  40%  150 rows  10/s  0:30 left")
    now[0] = 10.05
    screen.show(160, 410)
    assert "160" not in terminal.written  # too soon to draw again
    now[0] = 4000.0
    screen.show(170, 300)
    assert terminal.written.endswith("30%  170 rows  0/s  7:46:40 left")
    screen.say("done")
    assert terminal.written.endswith("\r\x1b[Ktocsin: done\n")


def test_the_bar_is_for_terminals_only(source: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("batch", source, source.with_name("out.jsonl")) == 0
    assert "\r" not in capsys.readouterr().err
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    assert run("batch", source, source.with_name("out.jsonl")) == 0
    assert "100%" in terminal.written


def passage(number: int, risk: float, text: str) -> Passage:
    return Passage(risk, number, "", "low", {}, ((text, "", "", False),))


def test_of_the_same_words_the_first_is_shown() -> None:
    found = riskiest([passage(3, 0.9, "a"), passage(1, 0.9, "a"), passage(2, 0.5, "b"), passage(0, 0.9, "c"), passage(4, 0.1, "d")], 3)
    assert [(one.number, one.text) for one in found] == [(0, "c"), (1, "a"), (2, "b")]


def test_groups_beyond_the_most_share_one(classifier: Classifier) -> None:
    counted = Summary()
    [result] = classifier.score([THREAT])
    for number in range(MOST_GROUPS + 5):
        counted.group(str(number)).count(result, classifier.thresholds)
    assert len(counted.groups) == MOST_GROUPS + 1
    assert counted.groups[OTHER_GROUPS].rows == 5
    assert summary.printed(counted, "community", 1.0)[-1] == f"and {MOST_GROUPS + 1 - 10} more; --report lists them"
    assert Summary.restored(json.loads(json.dumps(counted.stored()))) == counted


def test_an_input_knows_what_its_rows_are_numbered_by() -> None:
    assert Input("a", formats.of("a.parquet")).unit == "row"
    assert Input("a", formats.of("a.csv")).unit == "line"
