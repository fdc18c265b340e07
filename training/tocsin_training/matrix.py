"""Batches of passages as the sparse matrix that scikit-learn fits: one row a unit, one column a gram that the model will keep."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tocsin_model import features
from tocsin_model.encode import Batch, encode
from tocsin_model.features import CONTEXT, TEMPLATES
from tocsin_model.scoring import NEIGHBOURS, bucket
from tocsin_model.tokens import Vocabulary

CHUNK = 4_000  # texts encoded at a time
SALTS = tuple(dict.fromkeys(name for name, _ in (*TEMPLATES, *CONTEXT)))  # names of the templates, each a kind of column


@dataclass(frozen=True, slots=True)
class Occurrences:
    """Gram occurrences of many units: COO triplets with 64-bit hashes for columns."""

    row: NDArray[np.int32]
    key: NDArray[np.uint64]
    value: NDArray[np.float32]
    kind: NDArray[np.int8]  # index into SALTS
    units: int


@dataclass(frozen=True, slots=True)
class Classes:
    """What the vocabulary's ids are classed as; see :class:`tocsin_model.scoring.Weights`."""

    vocabulary: Vocabulary
    fine: NDArray[np.int32]
    pattern: NDArray[np.int32]


def occurrences(batch: Batch, classes: Classes) -> Occurrences:
    """Every gram of every unit, its neighbours' colour included, as the scorer would sum them."""
    streams = features.views(batch.ids, classes.fine, classes.pattern)
    rows, keys, values, kinds = [], [], [], []
    text = np.repeat(np.arange(len(batch.first) - 1), np.diff(batch.first))
    units = len(text)
    for gram in features.grams(streams, TEMPLATES):
        rows.append(np.searchsorted(batch.starts, gram.at, side="right") - 1)
        keys.append(gram.key)
        values.append(np.ones(len(gram.at), np.float32))
        kinds.append(np.full(len(gram.at), SALTS.index(gram.name), np.int8))
    for gram in features.grams(streams, CONTEXT):
        there = np.searchsorted(batch.starts, gram.at, side="right") - 1
        for distance, factor in NEIGHBOURS:
            here = there - distance
            inside = (here >= 0) & (here < units)
            inside[inside] = text[here[inside]] == text[there[inside]]
            rows.append(here[inside])
            keys.append(gram.key[inside])
            values.append(np.full(int(inside.sum()), factor / 2, np.float32))
            kinds.append(np.full(int(inside.sum()), SALTS.index(gram.name), np.int8))
    return Occurrences(np.concatenate(rows).astype(np.int32), np.concatenate(keys), np.concatenate(values), np.concatenate(kinds), units)


def encode_all(texts: Sequence[str], classes: Classes) -> tuple[list[Batch], Occurrences]:
    """Encode many texts in chunks; rows number the units over all of them."""
    batches, parts = [], []
    for start in range(0, len(texts), CHUNK):
        batch = encode(texts[start : start + CHUNK], classes.vocabulary)
        batches.append(batch)
        parts.append(occurrences(batch, classes))
    return batches, joined(parts)


def joined(parts: Sequence[Occurrences]) -> Occurrences:
    """Occurrences one after the other, their units numbered on."""
    offset = np.cumsum([0, *(part.units for part in parts)])
    rows = np.concatenate([part.row + start for part, start in zip(parts, offset, strict=False)]).astype(np.int32)
    key, value, kind = (np.concatenate([getattr(part, name) for part in parts]) for name in ("key", "value", "kind"))
    return Occurrences(rows, key, value, kind, int(offset[-1]))


def kept(found: Occurrences, weight: NDArray[np.float64], least: float) -> tuple[NDArray[np.uint64], NDArray[np.int8]]:
    """The grams worth a column, sorted, and their kinds: seen in units of total ``weight`` >= ``least``; one a bucket, as in the table."""
    keys, first, column = np.unique(found.key, return_index=True, return_inverse=True)
    seen = np.bincount(column, weights=weight[found.row], minlength=len(keys))
    order = np.lexsort((keys, -seen))
    order = order[seen[order] >= least]
    _, winners = np.unique(bucket(keys[order]), return_index=True)
    chosen = np.sort(order[winners])
    return keys[chosen], found.kind[first[chosen]]


def matrix(found: Occurrences, columns: NDArray[np.uint64]) -> sparse.csr_matrix:
    """Occurrences as a CSR matrix, shape (units, len(columns)), float32; grams without a column are left out."""
    place = np.searchsorted(columns, found.key)
    place[place == len(columns)] = 0
    known = columns[place] == found.key
    shape = (found.units, len(columns))
    return sparse.coo_matrix((found.value[known], (found.row[known], place[known].astype(np.int32))), shape=shape).tocsr()
