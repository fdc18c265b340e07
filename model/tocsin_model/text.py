"""Folding of disguises, with a map back: full-width letters, no-break and zero-width characters, stacked accents, look-alike letters.

``fold`` undoes what hides a word from a reader's machine but not from the reader. Disguises *inside* a word that keep its letters apart
or swap them for digits ("k i l l", "k1ll", "k*ll", "killlll") are undone word by word in :mod:`tocsin_model.tokens`.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

# Typography that later steps read as it is: quotation marks, dashes, the ellipsis.
_KEPT = frozenset("‘’“”„‟‹›«»–—…")

# Cyrillic and Greek letters that look like Latin ones, after Unicode's confusables.txt; used only inside words that mix scripts.
_LOOKALIKES = str.maketrans(
    "аеорсухіјѕԁһкмтвнгпӏαεορτυχκινγωАВЕКМНОРСТУХІЈЅΑΒΕΖΗΙΚΜΝΟΡΤΥΧ",
    "aeopcyxijsdhkmtbhrnlaeoptuxkivywABEKMHOPCTYXIJSABEZHIKMNOPTYX",
)
_MIXED_WORD = re.compile(r"(?<!\w)(?=\w*[A-Za-z])(?=\w*[Ͱ-ӿ])\w{1,64}")
_INNER_APOSTROPHE = re.compile(r"(?<=[^\W\d_])[’‘ʼ`´](?=[^\W\d_])")


@dataclass(frozen=True, slots=True)
class Folded:
    """A folded passage. ``origin[i]`` is the code point offset in the original of folded character ``i``; None means the same offset."""

    text: str
    origin: list[int] | None
    length: int

    def original(self, start: int, end: int) -> tuple[int, int]:
        """The half-open original range that the folded range ``[start, end)`` came from."""
        if self.origin is None or start >= end:
            return start, end
        last = self.origin[end - 1]
        after = self.origin[end] if end < len(self.origin) else self.length
        # A dropped character after the last one (an accent, a joiner) belongs to it; a letter that unfolds into several ends where it ends.
        return self.origin[start], max(after, last + 1)


def fold(text: str) -> Folded:
    """Fold a passage. ``len(result.text)`` may differ from ``len(text)``; the original is never needed again but for slicing."""
    if text.isascii():
        if "\x00" in text:
            text = text.replace("\x00", " ")
        return Folded(text, None, len(text))
    table = {char: _fold_char(char) for char in set(text) if not " " <= char <= "~"}
    if all(len(new) == 1 for new in table.values()):
        return Folded(_same_length(text.translate({ord(old): new for old, new in table.items()})), None, len(text))
    pieces: list[str] = []
    origin: list[int] = []
    for index, char in enumerate(text):
        new = table.get(char, char)
        pieces.append(new)
        origin.extend([index] * len(new))
    return Folded(_same_length("".join(pieces)), origin, len(text))


def _same_length(text: str) -> str:
    text = _INNER_APOSTROPHE.sub("'", text)
    return _MIXED_WORD.sub(lambda match: match.group().translate(_LOOKALIKES), text)


def _fold_char(char: str) -> str:
    """What one character stands for: usually one character, several for ligatures, none for the invisible."""
    if char in "\n\t" or char in _KEPT:
        return char
    category = unicodedata.category(char)
    if category in ("Cf", "Mn", "Me"):
        return ""
    if category == "Cs":  # a lone surrogate: JSON can carry one, UTF-8 can't
        return "�"
    if category[0] in "CZ":
        return "\n" if char in "\r\x0b\x0c\x85\u2028\u2029" else " "
    bare = "".join(part for part in unicodedata.normalize("NFKD", char) if unicodedata.category(part) not in ("Mn", "Me", "Cf"))
    return bare or char
