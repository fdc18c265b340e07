"""From a config to an artifact: load, split, fit, calibrate, evaluate, save."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from tocsin_model import Classifier, Label, artifact
from tocsin_training import calibrate, corpora, evaluate, lexicons, seeds, splits
from tocsin_training import reviews as review
from tocsin_training.catalogue import CATALOGUE
from tocsin_training.config import Config
from tocsin_training.corpora import Example
from tocsin_training.fit import fit, prepare, weights

Progress = Callable[[str], None]


def train(config: Config, out: Path, data: Path | None, progress: Progress, reviews: Path | None = None) -> Classifier:
    """Train a model and write it to ``out``. Without a data folder, on the seeds alone, and on the reviewed passages of a file if given.

    Raises
    ------
    SeedError : a seeds file is wrong, or the file of reviews.    FileNotFoundError : a corpus of the config is not in the data folder.
    """
    passages = seeds.load()
    reviewed = review.divide(reviews, passages) if reviews else None
    taught = [passage for passage in passages if not splits.held_out(passage)]
    examples = corpora.load(data, list(config.corpora)) if data else []
    progress(f"{len(taught)} passages and {len(examples)} public texts to learn from, {len(passages) - len(taught)} held out")
    if reviewed:
        progress(f"{len(reviewed.taught)} reviews to learn from, {len(reviewed.held)} held out, {reviewed.dropped} dropped")
    classes, words, aliases = lexicons.load()
    lesson = [*taught, *(reviewed.taught if reviewed else ())]
    prepared = prepare(lesson, examples, classes, config)
    progress(f"{prepared.features.shape[0]} units, {prepared.features.shape[1]} grams")
    # Reviews don't calibrate: a queue holds what a model thought dangerous, and is no sample of what it will see.
    scores = calibrate.by_passage(calibrate.held_back_scores(prepared, config, progress), prepared, len(lesson))[: len(taught)]
    truth = calibrate.truth_of(taught)
    usable = np.isfinite(scores[:, 0])
    calibration = calibrate.platt(scores[usable], truth[usable])
    limits = calibrate.thresholds(calibrate.probabilities(scores[usable], calibration), truth[usable], config)
    progress("final fit")
    fitted = fit(prepared, np.ones(len(prepared.truth), bool), config, progress)
    decision = {"calibration": calibration.tolist(), "thresholds": limits}
    card = _card(config, examples, data, len(taught), len(passages) - len(taught))
    card["training_data"] += [reviewed.entry()] if reviewed else []
    final = weights(fitted, prepared, classes)
    artifact.save(out, final, words, aliases, decision, card)
    progress("evaluating on the held-out passages")
    card["evaluation"] = figures(artifact.load(out), data)
    artifact.save(out, final, words, aliases, decision, card)
    return artifact.load(out)


def figures(classifier: Classifier, data: Path | None) -> dict[str, Any]:
    """The evaluation of the model card: the held-out share of the seeds, the blind sets, and what public data is evaluation only."""
    held = [passage for passage in seeds.load() if splits.held_out(passage)]
    sets = {
        "held_out": [passage for passage in held if not passage.theme.startswith("heldout")],
        "blind": [passage for passage in held if passage.theme in ("heldout_plain", "heldout_fresh")],
        "oblique": [passage for passage in held if passage.theme == "heldout_blind"],
    }
    result: dict[str, Any] = {name: evaluate.on_passages(classifier, chosen) for name, chosen in sets.items() if chosen}
    result["score_distribution"] = evaluate.distribution(classifier, sets["held_out"])
    rounded: dict[str, Any] = _rounded(result | (evaluate.on_public(classifier, data) if data else {}))
    return rounded


def record(folder: Path, found: dict[str, Any]) -> None:
    """Put figures into the manifest of a trained model; those of public data stay where they weren't made again. The digest stays."""
    manifest = artifact.read_manifest(folder)
    manifest["evaluation"] = found | {name: figure for name, figure in manifest["evaluation"].items() if name not in found}
    artifact.write_manifest(folder, manifest)


def _card(config: Config, examples: list[Example], data: Path | None, taught: int, held: int) -> dict[str, Any]:
    counts: dict[str, list[int]] = {}
    for example in examples:
        count = counts.setdefault(example.source, [0, 0])
        count[0] += 1
        count[1] += example.risk == 1
    digests = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(seeds.SEEDS.glob("*.jsonl"))}
    trained_on: list[dict[str, Any]] = [
        {"name": "seeds", "licence": "Apache-2.0", "passages": taught, "held_out": held, "sha256": digests},
    ]
    for name in config.corpora if data else ():
        entry = CATALOGUE[name]
        texts, dangerous = counts.get(name, [0, 0])
        trained_on.append({"name": name, "licence": entry.licence, "cite": entry.cite, "texts": texts, "dangerous": dangerous})
    return {
        "name": config.name,
        "version": config.version,
        "labels": [label.value for label in Label],
        "language": "en",
        "training_data": trained_on,
        "libraries": {"python": platform.python_version(), **{name: version(name) for name in ("numpy", "scipy", "scikit-learn")}},
    }


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return round(value, 4) if isinstance(value, float) else value
