"""Failed sign-ins: how many there may be."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from tests.reviews.sign_ins import HERE, NOW, add, attempt
from tocsin_service.reviews import attempts
from tocsin_service.reviews.attempts import TooManyAttempts
from tocsin_service.reviews.database import Database
from tocsin_service.reviews.models import Attempt

pytestmark = pytest.mark.usefixtures("quick")


def test_failures_are_limited_by_name(database: Database) -> None:
    add(database)
    for second in range(attempts.PER_NAME):
        assert attempt(database, password="wrong", now=NOW + second, address=f"192.0.2.{second}") is None
    with pytest.raises(TooManyAttempts) as caught:
        attempt(database, now=NOW + 60)
    assert caught.value.retry_after == attempts.WINDOW - 60
    assert attempt(database, now=NOW + attempts.WINDOW + 1) is not None


@pytest.mark.parametrize(
    ("first", "other", "same"),
    [
        (HERE, "192.0.2.2", False),
        ("2001:db8:1:2::5", "2001:db8:1:2:9::1", True),
        ("2001:db8:1:2::5", "2001:db8:1:3::5", False),
        ("somewhere", "somewhere", True),
    ],
)
def test_failures_are_limited_by_address(database: Database, first: str, other: str, same: bool) -> None:
    """An IPv6 address stands for its /64."""
    add(database)
    for number in range(attempts.PER_ADDRESS):
        assert attempt(database, f"nobody {number}", address=first) is None
    if same:
        with pytest.raises(TooManyAttempts):
            attempt(database, address=other)
    else:
        assert attempt(database, address=other) is not None


def test_coming_in_forgets_the_names_failures_and_not_the_addresss(database: Database) -> None:
    add(database)
    for _ in range(attempts.PER_NAME - 1):
        attempt(database, password="wrong")
    assert attempt(database) is not None
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Attempt)) == attempts.PER_NAME - 1
    for _ in range(attempts.PER_NAME):
        assert attempt(database, password="wrong") is None


def test_attempts_are_kept_as_hashes_and_not_for_long(database: Database) -> None:
    attempt(database, "ana")
    attempt(database, "ben", now=NOW + attempts.WINDOW)
    with database.read() as session:
        kept = session.scalars(select(Attempt.what)).all()
    assert len(kept) == 2  # ben's name, and the address
    assert all(len(what) == 64 and set(what) <= set("0123456789abcdef") for what in kept)


def test_attempts_at_once_are_counted_one_by_one(database: Database) -> None:
    add(database)
    gate = threading.Barrier(20)

    def guess(number: int) -> bool:
        gate.wait()
        try:
            attempt(database, password="wrong", address=f"192.0.2.{number}")
        except TooManyAttempts:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        let_in = list(pool.map(guess, range(20)))
    assert let_in.count(True) == attempts.PER_NAME
