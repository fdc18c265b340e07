"""Files of every format read and written; bad rows named by line, and none lost with them."""

import csv
import gzip
import io
import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import HARMLESS, QUOTED, THREAT

import tocsin_model
from tocsin_model import Classifier
from tocsin_service.bulk import formats, inputs, readers, rows, sheets
from tocsin_service.bulk.formats import Format, Kind, Packing
from tocsin_service.bulk.rows import Broken, Columns, Row
from tocsin_service.cli import main
from tocsin_service.requests import Offsets
from tocsin_service.settings import Settings

COLUMNS = ("id", "text", "community")
ROWS: list[dict[str, Any]] = [
    {"id": "a", "text": THREAT, "community": "quay"},
    {"id": "b", "text": HARMLESS + "\nA second line, with a comma\tand a tab.", "community": "élan"},
    {"id": "c", "text": QUOTED, "community": ""},
]


def run(*arguments: object) -> int:
    return main([*map(str, arguments), "--workers", "1"])


@pytest.fixture(autouse=True)
def loaded_once(classifier: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tocsin_model, "load", lambda _=None: classifier)


def write(path: Path, records: Sequence[dict[str, Any]]) -> Path:
    """A real file, made by others' code where there is some."""
    form = formats.of(path.name)
    if form.kind is Kind.PARQUET:
        pq.write_table(pa.Table.from_pylist(list(records)), path, row_group_size=2)
        return path
    text = io.StringIO(newline="")
    if form.kind is Kind.JSONL:
        text.write("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records))
    else:
        sheet = csv.DictWriter(text, records[0].keys(), delimiter="\t" if form.kind is Kind.TSV else ",")
        sheet.writeheader()
        sheet.writerows(records)
    data = text.getvalue().encode()
    if form.packing is Packing.GZIP:
        data = gzip.compress(data)
    elif form.packing is Packing.ZSTD:
        data = pa.compress(data, codec="zstd", asbytes=True)
    path.write_bytes(data)
    return path


def read(path: Path) -> list[dict[str, Any]]:
    """The rows of an output; of a table, the spans decoded."""
    form = formats.of(path.name)
    if form.kind is Kind.PARQUET:
        found: list[dict[str, Any]] = pq.read_table(path).to_pylist()
        return found
    if form.packing is Packing.NONE:
        data = path.read_bytes()
    elif form.packing is Packing.GZIP:
        data = gzip.decompress(path.read_bytes())
    else:
        with pa.input_stream(str(path), compression="zstd") as stream:
            data = stream.read()
    if form.kind is Kind.JSONL:
        return [json.loads(line) for line in data.splitlines()]
    sheet = csv.DictReader(io.StringIO(data.decode(), newline=""), delimiter="\t" if form.kind is Kind.TSV else ",")
    return [row | {"spans": json.loads(row["spans"] or "null")} for row in sheet]


NAMES = ("jsonl", "ndjson", "csv", "tsv", "parquet", "jsonl.gz", "csv.gz", "tsv.gz", "jsonl.zst", "csv.zst", "tsv.zst")


@pytest.mark.parametrize("name", NAMES)
def test_every_format_is_read(name: str, tmp_path: Path) -> None:
    assert run("batch", write(tmp_path / f"in.{name}", ROWS), tmp_path / "out.jsonl", "--keep", "community") == 0
    answers = read(tmp_path / "out.jsonl")
    assert [(answer["id"], answer["community"]) for answer in answers] == [(row["id"], row["community"]) for row in ROWS]
    assert [answer["band"] for answer in answers[:2]] == ["high", "low"]
    assert answers[2]["spans"][0]["text"] in QUOTED


@pytest.mark.parametrize("name", NAMES)
def test_every_format_is_written(name: str, tmp_path: Path) -> None:
    source = write(tmp_path / "in.jsonl", [*ROWS, {"id": 7, "text": " ", "community": "quay"}])
    assert run("batch", source, tmp_path / "plain.jsonl", "--keep", "community") == 1
    assert run("batch", source, tmp_path / f"out.{name}", "--keep", "community") == 1
    wanted, found = read(tmp_path / "plain.jsonl"), read(tmp_path / f"out.{name}")
    if formats.of(f"out.{name}").kind is Kind.JSONL:
        assert found == wanted
        return
    assert [str(row["id"]) for row in found] == ["a", "b", "c", "7"]
    assert [row["community"] for row in found] == ["quay", "élan", "", "quay"]
    for one, two in zip(found[:3], wanted, strict=False):
        assert float(one["risk"]) == two["risk"]
        assert float(one["glorification"]) == two["labels"]["glorification"]
        assert (one["spans"], one["band"], one["language"], one["model"]) == (two["spans"], two["band"], "en", two["model"]["digest"])
        assert not one["error"]
    assert "empty" in found[3]["error"]
    assert not found[3]["band"]


@pytest.mark.parametrize("name", ["jsonl.gz", "csv.zst"])
def test_packed_output_opens_with_the_usual_tools(name: str, tmp_path: Path) -> None:
    write(tmp_path / "in.jsonl", ROWS * 400)
    assert run("batch", tmp_path / "in.jsonl", tmp_path / f"out.{name}") == 0
    tool = {"gz": "gzip", "zst": "zstd"}[name.rpartition(".")[2]]
    try:
        plain = subprocess.run([tool, "-dc", tmp_path / f"out.{name}"], capture_output=True, check=True).stdout
    except FileNotFoundError:
        pytest.skip(f"{tool} is not installed")
    assert len(plain.splitlines()) == 1200 + name.startswith("csv")


def test_parquet_keeps_types(tmp_path: Path) -> None:
    table = pa.table(
        {
            "text": pa.array([THREAT, HARMLESS]).dictionary_encode(),
            "id": pa.array([1, 2], pa.int32()),
            "votes": pa.array([2**63, None], pa.uint64()),
            "share": pa.array([float("nan"), 0.5], pa.float32()),
            "seen": pa.array([True, None]),
            "at": pa.array([1_700_000_000_000_000_001, 0], pa.timestamp("ns")),
            "tags": pa.array([["x"], []]),
        }
    )
    pq.write_table(table, tmp_path / "in.parquet")
    keep = [part for name in ("votes", "share", "seen", "at", "tags") for part in ("--keep", name)]
    assert run("batch", tmp_path / "in.parquet", tmp_path / "out.parquet", *keep) == 0
    first, second = read(tmp_path / "out.parquet")
    assert [first[name] for name in ("id", "votes", "share", "seen")] == [1, 2**63, None, True]
    assert [second[name] for name in ("id", "votes", "share", "seen")] == [2, None, 0.5, None]
    assert first["at"].startswith("2023-11-14 22:13:20")
    assert json.loads(first["tags"]) == ["x"]


def test_a_passage_in_parquet_may_be_bytes(tmp_path: Path) -> None:
    spoilt = pa.StringArray.from_buffers(3, pa.array([0, 2, 3, 3], pa.int32()).buffers()[1], pa.py_buffer(b"ab\xff"))
    for column in (spoilt, pa.array([b"ab", b"\xff", b""]), pa.array([b"ab", b"\xff", None], pa.large_binary())):
        pq.write_table(pa.table({"text": column}), tmp_path / "in.parquet")
        assert run("batch", tmp_path / "in.parquet", tmp_path / "out.jsonl") == 1
        answers = read(tmp_path / "out.jsonl")
        assert ["error" in answer for answer in answers] == [False, True, True]
        assert "UTF-8" in answers[1]["error"]["detail"]


def test_files_globs_and_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "more" / "deep").mkdir(parents=True)
    (tmp_path / "more" / "README").write_text("not read")
    for number, name in enumerate(["b.jsonl", "a.csv", "more/z.parquet", "more/deep/y.tsv.gz"]):
        write(tmp_path / name, [{"id": f"{number}{row}", "text": HARMLESS} for row in range(2)])
    assert run("batch", "b.jsonl", "a.*", "more", "out.jsonl") == 0
    assert [answer["id"] for answer in read(tmp_path / "out.jsonl")] == ["00", "01", "10", "11", "30", "31", "20", "21"]


def test_a_pipe_is_jsonl(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    feeder = threading.Thread(target=lambda: (tmp_path / "pipe").write_text(json.dumps(ROWS[0]) + "\n"))
    feeder.start()
    assert run("batch", tmp_path / "pipe", tmp_path / "out.jsonl") == 0
    feeder.join()
    assert read(tmp_path / "out.jsonl")[0]["id"] == "a"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.jsonl", "pipe"]


def test_standard_streams(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    data = b"\xef\xbb\xbf" + json.dumps(ROWS[0]).encode() + b"\r\n\n{broken\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
    assert run("batch", "-", "-") == 1
    captured = capsys.readouterr()
    first, second = map(json.loads, captured.out.splitlines())
    assert (first["id"], first["band"], second["id"]) == ("a", "high", None)
    assert "line 3: The row stops being JSON at column 2" in captured.err


def parsed(path: Path, columns: Columns | None = None) -> list[Row]:
    """The rows of a file, not scored."""
    columns = columns or Columns()
    [source] = inputs.find([str(path)])
    return [rows.parse(line, record, columns, Offsets.CODEPOINT, Settings()) for line, record, _ in readers.records(source, columns)]


def texts(found: list[Row]) -> list[str | None]:
    return [row.request.text if row.request else None for row in found]


CSV_DAMAGE = [
    ("stray quotation mark", b'1,"he said "no"",x\n2,good,x\n', [None, "good"], [2, 3]),
    ("unclosed to the end", b'1,good,x\n2,"open,x\n3,fine,x\n4,fair,x\n', ["good", None, "fine", "fair"], [2, 3, 4, 5]),
    ("too many fields", b"1,a,b,c\n2,good,x\n", [None, "good"], [2, 3]),
    ("too few fields", b"1\n2,good,x\n", [None, "good"], [2, 3]),
    ("not UTF-8", b"1,caf\xe9,x\n2,good,x\n", [None, "good"], [2, 3]),
    ("not UTF-8 elsewhere", b"1,good,\xff\n", [None], [2]),
    ("blank lines and old line ends", b"1,one,x\r\r2,two,x\r", ["one", "two"], [2, 4]),
    ("a null character", b"1,a\x00b,x\n", ["a\x00b"], [2]),
    ("quoted lines", b'1,"a\nb\n",x\n2,good,x\n', ["a\nb\n", "good"], [2, 5]),
    ("no end of line", b"1,good,x", ["good"], [2]),
]


@pytest.mark.parametrize(("data", "wanted", "lines"), [case[1:] for case in CSV_DAMAGE], ids=[case[0] for case in CSV_DAMAGE])
def test_a_broken_csv_row_costs_itself(data: bytes, wanted: list[str | None], lines: list[int], tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_bytes(b"\xef\xbb\xbfid,text,more\n" + data)
    found = parsed(tmp_path / "in.csv", Columns(keep=("more",)))
    assert texts(found) == wanted
    assert [row.line for row in found] == lines


def test_a_row_that_is_too_long_is_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "LONGEST", 1000)
    monkeypatch.setattr(sheets, "LONGEST", 1000)
    long, row = b'{"text": "' + b"x" * 5000 + b'"}\n', b'{"text": "good"}\n'
    (tmp_path / "in.jsonl").write_bytes(row + long + row + long[:-1])
    assert texts(parsed(tmp_path / "in.jsonl")) == ["good", None, "good", None]
    lines = [b"text,more", b"good,1", b"x" * 5000, b"fine,1", b'"never closed,1', *[b"fair,1"] * 300, b"y" * 5000, b"last,1"]
    (tmp_path / "in.csv").write_bytes(b"\n".join(lines))
    found = parsed(tmp_path / "in.csv")
    assert texts(found) == ["good", None, "fine", None, *["fair"] * 300, None, "last"]
    assert [row.line for row in found] == list(range(2, len(lines) + 1))
    assert found[1].problem is not None and found[1].problem.type.slug == "too-large"


LINES = [
    (b'{"text": 5}', "must be a string, not a number"),
    (b'{"text": null}', "not null"),
    (b'{"id": "x"}', "--text-column"),
    (b"[]", "The row must be a JSON object"),
    (b'{"text": "a", "text": "b"}', "same key twice"),
    (b'{"text": "' + b"a" * 1_000_001 + b'"}', "1000001 characters"),
    (b'{"text": "\xff"}', "not UTF-8"),
    (b"[" * 100_000, "nested too deeply"),
]


@pytest.mark.parametrize(("line", "reason"), LINES, ids=[reason for _, reason in LINES])
def test_a_broken_line_says_why(line: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / "in.jsonl").write_bytes(b'{"text": "good"}\n' + line + b'\n{"text": "good"}')
    found = parsed(tmp_path / "in.jsonl")
    assert texts(found) == ["good", None, "good"]
    assert found[1].problem is not None and reason in found[1].problem.detail


WORDS = st.text(st.characters(blacklist_categories=["Cs"]), min_size=1, max_size=30)
CELLS = st.lists(st.fixed_dictionaries({"id": WORDS, "text": WORDS, "community": WORDS}), min_size=1, max_size=8)


@given(CELLS, st.sampled_from([name for name in NAMES if name not in ("ndjson",)]))
def test_any_text_is_read_as_it_was_written(tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, str]], name: str) -> None:
    path = write(tmp_path_factory.mktemp("any") / f"in.{name}", records)
    found = parsed(path, Columns(keep=("community",)))
    assert texts(found) == [record["text"] if record["text"].strip() else None for record in records]
    assert [(row.id, row.kept) for row in found] == [(record["id"], {"community": record["community"]}) for record in records]


@given(st.lists(st.binary(max_size=40)))
def test_every_line_is_one_row_whatever_it_holds(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]) -> None:
    path = tmp_path_factory.mktemp("lines") / "in.jsonl"
    path.write_bytes(b"\n".join(lines))
    there = [
        number
        for number, line in enumerate(path.read_bytes().split(b"\n"), 1)
        if line.removeprefix(b"\xef\xbb\xbf" * (number == 1)).strip()
    ]
    assert [row.line for row in parsed(path)] == there


@given(st.lists(st.sampled_from(['"', '""', ",", "\n", "\r\n", "a", "b c", "é", "\udcff"])))
def test_no_csv_stops_the_reader(tmp_path_factory: pytest.TempPathFactory, pieces: list[str]) -> None:
    path = tmp_path_factory.mktemp("csv") / "in.csv"
    path.write_bytes(b"id,text\n" + "".join(pieces).encode("utf-8", "surrogateescape") + b"\nlast,good\n")
    found = parsed(path)
    assert [row.line for row in found] == sorted({row.line for row in found})
    assert found[-1].request is not None and found[-1].request.text == "good"


@given(st.binary(max_size=200), st.sampled_from(["csv", "tsv", "csv.gz", "jsonl.zst", "parquet"]))
def test_no_file_ends_in_another_error(tmp_path_factory: pytest.TempPathFactory, data: bytes, name: str) -> None:
    path = tmp_path_factory.mktemp("bytes") / f"in.{name}"
    path.write_bytes(b"text,id\n" + data if name in ("csv", "tsv") else data)
    try:
        parsed(path)
    except ValueError as error:
        assert str(path) in str(error)


@pytest.mark.parametrize("name", ["jsonl.gz", "jsonl.zst", "parquet"])
def test_a_damaged_file_is_a_clear_error(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write(tmp_path / f"in.{name}", ROWS * 500)
    path.write_bytes(path.read_bytes()[:-20])
    assert run("batch", path, tmp_path / "out.jsonl") == 2
    assert f"in.{name}: " in capsys.readouterr().err
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("a.JSONL", Format(Kind.JSONL)),
        ("a.b.csv.GZ", Format(Kind.CSV, Packing.GZIP)),
        ("a.parquet", Format(Kind.PARQUET)),
        ("a.parquet.gz", None),
        ("a.gz", None),
        ("a", None),
        (".csv", None),
        ("a.json", None),
    ],
)
def test_the_extension_names_the_format(name: str, wanted: Format | None) -> None:
    if wanted is None:
        with pytest.raises(ValueError, match=r"extension|inside"):
            formats.of(name)
    else:
        assert formats.of(name) == wanted


def test_without_pyarrow_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    for name in ("in.parquet", "in.csv.zst"):
        with pytest.raises(ValueError, match=r"pip install 'tocsin\[parquet\]'"):
            formats.of(name)
    assert formats.of("in.csv.gz") == Format(Kind.CSV, Packing.GZIP)


def test_a_broken_record_has_no_cells() -> None:
    row = rows.parse(3, Broken("invalid-value", "why"), Columns(keep=("x",)), Offsets.CODEPOINT, Settings())
    assert (row.line, row.id, row.kept, row.request) == (3, None, {"x": None}, None)
