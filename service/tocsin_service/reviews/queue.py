"""The queue as it is read: pages of it, and how many there are of what. Opening items is in ``claims``, saved filters are in ``views``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from tocsin_service.reviews import audit
from tocsin_service.reviews.claims import CLAIM_SECONDS, claim, claim_next, obstacle, release, renew
from tocsin_service.reviews.filters import ALL, FACETS, Filters, QueueError, conditions, parse
from tocsin_service.reviews.models import Item, Status, User
from tocsin_service.reviews.views import delete_view, save_view, views

__all__ = [
    "ALL",
    "CLAIM_SECONDS",
    "Counts",
    "Filters",
    "Page",
    "QueueError",
    "claim",
    "claim_next",
    "counts",
    "delete_view",
    "imminent",
    "listing",
    "obstacle",
    "parse",
    "record_listing",
    "release",
    "renew",
    "save_view",
    "views",
]

_COMMUNITIES = 30


@dataclass(frozen=True, slots=True)
class Page:
    """``number`` of ``pages``, both from 1; ``holders`` names who has which of the items open, by the item's id."""

    items: list[Item]
    total: int
    number: int
    pages: int
    holders: dict[int, str]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many items there are by the values of a facet, most first: under all filters but the one of that facet, so that each number is
    what the reader gets who chooses that value. Of ``community`` the 30 largest, and ``""`` for none.

    ``total``: under all filters.
    """

    status: dict[str, int]
    band: dict[str, int]
    label: dict[str, int]
    voice: dict[str, int]
    community: dict[str, int]
    total: int


def listing(
    session: Session, now: float, filters: Filters, page: int, size: int = 50, me: User | None = None, total: int | None = None
) -> Page:
    """One page of what passes the filters, what is due first first; a page that isn't there is the nearest one that is.

    Escalated items are led by those in which somebody may be in danger; decided ones come the latest first. ``total`` is that of
    :func:`counts`, if it is known already; else they are counted.

    Raises
    ------
    QueueError : a filter has a value that can't be used.
    """
    wanted = list(conditions(session, now, filters, me).values())
    order: list[ColumnElement[Any]] = [Item.due.asc(), Item.id.asc()]
    if filters.status == Status.DECIDED:
        wanted.append(Item.decided > 0)  # the index in whose order they are read
        order = [Item.decided.desc(), Item.id.desc()]
    elif filters.status != ALL:
        wanted.append(Item.status == filters.status)
    if filters.status == Status.ESCALATED:
        order.insert(0, Item.imminent.desc())
    if total is None:
        total = session.scalar(select(func.count()).select_from(Item).where(*wanted)) or 0
    pages = max(1, -(-total // size))
    number = min(max(1, page), pages)
    # The ids alone first: they come from an index, however deep the page lies.
    ids = session.scalars(select(Item.id).where(*wanted).order_by(*order).limit(size).offset((number - 1) * size)).all()
    by_id = {item.id: item for item in session.scalars(select(Item).where(Item.id.in_(ids)))} if ids else {}
    items = [by_id[found] for found in ids if found in by_id]
    return Page(items, total, number, pages, _holders(session, now, items))


def record_listing(session: Session, now: float, user: User, filters: Filters, page: Page) -> None:
    """Put it in the audit log that somebody was shown a page. No author is named, nor what was searched for: the log is never erased."""
    if not page.items:
        return
    asked: dict[str, Any] = {"filters": replace(filters, author="").query(), "author": bool(filters.author), "search": bool(filters.search)}
    asked = {name: value for name, value in asked.items() if value}
    audit.record(session, now, user.name, "listed", **asked, page=page.number, items=[item.id for item in page.items])


def counts(session: Session, now: float, filters: Filters, me: User | None = None) -> Counts:
    """The numbers beside the filters.

    Raises
    ------
    QueueError : a filter has a value that can't be used.
    """
    wanted = conditions(session, now, filters, me)
    # A search is made once, for all facets. Without one, thousands of communities would make too many groups: they are counted apart.
    names = (*FACETS, "community") if filters.search else FACETS
    columns = [getattr(Item, name) for name in names]
    others = [condition for name, condition in wanted.items() if name not in names]
    chosen = {name: getattr(filters, name) for name in names if getattr(filters, name) not in ("", ALL)}
    sums: dict[str, Counter[str]] = {name: Counter() for name in names}
    total = 0
    for *values, many in session.execute(select(*columns, func.count()).where(*others).group_by(*columns)):
        group = dict(zip(names, values, strict=True))
        missed = [name for name, value in chosen.items() if group[name] != value]
        if not missed:
            total += many
        for name in names if not missed else missed if len(missed) == 1 else ():
            sums[name][group[name] or ""] += many
    found = {name: dict(facet.most_common(_COMMUNITIES)) for name, facet in sums.items()}
    if "community" not in found:
        found["community"] = _communities(session, filters, wanted)
    return Counts(**found, total=total)


def _communities(session: Session, filters: Filters, wanted: dict[str, ColumnElement[bool]]) -> dict[str, int]:
    """Of these there may be thousands: the database finds the largest."""
    found = func.count()
    statement = select(Item.community, found).group_by(Item.community).order_by(found.desc(), Item.community).limit(_COMMUNITIES)
    if filters.status != ALL:
        statement = statement.where(Item.status == filters.status)
    rows = session.execute(statement.where(*(condition for name, condition in wanted.items() if name != "community")))
    return {community or "": many for community, many in rows}


def imminent(session: Session) -> int:
    """How many escalated items wait in which somebody may be in danger now."""
    return session.scalar(select(func.count()).select_from(Item).where(Item.status == Status.ESCALATED, Item.imminent)) or 0


def _holders(session: Session, now: float, items: Iterable[Item]) -> dict[int, str]:
    held = {item.id: item.claimed_by for item in items if item.claimed_by is not None and (item.claimed_until or 0) > now}
    if not held:
        return {}
    people = session.scalars(select(User).where(User.id.in_(set(held.values()))))
    names = {user.id: user.name for user in people}
    return {item: names[user] for item, user in held.items()}
