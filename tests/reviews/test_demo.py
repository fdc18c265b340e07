"""The demo queue: what is in it, and that nothing of it is left when it is removed."""

from __future__ import annotations

import json
import re
from collections import Counter

import pytest
from argon2 import PasswordHasher
from sqlalchemy import func, select

from tests.reviews.conftest import NOW, add_items, say
from tocsin_model import Classifier
from tocsin_service.reviews import accounts, demo, export, passwords, queue
from tocsin_service.reviews.accounts import AccountError
from tocsin_service.reviews.database import Database
from tocsin_service.reviews.filters import Filters
from tocsin_service.reviews.models import Base, Decision, Item, Kind, Role, ScoreDay, User
from tocsin_training import check, seeds

PASSWORD = "three quiet lamps"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def fill(database: Database, classifier: Classifier) -> None:
    with database.write() as session:
        demo.add(session, NOW, classifier, PASSWORD)


def sizes(database: Database) -> dict[str, int]:
    """How many rows each table has."""
    with database.read() as session:
        counted = {name: session.scalar(select(func.count()).select_from(table)) or 0 for name, table in Base.metadata.tables.items()}
    return {name: count for name, count in counted.items() if count}


def test_it_looks_like_a_queue_that_is_worked_on(database: Database, classifier: Classifier) -> None:
    fill(database, classifier)
    with database.read() as session:
        items = session.scalars(select(Item)).all()
        found = Counter(item.status for item in items)
        assert found == {"waiting": 30, "decided": 27, "escalated": 2, "disputed": 1}
        assert [item.imminent for item in items].count(True) == 1
        assert {item.source for item in items} == {"demo"}
        assert min(item.received for item in items) > NOW - 14 * 86_400 and max(item.received for item in items) < NOW
        assert len({item.community for item in items}) == 4
        assert {item.label for item in items} == {"threat", "incitement", "glorification", "none"}
        assert {item.voice for item in items} == {"author", "quoted", "reported", "none"}
        assert all(item.link and item.link.startswith("https://example.org/") for item in items)
        assert not any(item.claimed_by for item in items)
        doubles = session.scalars(select(Decision.item_id).group_by(Decision.item_id).having(func.count() > 1)).all()
        assert len(doubles) == 7
        assert queue.imminent(session) == 1
        assert max(session.scalars(select(Decision.at))) < NOW


def test_what_is_decided_can_be_learned_from(database: Database, classifier: Classifier) -> None:
    fill(database, classifier)
    with database.read() as session:
        passages = [seeds.parse(json.loads(json.dumps(row)), "reviews") for row in export.rows(session)]
    assert len(passages) == 27
    assert check.check(passages).problems == []


def test_its_passages_are_no_seeds() -> None:
    known = {re.sub(r"\W+", " ", passage.text).strip().lower() for passage in seeds.load()}
    texts = [re.sub(r"\W+", " ", passage["text"]).strip().lower() for passage in demo._passages()]
    assert len(set(texts)) == len(texts) == 60
    assert not known & set(texts)


def test_the_account_signs_in_and_the_reviewers_dont(database: Database, classifier: Classifier) -> None:
    fill(database, classifier)
    with database.write() as session:
        token = accounts.sign_in(session, NOW, "demo", PASSWORD, "192.0.2.1")
        assert token is not None
        user = accounts.person(session, NOW, token)
        assert user is not None and user.role == Role.ADMIN and not accounts.must_change(user)
        assert {one.name: one.password for one in accounts.everybody(session) if one.name != "demo"} == {"demo-ana": None, "demo-ben": None}


def test_that_it_is_there_is_known(database: Database, classifier: Classifier) -> None:
    with database.read() as session:
        assert not demo.present(session)
    fill(database, classifier)
    with database.write() as session:
        assert demo.present(session)
        assert demo.unchanged(session)
        [admin] = session.scalars(select(User).where(User.name == "demo"))
        accounts.set_password(session, admin.id, "another quiet lamp")
        session.flush()
        assert not demo.unchanged(session)


def test_only_the_audit_log_is_left_of_it(database: Database, classifier: Classifier) -> None:
    for _ in range(2):
        fill(database, classifier)
        with database.write() as session:
            accounts.sign_in(session, NOW, "demo", PASSWORD, "192.0.2.1")
            [admin] = session.scalars(select(User).where(User.name == "demo"))
            queue.save_view(session, admin, "mine", "band=high", shared=True)
            assert queue.claim_next(session, NOW, admin, Filters()) is not None
            removed = demo.remove(session, NOW)
        assert (removed.items, removed.decisions, removed.accounts, removed.kept) == (60, 37, 3, [])
        assert sizes(database).keys() == {"audit"}


def test_what_was_decided_and_counted_beside_it_stays(database: Database, classifier: Classifier) -> None:
    """Who decided other items stays as a name, switched off."""
    with database.write() as session:
        [real] = add_items(session)
        [theirs] = add_items(session)
        keen = accounts.create(session, NOW, "keen", Role.LEAD, None)
        session.add(ScoreDay(model=classifier.info.digest, score="risk", day=int(NOW // 86_400), bin=99, count=5))
    fill(database, classifier)
    with database.write() as session:
        [admin] = session.scalars(select(User).where(User.name == "demo"))
        kept = say(session, NOW, admin, real, Kind.ALLOWED).id
        demo_item = session.scalars(select(Item).where(Item.source == "demo", Item.status == "waiting")).first()
        assert demo_item is not None
        say(session, NOW, keen, demo_item, Kind.ALLOWED)
        queue.claim(session, NOW, admin, theirs.id)
        removed = demo.remove(session, NOW)
    assert removed.kept == ["demo"]
    assert sizes(database) | {"audit": 0} == {"items": 2, "users": 2, "decisions": 1, "score_days": 1, "audit": 0}
    with database.read() as session:
        assert session.get_one(Decision, kept).item_id == real.id
        assert session.get_one(Item, theirs.id).claimed_by is None
        assert session.scalars(select(ScoreDay.count)).all() == [5]
        [user] = session.scalars(select(User).where(User.name == "demo"))
        assert (user.active, user.password) == (False, None)


def test_it_is_not_added_twice_nor_removed_twice(database: Database, classifier: Classifier) -> None:
    fill(database, classifier)
    before = sizes(database)
    with pytest.raises(ValueError, match="there already"):
        fill(database, classifier)
    assert sizes(database) == before
    with database.write() as session:
        demo.remove(session, NOW)
    with database.write() as session, pytest.raises(ValueError, match="no demo"):
        demo.remove(session, NOW)


def test_a_name_that_is_taken_is_named(database: Database, classifier: Classifier) -> None:
    with database.write() as session:
        accounts.create(session, NOW, "demo", Role.REVIEWER, None)
    with pytest.raises(AccountError, match="name"):
        fill(database, classifier)
    assert sizes(database) == {"users": 1}
