"""Training: reproducible to the byte, honest in its split, and its model what the trainer computed."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from tests.conftest import ROOT

from tocsin_model import Classifier, Label, artifact, load
from tocsin_model.scoring import logits
from tocsin_training import config, evaluate, lexicons, metrics, seeds, splits, train
from tocsin_training.fit import fit, prepare, weights

SMALL = 600


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> list[seeds.Passage]:
    """A fraction of the seeds, whole groups, in place of all."""
    every = seeds.load()
    chosen = [passage for passage in every if splits.unit_interval("few:" + passage.group) < SMALL / len(every)]
    monkeypatch.setattr(seeds, "load", lambda *_: chosen)
    return chosen


@pytest.fixture(scope="session")
def settings() -> config.Config:
    return config.load(config.CONFIGS / "tocsin-1.toml")


def test_training_twice_gives_the_same_bytes(
    few: list[seeds.Passage], settings: config.Config, tmp_path_factory: pytest.TempPathFactory
) -> None:
    one, two = (tmp_path_factory.mktemp("artifact") for _ in range(2))
    steps: list[str] = []
    first = train.train(settings, one, None, steps.append)
    second = train.train(settings, two, None, lambda _: None)
    assert first.info.digest == second.info.digest
    for path in one.iterdir():
        assert path.read_bytes() == (two / path.name).read_bytes()
    assert any("fold 5 of 5" in step for step in steps)
    assert load(one).info.card["training_data"][0]["held_out"] > 0  # type: ignore[index]


def test_the_shipped_arithmetic_is_the_trained_one(few: list[seeds.Passage], settings: config.Config) -> None:
    classes, _, _ = lexicons.load()
    prepared = prepare(few, [], classes, settings)
    fitted = fit(prepared, np.ones(len(prepared.truth), bool), settings)
    from tocsin_model.encode import encode

    got, _ = logits(encode([passage.text for passage in few], classes.vocabulary), weights(fitted, prepared, classes))
    wanted = prepared.features @ fitted.coefficients.T + fitted.intercepts
    assert np.abs(got - wanted).max() < 0.15  # fixed point and hash collisions
    assert np.corrcoef(got[:, 0], wanted[:, 0])[0, 1] > 0.9999


def test_no_held_out_passage_is_trained_on(
    few: list[seeds.Passage], settings: config.Config, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    original = train.prepare
    monkeypatch.setattr(train, "prepare", lambda taught, *rest: seen.extend(one.id for one in taught) or original(taught, *rest))
    train.train(settings, tmp_path_factory.mktemp("artifact"), None, lambda _: None)
    held = {passage.id for passage in few if splits.held_out(passage)}
    assert held and not held & set(seen)


def test_a_config_with_an_unknown_key_is_refused(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("config") / "bad.toml"
    path.write_text((config.CONFIGS / "tocsin-1.toml").read_text().replace("folds =", "fold ="))
    with pytest.raises(ValueError, match=r"bad\.toml: (missing|unknown) key 'fold"):
        config.load(path)


def test_the_shipped_figures_are_reproduced(classifier: Classifier) -> None:
    """The card's held-out figures are what ``tocsin evaluate`` finds today."""
    found = train.figures(classifier, None)
    card = classifier.info.card["evaluation"]
    for name in ("held_out", "blind", "oblique"):
        assert found[name] == card[name]  # type: ignore[index]
    assert found["score_distribution"] == card["score_distribution"]  # type: ignore[index]


def test_scores_are_counted_by_hundredth(classifier: Classifier) -> None:
    card = classifier.info.card["evaluation"]
    counted = card["score_distribution"]  # type: ignore[index]
    assert set(counted) == {"risk", "asserted_risk", *Label}
    assert all(len(bins) == 100 and sum(bins) == card["held_out"]["passages"] for bins in counted.values())  # type: ignore[index]


def test_figures_are_saved_and_the_digest_stays(classifier: Classifier, tmp_path: Path) -> None:
    """Those of public data stay where only the seeds were evaluated on again."""
    folder = tmp_path / "model"
    shutil.copytree(artifact.shipped(), folder)
    train.record(folder, {"held_out": {"passages": 1}})
    info, before = load(folder).info, classifier.info.card["evaluation"]
    assert info.digest == classifier.info.digest
    assert info.card["evaluation"] == {**before, "held_out": {"passages": 1}}  # type: ignore[dict-item]


def test_the_model_was_trained_on_these_seeds(classifier: Classifier) -> None:
    import hashlib

    pinned = classifier.info.card["training_data"][0]["sha256"]  # type: ignore[index]
    assert pinned == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted((ROOT / "seeds").glob("*.jsonl"))}


def test_metrics() -> None:
    truth, score = np.array([0, 0, 1, 1], np.int8), np.array([0.1, 0.4, 0.35, 0.8])
    assert metrics.auroc(truth, score) == 0.75
    assert metrics.auprc(truth, score) == pytest.approx(0.8333, abs=1e-3)
    assert metrics.auroc(truth[:2], score[:2]) is None
    assert metrics.auprc(truth[:2], score[:2]) is None
    assert metrics.ece(np.array([0, 1], np.int8), np.array([0.0, 1.0])) == 0
    assert metrics.ece(np.array([1, 1], np.int8), np.array([0.5, 0.5])) == pytest.approx(0.5)
    assert metrics.character_f1([{1, 2, 3}], [{2, 3, 4}]) == pytest.approx(2 / 3)
    assert metrics.character_f1([set()], [set()]) is None
    low, high = metrics.interval(["a", "b", "c", "d"], lambda drawn: metrics.auroc(truth[drawn], score[drawn])) or (0, 0)
    assert low < high


@pytest.mark.parametrize(
    ("found", "gold", "same"),
    [("Marek al-Oduya", "al-Oduya", True), ("the commander", "The commander", True), (None, "x", False), ("the men", "the general", False)],
)
def test_speakers_are_compared_by_their_words(found: str | None, gold: str, same: bool) -> None:
    assert evaluate._same_speaker(found, gold) is same


FLOORS = {
    "held_out": {
        "auroc": 0.92,
        "comprehensiveness": 0.9,
        "sufficiency": 0.8,
        "character_f1": 0.7,
        "voice_right": 0.93,
        "speaker_right": 0.7,
    },
    "blind": {
        "auroc": 0.96,
        "comprehensiveness": 0.9,
        "sufficiency": 0.8,
        "character_f1": 0.78,
        "voice_right": 0.95,
        "speaker_right": 0.75,
    },
}
CEILINGS = {"benign_flagged": 0.06, "ece": 0.06, "asserted_when_quoted": 0.15}


@pytest.mark.parametrize("name", ["held_out", "blind"])
def test_a_worse_model_is_not_shipped(classifier: Classifier, name: str) -> None:
    figures = classifier.info.card["evaluation"][name]  # type: ignore[index]
    assert {key: figures[key] for key, floor in FLOORS[name].items() if figures[key] < floor} == {}
    assert {key: figures[key] for key, ceiling in CEILINGS.items() if figures[key] > ceiling} == {}
