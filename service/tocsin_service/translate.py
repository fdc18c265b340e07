"""From thresholds on another scorer to thresholds on Tocsin: the score that as many of the same comments reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tocsin_model import Classifier, Label

STEPS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95)


@dataclass(frozen=True, slots=True)
class Step:
    """``share`` of the comments reach ``old`` with the other scorer, and ``threat`` or ``risk`` with Tocsin; ``agree``: the same ones."""

    old: float
    flagged: int
    share: float
    threat: float | None
    risk: float | None
    agree: float | None


def table(classifier: Classifier, texts: Sequence[str], old: Sequence[float], steps: Sequence[float] = STEPS) -> list[Step]:
    """A row for each threshold of the other scorer; a threshold that no comment reaches has no translation.

    Raises
    ------
    ValueError : fewer than 100 comments, or scores that are not between 0 and 1.
    """
    scores = np.asarray(old, np.float64)
    if len(texts) < 100:
        raise ValueError(f"{len(texts)} comments are too few to translate a threshold; give at least 100, better thousands")
    if not ((scores >= 0) & (scores <= 1)).all():
        raise ValueError("the other scorer's scores must be between 0 and 1")
    results = classifier.score(texts, spans=False)
    threat = np.array([result.labels[Label.THREAT] for result in results])
    risk = np.array([result.risk for result in results])
    rows = []
    for step in steps:
        before = scores >= step
        count = int(before.sum())
        if count == 0:
            rows.append(Step(step, 0, 0.0, None, None, None))
            continue
        limit = float(np.sort(threat)[-count])
        agree = float((before & (threat >= limit)).sum() / count)
        rows.append(Step(step, count, count / len(texts), limit, float(np.sort(risk)[-count]), agree))
    return rows
