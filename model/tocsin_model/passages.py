"""A passage cut into the units that are scored: sentences, and quotations apart from the sentence around them.

A quotation that is an utterance ("We will come," she said) becomes units of its own; a quoted fragment (vowed to "turn the camp to
ash") stays inside its sentence, which it needs to be understood. Linear in the passage; offsets are into the folded text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from tocsin_model import quotations
from tocsin_model.quotations import Quotation

_BOUNDARY = re.compile(
    r"""[.!?…]+["'”’»)\]*_]*(?=\s)       # closing punctuation, with what closes behind it
      | \s*\n\s*\n\s*                    # a paragraph
      | [ \t\r]*\n(?![a-z,;])            # a line that does not go on in the middle of a sentence
      | ;(?=\s)
    """,
    re.VERBOSE,
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|st|gen|col|lt|sgt|capt|maj|cmdr|adm|brig|rep|sen|gov|pres|prof|rev|hon|sr|jr|vs|no|art|sec|fig|approx|dept|est|inc|ltd|co|corp"
    r"|jan|feb|mar|apr|jun|jul|aug|sept|sep|oct|nov|dec|e\.g|i\.e|cf|al|ca|p|pp)|\b[a-z](?:\.[a-z])*)$",
    re.IGNORECASE,
)
_HOLDS_FRAGMENT = re.compile(
    r"\b(?:to|a|an|the|of|as|and|or|by|for|with|in|into|on|at|from|his|her|their|its|our|my|your|be|is|are|was|were|been|being|so-called|term|word|words"
    r"|phrase|called|labelled|labeled|than|not|any|all|who|which)\s*$",
    re.IGNORECASE,
)
_LONGEST_UNIT = 480  # characters; a sentence without an end is cut so that no part of it drowns another


@dataclass(frozen=True, slots=True)
class Unit:
    """A stretch ``[start, end)`` scored by itself. ``quotation`` indexes the passage's quotations, or is -1 outside all of them."""

    start: int
    end: int
    quotation: int


@dataclass(frozen=True, slots=True)
class Passage:
    """A folded text, its quotations and its units in order."""

    text: str
    quotations: list[Quotation]
    units: list[Unit]


def segment(text: str) -> Passage:
    """Cut a folded text into units; every word of it is in exactly one."""
    quoted = quotations.find(text)
    edges: list[tuple[int, int]] = []  # (offset, the quotation that holds what follows)
    holders: list[int] = []
    for index, quotation in enumerate(quoted):
        while holders and quoted[holders[-1]].outer_end <= quotation.outer_start:
            left = holders.pop()
            edges.append((quoted[left].outer_end, holders[-1] if holders else -1))
        if is_utterance(text, quotation):
            edges.append((quotation.outer_start, index))
            holders.append(index)
    while holders:
        left = holders.pop()
        edges.append((quoted[left].outer_end, holders[-1] if holders else -1))
    units: list[Unit] = []
    cuts = _cuts(text)
    start, holder, cut = 0, -1, 0
    for edge, inside in [*edges, (len(text), -1)]:
        while cut < len(cuts) and cuts[cut] <= start:
            cut += 1
        while cut < len(cuts) and cuts[cut] < edge:
            _append(units, text, start, cuts[cut], holder)
            start = cuts[cut]
            cut += 1
        _append(units, text, start, edge, holder)
        start, holder = max(start, edge), inside
    return Passage(text, quoted, units)


def is_utterance(text: str, quotation: Quotation) -> bool:
    """Whether the quoted words stand by themselves, rather than being a piece of the sentence around them."""
    words = text[quotation.start : quotation.end].split(None, 4)
    if quotation.block or quotation.continues:
        return True
    if len(words) < 2:
        return False
    first, last = words[0].lstrip("'\"“‘*.… ")[:1], text[quotation.end - 1]
    before = text[max(0, quotation.outer_start - 24) : quotation.outer_start].rstrip()
    if not before or before[-1] in ":,.!?…;—–-)\n“‘\"'":
        return len(words) > 2 or first.isupper() or last in ".!?,"
    if first.isupper():
        return len(words) > 3 or last in ".!?,"
    return len(words) > 2 and not _HOLDS_FRAGMENT.search(before)


def _cuts(text: str) -> list[int]:
    found = []
    for match in _BOUNDARY.finditer(text):
        mark = text[match.start()]
        if mark == "." and match.end() - match.start() == 1 and _ABBREVIATION.search(text, max(0, match.start() - 8), match.start()):
            continue
        found.append(match.end())
    return found


def _append(units: list[Unit], text: str, start: int, end: int, holder: int) -> None:
    while end - start > _LONGEST_UNIT:
        cut = max(text.rfind(mark, start + _LONGEST_UNIT // 2, start + _LONGEST_UNIT) for mark in (",", ":", " "))
        cut = cut + 1 if cut > 0 else start + _LONGEST_UNIT
        units.append(Unit(start, cut, holder))
        start = cut
    if end > start and any(char.isalnum() or char > "\u2190" for char in text[start:end]):
        units.append(Unit(start, end, holder))
