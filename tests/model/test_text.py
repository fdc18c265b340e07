"""Folding undoes disguises and never loses where a character came from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin_model.text import fold


@pytest.mark.parametrize(
    ("original", "folded"),
    [
        ("kill", "kill"),
        ("ｋｉｌｌ", "kill"),
        ("k\u200bi\u200dll", "kill"),
        ("k\u0336i\u0336l\u0336l\u0336", "kill"),
        ("kіll", "kill"),  # a Cyrillic і in a Latin word
        ("убить", "убить"),  # a Russian word stays one
        ("𝓴𝓲𝓵𝓵", "kill"),
        ("ﬁre", "fire"),
        ("don’t", "don't"),
        ("“stay”", "“stay”"),
        ("a\u00a0b", "a b"),
        ("a\u2028b", "a\nb"),
        ("a\x00b", "a b"),
        ("café", "cafe"),
        ("", ""),
    ],
)
def test_disguises_are_undone(original: str, folded: str) -> None:
    assert fold(original).text == folded


@pytest.mark.parametrize(
    ("original", "word", "back"),
    [
        ("I k\u200bi\u200bll it", "kill", "k\u200bi\u200bll"),
        ("say ﬁre now", "fire", "ﬁre"),
        ("🔥 burn 🔥", "burn", "burn"),
        ("cafe\u0301 bomb", "bomb", "bomb"),
        ("e\u0301nd", "end", "e\u0301nd"),
    ],
)
def test_a_folded_range_maps_back_to_the_original(original: str, word: str, back: str) -> None:
    found = fold(original)
    at = found.text.index(word)
    start, end = found.original(at, at + len(word))
    assert original[start:end] == back


@given(st.text())
def test_every_folded_character_has_an_origin(text: str) -> None:
    found = fold(text)
    assert found.length == len(text)
    places = [found.original(at, at + 1) for at in range(len(found.text))]
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert [start for start, _ in places] == sorted(start for start, _ in places)


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    once = fold(text).text
    assert fold(once).text == once
