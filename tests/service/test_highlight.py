"""Painting loses no character, whatever the spans."""

from hypothesis import given
from hypothesis import strategies as st

from tocsin_model import Evidence, Label, Span, Voice
from tocsin_service.highlight import STEPS, pieces

TEXT = "We will come for you & yours, he said. Long live the dead!"


@st.composite
def spans(draw: st.DrawFn) -> Span:
    start = draw(st.integers(0, len(TEXT) - 1))
    end = draw(st.integers(start + 1, len(TEXT)))
    at = draw(st.integers(start, end - 1))
    words = (Evidence(at, draw(st.integers(at + 1, end)), draw(st.floats(-1, 1))),)
    return Span(start, end, TEXT[start:end], draw(st.sampled_from(Label)), 0.9, draw(st.sampled_from(Voice)), None, words)


@given(st.lists(spans(), max_size=6))
def test_pieces_are_the_whole_text_once(marked: list[Span]) -> None:
    found = pieces(TEXT, marked)
    assert "".join(piece.text for piece in found) == TEXT
    at = 0
    for piece in found:
        over = {span.label for span in marked if span.start <= at and span.end >= at + len(piece.text)}
        assert set(piece.labels) == over
        assert 0 <= piece.weight <= STEPS
        at += len(piece.text)
