"""The validator of the seeds: what no single line can show."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tocsin_model.types import Voice
from tocsin_training.seeds import KINDS, Passage
from tocsin_training.splits import held_out, near_duplicates

_MARKS = re.compile(r"[\"“”„«»‘’'`>]")
_HARMLESS_KINDS = {*KINDS} - {"positive", "condemnation", "victim", "counter_speech"}


@dataclass(frozen=True, slots=True)
class Found:
    """What is wrong, a line each, and a summary."""

    problems: list[str]
    summary: str


def check(passages: Sequence[Passage]) -> Found:
    """Every offset, label, voice, duplicate and near-duplicate."""
    problems: list[str] = []
    ids = Counter(passage.id for passage in passages)
    texts: dict[str, str] = {}
    for passage in passages:
        if ids[passage.id] > 1:
            problems.append(f"{passage.id}: the id is used {ids[passage.id]} times")
        key = re.sub(r"\W+", " ", passage.text).strip().lower()
        if key in texts:
            problems.append(f"{passage.id}: the same text as {texts[key]}")
        texts[key] = passage.id
        problems.extend(f"{passage.id}: {problem}" for problem in _spans(passage))
    for first, second, share in near_duplicates(passages):
        across = "across the split, " if held_out(first) != held_out(second) else ""
        problems.append(f"{first.id} and {second.id}: near-duplicates ({across}{share:.0%} of the shorter)")
    written = sum(passage.origin == "written" for passage in passages)
    dangerous = sum(bool(passage.spans) for passage in passages)
    voices = Counter(span.voice.value for passage in passages for span in passage.spans)
    held = sum(map(held_out, passages))
    summary = (
        f"{len(passages)} passages ({written} free-written), {dangerous} dangerous, {held} held out, "
        f"{len({passage.group for passage in passages})} groups; "
        f"spans: {', '.join(f'{count} {voice}' for voice, count in sorted(voices.items()))}; "
        f"{len(problems)} problems"
    )
    return Found(problems, summary)


def _spans(passage: Passage) -> list[str]:
    problems = []
    end = 0
    for span in sorted(passage.spans, key=lambda span: span.start):
        words = passage.text[span.start : span.end]
        if span.start < end:
            problems.append(f"spans overlap at {span.start}")
        end = span.end
        if not words.strip() or words != words.strip():
            problems.append(f"the span at {span.start} begins or ends with white space")
        if not span.labels:
            problems.append(f"the span at {span.start} has no label")
        if span.voice is Voice.AUTHOR and span.speaker is not None:
            problems.append(f"the span at {span.start} is the author's and names a speaker")
        if span.speaker is not None and span.speaker not in passage.text:
            problems.append(f"the speaker {span.speaker!r} is not in the text")
        if span.voice is Voice.QUOTED and not _MARKS.search(passage.text):
            problems.append(f"the span at {span.start} is quoted, but nothing is in quotation marks")
    if passage.spans and passage.kind in _HARMLESS_KINDS:
        problems.append(f"kind {passage.kind} has a span")
    if passage.kind == "positive" and not passage.spans:
        problems.append("kind positive has no span")
    return problems
