"""Words of a folded passage, and the vocabulary that undoes in-word disguises ("k1ll", "k*ll", "k i l l", "killlll").

A token is looked up in lower case. One that the vocabulary lacks is first read through its disguise; what is still unknown becomes one
of a few shape classes, so that every token has an id and nothing grows with the traffic.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

# At the start of a word: a link, a handle, letters set apart, a word (masked letters inside), a pictograph, strong punctuation.
_PATTERN = (
    r"https?://\S+|www\.\S+|@\w+"
    r"|(?<!\w)[^\W\d_](?:[ .\-_*·][^\W\d_]){2,20}(?!\w)"
    r"|[^\W_]+(?:(?:['@$!|]|\*{1,4})[^\W_]+)*"
    r"|[\u2600-\u27bf\U0001f300-\U0001faff]|[!?]+|,"
)
_TOKEN = re.compile(_PATTERN)

# Bound methods of the compiled pattern: (text, start, end) -> tokens / matches. The pattern is the package's only tokeniser.
find: Callable[[str, int, int], list[str]] = _TOKEN.findall
scan: Callable[[str, int, int], Iterator[re.Match[str]]] = _TOKEN.finditer

BOUNDARY = 0  # id between two units
SHAPES = (
    "<boundary>",
    "<link>",
    "<handle>",
    "<number>",
    "<symbol>",
    "<other-s>",
    "<other-ed>",
    "<other-ing>",
    "<other-ly>",
    "<other>",
    "<foreign>",
)
_ID = {shape: index for index, shape in enumerate(SHAPES)}

_LEET = [str.maketrans("0134578$@!|", letters) for letters in ("oieastbsaii", "oleastbsall")]
_LONG_RUN = re.compile(r"(.)\1{2,}")
_SEPARATORS = re.compile(r"[ .\-_*·]")
_MASK = re.compile(r"\*+")
_LONGEST = 40  # letters; longer words are not words


class Vocabulary(dict[str, int]):
    """Token to id; ``vocabulary[token]`` answers for every string.

    Parameters
    ----------
    words : the known words, lower case; their ids follow those of ``SHAPES``.
    aliases : words that are read as another word (``{"muslims": "<group>"}``): what they name must not matter to a score.
    """

    def __init__(self, words: Iterable[str], aliases: dict[str, str]) -> None:
        super().__init__(_ID)
        for word in words:
            self.setdefault(word, len(self))
        for word, target in aliases.items():
            self[word] = self[target]

    def __missing__(self, token: str) -> int:
        first = token[0]
        if first == "@" and len(token) > 1:
            return _ID["<handle>"]
        if token.startswith(("http", "www.")) and "." in token:
            return _ID["<link>"]
        if len(token) > _LONGEST:
            return _ID["<other>"]
        for reading in _readings(token):
            if reading in self:
                return self[reading]
        return _ID[_shape(token)]


def _readings(token: str) -> Iterator[str]:
    """What a disguised token may say, likeliest first."""
    if token.endswith(("'s", "s'")):
        yield token[:-2] if token.endswith("'s") else token[:-1]
    gaps = _MASK.findall(token)
    if len(gaps) == 1 and len(token) > 2:
        for letters in "iuaeo" if len(gaps[0]) == 1 else ("il", "uc", "ur", "oo", "ea"):
            yield _MASK.sub(letters, token)
    joined = _SEPARATORS.sub("", token)
    if joined != token and len(token) >= 2 * len(joined) - 1:
        yield joined
    for plain in [joined, *(joined.translate(table) for table in _LEET)] if not joined.isdigit() else ():
        yield plain
        if _LONG_RUN.search(plain):
            yield _LONG_RUN.sub(r"\1\1", plain)
            yield _LONG_RUN.sub(r"\1", plain)
    for part in re.split(r"['@$!|*]+", token):
        if len(part) > 2 and part != token:
            yield part


def _shape(token: str) -> str:
    if token[0].isdigit():
        return "<number>"
    if not token[0].isalpha():
        return "<symbol>"
    if not token.isascii():
        return "<foreign>"
    for ending in ("ing", "ed", "ly", "s"):
        if token.endswith(ending):
            return f"<other-{ending}>"
    return "<other>"
