"""Rows of files become items; rows that can't are listed, and cost nobody else."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from sqlalchemy import select

from tests.conftest import HARMLESS, QUOTED, THREAT
from tocsin_model import Classifier, Result
from tocsin_service.reviews import audit, imports
from tocsin_service.reviews.database import Database
from tocsin_service.reviews.imports import ImportReport
from tocsin_service.reviews.models import Item

Run = Callable[..., ImportReport]
FIELDS = ("ref", "text", "author", "community", "link", "written", "context", "details", "source", "received")


def now() -> float:
    return 1_700_000_000.0


@pytest.fixture
def run(database: Database, classifier: Classifier) -> Run:
    return lambda path, **options: imports.run(database, classifier, now, path, **options)


def stored(database: Database) -> dict[str, dict[str, Any]]:
    with database.read() as session:
        return {item.ref: {name: getattr(item, name) for name in FIELDS} for item in session.scalars(select(Item))}


def written(path: Path, text: str) -> Path:
    data = text.encode("utf-8", "surrogateescape")
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def lines(*values: object) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


CSV = f"""id,text,author,community,time,link,context,likes
1,{THREAT},u-1,forum,2026-03-01T12:00:00Z,https://example.org/1,before,7
2,{HARMLESS},,,,,,
3,"{QUOTED}",,,1700000000.5,,,
"""
FIRST = {
    "ref": "1",
    "text": THREAT,
    "author": "u-1",
    "community": "forum",
    "link": "https://example.org/1",
    "written": 1_772_366_400.0,
    "context": [{"author": None, "text": "before"}],
    "details": {},
    "source": "import",
    "received": now(),
}
THIRD = {"ref": "3", "text": QUOTED, "written": 1_700_000_000.5, "context": [], "details": {}, "source": "import", "received": now()}


@pytest.mark.parametrize("name", ["a.csv", "a.csv.gz", "a.tsv"])
def test_a_table_becomes_items(database: Database, run: Run, tmp_path: Path, name: str) -> None:
    text = CSV if "csv" in name else "".join("\t".join(row) + "\n" for row in csv.reader(CSV.splitlines()))
    assert run(written(tmp_path / name, text)) == ImportReport(queued=2, not_queued=1)
    assert stored(database) == {"1": FIRST, "3": THIRD | dict.fromkeys(("author", "community", "link"))}


def test_a_parquet_file_becomes_items(database: Database, run: Run, tmp_path: Path) -> None:
    columns = {"id": [1, 3], "text": [THREAT, QUOTED], "author": ["u-1", None], "metadata": [{"reports": 2}, None], "time": [1, 1.5]}
    parquet.write_table(pa.table(columns), tmp_path / "a.parquet")
    assert run(tmp_path / "a.parquet") == ImportReport(queued=2)
    found = stored(database)
    assert [(item["author"], item["details"], item["written"]) for item in found.values()] == [
        ("u-1", {"reports": 2}, 1.0),
        (None, {}, 1.5),
    ]


def test_lines_are_as_in_the_body_of_a_request(database: Database, run: Run, tmp_path: Path) -> None:
    """What else they hold is left out."""
    full = {
        "id": 1,
        "text": THREAT,
        "author": "u-1",
        "community": 7,
        "time": "2026-03-01T12:00:00Z",
        "link": "https://example.org/1",
        "context": [{"author": "u-2", "text": "before"}, "and"],
        "metadata": {"reports": 2},
        "likes": [1],
    }
    report = run(written(tmp_path / "a.jsonl", lines(full, {"id": "h", "text": HARMLESS, "always": True}, {"id": "n", "text": HARMLESS})))
    assert report == ImportReport(queued=2, not_queued=1)
    found = stored(database)
    context = [{"author": "u-2", "text": "before"}, {"author": None, "text": "and"}]
    assert found["1"] == FIRST | {"community": "7", "context": context, "details": {"reports": 2}}
    assert list(found) == ["1", "h"]


def test_columns_may_have_other_names(database: Database, run: Run, tmp_path: Path) -> None:
    text = CSV.replace("id,text,author,community,time,link", "Key,Body,User,Group,At,Where", 1)
    names = {"id": "Key", "text": "Body", "author": "User", "community": "Group", "time": "At", "link": "Where"}
    report = run(written(tmp_path / "a.csv", text), **{f"{name}_column": column for name, column in names.items()})
    assert (report.queued, stored(database)["1"]) == (2, FIRST)


def test_a_column_can_be_left_out(database: Database, run: Run, tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", f"id,text,author,time\n1,{THREAT},u-1,noon\n")
    assert run(path, time_column="", author_column="").queued == 1
    assert stored(database)["1"]["author"] is None


@pytest.mark.parametrize("options", [{"author_column": "user"}, {"time_column": "at"}, {"text_column": "body"}])
def test_a_column_that_is_named_must_be_there(database: Database, run: Run, tmp_path: Path, options: dict[str, str]) -> None:
    [(option, column)] = options.items()
    with pytest.raises(ValueError, match=f"no column '{column}'.*--{option.replace('_', '-')}"):
        run(written(tmp_path / "a.csv", CSV), **options)
    assert stored(database) == {}


def test_the_same_file_again_brings_nothing(database: Database, run: Run, tmp_path: Path) -> None:
    """Also where the rows have no ids; the same words of another author are another item."""
    path = written(tmp_path / "a.csv", f'text,author\n{THREAT},u-1\n{THREAT},u-2\n{THREAT},u-1\n"{QUOTED}",\n')
    assert run(path) == ImportReport(queued=3, known=1)
    before = stored(database)
    assert run(path) == ImportReport(known=4)
    assert stored(database) == before


@pytest.mark.parametrize(
    ("name", "row", "reason"),
    [
        ("a.csv", "1,,u", "text is empty"),
        ("a.csv", "1,a", "2 fields"),
        ("a.csv", "1,a\0b,u", "text: The character at offset 1 is a NUL"),
        ("a.csv", "1,caf\udce9,u", "not UTF-8"),
        ("a.csv", f"1,a,{'u' * 201}", "author: It has 201 characters"),
        ("a.csv", f"{'1' * 201},a,u", "id: id has 201 characters"),
        ("a.jsonl", "{", "stops being JSON"),
        ("a.jsonl", "[1]", "must be a JSON object"),
        ("a.jsonl", '{"id": 1.5, "text": "a"}', "id: id must be a string"),
        ("a.jsonl", '{"id": 1, "text": 2}', "text must be a string"),
        ("a.jsonl", '{"id": 1}', "There is no 'text'"),
        ("a.jsonl", '{"id": 1, "text": "a\\ud83d"}', "offset 1 is half of a UTF-16 pair"),
        ("a.jsonl", '{"id": 1, "text": "a", "link": "javascript:alert(1)"}', "link: A link is"),
        ("a.jsonl", '{"id": 1, "text": "a", "time": "noon"}', "time: A time is"),
        ("a.jsonl", '{"id": 1, "text": "a", "context": [{"text": 1}]}', "context[0].text: "),
        ("a.jsonl", '{"id": 1, "text": "a", "metadata": [1]}', "metadata: "),
    ],
)
def test_a_row_that_cannot_be_stored_is_listed_and_the_others_go_in(
    database: Database, run: Run, tmp_path: Path, name: str, row: str, reason: str
) -> None:
    good = f"g,{THREAT},u" if name == "a.csv" else json.dumps({"id": "g", "text": THREAT})
    head = "id,text,author\n" if name == "a.csv" else ""
    report = run(written(tmp_path / name, f"{head}{row}\n{good}\n"))
    assert (report.queued, list(stored(database))) == (1, ["g"])
    [(line, said)] = report.rejected
    assert line == (2 if head else 1)
    assert reason in said


def test_what_was_read_before_a_failure_stays(
    database: Database, classifier: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five hundred rows at a time; the run done again goes on behind them."""
    path = written(tmp_path / "a.jsonl", lines(*({"id": number, "text": THREAT} for number in range(1_100))))
    score, calls = Classifier.score, []

    def fails_late(self: Classifier, texts: list[str]) -> list[Result]:
        calls.append(len(texts))
        if len(calls) == 3:
            raise RuntimeError
        return score(self, texts)

    monkeypatch.setattr(Classifier, "score", fails_late)
    with pytest.raises(RuntimeError):
        imports.run(database, classifier, now, path)
    assert (calls, len(stored(database))) == ([500, 500, 100], 1_000)
    assert imports.run(database, classifier, now, path) == ImportReport(queued=100, known=1_000)


def test_all_is_queued_where_asked(database: Database, run: Run, tmp_path: Path) -> None:
    assert run(written(tmp_path / "a.csv", CSV), always=True).queued == 3
    assert "2" in stored(database)


def test_an_import_is_in_the_audit_log(database: Database, run: Run, tmp_path: Path) -> None:
    run(written(tmp_path / "a.csv", CSV + "4,,,,,,,\n"))
    with database.read() as session:
        [event] = audit.export(session)
    assert event.pop("id") == 1
    counts = {"queued": 2, "not_queued": 1, "known": 0, "rejected": 1}
    assert event == {"at": now(), "actor": "command line", "action": "imported", "item": None, **counts}


@pytest.mark.parametrize(("name", "why"), [("none.csv", "No such file"), ("a.txt", "extension"), ("", "is a folder")])
def test_a_file_that_cannot_be_read_is_named(run: Run, tmp_path: Path, name: str, why: str) -> None:
    (tmp_path / "a.txt").touch()
    with pytest.raises(ValueError, match=why):
        run(tmp_path / name)


KEPT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=60)


@given(texts=st.lists(KEPT.filter(str.strip), min_size=1, max_size=5, unique=True))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl"])
def test_any_text_is_stored_exactly(database: Database, run: Run, tmp_path: Path, name: str, texts: list[str]) -> None:
    with (tmp_path / name).open("w", encoding="utf-8", newline="") as out:
        if name == "a.csv":
            csv.writer(out).writerows([["text"], *([text] for text in texts)])
        else:
            out.writelines(json.dumps({"text": text}) + "\n" for text in texts)
    run(tmp_path / name, always=True)
    assert set(texts) <= {item["text"] for item in stored(database).values()}
