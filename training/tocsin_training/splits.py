"""Which passages are held out: by group (a scenario, a template), never cutting through twins or near-duplicates."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from tocsin_training.seeds import Passage

HELD_OUT_SHARE = 0.15
_WORD = re.compile(r"\w+")
_SHINGLE = 5  # words
_NEAR = 0.6  # share of the shorter passage's shingles


def held_out(passage: Passage) -> bool:
    """Whether a passage is never trained on: the blind set, and a hashed share of all other groups."""
    return passage.theme.startswith("heldout") or unit_interval("held-out:" + passage.group) < HELD_OUT_SHARE


def fold_of(group: str, folds: int) -> int:
    """The cross-validation fold of a group."""
    return int(unit_interval("fold:" + group) * folds)


def unit_interval(name: str) -> float:
    """A number in [0, 1) that depends on the name alone."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "big") / 2**48


def near_duplicates(passages: Sequence[Passage]) -> list[tuple[Passage, Passage, float]]:
    """Pairs of different groups that share most of their five-word shingles, with the share; a template's own output is one group."""
    shingles: dict[tuple[str, ...], list[int]] = {}
    sizes = []
    for index, passage in enumerate(passages):
        found = _shingles(passage.text)
        sizes.append(len(found))
        for shingle in found:
            shingles.setdefault(shingle, []).append(index)
    shared: dict[tuple[int, int], int] = {}
    for indices in shingles.values():
        if len(indices) <= 60:
            for place, first in enumerate(indices):
                for second in indices[place + 1 :]:
                    if passages[first].group != passages[second].group:
                        shared[first, second] = shared.get((first, second), 0) + 1
    return [
        (passages[first], passages[second], count / min(sizes[first], sizes[second]))
        for (first, second), count in sorted(shared.items())
        if count >= _NEAR * min(sizes[first], sizes[second]) and min(sizes[first], sizes[second]) >= 3
    ]


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = [word.lower() for word in _WORD.findall(text)]
    return {tuple(words[start : start + _SHINGLE]) for start in range(len(words) - _SHINGLE + 1)}
