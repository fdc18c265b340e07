"""Inline markup, the way passages are written before they become lines with offsets.

::

    ---
    @ group=sahel-01 kind=positive genre=news
    “{{T/q/Commander Idder::Whoever crosses the river will not go home}},” Commander Idder said.

``{{labels/voice/speaker::words}}``: labels are T, I, G; voice is a, q or r; the speaker stays empty for the author.
"""

from __future__ import annotations

import re

from tocsin_model.types import Label, Voice
from tocsin_training.seeds import KINDS, GoldSpan, Passage, SeedError

_BLOCK = re.compile(r"(?m)^---[ \t]*$")
_HEAD = re.compile(r"@ group=(\S+) kind=(\S+) genre=(\S+)\s*$")
_SPAN = re.compile(r"\{\{([TIG]+)/([aqr])/([^:{}]*)::(.*?)\}\}", re.DOTALL)
_LABELS = {"T": Label.THREAT, "I": Label.INCITEMENT, "G": Label.GLORIFICATION}
_VOICES = {"a": Voice.AUTHOR, "q": Voice.QUOTED, "r": Voice.REPORTED}


def parse(source: str, theme: str, origin: str = "written") -> list[Passage]:
    """Passages of a marked-up file.

    Raises
    ------
    SeedError : a block whose header or markup can't be read; names the block.
    """
    passages = []
    for number, block in enumerate(_BLOCK.split(source)):
        if not block.strip():
            continue
        head, _, body = block.strip("\n").partition("\n")
        match = _HEAD.match(head.strip())
        if match is None:
            raise SeedError(f"{theme} block {number}: the first line must be '@ group=… kind=… genre=…', not {head[:60]!r}")
        group, kind, genre = match.groups()
        if kind not in KINDS:
            raise SeedError(f"{theme} block {number}: kind {kind!r} is not one of {', '.join(KINDS)}")
        text, spans = unmark(body.strip())
        if "{{" in text or "}}" in text:
            raise SeedError(f"{theme} block {number} ({group}): span markup that can't be read")
        passages.append(Passage(f"{theme}-{number:04d}", group, theme, kind, genre, origin, text, spans))
    return passages


def unmark(body: str) -> tuple[str, tuple[GoldSpan, ...]]:
    """The bare text of a marked-up passage and its spans."""
    text, position, spans = "", 0, []
    for match in _SPAN.finditer(body):
        text += body[position : match.start()]
        labels, voice, speaker, words = match.groups()
        spans.append(
            GoldSpan(
                len(text), len(text) + len(words), frozenset(_LABELS[letter] for letter in labels), _VOICES[voice], speaker.strip() or None
            )
        )
        text += words
        position = match.end()
    return text + body[position:], tuple(spans)
