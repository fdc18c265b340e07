"""A Result to the native JSON; the one place where offsets change their unit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tocsin_model.classifier import ModelInfo
from tocsin_model.types import Result
from tocsin_service.requests import Offsets, ScoreRequest


def render(result: Result, request: ScoreRequest, model: ModelInfo) -> dict[str, Any]:
    """The object of ``POST /v1/score``, also one line of ``tocsin batch`` and ``tocsin score --json``."""
    place = converter(request.text, request.offsets)
    return {
        "id": request.id,
        "model": {"name": model.name, "version": model.version, "digest": model.digest},
        "risk": result.risk,
        "asserted_risk": result.asserted_risk,
        "band": result.band.value,
        "labels": {label.value: result.labels[label] for label in request.labels},
        "spans": [
            {
                "start": place(span.start),
                "end": place(span.end),
                "text": span.text,
                "label": span.label.value,
                "score": span.score,
                "voice": span.voice.value,
                "speaker": span.speaker,
                "evidence": [{"start": place(item.start), "end": place(item.end), "weight": item.weight} for item in span.evidence],
            }
            for span in result.spans
            if span.label in request.labels
        ]
        if request.spans
        else None,
        "sentences": [
            {
                "start": place(sentence.start),
                "end": place(sentence.end),
                "voice": sentence.voice.value,
                "risk": sentence.risk,
                "labels": {label.value: sentence.labels[label] for label in request.labels},
            }
            for sentence in result.sentences
        ]
        if request.sentences
        else None,
        "language": {"code": result.language.code, "supported": result.language.supported},
        "offsets": request.offsets.value,
    }


def converter(text: str, unit: Offsets) -> Callable[[int], int]:
    """Code point offsets of ``text`` as offsets in another unit. A lone surrogate counts as UTF-16 has it, and as three bytes."""
    if unit is Offsets.CODEPOINT or text.isascii():
        return lambda offset: offset
    positions = [0]
    for char in text:
        code = ord(char)
        width = (
            (2 if code > 0xFFFF else 1)
            if unit is Offsets.UTF16
            else (1 if code < 0x80 else 2 if code < 0x800 else 3 if code < 0x10000 else 4)
        )
        positions.append(positions[-1] + width)
    return positions.__getitem__
