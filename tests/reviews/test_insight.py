"""The queue and the work on it in figures."""

from __future__ import annotations

import pytest

from tests.reviews.rows import DAY, NOW, decision, item, person
from tocsin_service.reviews import insight
from tocsin_service.reviews.database import Database
from tocsin_service.reviews.insight import Day, Outcome, Waiting, Work
from tocsin_service.reviews.models import Kind, Status
from tocsin_service.reviews.period import Period, date_of

HOUR = 3_600.0
WEEK = Period.up_to(NOW, 7)


def test_a_period_is_whole_days_in_utc_that_end_with_today() -> None:
    assert [str(date_of(day)) for day in (WEEK.first, WEEK.last)] == ["2024-09-28", "2024-10-04"]
    assert (WEEK.days[0], len(WEEK.days)) == (WEEK.first, 7)
    assert (WEEK.before.first, WEEK.before.last) == (WEEK.first - 7, WEEK.first - 1)


def test_an_empty_queue_has_no_age(database: Database) -> None:
    with database.read() as session:
        assert insight.waiting(session, NOW) == Waiting(0, None, None, None, 0)


def test_the_age_is_that_of_everything_open(database: Database) -> None:
    """Eleven items, an hour and a second apart, in every state that is open; decided ones are as old as it gets."""
    states = (Status.WAITING, Status.SECOND, Status.DISPUTED, Status.ESCALATED)
    with database.write() as session:
        for place in range(11):
            item(session, received=NOW - place * (HOUR + 1), status=states[place % 4], imminent=place == 3)
        item(session, received=0.0, status=Status.DECIDED, imminent=True)
    with database.read() as session:
        assert insight.waiting(session, NOW) == Waiting(11, 5 * (HOUR + 1), 9 * (HOUR + 1), 10 * (HOUR + 1), 1)


def test_items_of_one_hour_keep_their_order(database: Database) -> None:
    with database.write() as session:
        for age in (50.0, 10.0, 30.0):
            item(session, received=NOW - 600 - age)
    with database.read() as session:
        assert insight.waiting(session, NOW) == Waiting(3, 630.0, 650.0, 650.0, 0)


def test_every_day_is_counted_also_one_on_which_nothing_happened(database: Database) -> None:
    midnight = WEEK.last * DAY
    with database.write() as session:
        ana = person(session, "ana")
        for received in (midnight, midnight + 5, midnight - 0.5, WEEK.first * DAY, WEEK.first * DAY - 0.5):
            settled = item(session, received=received)
        decision(session, settled, ana, Kind.ALLOWED, at=midnight - 2 * DAY, final=True)
    with database.read() as session:
        found = insight.days(session, WEEK)
    expected = {WEEK.last: (2, 0), WEEK.last - 1: (1, 0), WEEK.last - 2: (0, 1), WEEK.first: (1, 0)}
    assert found == [Day(day, *expected.get(day, (0, 0))) for day in WEEK.days]


def test_work_is_counted_by_person_without_what_was_taken_back(database: Database) -> None:
    with database.write() as session:
        ana, ben, lea = (person(session, name) for name in ("ana", "ben", "lea"))
        for seconds in (10.2, 20.9, 31.0):
            decision(session, item(session), ana, Kind.ALLOWED, seconds=seconds, final=True)
        decision(session, item(session), ana, Kind.ESCALATED, seconds=500.0)
        decision(session, item(session), ana, Kind.SKIPPED, seconds=1.0)
        decision(session, item(session), ben, Kind.VIOLATES, seconds=7.0, final=True)
        decision(session, item(session), ben, Kind.VIOLATES, seconds=900.0, undone=NOW)
        decision(session, item(session), lea, Kind.ALLOWED, at=NOW - 8 * DAY, final=True)
    with database.read() as session:
        assert insight.work(session, WEEK) == [Work("ana", 4, 25.5, 1, 1), Work("ben", 1, 7.0, 0, 0)]


def test_outcomes_are_counted_once_an_item_by_reason(database: Database) -> None:
    with database.write() as session:
        ana, ben = person(session, "ana"), person(session, "ben")
        for _ in range(2):
            decision(session, item(session), ana, Kind.ALLOWED, reason="idiom", final=True)
        twice = item(session)
        decision(session, twice, ana, Kind.VIOLATES, reason="threat")
        decision(session, twice, ben, Kind.VIOLATES, reason="incitement", final=True)
        urgent = item(session)
        decision(session, urgent, ana, Kind.ESCALATED, reason="safety", imminent=True)
        decision(session, urgent, ben, Kind.VIOLATES, reason="threat", final=True)
        decision(session, item(session), ana, Kind.SKIPPED)
        decision(session, item(session), ana, Kind.ALLOWED, reason="idiom", final=True, undone=NOW)
    with database.read() as session:
        assert insight.outcomes(session, WEEK) == [
            Outcome(Kind.ALLOWED, "idiom", 2, 0),
            Outcome(Kind.ESCALATED, "safety", 1, 1),
            Outcome(Kind.VIOLATES, "incitement", 1, 0),
            Outcome(Kind.VIOLATES, "threat", 1, 0),
        ]


@pytest.mark.parametrize(
    ("counted", "middle"), [({}, None), ({4: 1}, 4), ({1: 1, 2: 1}, 1.5), ({9: 1, 1: 5}, 1), ({1: 2, 5: 2}, 3), ({7: 3, 2: 2}, 7)]
)
def test_the_median_of_counted_values(counted: dict[int, int], middle: float | None) -> None:
    assert insight.median(counted.items()) == middle
