"""How far people who read the same passage agree beyond chance: Cohen's κ for two, Krippendorff's α for any number.

Our own few lines: scikit-learn's κ would quadruple the memory of a worker, warns where κ is undefined and fails on no data (the tests hold
ours against it); the one package that has α is under the GPL.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Patterns: TypeAlias = Mapping[tuple[str | None, ...], int]
"""What the raters said of a unit (None: that rater said nothing), and of how many units they said it."""

Measure: TypeAlias = Callable[[list[tuple[str | None, ...]], NDArray[np.float64]], NDArray[np.float64]]

_RESAMPLES = 1_000
_SEED = 20_250


@dataclass(frozen=True, slots=True)
class Estimate:
    """A measure over ``n`` units with its 95 % interval; None: undefined, as there is too little or nobody ever said anything else."""

    value: float | None
    low: float | None
    high: float | None
    n: int


def kappa(patterns: Patterns) -> Estimate:
    """Cohen's κ of two raters; units that one of them left out don't count.

    Undefined without units, and if both always said the same one thing.
    """
    return _estimate({pair: count for pair, count in patterns.items() if None not in pair}, _kappas)


def alpha(patterns: Patterns) -> Estimate:
    """Krippendorff's α for nominal values; units with fewer than two values don't count.

    Undefined without units, and if everybody always said the same one thing.
    """
    return _estimate({unit: count for unit, count in patterns.items() if sum(value is not None for value in unit) > 1}, _alphas)


def _estimate(patterns: Patterns, measure: Measure) -> Estimate:
    """The interval is the percentile bootstrap over units, seeded. Resamples in which the measure is undefined are left out; if they are
    more than one in twenty there is no interval.
    """
    units, counts = list(patterns), np.array(list(patterns.values()), np.float64)
    n = int(counts.sum())
    if n == 0:
        return Estimate(None, None, None, 0)
    [value] = measure(units, counts[None, :])
    if np.isnan(value):
        return Estimate(None, None, None, n)
    drawn = np.random.default_rng(_SEED).multinomial(n, counts / n, _RESAMPLES).astype(np.float64)
    values = measure(units, drawn)
    values = values[~np.isnan(values)]
    if len(values) < 0.95 * _RESAMPLES:
        return Estimate(float(value), None, None, n)
    low, high = np.percentile(values, (2.5, 97.5))
    return Estimate(float(value), float(low), float(high), n)


def _kappas(pairs: list[tuple[str | None, ...]], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """κ for each row of counts."""
    first, second = _indicators([pair[:1] for pair in pairs], pairs), _indicators([pair[1:] for pair in pairs], pairs)
    n = counts.sum(axis=1)
    observed = counts @ (first * second).sum(axis=1) / n
    by_chance = ((counts @ first) * (counts @ second)).sum(axis=1) / n**2
    return _beyond_chance(1 - observed, 1 - by_chance)


def _alphas(units: list[tuple[str | None, ...]], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """α for each row of counts, by the coincidences of values (Krippendorff 2011, "Computing Krippendorff's alpha-reliability", D)."""
    values = _indicators(units, units)
    given = values.sum(axis=1)
    disagreeing = counts @ ((given**2 - (values**2).sum(axis=1)) / (given - 1))
    totals = counts @ values
    n = totals.sum(axis=1)
    by_chance = (n**2 - (totals**2).sum(axis=1)) / (n - 1)
    return _beyond_chance(disagreeing, by_chance)


def _beyond_chance(disagreed: NDArray[np.float64], by_chance: NDArray[np.float64]) -> NDArray[np.float64]:
    """One less the share of the disagreement expected by chance; NaN where chance leaves none to expect."""
    possible = by_chance > 1e-12  # the sums above are exact but for the last digit
    return np.where(possible, 1 - disagreed / np.where(possible, by_chance, 1), np.nan)


def _indicators(chosen: list[tuple[str | None, ...]], all_units: list[tuple[str | None, ...]]) -> NDArray[np.float64]:
    """How often each value (columns) was said of each unit (rows)."""
    known = sorted({value for unit in all_units for value in unit if value is not None})
    return np.array([[unit.count(value) for value in known] for unit in chosen], np.float64)
