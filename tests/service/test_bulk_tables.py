"""What a table's cells become, and what is said of a table that can't be read."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.conftest import HARMLESS

import tocsin_model
from tocsin_model import Classifier
from tocsin_service.bulk import chunks
from tocsin_service.cli import main


@pytest.fixture(autouse=True)
def loaded_once(classifier: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tocsin_model, "load", lambda _=None: classifier)


def run(*arguments: object) -> int:
    return main(["batch", *map(str, arguments), "--workers", "1"])


def parquet(path: Path, **columns: Any) -> Path:
    pq.write_table(pa.table({name: pa.array(*one) if isinstance(one, tuple) else one for name, one in columns.items()}), path)
    return path


IDS = [
    ("floats of pandas", ([7.0, None, 2.0**60], pa.float64()), [7, None, 2**60], [7.0, None, 2.0**60]),
    ("floats", ([0.5, float("nan"), float("inf")], pa.float64()), [0.5, None, None], [0.5, None, None]),
    ("truth values", ([True, False, None], pa.bool_()), [True, False, None], [True, False, None]),
    ("integers", ([1, 2, None], pa.int8()), [1, 2, None], [1, 2, None]),
    ("text", (["1", "", None], pa.string()), ["1", "", None], ["1", "", None]),
    ("lists", ([[1], [], None], pa.list_(pa.int8())), [None, None, None], [None, None, None]),
]


@pytest.mark.parametrize(("column", "wanted", "stored"), [case[1:] for case in IDS], ids=[case[0] for case in IDS])
def test_an_id_of_any_plain_kind_is_echoed(column: Any, wanted: list[Any], stored: list[Any], tmp_path: Path) -> None:
    source = parquet(tmp_path / "in.parquet", id=column, text=[HARMLESS, HARMLESS, " "])
    assert run(source, tmp_path / "out.jsonl") == 1
    found = [json.loads(line)["id"] for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert found == wanted and list(map(type, found)) == list(map(type, wanted))
    assert json.loads((tmp_path / "out.jsonl.rejects.jsonl").read_text())["id"] == wanted[2]
    assert run(source, tmp_path / "out.parquet") == 1
    assert pq.read_table(tmp_path / "out.parquet")["id"].to_pylist() == stored


def test_a_map_is_passed_through_as_pairs(tmp_path: Path) -> None:
    source = parquet(tmp_path / "in.parquet", text=[HARMLESS], tags=([[("a", 1), ("b", None)]], pa.map_(pa.string(), pa.int8())))
    assert run(source, tmp_path / "out.jsonl", "--keep", "tags") == 0
    assert json.loads((tmp_path / "out.jsonl").read_text())["tags"] == [["a", 1], ["b", None]]


@pytest.mark.parametrize("name", ["in.csv", "in.tsv", "in.parquet"])
def test_a_row_of_a_table_that_is_not_utf8_is_no_fault_of_json(name: str, tmp_path: Path) -> None:
    if name == "in.parquet":
        parquet(tmp_path / name, text=([b"ab", b"\xff"], pa.binary()))
    else:
        (tmp_path / name).write_bytes(b"text\nab\ncaf\xe9\n")
    assert run(tmp_path / name, tmp_path / "out.jsonl") == 1
    error = json.loads((tmp_path / "out.jsonl").read_text().splitlines()[1])["error"]
    assert (error["type"], error["detail"]) == ("/problems/invalid-value", "The row is not UTF-8; convert the file.")
    assert json.loads((tmp_path / "out.jsonl.rejects.jsonl").read_text())["type"] == "invalid-value"


def many(path: Path) -> None:
    parquet(path, **{f"c{number}": [1] for number in range(12)})


UNREADABLE = [
    ("in.parquet", lambda path: path.write_bytes(b"text\nfine\n"), "in.parquet: is not Parquet, or is cut off or damaged"),
    ("in.parquet", lambda path: path.write_bytes(b""), "in.parquet: is not Parquet, or is cut off or damaged"),
    (
        "in.parquet",
        many,
        "no column 'text' (there are 'c0', 'c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7', 'c8', 'c9' and 2 more); name another",
    ),
    ("in.csv", lambda path: path.write_bytes(b"\xef\xbb\xbf"), "in.csv: the file is empty; a CSV file begins with a header"),
    ("in.tsv", lambda path: path.write_bytes(b""), "in.tsv: the file is empty; a TSV file begins with a header"),
    ("in.csv", lambda path: path.write_bytes(b"a secret, and another\n"), "no column 'text' among the 2 of the first line; name another"),
]


@pytest.mark.parametrize(("name", "put", "message"), UNREADABLE)
def test_what_is_wrong_with_a_table(name: str, put: Any, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(tmp_path / name)
    assert run(tmp_path / name, tmp_path / "out.jsonl") == 2
    errors = capsys.readouterr().err
    assert message in errors
    assert "secret" not in errors


ROWS = [{"id": 1, "text": HARMLESS, "community": "quay"}, {"id": 2, "text": HARMLESS}, {"text": HARMLESS, "key": None}]
NAMED = [
    ("--group-by", "comunity", True),
    ("--keep", "comunity", True),
    ("--id-column", "kye", True),
    ("--group-by", "community", False),
    ("--keep", "community", False),
    ("--id-column", "key", False),
    ("--id-column", "id", False),
]


@pytest.mark.parametrize(("option", "column", "said"), NAMED)
def test_a_column_that_no_row_has_is_said(
    option: str, column: str, said: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(chunks, "ROWS", 1)
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    assert run(tmp_path / "in.jsonl", tmp_path / "out.jsonl", option, column) == 0
    assert (f"no row has '{column}', which {option} names" in capsys.readouterr().err) is said
    assert run(tmp_path / "in.jsonl", tmp_path / "out.jsonl") == 0
    assert "no row has" not in capsys.readouterr().err


def test_an_id_column_that_a_table_lacks_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in.csv").write_text("text,id\nfine,1\n")
    assert run(tmp_path / "in.csv", tmp_path / "out.jsonl", "--id-column", "kye") == 0
    assert "no row has 'kye', which --id-column names" in capsys.readouterr().err
