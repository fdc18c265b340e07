"""Passages to one stream of token ids: the form in which both training and scoring see a batch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin_model import tokens
from tocsin_model.passages import Passage, segment
from tocsin_model.text import Folded, fold
from tocsin_model.tokens import BOUNDARY, Vocabulary


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch of passages as arrays.

    Attributes
    ----------
    folded, passages : one per text.
    lowered : the folded texts in lower case, same offsets.
    ids : int32, all units' tokens, each unit after one ``BOUNDARY``, and one ``BOUNDARY`` at the end.
    starts : intp, shape (units + 1,), where each unit's boundary stands in ``ids``; the last is the end of the stream.
    first : intp, shape (texts + 1,), the first unit of each text; the last is the number of units.
    """

    folded: list[Folded]
    passages: list[Passage]
    lowered: list[str]
    ids: NDArray[np.int32]
    starts: NDArray[np.intp]
    first: NDArray[np.intp]


def encode(texts: Sequence[str], vocabulary: Vocabulary) -> Batch:
    """Fold, segment and look up a batch. A passage's part of the arrays does not depend on its neighbours."""
    folded, passages, lowered = [], [], []
    ids: list[int] = []
    starts: list[int] = []
    first: list[int] = []
    look_up = vocabulary.__getitem__
    for text in texts:
        one = fold(text)
        passage = segment(one.text)
        lower = lower_case(one.text)
        first.append(len(starts))
        for unit in passage.units:
            starts.append(len(ids))
            ids.append(BOUNDARY)
            ids.extend(map(look_up, tokens.find(lower, unit.start, unit.end)))
        folded.append(one)
        passages.append(passage)
        lowered.append(lower)
    first.append(len(starts))
    starts.append(len(ids))
    ids.append(BOUNDARY)
    return Batch(folded, passages, lowered, np.array(ids, np.int32), np.array(starts, np.intp), np.array(first, np.intp))


def lower_case(text: str) -> str:
    """``text.lower()`` that keeps every offset: the few letters whose lower case is two characters stay as they are."""
    lower = text.lower()
    return lower if len(lower) == len(text) else "".join(low if len(low := char.lower()) == 1 else char for char in text)
