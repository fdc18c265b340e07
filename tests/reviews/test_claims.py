"""Who may open what, and that nobody has what somebody else has: among threads and processes, too."""

from __future__ import annotations

import multiprocessing
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import sleep

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.reviews.conftest import NOW, ONCE, TWICE, People, add_items, add_user, say
from tocsin_service.reviews import audit
from tocsin_service.reviews.claims import CLAIM_SECONDS
from tocsin_service.reviews.database import Database
from tocsin_service.reviews.decisions import Verdict, decide
from tocsin_service.reviews.models import Decision, Item, Kind, Status, User
from tocsin_service.reviews.queue import Filters, claim, claim_next, obstacle, release, renew

ANY = Filters()


def test_next_is_what_is_due_first_and_free(session: Session, people: People) -> None:
    items = add_items(session, 3)
    assert [claim_next(session, NOW, user, ANY) for user in (people.ana, people.ben, people.lea)] == items
    assert claim_next(session, NOW, add_user(session, "cyd"), ANY) is None
    assert items[0].claimed_until == NOW + CLAIM_SECONDS


def test_who_reloads_gets_the_same_again(session: Session, people: People) -> None:
    items = add_items(session, 2, band="high")
    add_items(session, 1, band="low", due=0.0)
    high = Filters(band="high")
    assert claim_next(session, NOW, people.ana, high) is items[0]
    assert claim_next(session, NOW + 500, people.ana, high) is items[0]
    assert items[0].claimed_until == NOW + 500 + CLAIM_SECONDS
    assert [event["action"] for event in audit.export(session)] == ["claimed"]


def test_another_item_lets_the_first_go(session: Session, people: People) -> None:
    high, low = add_items(session, band="high")[0], add_items(session, band="low")[0]
    assert claim_next(session, NOW, people.ana, Filters(band="high")) is high
    assert claim_next(session, NOW, people.ana, Filters(band="low")) is low
    session.refresh(high)
    assert high.claimed_by is None
    assert claim(session, NOW, people.ana, high.id) is high
    session.refresh(low)
    assert low.claimed_by is None


def test_an_item_left_open_is_free_after_ten_minutes(session: Session, people: People) -> None:
    item = add_items(session)[0]
    claim_next(session, NOW, people.ana, ANY)
    assert claim_next(session, NOW + CLAIM_SECONDS - 1, people.ben, ANY) is None
    assert claim_next(session, NOW + CLAIM_SECONDS, people.ben, ANY) is item
    assert item.claimed_by == people.ben.id


@pytest.mark.parametrize(
    "filters", [Filters(community="town"), Filters(search="harbour"), Filters(since=NOW + 1), Filters(status="all", voice="quoted")]
)
def test_next_is_under_the_filters(session: Session, people: People, filters: Filters) -> None:
    add_items(session)
    wanted = add_items(session, community="town", text="At the harbour", voice="quoted")[0]
    assert claim_next(session, NOW, people.ana, filters) is wanted
    assert claim_next(session, NOW, people.ben, filters) is None


def test_what_was_skipped_is_not_offered_again(session: Session, people: People) -> None:
    items = add_items(session, 2)
    say(session, NOW, people.ana, items[0], Kind.SKIPPED)
    assert claim_next(session, NOW, people.ana, ANY) is items[1]
    assert claim_next(session, NOW, people.ben, ANY) is items[0]
    release(session, people.ben, items[0].id)
    assert claim(session, NOW, people.ana, items[0].id) is items[0], "they may still open it themselves"


def test_the_second_decision_is_somebody_elses_and_waits_in_the_same_queue(session: Session, people: People) -> None:
    first, later = add_items(session, 2)
    say(session, NOW, people.ana, first, policy=TWICE)
    assert first.status == Status.SECOND
    assert claim(session, NOW, people.ana, first.id) is None
    assert claim_next(session, NOW, people.ana, ANY) is later
    assert claim_next(session, NOW, people.ben, ANY) is first


@pytest.mark.parametrize("status", ["disputed", "escalated"])
def test_what_needs_a_lead_is_offered_to_leads(session: Session, people: People, status: str) -> None:
    item = add_items(session, status=status)[0]
    for filters in (Filters(status=status), Filters(status="all")):
        assert claim_next(session, NOW, people.ana, filters) is None
    assert claim(session, NOW, people.ana, item.id) is None
    assert claim_next(session, NOW, people.lea, ANY) is None
    assert claim_next(session, NOW, people.lea, Filters(status=status)) is item


def test_imminent_danger_comes_first(session: Session, people: People) -> None:
    add_items(session)
    add_items(session, status="escalated")
    imminent = add_items(session, status="escalated", imminent=True)[0]
    assert claim_next(session, NOW, people.lea, Filters(status="all")) is imminent
    release(session, people.lea, imminent.id)
    assert claim_next(session, NOW, people.lea, Filters(status="escalated")) is imminent


def test_next_among_a_reviewers_items_is_one_they_decided(session: Session, people: People) -> None:
    add_items(session)
    item = add_items(session)[0]
    say(session, NOW, people.ana, item, policy=TWICE)
    assert claim_next(session, NOW, people.ben, Filters(reviewer="lea")) is None
    assert claim_next(session, NOW, people.ben, Filters(reviewer="ana")) is item
    assert claim_next(session, NOW, people.ben, Filters(mine=True)) is item, "it is open"


def test_what_is_decided_is_offered_to_nobody(session: Session, people: People) -> None:
    item = add_items(session)[0]
    say(session, NOW, people.ana, item)
    assert claim_next(session, NOW, people.lea, Filters(status="decided")) is None
    assert claim(session, NOW, people.lea, item.id) is None
    assert claim(session, NOW, people.lea, item.id + 1) is None


def test_what_is_in_the_way_is_said(session: Session, people: People) -> None:
    decided, opened, erased, escalated, second, free = add_items(session, 6)
    say(session, NOW, people.ana, decided)
    erased.erased = NOW
    say(session, NOW, people.ana, escalated, Kind.ESCALATED)
    say(session, NOW, people.ana, second, policy=TWICE)
    claim(session, NOW, people.ben, opened.id)
    said = [obstacle(session, NOW, people.ana, item) for item in (decided, opened, erased, escalated, second)]
    for sentence, word in zip(said, ["decided", "ben", "erased", "lead", "somebody else"], strict=True):
        assert sentence is not None
        assert word in sentence
    assert obstacle(session, NOW, people.ana, free) is None


def test_a_claim_is_renewed_by_who_has_it(session: Session, people: People) -> None:
    item = add_items(session)[0]
    claim(session, NOW, people.ana, item.id)
    assert renew(session, NOW + 60, people.ana, item.id)
    assert not renew(session, NOW + 60, people.ben, item.id)
    session.refresh(item)
    assert item.claimed_until == NOW + 60 + CLAIM_SECONDS


def test_an_expired_claim_lives_again_if_nobody_took_the_item(session: Session, people: People) -> None:
    first, second = add_items(session, 2)
    claim(session, NOW, people.ana, first.id)
    assert renew(session, NOW + 700, people.ana, first.id)
    claim(session, NOW + 1_400, people.ben, first.id)
    assert not renew(session, NOW + 1_401, people.ana, first.id)
    claim(session, NOW + 1_402, people.ana, second.id)
    claim(session, NOW + 2_500, people.ana, first.id)
    assert not renew(session, NOW + 2_501, people.ana, second.id), "one at a time"


def test_only_who_has_it_lets_it_go(session: Session, people: People) -> None:
    item = add_items(session)[0]
    claim(session, NOW, people.ana, item.id)
    release(session, people.ben, item.id)
    assert claim(session, NOW, people.ben, item.id) is None
    release(session, people.ana, item.id)
    assert claim(session, NOW, people.ben, item.id) is item


def test_claims_are_in_the_audit_log(session: Session, people: People) -> None:
    item = add_items(session)[0]
    claim(session, NOW, people.ana, item.id)
    claim(session, NOW + 1, people.ben, item.id)
    assert [(event["actor"], event["action"], event["item"]) for event in audit.export(session)] == [("ana", "claimed", item.id)]


def test_threads_that_ask_at_once_get_different_items(database: Database) -> None:
    with database.write() as session:
        add_items(session, 8)
        users = [add_user(session, f"p{number}") for number in range(10)]
    barrier = Barrier(len(users))

    def one(user: User) -> int | None:
        barrier.wait(20)
        with database.write() as session:
            item = claim_next(session, NOW, user, ANY)
            return item.id if item else None

    with ThreadPoolExecutor(len(users)) as pool:
        got = list(pool.map(one, users))
    assert sorted(item for item in got if item) == list(range(1, 9))


def test_one_person_who_asks_twice_at_once_gets_one_item(database: Database) -> None:
    with database.write() as session:
        add_items(session, 8)
        user = add_user(session, "ana")
    barrier = Barrier(6)

    def one(_: int) -> int:
        barrier.wait(20)
        with database.write() as session:
            item = claim_next(session, NOW, user, ANY)
            assert item is not None
            return item.id

    with ThreadPoolExecutor(6) as pool:
        assert set(pool.map(one, range(6))) == {1}


def test_expired_claims_can_be_swapped_at_once(database: Database) -> None:
    """Each takes what the other left open; neither waits for the other for ever."""
    with database.write() as session:
        items = [item.id for item in add_items(session, 2)]
        users = [add_user(session, name) for name in ("ana", "ben")]
    barrier = Barrier(2)

    def swap(place: int, now: float) -> bool:
        barrier.wait(20)
        with database.write() as session:
            return claim(session, now, users[place], items[(place + int(now)) % 2]) is not None

    with ThreadPoolExecutor(2) as pool:
        for turn in range(20):
            now = 1_000.0 * turn + turn % 2
            assert list(pool.map(swap, (0, 1), (now, now))) == [True, True]


def work(url: str, name: str, barrier: Barrier) -> list[tuple[int, str]]:
    """Decide whatever is offered until nothing waits, then say what; in a process of its own."""
    database = Database(url)
    done = []
    with database.read() as session:
        user = session.scalars(select(User).where(User.name == name)).one()
    barrier.wait(60)
    for now in range(10_000):
        with database.write() as session:
            item = claim_next(session, NOW + now / 100, user, ANY)
            # What is left may be open elsewhere, and be skipped there: then it is somebody's here after all.
            waits = item or session.scalar(select(Item.id).where(Item.status == Status.WAITING).limit(1))
        if not waits:
            break
        if item is None:
            sleep(0.01)
            continue
        kind = (Kind.ALLOWED, Kind.SKIPPED)[(item.id + user.id) % 7 == 0]
        with database.write() as session:
            decide(session, NOW + now / 100, user, item.id, Verdict(kind, "idiom" if kind is Kind.ALLOWED else None), ONCE)
        done.append((item.id, kind.value))
    database.engine.dispose()
    return done


def test_processes_never_decide_the_same_item(database: Database) -> None:
    """Nobody ever loses an item that they were given (`decide` would raise), and each is decided once."""
    with database.write() as session:
        add_items(session, 120)
        names = [add_user(session, f"p{number}").name for number in range(4)]
    url = database.engine.url.render_as_string(hide_password=False)
    spawn = multiprocessing.get_context("spawn")
    with spawn.Manager() as manager, spawn.Pool(4) as pool:
        barrier = manager.Barrier(4)
        results = pool.starmap(work, [(url, name, barrier) for name in names])
    decided = Counter(item for done in results for item, kind in done if kind == "allowed")
    assert decided == Counter(range(1, 121))
    assert sum(bool(done) for done in results) > 1, "they were at work at once"
    with database.read() as session:
        finals = session.scalars(select(Decision.item_id).where(Decision.final)).all()
        assert sorted(finals) == list(range(1, 121))
        assert session.scalar(select(func.count()).select_from(Item).where(Item.claimed_by.is_not(None))) == 0
