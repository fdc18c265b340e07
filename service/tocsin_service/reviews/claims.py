"""An item is one person's while they have it open: nobody else is offered it, and only they decide it.

What one person does at once, in two windows say, happens one after the other: see :func:`turn`. PostgreSQL's rows are locked in the order
person, item, and nobody waits for a second item; so nobody waits for somebody who waits for them.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, CursorResult, Exists, Select, Update, and_, or_, select, union_all, update
from sqlalchemy.orm import Session, aliased

from tocsin_service.reviews import audit
from tocsin_service.reviews.filters import ALL, Filters, conditions
from tocsin_service.reviews.models import FOR_LEADS, Decision, Item, Kind, Role, Status, User

CLAIM_SECONDS = 600

# So many are looked at for one that nobody is taking at this moment. Asked for a single one, PostgreSQL goes through the queue in order,
# even if hardly any item is under the filters.
_TRIED = 50

# What is offered to who asks for the next item under a filter of this status. Whether it is the first or the second decision, nobody needs
# to know; so both come from one queue.
_OFFERED = {
    Status.WAITING.value: (Status.WAITING, Status.SECOND),
    Status.SECOND.value: (Status.SECOND,),
    Status.DISPUTED.value: (Status.DISPUTED,),
    Status.ESCALATED.value: (Status.ESCALATED,),
    ALL: (Status.WAITING, Status.SECOND, Status.DISPUTED, Status.ESCALATED),
}


def claim_next(session: Session, now: float, user: User, filters: Filters) -> Item | None:
    """The first item under these filters that ``user`` may decide and nobody has open; theirs for ``CLAIM_SECONDS``, others are let go.

    Who has one of these open gets that one again. None: there is nothing for them.

    Raises
    ------
    QueueError : a filter has a value that can't be used.
    """
    turn(session, user)
    statuses = [status for status in _OFFERED.get(filters.status, ()) if user.role != Role.REVIEWER or status not in FOR_LEADS]
    if not statuses:
        return None
    wanted = list(conditions(session, now, filters, user).values())
    held = session.scalars(select(Item.id).where(_held(user, now), Item.status.in_(statuses), *wanted)).first()
    if held is not None:
        return _taken(session, _take(now, user).where(Item.id == held))
    offers = []
    for status in statuses:
        order = [*([Item.imminent.desc()] if status is Status.ESCALATED else []), Item.due, Item.id]
        theirs = [_decided(user)] if status is Status.SECOND else []
        may = [Item.status == status, *wanted, Item.erased.is_(None), _free(now), ~or_(_skipped(user), *theirs)]
        some = select(Item.id).where(*may).order_by(*order).limit(_TRIED)
        # Asked again of each, as others may be faster; of the status as an expression, or SQLite would go through all that have it.
        again = [Item.id.in_(some), Item.status.concat("") == status, _free(now)]
        first = select(Item.id, Item.due, Item.imminent).where(*again).order_by(*order).limit(1)
        # SQLite has no row locks; there the whole session is the only one that writes.
        offers.append(first.with_for_update(key_share=True, skip_locked=True).cte(f"offer_{status}"))
    every = union_all(*(select(offer) for offer in offers)).subquery()
    best = select(every.c.id).order_by(every.c.imminent.desc(), every.c.due, every.c.id).limit(1).scalar_subquery()
    item = _taken(session, _take(now, user).where(Item.id == best))
    if item is not None:
        _claimed(session, now, user, item)
    return item


def claim(session: Session, now: float, user: User, item_id: int) -> Item | None:
    """Open one item. None: there is an :func:`obstacle`, or no such item."""
    turn(session, user)
    item = locked(session, item_id)
    if item is None or obstacle(session, now, user, item):
        return None
    anew = item.claimed_by != user.id or (item.claimed_until or 0) <= now
    item = _taken(session, _take(now, user).where(Item.id == item_id))
    if item is not None and anew:
        _claimed(session, now, user, item)
    return item


def renew(session: Session, now: float, user: User, item_id: int) -> bool:
    """Keep an item open for another ``CLAIM_SECONDS``. An expired claim comes to life again if nobody took the item meanwhile, and
    ``user`` has opened no other.

    Returns
    -------
    False: the item is no longer theirs.
    """
    turn(session, user)
    other = aliased(Item)
    opened = select(other.id).where(other.claimed_by == user.id, other.claimed_until > now, other.id != item_id).exists()
    kept = _take(now, user).where(Item.id == item_id, Item.claimed_by == user.id, or_(Item.claimed_until > now, ~opened))
    return _rows(session, kept) > 0


def release(session: Session, user: User, item_id: int) -> None:
    """Close an item undecided; nothing happens if it isn't theirs."""
    turn(session, user)
    _rows(session, _let_go(user).where(Item.id == item_id))


def obstacle(session: Session, now: float, user: User, item: Item) -> str | None:
    """Why ``user`` can't open an item to decide it, as a sentence; None if they can."""
    if item.erased is not None:
        return "The passage was erased."
    if item.status == Status.DECIDED:
        return "It is decided."
    if item.status in FOR_LEADS and user.role == Role.REVIEWER:
        return f"It is {item.status}: a lead decides it."
    if item.claimed_by not in (None, user.id) and (item.claimed_until or 0) > now:
        return f"{session.scalars(select(User.name).where(User.id == item.claimed_by)).one()} has it open."
    if item.status == Status.SECOND and session.scalar(select(Item.id).where(Item.id == item.id, _decided(user))):
        return "You have decided it; somebody else gives the second decision."
    return None


def turn(session: Session, user: User) -> None:
    """Wait until whatever else ``user`` is doing to the queue is done."""
    session.execute(select(User.id).where(User.id == user.id).with_for_update(key_share=True))


def locked(session: Session, item_id: int) -> Item | None:
    """An item as it is now, which nobody else changes until the session ends; after :func:`turn`."""
    statement = select(Item).where(Item.id == item_id).with_for_update(key_share=True)
    return session.scalars(statement, execution_options={"populate_existing": True}).first()


def release_others(session: Session, now: float, user: User, item_id: int) -> None:
    """Let go of what else ``user`` has open; not of what somebody is changing just now, as they may wait for what ``user`` has locked."""
    opened = select(Item.id).where(_held(user, now), Item.id != item_id).with_for_update(key_share=True, skip_locked=True)
    _rows(session, _let_go(user).where(Item.id.in_(opened)))


def release_all(session: Session, user: User) -> None:
    """Let go of whatever ``user`` has open."""
    turn(session, user)
    _rows(session, _let_go(user))


def _claimed(session: Session, now: float, user: User, item: Item) -> None:
    release_others(session, now, user, item.id)
    audit.record(session, now, user.name, "claimed", item=item.id)


def _take(now: float, user: User) -> Update:
    return update(Item).values(claimed_by=user.id, claimed_until=now + CLAIM_SECONDS)


def _let_go(user: User) -> Update:
    return update(Item).where(Item.claimed_by == user.id).values(claimed_by=None, claimed_until=None)


def _taken(session: Session, statement: Update) -> Item | None:
    options = {"synchronize_session": False, "populate_existing": True}
    return session.scalars(statement.returning(Item), execution_options=options).first()


def _rows(session: Session, statement: Update) -> int:
    result = session.execute(statement, execution_options={"synchronize_session": False})
    return result.rowcount if isinstance(result, CursorResult) else 0


def _held(user: User, now: float) -> ColumnElement[bool]:
    return and_(Item.claimed_by == user.id, Item.claimed_until > now)


def _free(now: float) -> ColumnElement[bool]:
    return or_(Item.claimed_by.is_(None), Item.claimed_until <= now)


def _decided(user: User) -> Exists:
    return _theirs(user).where(Decision.kind != Kind.SKIPPED).exists()


def _skipped(user: User) -> Exists:
    return _theirs(user).where(Decision.kind == Kind.SKIPPED).exists()


def _theirs(user: User) -> Select[Any]:
    return select(Decision.id).where(Decision.item_id == Item.id, Decision.user_id == user.id, Decision.undone.is_(None))
