"""Where a passage quotes: double, single, nested and angled quotation marks, block quotes, quotations that run over paragraphs.

One pass over the marks, linear in the passage. Offsets are into the folded text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_MARK = re.compile(
    r"""["“”„‟«»]                       # double marks
      | (?<![\w'‘])['‘](?=[\w"“.…])     # a single mark that may open
      | (?<=[\w.,!?…"”*)-])['’](?!\w)   # a single mark that may close
      | \n[ \t\r]*\n                    # the end of a paragraph
      | \n(?=[ \t]*["“«])               # a line that opens with a mark
    """,
    re.VERBOSE,
)
# "> " as mail and Markdown quote; ">be me", without the blank, is a style of writing and nobody's quotation.
_BLOCK = re.compile(r"(?m)^[ \t]*>[ \t][^\n]*(?:\n[ \t]*>(?:[ \t][^\n]*)?(?=\n|\Z))*")
_NOT_AN_OPENING = re.compile(r"['‘’](?:tis|twas|em|til|bout|cause|cos|n|\d0s)\b", re.IGNORECASE)
_CLOSES = {"“": "”", "„": "“”", "‟": "”", '"': '"”', "«": "»", "'": "'’", "‘": "’'"}
LONGEST = 6_000  # characters: an opening mark with no close in this distance was not an opening mark


@dataclass(frozen=True, slots=True)
class Quotation:
    """The words between two marks, ``[start, end)``; ``outer`` includes the marks. ``continues`` the quotation before it (same speaker)."""

    start: int
    end: int
    outer_start: int
    outer_end: int
    depth: int
    continues: bool = False
    block: bool = False


@dataclass(slots=True)
class _Open:
    mark: str
    start: int
    outer_start: int
    continues: bool


def find(text: str) -> list[Quotation]:
    """All quotations of a folded passage, outer before inner, by start."""
    found = list(_marked(text))
    if ">" in text:
        found.extend(_blocks(text))
    found.sort(key=lambda quotation: (quotation.outer_start, -quotation.outer_end))
    return found


def _blocks(text: str) -> Iterator[Quotation]:
    for match in _BLOCK.finditer(text):
        if match.end() - match.start() > 3:
            yield Quotation(match.start(), match.end(), match.start(), match.end(), 0, block=True)


def _marked(text: str) -> Iterator[Quotation]:
    stack: list[_Open] = []
    continuing = ""
    for match in _MARK.finditer(text):
        mark, at = match.group(), match.start()
        if mark[0] == "\n":
            following = text[match.end() : match.end() + 4].lstrip()[:1]
            if stack:
                outer = stack[0]
                reopened = following == outer.mark and outer.mark != "'"
                if reopened or (outer.mark in "“«" and len(mark) > 1):
                    yield Quotation(outer.start, at, outer.outer_start, at, 0, outer.continues)
                    continuing = outer.mark if reopened else ""
                    stack.clear()
                elif len(mark) > 1:  # a straight or single mark that nothing closes: not a quotation
                    stack.clear()
            continue
        if stack and at - stack[-1].start > LONGEST:
            stack.pop()
        closed = _closing(stack, text, mark, at)
        if closed is not None:
            opened = stack[closed]
            del stack[closed:]
            if at > opened.start:
                yield Quotation(opened.start, at, opened.outer_start, at + 1, closed, opened.continues)
        elif _opens(text, mark, at):
            if stack and stack[-1].mark == mark and at == stack[-1].start:
                stack[-1].start = at + 1  # a doubled opening mark
                continue
            stack = [still for still in stack if still.mark != mark]
            stack.append(_Open(mark, at + 1, at, continuing == mark and not stack))
            continuing = ""
    if stack and stack[0].mark in "“«" and len(text) - stack[0].start <= LONGEST:
        outer = stack[0]
        yield Quotation(outer.start, len(text), outer.outer_start, len(text), 0, outer.continues)


def _closing(stack: list[_Open], text: str, mark: str, at: int) -> int | None:
    """The index in the stack that this mark closes."""
    for index in range(len(stack) - 1, -1, -1):
        opened = stack[index]
        if mark in _CLOSES[opened.mark]:
            if mark == '"' and opened.mark == '"' and _only_opens(text, at):
                return None
            return index
    return None


def _only_opens(text: str, at: int) -> bool:
    """A straight mark after a blank and before a word can't close."""
    before, after = text[at - 1 : at], text[at + 1 : at + 2]
    return (not before or before.isspace()) and bool(after) and after.isalnum()


def _opens(text: str, mark: str, at: int) -> bool:
    after = text[at + 1 : at + 2]
    if mark in "“„‟«":
        return True
    if mark == '"':
        return bool(after) and not after.isspace() and not text[at - 1 : at].isalnum()
    if mark in "'‘":
        before = text[at - 1 : at]
        return not before.isalnum() and not _NOT_AN_OPENING.match(text, at) and bool(after) and not after.isspace()
    return False
