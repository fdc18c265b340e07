"""Scores counted by day and hundredth, and how far they moved."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tests.reviews.rows import DAY, NOW
from tocsin_model.types import Band, Label, Language, Result
from tocsin_service.reviews import drift
from tocsin_service.reviews.database import Database
from tocsin_service.reviews.period import Period


def scored(risk: float, threat: float = 0.0) -> Result:
    labels = {Label.THREAT: threat, Label.INCITEMENT: 0.0, Label.GLORIFICATION: 0.0}
    return Result(risk, 0.0, Band.LOW, labels, (), (), Language("en", True))


def histogram(**counts: int) -> list[int]:
    """Counts by hundredth, ``b7=3`` for three in 0.07."""
    made = [0] * drift.BINS
    for name, many in counts.items():
        made[int(name[1:])] = many
    return made


def test_scores_add_up_by_day_model_and_hundredth(database: Database) -> None:
    with database.write() as session:
        drift.count(session, NOW, [scored(0.29, 0.5), scored(0.291), scored(1.0)], "ours")
        drift.count(session, NOW + 5, [scored(0.295)], "ours")
        drift.count(session, NOW - DAY, [scored(0.0)], "ours")
        drift.count(session, NOW, [scored(0.29)], "another")
        drift.count(session, NOW, [], "ours")
    with database.read() as session:
        both, today = Period.up_to(NOW, 2), Period.up_to(NOW, 1)
        assert drift.received(session, "ours", both)["risk"] == histogram(b0=1, b29=3, b99=1)
        assert drift.received(session, "ours", today)["risk"] == histogram(b29=3, b99=1)
        assert drift.received(session, "ours", today)["threat"] == histogram(b0=3, b50=1)
        assert drift.by_day(session, "ours", both) == {both.first: histogram(b0=1), both.last: histogram(b29=3, b99=1)}
        assert [drift.days(session, "ours", period) for period in (both, today, today.before.before)] == [2, 1, 0]


def test_nothing_is_lost_when_many_count_at_once(database: Database) -> None:
    database.prepare()

    def count(place: int) -> None:
        with database.write() as session:
            drift.count(session, NOW, [scored(step / 40) for step in range(40)], "ours")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(16)))
    with database.read() as session:
        found = drift.received(session, "ours", Period.up_to(NOW, 1))
    assert sum(found["risk"]) == 16 * 40
    assert found["glorification"][0] == 16 * 40


def test_a_score_lies_in_the_hundredth_that_the_reference_puts_it_in(database: Database) -> None:
    """The artifact's reference is made by NumPy's histogram over the same edges."""
    scores = [place / 1_000 for place in range(1_001)]
    with database.write() as session:
        drift.count(session, NOW, [scored(score) for score in scores], "ours")
    with database.read() as session:
        found = drift.received(session, "ours", Period.up_to(NOW, 1))["risk"]
    assert found == np.histogram(scores, np.arange(101) / 100)[0].tolist()


def test_psi_of_the_same_shares_is_nearly_nothing() -> None:
    found = drift.psi([10] * 100, [3] * 100)
    assert found.psi == pytest.approx(0, abs=1e-6)
    assert (found.reading, found.n, len(found.groups)) == ("stable", 300, 10)
    assert [(group.low, group.high) for group in found.groups][:2] == [(0.0, 0.1), (0.1, 0.2)]


def test_psi_is_the_sum_that_it_is_defined_as() -> None:
    """Ten groups of 100; half moves from the first to the last; half a passage is added to each of the ten on both sides."""
    found = drift.psi([10] * 100, [5] * 10 + [10] * 80 + [15] * 10)
    shares = [(100.5 / 1_005, many / 1_005) for many in (50.5, *[100.5] * 8, 150.5)]
    assert found.psi == pytest.approx(sum((f - e) * math.log(f / e) for e, f in shares))


@pytest.mark.parametrize(("moved", "reading"), [(0, "stable"), (4, "stable"), (7, "look"), (9, "changed")])
def test_psi_reads_as_it_usually_does(moved: int, reading: str) -> None:
    assert drift.psi([10] * 100, [10 - moved] * 10 + [10] * 80 + [10 + moved] * 10).reading == reading


def test_a_hundredth_that_holds_most_of_the_reference_is_one_group() -> None:
    found = drift.psi(histogram(b0=900, b50=60, b99=40), histogram(b0=900, b50=100))
    assert [(group.low, group.high, round(group.expected, 2)) for group in found.groups] == [(0.0, 0.01, 0.9), (0.01, 1.0, 0.1)]
    assert found.psi == pytest.approx(0, abs=1e-6)


def test_an_empty_group_gives_a_large_number_and_not_infinity() -> None:
    found = drift.psi([10] * 100, histogram(b99=1_000))
    assert found.psi is not None and 5 < found.psi < 20


@pytest.mark.parametrize(("expected", "found"), [(199, 1_000), (1_000, 199), (0, 1_000)])
def test_few_passages_are_not_compared(expected: int, found: int) -> None:
    answer = drift.psi(histogram(b3=expected), histogram(b3=found))
    assert (answer.psi, answer.n, answer.reading) == (None, found, "too few")


@pytest.mark.parametrize("card", [{}, {"evaluation": None}, {"evaluation": {}}, {"evaluation": {"score_distribution": None}}])
def test_an_artifact_may_have_no_reference(card: dict[str, object]) -> None:
    assert drift.reference(card) == {}


def test_the_reference_is_read_from_the_card() -> None:
    card = {"evaluation": {"score_distribution": {"risk": [1] * 100, "toxicity": [2] * 100}}}
    assert drift.reference(card) == {"risk": [1] * 100}
