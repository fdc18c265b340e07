"""κ and α against what others published and what scikit-learn says."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from sklearn.metrics import cohen_kappa_score

from tocsin_service.reviews.agreement import Patterns, alpha, kappa


def table(*rows: tuple[int, ...]) -> Patterns:
    """The first rater's choices down, the second's across."""
    return {(str(down), str(across)): many for down, row in enumerate(rows) for across, many in enumerate(row) if many}


def observers(*rows: str) -> Patterns:
    """A rater a row, a unit a column; a dot is nothing said."""
    return Counter(tuple(None if value == "." else value for value in unit) for unit in zip(*rows, strict=True))


@pytest.mark.parametrize(
    ("found", "published"),
    [
        (table((88, 14, 18), (10, 40, 10), (2, 6, 12)), 0.492),  # Cohen 1968, table 1: 200 cases, three diagnoses
        (table((75, 1, 4), (5, 4, 1), (0, 0, 10)), 0.676),  # Fleiss 1981, table 13.1
    ],
)
def test_kappa_of_published_tables(found: Patterns, published: float) -> None:
    assert kappa(found).value == pytest.approx(published, abs=5e-4)


@pytest.mark.parametrize("seed", range(5))
def test_kappa_is_that_of_scikit_learn(seed: int) -> None:
    draw = random.Random(seed)
    first = [draw.choice("abc") for _ in range(60)]
    second = [one if draw.random() < 0.6 else draw.choice("abcd") for one in first]
    assert kappa(Counter(zip(first, second, strict=True))).value == pytest.approx(cohen_kappa_score(first, second))


@pytest.mark.parametrize(
    ("found", "published"),
    [
        # Krippendorff, "Computing Krippendorff's alpha-reliability" (2011), A to C
        (observers("0100000010", "1110010000"), 0.095),
        (observers("aabbdcccedda", "babbbccceddd"), 0.692),
        (observers("123321412...", "1233224125.3", ".3332342251.", "12332441251."), 0.743),
    ],
)
def test_alpha_of_published_examples(found: Patterns, published: float) -> None:
    assert alpha(found).value == pytest.approx(published, abs=5e-4)


def test_alpha_of_two_raters_nears_kappa_as_passages_grow() -> None:
    found: Patterns = {("v", "v"): 40_000, ("v", "a"): 9_000, ("a", "v"): 9_000, ("a", "a"): 42_000}
    assert alpha(found).value == pytest.approx(kappa(found).value, abs=1e-4)


@pytest.mark.parametrize(
    ("found", "n"),
    [({}, 0), ({("v", None): 7}, 0), ({("v", "v"): 7}, 7), ({("v", "v"): 7, ("a", None): 3}, 7)],
)
def test_it_is_undefined_where_chance_leaves_nothing_to_disagree_on(found: Patterns, n: int) -> None:
    for measure in (kappa, alpha):
        estimate = measure(found)
        assert (estimate.value, estimate.low, estimate.high, estimate.n) == (None, None, None, n)


def test_two_who_never_agree_are_below_chance() -> None:
    found: Patterns = {("v", "a"): 50, ("a", "v"): 50}
    assert kappa(found).value == pytest.approx(-1)
    assert alpha(found).value == pytest.approx(-0.99)


def test_an_interval_holds_the_value_narrows_with_more_passages_and_is_the_same_again() -> None:
    few: Patterns = {("v", "v"): 20, ("v", "a"): 5, ("a", "v"): 4, ("a", "a"): 31}
    many: Patterns = {unit: 100 * count for unit, count in few.items()}
    for measure in (kappa, alpha):
        one, other = measure(few), measure(many)
        assert one == measure(few)
        assert one.low is not None and one.high is not None and one.value is not None and other.low is not None and other.high is not None
        assert one.low < one.value < one.high
        assert other.high - other.low < (one.high - one.low) / 5


def test_there_is_no_interval_where_resamples_are_mostly_undefined() -> None:
    estimate = kappa({("v", "v"): 9, ("a", "a"): 1})
    assert (estimate.value, estimate.low, estimate.high) == (1.0, None, None)
