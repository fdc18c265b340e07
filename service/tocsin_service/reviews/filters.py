"""Which items of the queue a page is about."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime
from urllib.parse import urlencode

from sqlalchemy import ColumnElement, select, union_all
from sqlalchemy.orm import Session, aliased

from tocsin_model.types import Band, Label, Voice
from tocsin_service.reviews import search
from tocsin_service.reviews.models import Decision, Item, Kind, Status, User

ALL = "all"
NONE = "none"  # the label and the voice of an item without spans
FACETS = ("status", "band", "label", "voice")

_other = aliased(Item)
_DAY = 86_400
_LAST = 253_402_300_799.0  # the end of the year 9999
_LONGEST = {"search": 200, "community": 200, "author": 200, "reviewer": 80, "team": 40}
_VALUES: dict[str, tuple[str, ...]] = {
    "status": (*Status, ALL),
    "label": (*Label, NONE),
    "band": tuple(Band),
    "voice": (*Voice, NONE),
}


class QueueError(ValueError):
    """Something of the queue can't be used; ``field`` says which."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


@dataclass(frozen=True, slots=True)
class Filters:
    """Empty and None: any. ``reviewer`` is the name of who decided an item or has it open, ``mine`` the same of the reader; ``team`` is the
    one that an item was escalated to, whether or not it has been decided since.

    ``since`` and ``until`` bound the time received, in seconds since 1970, ``until`` not included.
    """

    status: str = Status.WAITING.value
    label: str = ""
    band: str = ""
    voice: str = ""
    community: str = ""
    reviewer: str = ""
    since: float | None = None
    until: float | None = None
    search: str = ""
    author: str = ""
    team: str = ""
    mine: bool = False

    def query(self) -> str:
        """The query of an address that :func:`parse` reads; without ``search``, which belongs in no address. Empty for the default."""
        shown = {"since": self.first_day or self.since, "until": self.last_day or self.until, "mine": "1"}
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        default = Filters()
        return urlencode(
            {name: shown.get(name, value) for name, value in values.items() if value != getattr(default, name) and name != "search"}
        )

    @property
    def first_day(self) -> str:
        """``since`` as a date in UTC; empty if it is no midnight."""
        return _day(self.since)

    @property
    def last_day(self) -> str:
        """The last day that ``until`` includes, as a date in UTC; empty if it is no midnight."""
        return _day(None if self.until is None else self.until - _DAY)


def parse(given: Mapping[str, str]) -> Filters:
    """Filters from the query of an address or from a form. Names that aren't filters are left alone; days are in UTC, both included.

    Raises
    ------
    QueueError : a filter has a value that can't be used.
    """
    values = {name: _text(given, name) for name in ("label", "band", "voice", "community", "reviewer", "search", "author", "team")}
    status = _text(given, "status") or Status.WAITING.value
    for name, value in {**values, "status": status}.items():
        if value and name in _VALUES and value not in _VALUES[name]:
            raise QueueError(name, f"takes one of {', '.join(_VALUES[name])}, or nothing for any")
    if values["search"] and not search.terms(values["search"]):
        raise QueueError("search", "has no word in it; give a word, or a phrase in quotation marks")
    since, until = _time(given, "since", 0), _time(given, "until", _DAY)
    if since is not None and until is not None and since >= until:
        raise QueueError("until", "is before since; swap the two")
    mine = _text(given, "mine")
    if mine not in ("", "0", "1", "on", "true", "false"):
        raise QueueError("mine", "takes 1, or nothing")
    return Filters(status=status, since=since, until=until, mine=mine in ("1", "on", "true"), **values)


def conditions(session: Session, now: float, filters: Filters, me: User | None = None) -> dict[str, ColumnElement[bool]]:
    """What an item must fulfil, by the filter that asks for it, ``status`` left out.

    Raises
    ------
    QueueError : ``mine`` without ``me``.
    """
    found: dict[str, ColumnElement[bool]] = {}
    for name in ("band", "label", "voice", "community"):
        if getattr(filters, name):
            found[name] = getattr(Item, name) == getattr(filters, name)
    # SQLite would take the index of the time alone, and look up a row of the table for each; with the sum it stays with that of the query.
    received = Item.received + 0 if session.get_bind().dialect.name == "sqlite" else Item.received
    if filters.since is not None:
        found["since"] = received >= filters.since
    if filters.until is not None:
        found["until"] = received < filters.until
    if filters.search:
        found["search"] = search.matches(session, search.terms(filters.search))
    for name in ("author", "team"):
        if getattr(filters, name):  # few: a list that is made once
            found[name] = Item.id.in_(select(_other.id).where(getattr(_other, name) == getattr(filters, name)))
    if filters.reviewer:
        found["reviewer"] = _of(select(User.id).where(User.name == filters.reviewer).scalar_subquery(), now)
    if filters.mine:
        if me is None:
            raise QueueError("mine", "is for those who are signed in")
        found["mine"] = _of(me.id, now)
    return found


def _of(user: int | ColumnElement[int], now: float) -> ColumnElement[bool]:
    """Whether somebody decided an item, or has it open."""
    decided = select(Decision.item_id).where(Decision.user_id == user, Decision.undone.is_(None), Decision.kind != Kind.SKIPPED)
    opened = select(_other.id).where(_other.claimed_by == user, _other.claimed_until > now)
    return Item.id.in_(union_all(decided, opened))


def _text(given: Mapping[str, str], name: str) -> str:
    value = given.get(name, "")
    if not isinstance(value, str):
        raise QueueError(name, "must be text")
    value = value.strip()
    if "\0" in value or re.search("[\ud800-\udfff]", value):  # no database takes these
        raise QueueError(name, "holds a character that is none")
    longest = _LONGEST.get(name, 40)
    if len(value) > longest:
        raise QueueError(name, f"has {len(value)} characters; at most {longest} can be looked for")
    return value


def _time(given: Mapping[str, str], name: str, of_a_day: int) -> float | None:
    """Seconds since 1970; ``of_a_day``: how far into the day that is named."""
    value = _text(given, name)
    if not value:
        return None
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            day = date.fromisoformat(value)
            time = datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp() + of_a_day
        else:
            time = float(value)
    except ValueError:
        time = math.nan
    if not 0 <= time <= _LAST:
        raise QueueError(name, "takes a day as 2026-03-31, or seconds since 1970")
    return time


def _day(time: float | None) -> str:
    if time is None or time % _DAY or time < 0:
        return ""
    return datetime.fromtimestamp(time, UTC).date().isoformat()
