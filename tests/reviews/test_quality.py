"""What two people said of the same passage, and what didn't last."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from tests.reviews.conftest import People, say
from tests.reviews.rows import DAY, NOW, decision, item
from tocsin_service.reviews import quality
from tocsin_service.reviews.decisions import undo
from tocsin_service.reviews.models import Kind, Role, Status, User
from tocsin_service.reviews.period import Period
from tocsin_service.reviews.policy import Policy

WEEK = Period.up_to(NOW, 7)
TWICE = Policy(double_share=1.0)


def twice(session: Session, one: User, first: Kind, other: User, second: Kind, at: float = NOW) -> None:
    """An item that both read; they settle it if they agree."""
    read = item(session)
    decision(session, read, one, first, at=at - 60)
    decision(session, read, other, second, at=at, final=first == second)


def test_agreement_is_over_the_passages_whose_second_reader_decided_in_the_period(session: Session, people: People) -> None:
    for first, second, times in (("violates", "violates", 8), ("allowed", "allowed", 9), ("violates", "allowed", 3)):
        for _ in range(times):
            twice(session, people.ana, Kind(first), people.ben, Kind(second))
    twice(session, people.ana, Kind.ALLOWED, people.ben, Kind.VIOLATES, at=NOW - 8 * DAY)
    decision(session, item(session), people.ana, Kind.ALLOWED, final=True)
    found = quality.agreed(session, WEEK)
    assert (found.doubled, found.same, found.settled) == (20, 17, 18)
    assert found.kappa.value == pytest.approx((17 / 20 - (11 * 8 + 9 * 12) / 400) / (1 - (11 * 8 + 9 * 12) / 400))
    assert found.alpha.n == 20


def test_it_does_not_matter_for_a_pair_who_read_first(session: Session, people: People) -> None:
    for _ in range(5):
        twice(session, people.ana, Kind.VIOLATES, people.ben, Kind.ALLOWED)
        twice(session, people.ben, Kind.ALLOWED, people.ana, Kind.VIOLATES)
    for _ in range(9):
        twice(session, people.ana, Kind.ALLOWED, people.lea, Kind.ALLOWED)
    [pair] = quality.agreed(session, WEEK).pairs
    assert (pair.first, pair.second, pair.kappa.n, pair.kappa.value) == ("ana", "ben", 10, 0.0)


def test_what_a_lead_settles_is_not_a_second_reading(session: Session, people: People) -> None:
    """Neither a dispute, where the lead is the third, nor an escalation, which the lead saw."""
    disputed, escalated = item(session), item(session)
    decision(session, disputed, people.ana, Kind.VIOLATES)
    decision(session, disputed, people.ben, Kind.ALLOWED)
    decision(session, disputed, people.lea, Kind.VIOLATES, final=True)
    decision(session, escalated, people.ana, Kind.VIOLATES)
    decision(session, escalated, people.ben, Kind.ESCALATED)
    decision(session, escalated, people.lea, Kind.VIOLATES, final=True)
    found = quality.agreed(session, WEEK)
    assert (found.doubled, found.same) == (1, 0)


def test_skips_and_what_was_taken_back_are_not_readings(session: Session, people: People) -> None:
    read = item(session)
    decision(session, read, people.ana, Kind.SKIPPED)
    decision(session, read, people.ben, Kind.ALLOWED, undone=NOW)
    decision(session, read, people.ben, Kind.VIOLATES)
    decision(session, read, people.ana, Kind.SKIPPED)
    decision(session, read, people.lea, Kind.VIOLATES, final=True)
    found = quality.agreed(session, WEEK)
    assert (found.doubled, found.same) == (1, 1)


def test_nothing_decided_has_no_agreement_and_no_share(session: Session) -> None:
    found, lost = quality.agreed(session, WEEK), quality.overturned(session, WEEK)
    assert (found.doubled, found.settled, found.alpha.value, found.pairs) == (0, 0, None, ())
    assert lost.share is None


def test_overturned_are_those_taken_back_and_those_outvoted(session: Session, people: People) -> None:
    for _ in range(6):
        decision(session, item(session), people.ana, Kind.ALLOWED, final=True)
    decision(session, item(session), people.ana, Kind.ALLOWED, undone=NOW, overruled=True)
    decision(session, item(session), people.ana, Kind.ALLOWED, undone=NOW)  # a slip that nobody else saw
    outvoted = item(session)
    decision(session, outvoted, people.ana, Kind.ALLOWED)
    decision(session, outvoted, people.ben, Kind.VIOLATES)
    decision(session, outvoted, people.lea, Kind.VIOLATES, final=True)
    undecided = item(session, status=Status.SECOND)
    decision(session, undecided, people.ana, Kind.ALLOWED)
    decision(session, item(session), people.ana, Kind.SKIPPED)
    found = quality.overturned(session, WEEK)
    assert found == quality.Overturned(decisions=11, corrected=1, taken_back=1, outvoted=1)
    assert found.share == pytest.approx(2 / 11)


def test_the_life_of_items_is_read_as_it_is_written(session: Session, people: People) -> None:
    """Through the queue's own functions: agreed, disputed and settled by a lead, taken back, decided anew."""
    now = NOW
    agreed, disputed, anew = item(session), item(session), item(session)
    for read, first, second in ((agreed, Kind.ALLOWED, Kind.ALLOWED), (disputed, Kind.ALLOWED, Kind.VIOLATES)):
        say(session, now, people.ana, read, first, policy=TWICE)
        say(session, now + 1, people.ben, read, second, policy=TWICE)
    assert people.lea.role == Role.LEAD
    say(session, now + 2, people.lea, disputed, Kind.VIOLATES, policy=TWICE)
    wrong = say(session, now + 3, people.ana, anew, Kind.ALLOWED)
    undo(session, now + 4, people.lea, wrong.id)
    slip = say(session, now + 5, people.lea, anew, Kind.ALLOWED)
    undo(session, now + 6, people.lea, slip.id)
    say(session, now + 7, people.lea, anew, Kind.VIOLATES)
    found = quality.agreed(session, WEEK)
    assert (found.doubled, found.same, found.settled) == (2, 1, 3)
    assert quality.overturned(session, WEEK) == quality.Overturned(decisions=7, corrected=1, taken_back=1, outvoted=1)
