"""Fit: passages to weights. Deterministic: the same inputs give the same bytes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from tocsin_model.encode import Batch
from tocsin_model.scoring import HEADS, SCALE, TABLE_BITS, Weights, bucket, fingerprint
from tocsin_training import matrix, units
from tocsin_training.config import Config
from tocsin_training.corpora import Example
from tocsin_training.matrix import Classes
from tocsin_training.seeds import Passage
from tocsin_training.splits import fold_of

_LARGEST = np.iinfo(np.int16).max


@dataclass(frozen=True, slots=True)
class Data:
    """Everything a fit reads: one row a unit.

    Attributes
    ----------
    features : CSR float32, shape (units, columns).    columns : uint64, sorted gram hashes.    scale : float32, shape (columns,).
    truth : int8, shape (units, 4), -1 unknown.        weight : float64, shape (units,).
    passage : int32, shape (units,), index of the seed passage, -1 for public units.
    fold : int8, shape (units,), cross-validation fold, -1 for public units (in every fold's training part).
    """

    features: sparse.csr_matrix
    columns: NDArray[np.uint64]
    scale: NDArray[np.float32]
    truth: NDArray[np.int8]
    weight: NDArray[np.float64]
    passage: NDArray[np.int32]
    fold: NDArray[np.int8]


@dataclass(frozen=True, slots=True)
class Fitted:
    """One linear model a head: coefficients of the *unscaled* features, shape (4, columns), and intercepts, shape (4,)."""

    coefficients: NDArray[np.float64]
    intercepts: NDArray[np.float64]


def prepare(passages: Sequence[Passage], examples: Sequence[Example], classes: Classes, config: Config) -> Data:
    """Encode, label, weigh and choose the columns."""
    batches, found = matrix.encode_all([passage.text for passage in passages], classes)
    truth = _by_chunk(passages, batches, units.from_seeds)
    passage = np.repeat(np.arange(len(passages), dtype=np.int32), _unit_counts(batches))
    weight = np.array([config.grammar_weight if one.origin.startswith("grammar") else 1.0 for one in passages])[passage]
    fold = np.array([fold_of(one.group, config.folds) for one in passages], np.int8)[passage]
    names = dict(zip(matrix.SALTS, range(len(matrix.SALTS)), strict=True))
    if examples:
        public, more = matrix.encode_all([example.text for example in examples], classes)
        said = _by_chunk(examples, public, units.from_corpora)
        found = matrix.joined([found, more])
        truth = np.concatenate([truth, said])
        weight = np.concatenate([weight, np.where(said[:, 0] == 1, config.positive_weight, config.negative_weight)])
        passage = np.concatenate([passage, np.full(len(said), -1, np.int32)])
        fold = np.concatenate([fold, np.full(len(said), -1, np.int8)])
    weight = np.where(truth[:, 0] == units.UNKNOWN, 0.0, weight)
    columns, kind = matrix.kept(found, weight, config.least_weight)
    scale = np.array([config.scales.get(name, 1.0) for name in names], np.float32)[kind]
    return Data(matrix.matrix(found, columns), columns, scale, truth, weight, passage, fold)


def fit(data: Data, rows: NDArray[np.bool_], config: Config, progress: Callable[[str], None] = lambda _: None) -> Fitted:
    """Logistic regression for each head on the chosen rows whose truth is known."""
    coefficients, intercepts = [], []
    for head, name in enumerate(HEADS):
        known = rows & (data.truth[:, head] != units.UNKNOWN) & (data.weight > 0)
        progress(f"{name}: {int(known.sum())} units, {int((data.truth[known, head] == 1).sum())} positive")
        features, truth, weight = data.features[known], data.truth[known, head], data.weight[known]
        scale = data.scale * _telling(features, truth, weight, config)
        model = LogisticRegression(C=config.strength, solver="lbfgs", max_iter=400, tol=1e-5)
        with threadpool_limits(1):  # sums in another order would round otherwise: the digest must not depend on the cores
            model.fit(features @ sparse.diags_array(scale), truth, sample_weight=weight)
        coefficients.append(model.coef_[0] * scale)
        intercepts.append(model.intercept_[0])
    return Fitted(np.array(coefficients, np.float64), np.array(intercepts, np.float64))


def _telling(features: sparse.csr_matrix, truth: NDArray[np.int8], weight: NDArray[np.float64], config: Config) -> NDArray[np.float64]:
    """How much each gram tells by itself, |log ratio of its shares in both classes| ** ``config.ratio`` (Wang & Manning 2012, NBSVM).

    Scaling by it lets the regression lean on grams that tell much, and holds the many that tell little near 0.
    """
    shares = []
    for value in (1, 0):
        count = features.T @ (weight * (truth == value)) + config.smoothing
        shares.append(count / count.sum())
    return np.asarray(np.abs(np.log(shares[0] / shares[1])) ** config.ratio)


def weights(fitted: Fitted, data: Data, classes: Classes) -> Weights:
    """The fitted model in the form that is shipped: fixed-point rows of the gram table."""
    fixed = np.clip(np.rint(fitted.coefficients.T * SCALE), -_LARGEST, _LARGEST).astype(np.int16)
    used = np.flatnonzero(fixed.any(axis=1))
    prints = np.zeros(1 << TABLE_BITS, np.uint16)
    table = np.zeros((1 << TABLE_BITS, len(HEADS)), np.int16)
    rows = bucket(data.columns[used])
    prints[rows] = fingerprint(data.columns[used])
    table[rows] = fixed[used]
    return Weights(classes.fine, classes.pattern, prints, table, np.round(fitted.intercepts, 9))


def _by_chunk(items: Sequence[object], batches: list[Batch], label: Callable[..., NDArray[np.int8]]) -> NDArray[np.int8]:
    parts, start = [], 0
    for batch in batches:
        count = len(batch.first) - 1
        parts.append(label(items[start : start + count], batch))
        start += count
    return np.concatenate(parts)


def _unit_counts(batches: list[Batch]) -> NDArray[np.intp]:
    return np.concatenate([np.diff(batch.first) for batch in batches])
