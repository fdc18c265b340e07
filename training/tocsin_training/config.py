"""One TOML file a released model: everything that training may vary, and nothing else."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, fields
from pathlib import Path

CONFIGS = Path(__file__).resolve().parents[1] / "configs"


@dataclass(frozen=True, slots=True)
class Config:
    """What a training run is made from.

    Attributes
    ----------
    name, version : of the model.
    corpora : public corpora used when a data folder is given, in order of preference for duplicates.
    positive_weight, negative_weight : of a public unit, a seed unit being 1.
    grammar_weight : of a unit of a grammar's passage.
    strength : inverse L2 regularisation (scikit-learn's C) on seed-sized weights.
    least_weight : a gram seen in units of less total weight gets no column.
    scales : by template name, what one occurrence counts; the larger, the less its weight is held back.
    ratio, smoothing : power and added count of the log ratio that scales each gram; see :func:`tocsin_training.fit.fit`.
    folds : of the cross-validation that calibrates.
    benign_flagged : share of held-back benign passages that the ``elevated`` threshold may flag; ``high`` may flag ``benign_high``.
    benign_marked : the same for each label's own threshold, at which spans are marked.
    """

    name: str
    version: str
    corpora: tuple[str, ...]
    positive_weight: float
    negative_weight: float
    grammar_weight: float
    strength: float
    least_weight: float
    scales: dict[str, float]
    ratio: float
    smoothing: float
    folds: int
    benign_flagged: float
    benign_high: float
    benign_marked: float


def load(path: Path) -> Config:
    """Read a config.

    Raises
    ------
    ValueError : a key is missing or not known; names it.
    """
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    known = {field.name for field in fields(Config)}
    for key in sorted(known ^ table.keys()):
        raise ValueError(f"{path.name}: {'missing' if key in known else 'unknown'} key {key!r}")
    return Config(**{**table, "corpora": tuple(table["corpora"])})
