"""From log-odds to probabilities and decisions, on cross-validated scores: no passage is judged by a model that has seen its group."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from tocsin_model.scoring import HEADS
from tocsin_model.types import Label
from tocsin_training.config import Config
from tocsin_training.fit import Data, fit
from tocsin_training.seeds import Passage


def held_back_scores(data: Data, config: Config, progress: Callable[[str], None] = lambda _: None) -> NDArray[np.float64]:
    """Log-odds of every seed unit by the model of the other folds, shape (units, 4); NaN for public units."""
    scores = np.full((len(data.truth), len(HEADS)), np.nan)
    for fold in range(config.folds):
        progress(f"fold {fold + 1} of {config.folds}")
        out = data.fold == fold
        fitted = fit(data, ~out, config)
        scores[out] = data.features[out] @ fitted.coefficients.T + fitted.intercepts
    return scores


def by_passage(scores: NDArray[np.float64], data: Data, count: int) -> NDArray[np.float64]:
    """A passage's score is its highest unit's; shape (passages, 4)."""
    top = np.full((count, scores.shape[1]), -np.inf)
    seeds = data.passage >= 0
    np.maximum.at(top, data.passage[seeds], scores[seeds])
    return top


def truth_of(passages: Sequence[Passage]) -> NDArray[np.int8]:
    """Labels of passages, shape (passages, 4), risk first."""
    return np.array([[bool(one.labels), *(label in one.labels for label in Label)] for one in passages], np.int8)


def platt(scores: NDArray[np.float64], truth: NDArray[np.int8]) -> NDArray[np.float64]:
    """Slope and intercept a head, shape (4, 2), by (nearly unregularised) logistic regression on the scores."""
    result = []
    for head in range(len(HEADS)):
        usable = np.isfinite(scores[:, head])
        model = LogisticRegression(C=1e6).fit(scores[usable, head, None], truth[usable, head])
        result.append((model.coef_[0, 0], model.intercept_[0]))
    return np.array(result, np.float64).round(6)


def probabilities(scores: NDArray[np.float64], calibration: NDArray[np.float64]) -> NDArray[np.float64]:
    """Calibrated probabilities, risk at least as high as each label; as the classifier computes them."""
    result = 1 / (1 + np.exp(-(scores * calibration[:, 0] + calibration[:, 1])))
    result[:, 0] = result.max(axis=1)
    return np.asarray(result)


def thresholds(chance: NDArray[np.float64], truth: NDArray[np.int8], config: Config) -> dict[str, object]:
    """The least risk of each band, and the least probability at which each label is marked, at their shares of benign passages."""
    benign = chance[truth[:, 0] == 0]
    shares = (config.benign_flagged, config.benign_high, *[config.benign_marked] * 3)
    limits = [float(np.quantile(benign[:, head], 1 - share, method="higher")) for head, share in zip((0, 0, 1, 2, 3), shares, strict=True)]
    elevated, high, *labels = (round(min(max(limit + 1e-6, 0.05), 0.99), 4) for limit in limits)
    return {"elevated": elevated, "high": max(high, elevated), "labels": labels}
