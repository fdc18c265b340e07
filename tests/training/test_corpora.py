"""Loaders of the public corpora, on small files of the same shape, and the label mapping."""

import csv
import json
import os
from pathlib import Path

import pytest

from tocsin_training import corpora
from tocsin_training.catalogue import CATALOGUE, verify
from tocsin_training.corpora import INCITEMENT, NEGATIVE, THREAT, VIOLENT


def table(path: Path, rows: list[dict[str, object]], delimiter: str = ",") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as out:
        sheet = csv.DictWriter(out, list(rows[0]), delimiter=delimiter)
        sheet.writeheader()
        sheet.writerows(rows)


def known(folder: Path, name: str) -> dict[str, tuple[int | None, ...]]:
    return {found.text: (found.risk, found.threat, found.incitement, found.glorification) for found in corpora.load(folder, [name])}


def test_jigsaw(tmp_path: Path) -> None:
    table(
        tmp_path / "jigsaw_sample" / "toxic_comments.csv",
        [
            {"comment_text": "i kill you", "toxic": 1, "threat": 1},
            {"comment_text": "nice edit", "toxic": 0, "threat": 0},
            {"comment_text": "you fool", "toxic": 1, "threat": 0},
            {"comment_text": "go die fool", "toxic": 1, "threat": 0},
        ],
    )
    # What a corpus calls toxic and not a threat may still be glorification: where it could be, it is not learned from.
    assert known(tmp_path, "jigsaw_sample") == {"i kill you": THREAT, "nice edit": NEGATIVE, "you fool": NEGATIVE}


def test_gab(tmp_path: Path) -> None:
    table(tmp_path / "gab_hate_corpus" / "ghc_train.tsv", [{"text": "hang them", "cv": 1}, {"text": "fine", "cv": 0}], "\t")
    assert known(tmp_path, "gab_hate_corpus") == {"hang them": INCITEMENT}


def test_edos(tmp_path: Path) -> None:
    rows = [
        {"text": "someone should kill her", "label_vector": "1.2 incitement and encouragement of harm"},
        {"text": "someone should fire her", "label_vector": "1.1 threats of harm"},
        {"text": "hello there", "label_vector": "none"},
    ]
    table(tmp_path / "edos" / "edos_labelled_train_dev.csv", rows)
    assert known(tmp_path, "edos") == {"someone should kill her": VIOLENT, "hello there": NEGATIVE}


def test_a_text_of_two_corpora_is_read_once(tmp_path: Path) -> None:
    table(tmp_path / "jigsaw_sample" / "toxic_comments.csv", [{"comment_text": "Kill you!", "toxic": 1, "threat": 1}])
    table(tmp_path / "gab_hate_corpus" / "ghc_train.tsv", [{"text": "kill YOU", "cv": 1}], "\t")
    assert [found.source for found in corpora.load(tmp_path, ["jigsaw_sample", "gab_hate_corpus"])] == ["jigsaw_sample"]


def test_threat_spans_keep_their_ranges(tmp_path: Path) -> None:
    folder = tmp_path / "toxic_spans"
    folder.mkdir()
    row = {"text": "ok. I kill you", "n_threat_annotators": 2, "spans_per_annotator": [[[4, 14]]]}
    (folder / "threat_spans.jsonl").write_text(json.dumps(row) + "\n")
    for name in ("tsd_train.csv", "tsd_trial.csv"):
        table(folder / name, [{"text": f"good day {name}"}])
    first, *rest = corpora.load(tmp_path, ["toxic_spans"])
    assert (first.risk, first.marked) == (1, ((4, 14),))
    assert [found.risk for found in rest] == [0, 0]


def test_a_corpus_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="edos"):
        corpora.load(tmp_path, ["edos"])


def test_every_corpus_has_its_licence_and_pins() -> None:
    for entry in CATALOGUE.values():
        assert entry.licence and entry.cite and entry.home and entry.files
        assert all(len(file.sha256) == 64 and file.size > 0 for file in entry.files)
    assert set(corpora.LOADERS) <= set(CATALOGUE)


@pytest.mark.skipif("TOCSIN_DATA" not in os.environ, reason="TOCSIN_DATA names no folder of public corpora")
def test_the_real_corpora_are_as_pinned_and_load() -> None:
    folder = Path(os.environ["TOCSIN_DATA"])
    assert verify(folder) == []
    assert len(corpora.load(folder, ["edos", "jigsaw_sample"])) > 10_000
