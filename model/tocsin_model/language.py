"""Whether a passage is English: by the vocabulary where it is plain, by py3langid where it is not."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from tocsin_model.types import Language

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

ENGLISH = Language("en", True)
UNKNOWN = Language("und", False)

_KNOWN, _FUNCTION = 0.75, 0.12  # shares of known words and of function words above which no second opinion is asked
_ENOUGH = 2_000  # characters


def identify(text: str, words: int, known: int, function: int) -> Language:
    """The language of a passage with that many words, known words and function words."""
    if words == 0 or (words < 8 and not any(map(str.isalpha, text))):
        return UNKNOWN
    if known >= _KNOWN * words and (function >= _FUNCTION * words or words < 8):
        return ENGLISH
    if words < 3:  # too little to tell: names and slang are mostly unknown words
        return ENGLISH if text.isascii() else _classify(text)
    return _classify(text)


def load() -> None:
    """Load what doubtful passages need, for processes to share that are forked from this one."""
    _identifier()


def _classify(text: str) -> Language:
    code, _ = _identifier().classify(text[:_ENOUGH])
    return ENGLISH if code == "en" else Language(str(code), False)


@cache
def _identifier() -> LanguageIdentifier:
    # Imported at the first doubtful passage: it costs time and memory that English traffic need not pay.
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    return LanguageIdentifier.from_pickled_model(MODEL_FILE)
