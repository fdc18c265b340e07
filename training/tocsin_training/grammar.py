"""Slot grammars: ``seeds/grammars/*.txt`` and their expansion ``seeds/grammar.jsonl``.

A grammar file defines slots (``<person> = neighbour | teacher | …``), then, after a blank line, marked-up templates
(:mod:`tocsin_training.markup`) that hold ``<person>``, or ``<Person>`` where a capital is due. A template is one group, so that a
split never has one sentence frame on both sides.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from tocsin_training import markup
from tocsin_training.seeds import SEEDS, Passage, SeedError
from tocsin_training.splits import unit_interval

GRAMMARS = SEEDS / "grammars"
EXPANDED = SEEDS / "grammar.jsonl"
EXPANSIONS = 6  # passages a template, fewer where its slots allow fewer

_DEFINITION = re.compile(r"<([a-z_0-9]+)>\s*=\s*(.+)")
_SLOT = re.compile(r"<([A-Za-z_0-9]+)>")


def expand(folder: Path = GRAMMARS) -> list[Passage]:
    """The passages of every grammar of a folder; the same ones every time.

    Raises
    ------
    SeedError : a template that can't be read, or that uses a slot its file does not define.
    """
    return [passage for path in sorted(folder.glob("*.txt")) for passage in _file(path)]


def _file(path: Path) -> list[Passage]:
    head, _, body = path.read_text(encoding="utf-8").partition("\n---\n")
    slots = {match[1]: [value.strip() for value in match[2].split("|")] for match in map(_DEFINITION.match, head.splitlines()) if match}
    passages: list[Passage] = []
    blocks = filter(str.strip, re.split(r"(?m)^---[ \t]*$", body))
    for number, block in enumerate(blocks):
        seen: set[str] = set()
        for turn in range(EXPANSIONS):
            (passage,) = markup.parse(_filled(block, slots, turn, path.name), path.stem, f"grammar:{path.stem}")
            if passage.text not in seen:
                seen.add(passage.text)
                passages.append(replace(passage, id=f"grammar-{path.stem}-{number:03}-{turn}", theme=EXPANDED.stem))
    return passages


def _filled(block: str, slots: dict[str, list[str]], turn: int, file: str) -> str:
    head = block.strip().partition("\n")[0]

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name.lower() not in slots:
            raise SeedError(f"{file}: {head}: the slot <{name}> is not defined; write '<{name.lower()}> = … | …' at the top of the file")
        choices = slots[name.lower()]
        # Turns walk through the values from a place of the template's own, so that no value comes twice before all have come once.
        chosen = choices[(int(unit_interval(head + name.lower()) * len(choices)) + turn) % len(choices)]
        return chosen[:1].upper() + chosen[1:] if name[0].isupper() else chosen

    return _SLOT.sub(value, block)
