"""``--top`` keeps no more than it may write, and little of that."""

import json
from pathlib import Path

import pytest
from tests.conftest import HARMLESS, QUOTED, THREAT

import tocsin_model
from tocsin_model import Classifier
from tocsin_service.bulk import answers, checkpoint, chunks, formats, run, work
from tocsin_service.bulk.answers import Level, Writer
from tocsin_service.bulk.checkpoint import State
from tocsin_service.bulk.chunks import Chunk
from tocsin_service.bulk.rows import Columns
from tocsin_service.bulk.work import Best, Job, keep
from tocsin_service.cli import main

TEXTS = (THREAT, HARMLESS, QUOTED, THREAT)


@pytest.fixture(autouse=True)
def loaded_once(classifier: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tocsin_model, "load", lambda _=None: classifier)


def chunk(texts: tuple[str, ...], bar: tuple[float, int] | None) -> Chunk:
    lines = tuple(json.dumps({"text": text}).encode() for text in texts)
    return Chunk(0, 100, 0, tuple(range(len(lines))), lines, 0, "", bar)


def best(texts: tuple[str, ...], top: int, bar: tuple[float, int] | None, classifier: Classifier) -> list[Best]:
    job = Job((), Columns(), Writer(formats.of("out.jsonl"), Level.ALL), top=top)
    return sorted(work.work(chunk(texts, bar), job, classifier).best, reverse=True)


def test_a_worker_gives_back_only_what_can_be_written(classifier: Classifier) -> None:
    every = best(TEXTS, 10, None, classifier)
    assert [-one.order[1] for one in every] == [102, 100, 103, 101]  # of the same risk the first row first
    assert best(TEXTS, 2, None, classifier) == every[:2]
    for place, one in enumerate(every):
        assert best(TEXTS, 10, one.order, classifier) == every[:place]


def test_a_candidate_is_packed(classifier: Classifier) -> None:
    [one] = best((f"{THREAT} {QUOTED} " * 200,), 1, None, classifier)
    assert json.loads(one.line)["risk"] == one.order[0]
    assert 5 * len(one.answer) < len(one.line)


def test_what_is_behind_the_bar_is_not_rendered(classifier: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "cut", None)
    assert best(TEXTS, 2, (1.0, 0), classifier) == []


def test_the_checkpoint_keeps_the_candidates(tmp_path: Path) -> None:
    heap: list[Best] = []
    for number in range(50):
        keep(heap, Best.of((number * 7 % 50 / 50, -number), {"id": number, "text": "é\ud800"}), 20)
    state = State(chunks=3, top=heap)
    checkpoint.save(tmp_path / "c", {}, [], state)
    assert checkpoint.load(tmp_path / "c", {}, []) == state
    assert sorted(one.order[0] for one in heap) == [number / 50 for number in range(30, 50)]


def test_long_rows_are_written_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "BYTES", 100)
    monkeypatch.setattr(run, "ROWS", 3)
    lines = [b"x" * size for size in (10, 10, 10, 95, 10, 200, 1)]
    assert [list(map(len, batch)) for batch in run._batches(lines)] == [[10, 10, 10], [95, 10], [200], [1]]


class Clock:
    """Seconds that pass when told to."""

    now = 0.0

    def monotonic(self) -> float:
        return self.now


def test_no_more_than_a_tenth_of_the_time_is_spent_on_checkpoints(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, saves, take = Clock(), [], run._Outcome.take

    def save(*_: object) -> None:
        clock.now += 5
        saves.append(clock.now)

    def passing(self: run._Outcome, done: work.Done) -> None:
        clock.now += 1
        take(self, done)

    monkeypatch.setattr(chunks, "ROWS", 1)
    monkeypatch.setattr(run, "time", clock)
    monkeypatch.setattr(checkpoint, "save", save)
    monkeypatch.setattr(run._Outcome, "take", passing)
    (tmp_path / "in.jsonl").write_text((json.dumps({"text": HARMLESS}) + "\n") * 200)
    assert main(["batch", str(tmp_path / "in.jsonl"), str(tmp_path / "out.jsonl"), "--workers", "1"]) == 0
    assert len(saves) == 5  # after the first second, then each fifty, and at the end
