"""A passage through a browser and back: text that survives the HTML parser, offsets that change between code points and UTF-16."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable
from itertools import accumulate
from typing import Any

from markupsafe import Markup, escape

from tocsin_service.requests import Offsets
from tocsin_service.responses import converter

# What HTML can't hold, as a character of the same length in UTF-16: NUL, and halves of a pair, which UTF-8 has no bytes for.
_UNPRINTABLE = {0: "\ufffd"} | dict.fromkeys(range(0xD800, 0xE000), "\ufffd")


def exact(text: str) -> Markup:
    """Escaped so that the page's text node is the passage, unit by unit: the parser would make a line feed of a carriage return."""
    escaped = str(escape(text.translate(_UNPRINTABLE)))
    return Markup(escaped.replace("\r", "&#13;"))  # noqa: S704 escaped one line above


def to_utf16(text: str, marks: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Spans with offsets as JavaScript counts them, without their evidence."""
    place = converter(text, Offsets.UTF16)
    return [
        {"start": place(one["start"]), "end": place(one["end"]), **{name: one.get(name) for name in ("label", "voice", "speaker")}}
        for one in marks
    ]


def from_utf16(text: str) -> Callable[[int], int]:
    """From an offset that JavaScript counted to the code point there.

    Raises
    ------
    ValueError : by the function returned, for an offset beyond the text or inside a character.
    """
    positions = range(len(text) + 1) if text.isascii() else list(accumulate((2 if ord(char) > 0xFFFF else 1 for char in text), initial=0))

    def place(offset: int) -> int:
        if not 0 <= offset <= positions[-1]:
            raise ValueError(f"{offset} is beyond the passage, which ends at {positions[-1]}")
        found = bisect_left(positions, offset)
        if positions[found] != offset:
            raise ValueError(f"{offset} is inside a character")
        return found

    return place
