"""Metrics; one that is undefined on the data given is None, never 0."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

BINS = 15


def auroc(truth: NDArray[np.int8], score: NDArray[np.float64]) -> float | None:
    """Chance that a random positive outscores a random negative."""
    return None if len(np.unique(truth)) < 2 else float(roc_auc_score(truth, score))


def auprc(truth: NDArray[np.int8], score: NDArray[np.float64]) -> float | None:
    """Average precision."""
    return None if not truth.any() else float(average_precision_score(truth, score))


def ece(truth: NDArray[np.int8], chance: NDArray[np.float64]) -> float | None:
    """Expected calibration error over ``BINS`` equal-width bins."""
    if len(truth) == 0:
        return None
    place = np.minimum((chance * BINS).astype(int), BINS - 1)
    gaps = [abs(truth[place == bin_].mean() - chance[place == bin_].mean()) * (place == bin_).mean() for bin_ in np.unique(place)]
    return float(sum(gaps))


def share(values: Sequence[bool]) -> float | None:
    """Share that is true."""
    return float(np.mean(values)) if len(values) else None


def character_f1(gold: Sequence[set[int]], marked: Sequence[set[int]]) -> float | None:
    """Micro F1 over the characters of all passages."""
    right = sum(len(one & other) for one, other in zip(gold, marked, strict=True))
    total = sum(map(len, gold)) + sum(map(len, marked))
    return 2 * right / total if total else None


def interval(
    groups: Sequence[str], measure: Callable[[NDArray[np.intp]], float | None], seed: int = 0, draws: int = 300
) -> list[float] | None:
    """95 % bootstrap interval, resampling whole groups; ``measure`` takes the indices drawn."""
    members: dict[str, list[int]] = {}
    for index, group in enumerate(groups):
        members.setdefault(group, []).append(index)
    lists = [np.array(indices) for indices in members.values()]
    random = np.random.default_rng(seed)
    values = []
    for _ in range(draws):
        drawn = np.concatenate([lists[choice] for choice in random.integers(len(lists), size=len(lists))]) if lists else np.array([], int)
        value = measure(drawn)
        if value is not None:
            values.append(value)
    return [round(float(edge), 4) for edge in np.quantile(values, (0.025, 0.975))] if values else None
