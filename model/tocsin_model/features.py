"""Features of units, as hashes: n-grams and skip-grams over three views of each token.

The views, from exact to coarse: the word; its fine class (words that mean much the same); its pattern class (function words as
themselves, others by a broad class, violent verbs, weapons, body parts and the like by lexicon). A template names the tokens it reads
and in which view. The same arrays serve training (columns of a matrix) and scoring (rows of a weight table), so they can't differ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin_model.tokens import BOUNDARY

WORD, FINE, PATTERN = 0, 1, 2

# (name, ((view, offset), …)): offsets are from the template's first token. Templates of one name share their weights.
TEMPLATES: tuple[tuple[str, tuple[tuple[int, int], ...]], ...] = (
    ("w1", ((WORD, 0),)),
    ("f1", ((FINE, 0),)),
    ("p1", ((PATTERN, 0),)),
    ("w2", ((WORD, 0), (WORD, 1))),
    ("f2", ((FINE, 0), (FINE, 1))),
    ("p2", ((PATTERN, 0), (PATTERN, 1))),
    ("wp", ((WORD, 0), (PATTERN, 1))),
    ("pw", ((PATTERN, 0), (WORD, 1))),
    ("ps", ((PATTERN, 0), (PATTERN, 2))),
    ("ps", ((PATTERN, 0), (PATTERN, 3))),
)
CONTEXT: tuple[tuple[str, tuple[tuple[int, int], ...]], ...] = (
    ("cw", ((WORD, 0),)),
    ("cf", ((FINE, 0),)),
)

_MULTIPLIERS = np.array([0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93], dtype=np.uint64)
_FINISH = np.uint64(0xFF51AFD7ED558CCD)


@dataclass(frozen=True, slots=True)
class Grams:
    """Occurrences of one template: ``at[i]`` is the position of the first token, ``key[i]`` the 64-bit hash of the gram."""

    name: str
    offsets: tuple[int, ...]
    at: NDArray[np.intp]
    key: NDArray[np.uint64]


def views(ids: NDArray[np.int32], fine: NDArray[np.int32], pattern: NDArray[np.int32]) -> tuple[NDArray[np.uint64], ...]:
    """The three views of a token stream; ``fine`` and ``pattern`` map an id to its class."""
    return ids.astype(np.uint64), fine[ids].astype(np.uint64), pattern[ids].astype(np.uint64)


def grams(
    streams: tuple[NDArray[np.uint64], ...], templates: tuple[tuple[str, tuple[tuple[int, int], ...]], ...] = TEMPLATES
) -> list[Grams]:
    """All grams of a token stream in which units are separated by ``BOUNDARY``; none reaches across a boundary.

    A boundary may be a gram's first token (the beginning of a unit) or its last (the end), never one between.
    """
    boundary = streams[WORD] == BOUNDARY
    unit = np.cumsum(boundary)  # a boundary opens the unit it stands before
    result = []
    for name, parts in templates:
        offsets = tuple(offset for _, offset in parts)
        reach = offsets[-1]
        size = len(unit) - reach
        if size <= 0:
            continue
        if reach == 0:
            valid = ~boundary
        else:
            valid = unit[:size] == unit[reach - 1 : reach - 1 + size]
            if reach == 1 or len(parts) == 2:
                valid &= ~(boundary[:size] & boundary[reach:])
        at = np.flatnonzero(valid)
        key = np.full(len(at), _salt(name), dtype=np.uint64)
        for place, (view, offset) in enumerate(parts):
            key = (key ^ (streams[view][at + offset] + np.uint64(1))) * _MULTIPLIERS[place]
            key ^= key >> np.uint64(29)
        key *= _FINISH
        key ^= key >> np.uint64(32)
        result.append(Grams(name, offsets, at, key))
    return result


def _salt(name: str) -> np.uint64:
    return np.uint64(int.from_bytes(name.encode().ljust(8, b"\0"), "little"))
