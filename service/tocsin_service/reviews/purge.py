"""Retention and erasure: passages and people go, counts and the audit log stay."""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Sequence
from urllib.parse import parse_qsl

from sqlalchemy import and_, or_, select, text, update
from sqlalchemy.orm import Session

from tocsin_service.reviews import audit
from tocsin_service.reviews.database import Database, DatabaseError
from tocsin_service.reviews.models import Decision, Item, Status, View

ACTOR = "command line"
_DAY = 86_400
_BATCH = 200


def erase(session: Session, now: float, item_id: int, actor: str = "api") -> None:
    """Take from an item all that says what was said and by whom: text, author, link, context, details and spans, and the notes and spans
    of its decisions. Scores, labels and outcomes stay; an undecided item leaves the queue. Erasing it again changes nothing.
    """
    item = session.get(Item, item_id, with_for_update=True)  # who decides it at this moment is done first
    if item is None or item.erased is not None:
        return
    item.text = item.author = item.link = None
    item.context, item.details, item.result = [], {}, item.result | {"spans": []}
    item.claimed_by = item.claimed_until = None
    item.erased = now
    if item.status != Status.DECIDED:
        item.status = Status.ERASED.value
    session.execute(update(Decision).where(Decision.item_id == item_id).values(note="", spans=[]))
    audit.record(session, now, actor, "item erased", item_id)


def due(session: Session, now: float, older_than_days: float | None, decided_only: bool = True, author: str | None = None) -> Sequence[int]:
    """The items to erase: those decided more than ``older_than_days`` ago (None: at any time), with ``decided_only`` false also the
    undecided ones that were received before; only those of ``author``, if one is given.
    """
    before = math.inf if older_than_days is None else now - older_than_days * _DAY
    old = and_(Item.status == Status.DECIDED, Item.decided < before)
    if not decided_only:
        old = or_(old, and_(Item.status != Status.DECIDED, Item.received < before))
    statement = select(Item.id).where(old, Item.erased.is_(None)).order_by(Item.id)
    return session.scalars(statement if author is None else statement.where(Item.author == author)).all()


def purge(database: Database, now: float, older_than_days: float | None, decided_only: bool = True, author: str | None = None) -> int:
    """Erase the items that are :func:`due`, some at a time, so that nobody waits for long; how many."""
    with database.read() as session:
        items = due(session, now, older_than_days, decided_only, author)
    for start in range(0, len(items), _BATCH):
        with database.write() as session:
            for item in items[start : start + _BATCH]:
                erase(session, now, item, ACTOR)
    return len(items)


def forget(session: Session, now: float, author: str) -> int:
    """Take an author's words out of what stands around other people's passages, and the name out of saved views; out of how many items."""
    found = session.execute(select(Item.id, Item.context).where(Item.erased.is_(None)).execution_options(yield_per=1_000))
    kept = {item: left for item, context in found if len(left := [one for one in context if one["author"] != author]) < len(context)}
    for item, left in kept.items():
        session.execute(update(Item).where(Item.id == item).values(context=left))
        audit.record(session, now, ACTOR, "context erased", item)
    for view in session.scalars(select(View).where(View.query.contains("author="))):
        if dict(parse_qsl(view.query)).get("author") == author:
            session.delete(view)
    return len(kept)


def scrub(database: Database) -> bool:
    """Make the database's files forget what was erased: the search index, free pages, the write-ahead log. False: another process was
    reading, so the log still holds it; it is emptied by the next scrub, or when the last process closes the database.

    Raises
    ------
    DatabaseError : another process writes, or the disk is full.
    """
    if not database.sqlite:
        with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM (ANALYZE) items, decisions"))
        return True
    raw = database.engine.raw_connection()  # VACUUM can't run inside a transaction, which the engine's connections begin
    try:
        cursor = raw.cursor()
        cursor.execute("INSERT INTO items_search(items_search) VALUES ('optimize')")
        cursor.execute("VACUUM")
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        checkpoint = cursor.fetchone()
    except sqlite3.OperationalError as error:
        raise DatabaseError(f"{database.shown}: {error}") from None
    finally:
        raw.close()
    return checkpoint is not None and not checkpoint[0]
