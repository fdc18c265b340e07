"""From the shares of a unit's tokens to the stretch that is marked: whole clauses, never across a quotation mark."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tocsin_model import tokens
from tocsin_model.types import Evidence

_CLAUSE = re.compile(r"[,;:—–(]\s+|\s[—–-]\s+|\s+(?=(?:and|but|because|while|although|though|so|yet)\s)|\.\.+\s*|…\s*", re.IGNORECASE)
_LEADING = re.compile(r"(?:[\s\"'“”‘’«»>,;:.…—–*_()\[\]-]|\b(?:and|but|so|because|while|that|although|then|yet)\b(?=\s))+", re.IGNORECASE)
_TRAILING = "\"'“”‘’«»,;:.!?… \n\t\r—–-*_()[]>"
_SHARE = 0.2  # a clause with less of the strongest clause's log-odds than this does not begin or end the span
_MOST_EVIDENCE = 8


@dataclass(frozen=True, slots=True)
class Words:
    """The tokens of one unit: folded ranges and log-odds of one head, shape (tokens,)."""

    ranges: list[tuple[int, int]]
    shares: NDArray[np.float64]


def words(lowered: str, start: int, end: int, shares: NDArray[np.float64]) -> Words:
    """Tokens of a unit with their shares; ``shares[0]`` belongs to the unit's boundary."""
    return Words([match.span() for match in tokens.scan(lowered, start, end)], shares[1:])


def extent(text: str, unit: Words, start: int, end: int) -> tuple[int, int]:
    """The run of clauses of ``text[start:end]`` that carries the unit's positive log-odds, trimmed of marks and conjunctions."""
    cuts = [start, *(match.end() for match in _CLAUSE.finditer(text, start, end)), end]
    gains = [0.0] * (len(cuts) - 1)
    for (low, _), share in zip(unit.ranges, unit.shares.tolist(), strict=True):
        if start <= low < end:
            gains[bisect_right(cuts, low) - 1] += share
    strongest = max(gains)
    carrying = [place for place, gain in enumerate(gains) if strongest <= 0 or gain >= _SHARE * strongest]
    return trim(text, cuts[carrying[0]], cuts[carrying[-1] + 1])


def trim(text: str, start: int, end: int) -> tuple[int, int]:
    """Without the marks, blanks and conjunctions around it; an empty stretch stays as it was."""
    match = _LEADING.match(text, start, end)
    low = match.end() if match else start
    high = low + len(text[low:end].rstrip(_TRAILING))
    return (low, high) if high > low else (start, end)


def evidence(unit: Words, start: int, end: int) -> list[Evidence]:
    """The words that weighed most inside a span, by position; weights are signed shares of the span's absolute log-odds."""
    inside = [index for index, (low, high) in enumerate(unit.ranges) if start <= low and high <= end]
    total = float(np.abs(unit.shares[inside]).sum()) if inside else 0.0
    if total == 0:
        return []
    strongest = sorted(inside, key=lambda index: (-abs(unit.shares[index]), index))[:_MOST_EVIDENCE]
    return [Evidence(*unit.ranges[index], round(float(unit.shares[index]) / total, 4)) for index in sorted(strongest)]
