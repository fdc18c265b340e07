"""Where one scored unit ends and the next begins."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin_model.passages import segment


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Gen. Smith met Dr. Jones at 5 p.m. today.", ["Gen. Smith met Dr. Jones at 5 p.m. today."]),
        ("“We will come,” she said.", ["“We will come,”", "she said."]),
        ("She vowed to “turn the camp to ash” by noon.", ["She vowed to “turn the camp to ash” by noon."]),
        ("no end here", ["no end here"]),
        ("first line\nSecond line", ["first line", "Second line"]),
        ("a title\n\na paragraph", ["a title", "a paragraph"]),
        ("... !!! ...", []),
        ("", []),
    ],
)
def test_units(text: str, units: list[str]) -> None:
    assert [text[unit.start : unit.end].strip() for unit in segment(text).units] == units


def test_a_sentence_without_an_end_is_cut() -> None:
    text = "and then we walked on, " * 200
    units = segment(text).units
    assert len(units) > 5
    assert max(unit.end - unit.start for unit in units) <= 480


@given(st.text(alphabet="ab .!?\n\"'“”‘’>«»,:;…-", max_size=200))
def test_every_word_is_in_exactly_one_unit(text: str) -> None:
    units = segment(text).units
    for before, after in zip(units, units[1:], strict=False):
        assert before.end <= after.start
    covered = {place for unit in units for place in range(unit.start, unit.end)}
    assert all(place in covered for place, char in enumerate(text) if char.isalnum())
