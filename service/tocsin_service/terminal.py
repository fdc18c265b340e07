"""A scored passage for a terminal: spans coloured by label, speakers and scores below."""

from __future__ import annotations

from tocsin_model.types import Label, Result
from tocsin_service.highlight import pieces

_COLOURS = {Label.THREAT: "1;97;41", Label.INCITEMENT: "1;30;43", Label.GLORIFICATION: "1;97;45"}
_BANDS = {"high": "1;31", "elevated": "1;33", "low": "32"}


def paint(text: str, result: Result, coloured: bool) -> str:
    """The passage with its spans, and a few lines of scores. Without colour, spans stand in brackets: ⟦…⟧."""

    def dye(words: str, code: str) -> str:
        return f"\x1b[{code}m{words}\x1b[0m" if coloured else words

    body = ""
    open_span = False
    for piece in pieces(_printable(text), result.spans):
        if not coloured:
            closes = open_span and (not piece.labels or piece.first)
            opens = bool(piece.labels) and (piece.first or not open_span)
            body += ("⟧" if closes else "") + ("⟦" if opens else "") + piece.text
            open_span = bool(piece.labels)
        elif piece.labels:
            # Colour each line by itself: pagers forget it at the line's end.
            body += "\n".join(dye(line, _COLOURS[piece.labels[0]]) if line else "" for line in piece.text.split("\n"))
        else:
            body += piece.text
    body += "⟧" if open_span else ""
    lines = [body.rstrip("\n"), ""]
    scores = "  ".join(f"{label} {value:.2f}" for label, value in result.labels.items())
    lines.append(
        f"{dye(result.band.value.upper(), _BANDS[result.band])}  risk {result.risk:.2f}  asserted {result.asserted_risk:.2f}  {scores}"
    )
    for span in result.spans:
        who = span.voice.value + (f", {_printable(span.speaker)}" if span.speaker else "")
        words = _printable(" ".join(span.text.split()))
        shown = words if len(words) <= 70 else words[:69] + "…"
        lines.append(f"  {dye(span.label.value, _COLOURS[span.label])} {span.score:.2f} [{who}] {shown}")
    if not result.language.supported:
        lines.append(f"  language {result.language.code}: not English, don't rely on these scores")
    return "\n".join(lines) + "\n"


def _printable(text: str) -> str:
    """Control characters made visible, one for one: a passage must not drive the reader's terminal."""
    return "".join(
        char if char in "\n\t" or (char.isprintable() and not "\ud800" <= char <= "\udfff") or char.isspace() else "�" for char in text
    ).replace("\r", " ")
