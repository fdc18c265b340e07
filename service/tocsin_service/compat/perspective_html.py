"""HTML comments as text: tags away, character references read, and a way back to the HTML for every stretch.

Not a parser of documents: markup is what a browser would start to read as a tag, and every step goes on where the last one ended, so
that hostile markup takes no longer than plain text.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable

Stretch = Callable[[int, int], tuple[int, int]]
"""From ``[start, end)`` of the text to the ``[start, end)`` of what was sent."""

# What is not closed runs to the end, as in browsers. The possessive quantifiers keep a tag without an end from being tried twice.
_MARKUP = re.compile(
    r"(?P<away><!--.*?(?:-->|\Z)|<(?P<raw>script|style|template)\b.*?(?:</(?P=raw)\s*+>|\Z)|<[!?][^<>]*+>)"
    r"|</?+(?P<tag>[a-z][^\s<>/]*+)[^<>]*+>"
    r"|(?P<reference>&(?:#\d{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});?)",
    re.IGNORECASE | re.DOTALL,
)
_BLOCKS = frozenset(
    "address article aside blockquote dd details div dl dt figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre"
    " section summary table tbody td tfoot th thead tr ul".split()
)


def to_text(source: str) -> tuple[str, Stretch]:
    """The text of some HTML; blocks are apart by an empty line, ``<br>`` ends a line, other tags leave nothing."""
    parts: list[str] = []
    starts: list[int] = []
    ends: list[int] = []

    def put(text: str, start: int, end: int) -> None:
        parts.append(text)
        starts.extend([start] * len(text))
        ends.extend([end] * len(text))

    place = 0
    for found in _MARKUP.finditer(source):
        parts.append(source[place : found.start()])
        starts.extend(range(place, found.start()))
        ends.extend(range(place + 1, found.start() + 1))
        place = found.end()
        if found["tag"]:
            name = found["tag"].lower()
            put("\n" if name == "br" else "\n\n" if name in _BLOCKS else "", *found.span())
        elif found["reference"]:
            put(html.unescape(found[0]), *found.span())
    parts.append(source[place:])
    starts.extend(range(place, len(source)))
    ends.extend(range(place + 1, len(source) + 1))
    return "".join(parts), lambda start, end: (starts[start], ends[end - 1])


def as_it_is(start: int, end: int) -> tuple[int, int]:
    """The stretch of plain text."""
    return start, end
