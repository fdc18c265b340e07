"""What is erased is gone: from the tables, the search, the files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import inspect, select, text
from sqlalchemy.orm import Session

from tests.reviews.conftest import NOW, People, add_items, say
from tocsin_service.reviews import audit, purge, queue
from tocsin_service.reviews.database import Database, DatabaseError
from tocsin_service.reviews.decisions import Mark
from tocsin_service.reviews.filters import Filters
from tocsin_service.reviews.models import Decision, Item, Kind

DAY = 86_400
WORDS = ("zanzibarian", "quixotry", "Mrs Xylander", "hyperborean", "velociter", "murgatroyd", "wobblethorpe")
SECRET: dict[str, Any] = {
    "text": "The zanzibarian quixotry will burn, said Mrs Xylander.",
    "author": "hyperborean",
    "link": "https://example.org/velociter",
    "context": [{"author": "kit", "text": "murgatroyd"}],
    "details": {"thread": "velociter"},
    "result": {"spans": [{"start": 4, "end": 15, "text": "zanzibarian", "speaker": "Mrs Xylander"}], "language": {"code": "en"}},
}
MARK = Mark(4, 15, "threat", "reported", "Mrs Xylander")


def anywhere(database: Database, words: tuple[str, ...]) -> set[str]:
    """Those of the words that are in a file of the database, or in a column of any table."""
    if database.sqlite:
        folder = Path(str(database.engine.url.database)).parent
        held = b"".join(path.read_bytes() for path in folder.iterdir()).lower()
        return {word for word in words if word.lower().encode() in held}
    with database.engine.connect() as connection:
        tables = inspect(connection).get_table_names()
        rows = [str(row[0]).lower() for table in tables for row in connection.execute(text(f"SELECT t::text FROM {table} t"))]
    return {word for word in words if any(word.lower() in row for row in rows)}


def fill(database: Database, others: int = 300) -> int:
    """One item that says too much, decided, among others; its id."""
    with database.write() as session:
        people = People(session)
        add_items(session, others, text="Nothing to see here. " * 20)
        [item] = add_items(session, **SECRET)
        say(session, NOW, people.ana, item, Kind.VIOLATES, reason="threat", note="wobblethorpe", labels=("threat",), spans=(MARK,))
        return item.id


def test_the_words_are_in_no_file_and_in_no_column(database: Database) -> None:
    fill(database)
    assert anywhere(database, WORDS) == set(WORDS)
    assert purge.purge(database, NOW + 91 * DAY, 90) == 1
    assert purge.scrub(database)
    assert anywhere(database, WORDS) == set()


def test_erasing_leaves_scores_decisions_and_an_event(database: Database) -> None:
    number = fill(database, 1)
    for _ in range(2):
        with database.write() as session:
            purge.erase(session, NOW + 5, number)
    with database.read() as session:
        item = session.get_one(Item, number)
        assert (item.text, item.author, item.link, item.context, item.details) == (None, None, None, [], {})
        assert item.result == {"spans": [], "language": {"code": "en"}}
        assert (item.risk, item.status, item.outcome, item.decided, item.erased) == (0.9, "decided", "violates", NOW, NOW + 5)
        [decision] = session.scalars(select(Decision))
        assert (decision.note, decision.spans, decision.labels, decision.final) == ("", [], ["threat"], True)
        erased = [event for event in audit.export(session) if event["action"] == "item erased"]
    assert [(event["actor"], event["item"], event["at"]) for event in erased] == [("api", number, NOW + 5)]


def test_an_undecided_item_that_is_erased_leaves_the_queue(session: Session, people: People) -> None:
    [item] = add_items(session)
    queue.claim(session, NOW, people.ana, item.id)
    purge.erase(session, NOW, item.id)
    session.flush()
    assert queue.claim_next(session, NOW, people.ben, Filters()) is None
    assert queue.listing(session, NOW, Filters(), 1).total == 0
    assert (item.status, item.outcome, item.decided, item.claimed_by) == ("erased", None, None, None)
    assert queue.listing(session, NOW, Filters(status="decided"), 1).total == 0


@pytest.mark.parametrize(
    ("older", "decided_only", "author", "names"),
    [
        (90, True, None, "b"),
        (90, False, None, "bde"),
        (9, True, None, "abc"),
        (None, True, "kit", "ab"),
        (None, False, "kit", "abd"),
        (90, False, "kit", "bd"),
        (90, True, "nobody", ""),
    ],
)
def test_what_is_due(session: Session, people: People, older: float | None, decided_only: bool, author: str | None, names: str) -> None:
    ages = {"a": (10, 0, "kit"), "b": (200, 91, "kit"), "c": (200, 80, None), "d": (91, None, "kit"), "e": (91, None, None)}
    now, by_id = NOW + 300 * DAY, {}
    for name, (received, decided, by) in ages.items():
        [item] = add_items(session, received=now - received * DAY, author=by)
        by_id[item.id] = name
        if decided is not None:
            say(session, now - (decided or 9.5) * DAY, people.ana, item)
    assert "".join(by_id[item] for item in purge.due(session, now, older, decided_only, author)) == names


def test_what_is_erased_is_not_due_again(database: Database) -> None:
    fill(database, 0)
    assert [purge.purge(database, NOW + 91 * DAY, 90) for _ in range(2)] == [1, 0]


def test_an_authors_words_go_from_around_others_passages(session: Session) -> None:
    mixed = [{"author": "kit", "text": "one"}, {"author": None, "text": "two"}, {"author": "kit", "text": "three"}]
    with_kit, without = add_items(session, context=mixed)[0], add_items(session, context=mixed[1:2])[0]
    assert purge.forget(session, NOW, "kit") == 1
    session.expire_all()
    assert with_kit.context == without.context == mixed[1:2]


def test_no_saved_view_keeps_a_name_that_is_forgotten(session: Session, people: People) -> None:
    for author in ("kit & co", "kit"):
        queue.save_view(session, people.ana, author, Filters(author=author).query(), shared=False)
    queue.save_view(session, people.ana, "high", "band=high", shared=False)
    purge.forget(session, NOW, "kit & co")
    session.flush()
    assert [view.name for view in queue.views(session, people.ana)] == ["high", "kit"]


def test_a_writer_in_the_way_is_told(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/tocsin.db")
    database.prepare()
    raw = database.engine.raw_connection()
    raw.cursor().execute("PRAGMA busy_timeout = 20")
    raw.close()
    other = Database(database.url)
    with other.write() as session:
        add_items(session)
        with pytest.raises(DatabaseError, match=r"tocsin\.db: database is locked"):
            purge.scrub(database)
    for one in (database, other):
        one.engine.dispose()


def test_a_reader_in_the_way_is_told(database: Database) -> None:
    """SQLite's log can't be emptied while somebody reads an older state; PostgreSQL has no such log."""
    fill(database, 1)
    if database.sqlite:
        raw = database.engine.raw_connection()
        raw.cursor().execute("PRAGMA busy_timeout = 20")
        raw.close()
    other = Database(database.url)
    with other.engine.connect() as reading:
        reading.execute(text("SELECT count(*) FROM items"))
        purge.purge(database, NOW + 91 * DAY, 90)
        assert purge.scrub(database) is not database.sqlite
    other.engine.dispose()
    assert purge.scrub(database)
    assert anywhere(database, WORDS) == set()
