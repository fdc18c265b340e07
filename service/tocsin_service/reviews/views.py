"""Saved views: filters under a name. What is looked for in passages is never part of one."""

from __future__ import annotations

from urllib.parse import parse_qsl

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from tocsin_service.reviews.claims import turn
from tocsin_service.reviews.filters import QueueError, parse
from tocsin_service.reviews.models import User, View

_NAME, _QUERY, _MOST = 80, 1_000, 50


def save_view(session: Session, user: User, name: str, query: str, shared: bool) -> View:
    """Keep filters, as ``Filters.query`` writes them, under a name; a view of the same person and name is replaced.

    Raises
    ------
    QueueError : the name or a filter can't be used, or there are 50 already.
    """
    name = name.strip()
    if not name or len(name) > _NAME or not name.isprintable():
        raise QueueError("name", f"must be 1 to {_NAME} characters that can be printed")
    kept = parse(dict(parse_qsl(query))).query()
    if len(kept) > _QUERY:
        raise QueueError("query", f"is longer than {_QUERY} characters; leave out a filter")
    turn(session, user)
    view = session.scalars(select(View).where(View.user_id == user.id, View.name == name)).first()
    if view is None:
        if (session.scalar(select(func.count()).select_from(View).where(View.user_id == user.id)) or 0) >= _MOST:
            raise QueueError("name", f"would be view number {_MOST + 1}; delete one first")
        view = View(user_id=user.id, name=name)
        session.add(view)
    view.query, view.shared = kept, shared
    session.flush()
    return view


def views(session: Session, user: User) -> list[View]:
    """Their own, and those that others share, by name."""
    return list(session.scalars(select(View).where(or_(View.user_id == user.id, View.shared)).order_by(View.name, View.id)))


def delete_view(session: Session, user: User, view_id: int) -> None:
    """Forget one of their own; of anybody else's nothing happens."""
    session.execute(delete(View).where(View.id == view_id, View.user_id == user.id))
