"""Reviewed passages (``tocsin reviews export``): which of them may be learned from, and how models do on the others."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from tocsin_model import Classifier
from tocsin_training import metrics, seeds
from tocsin_training.report import shown
from tocsin_training.seeds import Passage
from tocsin_training.splits import held_out, near_duplicates

NAME = "reviews"  # of the entry in a manifest's training data, and the theme
ROWS = (
    ("AUROC of risk", "auroc"),
    ("AUPRC of risk", "auprc"),
    ("calibration error (ECE)", "ece"),
    ("precision at elevated", "precision"),
    ("recall at elevated", "recall"),
    ("character F1 of spans", "character_f1"),
)


@dataclass(frozen=True, slots=True)
class Reviews:
    """What becomes of the passages of a file: ``taught`` are learned from, ``held`` are held out by group as other passages are,
    ``dropped`` counts those that repeat a later review or a seed, or resemble a held-out passage.
    """

    sha256: str
    taught: list[Passage]
    held: list[Passage]
    dropped: int

    def entry(self) -> dict[str, Any]:
        """What the manifest tells of them. An id is the number of an item in its queue."""
        counts = {"passages": len(self.taught), "held_out": len(self.held), "dropped": self.dropped}
        ids = [passage.id for passage in self.taught]
        return {"name": NAME, "licence": "not published", **counts, "sha256": self.sha256, "ids": ids}


def read(path: Path) -> list[Passage]:
    """The passages of a file of reviews.

    Raises
    ------
    SeedError : a line is not a passage; names the line and the field.    OSError : the file can't be read.
    """
    return seeds.read(path, NAME)


def divide(path: Path, written: Sequence[Passage]) -> Reviews:
    """Decide which passages of a file are learned from beside the ``written`` ones, so that nothing held out leaks.

    Raises
    ------
    SeedError, OSError : as :func:`read`.
    """
    passages = read(path)
    known = {_words(passage.text) for passage in written}
    latest = {_words(passage.text): passage for passage in passages}
    once = [passage for words, passage in latest.items() if words not in known]
    held = [passage for passage in once if held_out(passage)]
    unseen = [*(passage for passage in written if held_out(passage)), *held]
    open_ = [passage for passage in once if not held_out(passage)]
    leaking = {one.id for *pair, _ in near_duplicates([*unseen, *open_]) if len({*map(held_out, pair)}) == 2 for one in pair}
    taught = [passage for passage in open_ if passage.id not in leaking]
    return Reviews(hashlib.sha256(path.read_bytes()).hexdigest(), taught, held, len(passages) - len(taught) - len(held))


def compare(classifiers: Sequence[Classifier], passages: Sequence[Passage]) -> dict[str, Any]:
    """Figures of each model on the reviews that none of them has learned from, nor from another passage of their group."""
    taught = {ident for classifier in classifiers for ident in _taught(classifier)}
    groups = {passage.group for passage in passages if passage.id in taught}
    fresh = [passage for passage in passages if passage.group not in groups]
    return {
        "passages": len(fresh),
        "dangerous": sum(bool(passage.labels) for passage in fresh),
        "left_out": len(passages) - len(fresh),
        "models": [
            {"version": classifier.info.version, "digest": classifier.info.digest, **figures(classifier, fresh)}
            for classifier in classifiers
        ],
    }


def figures(classifier: Classifier, passages: Sequence[Passage]) -> dict[str, float | None]:
    """Figures of one model; None where there is nothing to compute one from."""
    results = classifier.score([passage.text for passage in passages])
    truth = np.array([bool(passage.labels) for passage in passages], np.int8)
    risk = np.array([result.risk for result in results])
    flagged = risk >= classifier.thresholds.elevated
    gold = [{place for span in passage.spans for place in range(span.start, span.end)} for passage in passages]
    marked = [{place for span in result.spans for place in range(span.start, span.end)} for result in results]
    found = {
        "auroc": metrics.auroc(truth, risk),
        "auprc": metrics.auprc(truth, risk),
        "ece": metrics.ece(truth, risk),
        "precision": metrics.share(truth[flagged] == 1),
        "recall": metrics.share(flagged[truth == 1]),
        "character_f1": metrics.character_f1(gold, marked),
    }
    return {name: None if value is None else round(value, 4) for name, value in found.items()}


def table(found: dict[str, Any]) -> str:
    """A comparison as a text table, one column a model; an undefined figure is a dash."""
    models = found["models"]
    heads = [f"{model['version']} {model['digest'].removeprefix('sha256:')[:8]}" for model in models]
    lines = [
        f"{found['passages']} reviewed passages, {found['dangerous']} dangerous",
        "".join([" " * 32, *(f"{head:>24}" for head in heads)]),
    ]
    lines += ["".join([f"{title:32}", *(f"{shown(model[key]):>24}" for model in models)]) for title, key in ROWS]
    return "\n".join(lines)


def _taught(classifier: Classifier) -> list[str]:
    entries: Any = classifier.info.card.get("training_data", [])
    return [ident for entry in entries if entry["name"] == NAME for ident in entry["ids"]]


def _words(text: str) -> str:
    return re.sub(r"\W+", " ", text).strip().lower()
