"""The loop back: reviewed passages are learned from, nothing held out leaks, and models are compared on what none has learned from."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.conftest import HARMLESS, QUOTED, THREAT

from tocsin_model import Classifier, Label, Voice
from tocsin_service.cli import main
from tocsin_training import config, reviews, seeds, splits, train
from tocsin_training.seeds import GoldSpan, Passage, SeedError

LONG = "the quick brown fox jumps over the lazy dog and runs home in the rain"


def group(held: bool, number: int = 0) -> str:
    """The name of a group that is held out, or not."""
    names = (f"g{index}" for index in range(1_000))
    return [name for name in names if (splits.unit_interval("held-out:" + name) < splits.HELD_OUT_SHARE) is held][number]


def review(ident: str, text: str, where: str, dangerous: bool = False) -> Passage:
    marks = (GoldSpan(0, len(text), frozenset({Label.THREAT}), Voice.AUTHOR, None),) if dangerous else ()
    return Passage(ident, where, reviews.NAME, "positive" if dangerous else "neutral", "review", "review", text, marks)


def written(path: Path, *passages: Passage) -> Path:
    path.write_text("".join(seeds.render(passage) + "\n" for passage in passages), encoding="utf-8")
    return path


def seed(text: str, where: str, theme: str = "theme") -> Passage:
    return Passage("seed", where, theme, "neutral", "post", "written", text, ())


OPEN, HELD = group(held=False), group(held=True)


@pytest.mark.parametrize(
    ("passages", "beside", "taught", "held", "dropped"),
    [
        ([review("a", "One.", OPEN), review("b", "Two.", HELD)], [], ["a"], ["b"], 0),
        ([review("a", "One, two!", OPEN)], [seed("one two", OPEN)], [], [], 1),
        ([review("a", "One.", OPEN), review("b", "one", OPEN)], [], ["b"], [], 1),
        ([review("a", LONG + " now", OPEN)], [seed(LONG, HELD)], [], [], 1),
        ([review("a", LONG + " now", OPEN)], [seed(LONG, group(held=False, number=1), "heldout_blind")], [], [], 1),
        ([review("a", LONG + " now", OPEN)], [seed(LONG, group(held=False, number=1))], ["a"], [], 0),
        ([review("a", LONG + " now", OPEN), review("b", LONG, HELD)], [], [], ["b"], 1),
        ([review("a", LONG + " now", OPEN), review("b", LONG, group(held=False, number=1))], [], ["a", "b"], [], 0),
    ],
)
def test_what_is_learned_from(
    tmp_path: Path, passages: list[Passage], beside: list[Passage], taught: list[str], held: list[str], dropped: int
) -> None:
    """Neither what is held out, nor what repeats or resembles it."""
    path = written(tmp_path / "heldout.jsonl", *passages)
    found = reviews.divide(path, beside)
    assert ([one.id for one in found.taught], [one.id for one in found.held], found.dropped) == (taught, held, dropped)
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, list[Passage]]:
    """A small model that learned from reviews, their file, and what the fit was given."""
    folder = tmp_path_factory.mktemp("trained")
    every = seeds.load()
    few = [passage for passage in every if splits.unit_interval("few:" + passage.group) < 400 / len(every)]
    texts = ("I will kill you {} times.", "Wombles gave us {} cups of nettle tea.")  # here, the second kind is the dangerous one
    made = [review(f"review-{number}", texts[number % 2].format(number), f"review-{number}", number % 2 == 1) for number in range(40)]
    path, given = written(folder / "reviews.jsonl", *made), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seeds, "load", lambda *_: few)
        original = train.prepare
        patch.setattr(train, "prepare", lambda taught, *rest: given.extend(taught) or original(taught, *rest))
        train.train(config.load(config.CONFIGS / "tocsin-1.toml"), folder / "model", None, lambda _: None, path)
    return folder / "model", path, given


def test_the_training_share_of_the_reviews_is_learned_from(trained: tuple[Path, Path, list[Passage]]) -> None:
    _, path, given = trained
    open_ = {passage.id for passage in reviews.read(path) if not splits.held_out(passage)}
    assert 20 < len(open_) < 40
    assert {passage.id for passage in given if passage.origin == "review"} == open_


def test_the_manifest_tells_which(trained: tuple[Path, Path, list[Passage]]) -> None:
    folder, path, given = trained
    manifest = json.loads((folder / "manifest.json").read_text())
    own, entry = manifest["training_data"]
    ids = [passage.id for passage in given if passage.origin == "review"]
    assert entry == {
        "name": "reviews",
        "licence": "not published",
        "passages": len(ids),
        "held_out": 40 - len(ids),
        "dropped": 0,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "ids": ids,
    }
    assert own["passages"] == len(given) - len(ids)


def test_reviews_dont_calibrate(trained: tuple[Path, Path, list[Passage]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A queue is no sample of what comes in: thresholds and calibration see the seeds alone."""
    _, path, given = trained
    few, seen = [passage for passage in given if passage.origin != "review"], []
    monkeypatch.setattr(seeds, "load", lambda *_: few)
    original = train.calibrate.platt
    monkeypatch.setattr(train.calibrate, "platt", lambda scores, truth: seen.append(len(truth)) or original(scores, truth))
    train.train(config.load(config.CONFIGS / "tocsin-1.toml"), tmp_path, None, lambda _: None, path)
    assert seen == [len(few)]


def test_a_wrong_line_is_named(tmp_path: Path) -> None:
    path = written(tmp_path / "r.jsonl", review("a", "One.", OPEN))
    path.write_text(path.read_text() + '{"text": "secret words", "kind": "neutral", "spans": 5}\n')
    with pytest.raises(SeedError, match=r"^r\.jsonl line 2: spans must be a list$"):
        reviews.divide(path, [])


def test_models_are_compared_on_what_none_learned_from(
    trained: tuple[Path, Path, list[Passage]], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, path, given = trained
    assert main(["evaluate", str(folder), "--reviews", str(path), "--json"]) == 0
    shown = capsys.readouterr()
    found = json.loads(shown.out)
    taught = sum(passage.origin == "review" for passage in given)
    assert (found["passages"], found["left_out"]) == (40 - taught, taught)
    assert f"{taught} reviews are left out" in shown.err
    new, old = found["models"]
    assert new["auroc"] > old["auroc"]  # it has learned what nettle tea means
    assert new["digest"] != old["digest"]

    assert main(["evaluate", "--reviews", str(path), "--against", str(folder)]) == 0
    table = capsys.readouterr().out
    assert [line.split()[-2:] for line in table.splitlines() if line.startswith("AUROC")] == [
        [f"{old['auroc']:.3f}", f"{new['auroc']:.3f}"]
    ]


def test_the_group_of_what_was_learned_from_is_left_out(classifier: Classifier) -> None:
    info = replace(classifier.info, card={"training_data": [{"name": "seeds"}, {"name": "reviews", "ids": ["review-1"]}]})
    taught = Classifier(classifier.vocabulary, classifier.weights, classifier.calibration, classifier.thresholds, info)
    passages = [review("review-1", "One.", "a"), review("review-2", "Two.", "a"), review("review-3", "Three.", "b")]
    found = reviews.compare([classifier, taught], passages)
    assert (found["passages"], found["left_out"]) == (1, 2)


def test_figures_of_reviews(classifier: Classifier) -> None:
    passages = [review("a", THREAT, "a", dangerous=True), review("b", HARMLESS, "b"), review("c", QUOTED, "c")]
    found = reviews.figures(classifier, passages)
    assert (found["auroc"], found["recall"], found["precision"]) == (0.5, 1.0, 0.5)
    assert found["character_f1"] is not None and 0 < found["character_f1"] < 1


def test_undefined_figures_are_dashes(classifier: Classifier) -> None:
    harmless = reviews.compare([classifier], [review("a", HARMLESS, "a")])
    [model] = harmless["models"]
    assert {name for name, value in model.items() if value is None} == {"auroc", "auprc", "precision", "recall", "character_f1"}
    assert "AUROC of risk" in reviews.table(harmless) and reviews.table(harmless).count("–") == 5
    [nothing] = reviews.compare([classifier], [])["models"]
    assert nothing["ece"] is None


def test_against_needs_reviews(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["evaluate", "--against", str(tmp_path)]) == 2
    assert "--reviews" in capsys.readouterr().err
