"""What each scored unit of a passage is in truth, from the marked spans or from what a public corpus says of the whole text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tocsin_model.encode import Batch
from tocsin_model.types import Label
from tocsin_training.corpora import VIOLENT_WORDS, Example
from tocsin_training.seeds import Passage

UNKNOWN = -1
LABELS = tuple(Label)


def from_seeds(passages: Sequence[Passage], batch: Batch) -> NDArray[np.int8]:
    """Truth by unit and head (risk, threat, incitement, glorification), shape (units, 4): a unit has the labels of the spans it holds."""
    truth = np.zeros((int(batch.first[-1]), 4), np.int8)
    for index, passage in enumerate(passages):
        for unit, piece in enumerate(batch.passages[index].units, int(batch.first[index])):
            start, end = batch.folded[index].original(piece.start, piece.end)
            for span in passage.spans:
                shared = min(end, span.end) - max(start, span.start)
                if shared >= 0.3 * (span.end - span.start) or shared >= 0.5 * (end - start):
                    truth[unit, 0] = 1
                    for label in span.labels:
                        truth[unit, 1 + LABELS.index(label)] = 1
    return truth


def from_corpora(examples: Sequence[Example], batch: Batch) -> NDArray[np.int8]:
    """The same for public texts: every unit of a negative is negative; of a positive, the units that earned it, the others unknown."""
    truth = np.full((int(batch.first[-1]), 4), UNKNOWN, np.int8)
    for index, example in enumerate(examples):
        known = [UNKNOWN if value is None else value for value in (example.risk, example.threat, example.incitement, example.glorification)]
        pieces = batch.passages[index].units
        for unit, piece in enumerate(pieces, int(batch.first[index])):
            if example.risk == 0 or len(pieces) == 1 or _earned(example, batch, index, piece.start, piece.end):
                truth[unit] = known
    return truth


def _earned(example: Example, batch: Batch, index: int, start: int, end: int) -> bool:
    if example.marked:
        low, high = batch.folded[index].original(start, end)
        return any(min(high, stop) - max(low, begin) > 2 for begin, stop in example.marked)
    return VIOLENT_WORDS.search(batch.passages[index].text[start:end]) is not None
