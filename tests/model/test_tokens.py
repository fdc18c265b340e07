"""Tokens, and the disguises inside words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin_model import tokens
from tocsin_model.tokens import SHAPES, Vocabulary

WORDS = ["kill", "shoot", "will", "you", "don't", "<group>"]


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary(WORDS, {"martians": "<group>"})


@pytest.mark.parametrize("token", ["kill", "k1ll", "ki11", "k!ll", "k*ll", "killlll", "k i l l", "k.i.l.l", "k-i-l-l", "kill's"])
def test_a_disguised_word_is_read(vocabulary: Vocabulary, token: str) -> None:
    assert vocabulary[token] == vocabulary["kill"]


def test_an_alias_is_the_word_it_stands_for(vocabulary: Vocabulary) -> None:
    assert vocabulary["martians"] == vocabulary["<group>"]


@pytest.mark.parametrize(
    ("token", "shape"),
    [
        ("https://example.org/kill", "<link>"),
        ("@someone", "<handle>"),
        ("1917", "<number>"),
        ("!!!", "<symbol>"),
        ("qwertying", "<other-ing>"),
        ("qwerts", "<other-s>"),
        ("qwert", "<other>"),
        ("привет", "<foreign>"),
        ("a" * 100_000, "<other>"),
    ],
)
def test_unknown_tokens_have_a_shape(vocabulary: Vocabulary, token: str, shape: str) -> None:
    assert SHAPES[vocabulary[token]] == shape


def test_the_vocabulary_does_not_grow_with_the_traffic(vocabulary: Vocabulary) -> None:
    before = len(vocabulary)
    for number in range(1_000):
        assert vocabulary[f"never{number}seen"] >= 0
    assert len(vocabulary) == before


@given(st.text(max_size=60).filter(bool))
def test_every_token_has_an_id(vocabulary: Vocabulary, text: str) -> None:
    for token in tokens.find(text, 0, len(text)):
        assert 0 <= vocabulary[token] < len(SHAPES) + len(WORDS)


def test_scanning_and_finding_agree() -> None:
    text = "don't k i l l 2 people, ok??"
    assert [match.group() for match in tokens.scan(text, 0, len(text))] == tokens.find(text, 0, len(text))
