"""The linear model over grams: exact, additive, vectorised.

Weights are fixed-point integers, so a sum is the same in any order, on any machine, and with any neighbours in the batch; a unit's
log-odds is its bias plus the sum of its grams' weights, and a gram's weight is shared equally by the tokens it reads. That share is
what a span reports as evidence: not an estimate of what mattered, but the arithmetic itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin_model import features
from tocsin_model.encode import Batch
from tocsin_model.features import CONTEXT, TEMPLATES

HEADS = ("risk", "threat", "incitement", "glorification")
SCALE = 4096  # one unit of log-odds
TABLE_BITS = 20

# How much a neighbouring unit's context weights count, by its distance; small integers so that sums stay exact (halves of a unit).
NEIGHBOURS = ((-1, 2), (1, 2), (-2, 1))


def bucket(key: NDArray[np.uint64]) -> NDArray[np.intp]:
    """The row of the weight table that a gram's hash falls in."""
    return (key >> np.uint64(64 - TABLE_BITS)).astype(np.intp)


def fingerprint(key: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """What tells a known gram from an unknown one of the same bucket; 0 marks an empty row, so no gram has it."""
    return ((key & np.uint64(0xFFFF)).astype(np.uint16)) | np.uint16(1)


@dataclass(frozen=True, slots=True)
class Weights:
    """The trained arrays.

    Attributes
    ----------
    fine, pattern : int32, shape (vocabulary,), classes of each id.
    prints : uint16, shape (2**TABLE_BITS,), fingerprint of the gram that owns the row, 0 if none.
    table : int16, shape (2**TABLE_BITS, 4), weights of the heads in 1/SCALE log-odds.
    bias : float64, shape (4,).
    """

    fine: NDArray[np.int32]
    pattern: NDArray[np.int32]
    prints: NDArray[np.uint16]
    table: NDArray[np.int16]
    bias: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Hits:
    """Known grams of a batch: for each, position of its first token, the token offsets of its template, its weights."""

    offsets: tuple[int, ...]
    at: NDArray[np.intp]
    weight: NDArray[np.int16]


def hits(batch: Batch, weights: Weights) -> tuple[list[Hits], list[Hits]]:
    """The grams of a batch that the model knows: those of the units themselves, and those that colour their neighbours."""
    streams = features.views(batch.ids, weights.fine, weights.pattern)
    return _known(streams, TEMPLATES, weights), _known(streams, CONTEXT, weights)


def _known(
    streams: tuple[NDArray[np.uint64], ...], templates: tuple[tuple[str, tuple[tuple[int, int], ...]], ...], weights: Weights
) -> list[Hits]:
    found = []
    for gram in features.grams(streams, templates):
        row = bucket(gram.key)
        known = np.flatnonzero(weights.prints[row] == fingerprint(gram.key))
        found.append(Hits(gram.offsets, gram.at[known], weights.table[row[known]]))
    return found


def unit_sums(found: list[Hits], starts: NDArray[np.intp]) -> NDArray[np.int64]:
    """Sum of weights by unit, shape (units, 4)."""
    total = np.zeros((len(starts) - 1, len(HEADS)), np.int64)
    for hit in found:
        running = np.zeros((len(hit.at) + 1, len(HEADS)), np.int64)
        np.cumsum(hit.weight, axis=0, out=running[1:])
        total += np.diff(running[np.searchsorted(hit.at, starts)], axis=0)
    return total


def logits(batch: Batch, weights: Weights) -> tuple[NDArray[np.float64], list[Hits]]:
    """Log-odds by unit and head, shape (units, 4), and the grams behind them."""
    own, context = hits(batch, weights)
    sums = 2 * unit_sums(own, batch.starts)
    colour = unit_sums(context, batch.starts)
    text = np.repeat(np.arange(len(batch.first) - 1), np.diff(batch.first))
    for distance, factor in NEIGHBOURS:
        here, there = _pairs(len(sums), distance)
        same = text[here] == text[there]
        sums[here[same]] += factor * colour[there[same]]
    return sums / (2.0 * SCALE) + weights.bias, own


def _pairs(units: int, distance: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    here = np.arange(max(0, -distance), min(units, units - distance), dtype=np.intp)
    return here, here + distance


def token_shares(found: list[Hits], starts: NDArray[np.intp], units: NDArray[np.intp]) -> NDArray[np.float64]:
    """Log-odds that each token contributes to its unit, shape (len(ids), 4); zero outside the given ``units``."""
    length = int(starts[-1]) + 1
    wanted = np.zeros(length + 1, np.int8)
    wanted[starts[units]] += 1
    wanted[starts[units + 1]] -= 1
    inside = np.cumsum(wanted[:-1]).astype(bool)
    shares = np.zeros((length, len(HEADS)))
    for hit in found:
        chosen = np.flatnonzero(inside[hit.at])
        part = hit.weight[chosen] / (SCALE * len(hit.offsets))
        for offset in hit.offsets:
            place = hit.at[chosen] + offset
            for head in range(len(HEADS)):
                shares[:, head] += np.bincount(place, part[:, head], length)[:length]
    shares[~inside] = 0.0  # a gram may end on the boundary behind its unit, whose share no word has
    return shares
