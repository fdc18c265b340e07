"""The filters of the queue as links: what can be chosen beside what, with how many there are of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from flask import url_for

from tocsin_service.reviews.models import Status
from tocsin_service.reviews.queue import ALL, Counts, Filters

_STATUSES = {
    Status.WAITING.value: "Waiting",
    Status.SECOND.value: "Second look",
    Status.DISPUTED.value: "Disputed",
    Status.ESCALATED.value: "Escalated",
    Status.DECIDED.value: "Decided",
    ALL: "All",
}
_FACETS = {
    "band": ("Band", ("high", "elevated", "low")),
    "label": ("Label", ("threat", "incitement", "glorification", "none")),
    "voice": ("Voice", ("author", "quoted", "reported", "none")),
    "community": ("Community", ()),
}
_MORE = ("author", "reviewer", "team", "since", "until", "mine")  # filters of the form under "More"


@dataclass(frozen=True, slots=True)
class Choice:
    """A value of a filter; ``url`` leads to the queue with it, or without it if it is ``on``."""

    value: str
    name: str
    count: int
    url: str
    on: bool


@dataclass(frozen=True, slots=True)
class Facet:
    """A filter and its values."""

    name: str
    title: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter in use; ``url`` leads to the queue without it."""

    name: str
    url: str


def address(filters: Filters, page: int = 1) -> str:
    """The queue under these filters, without the words looked for."""
    query = "&".join(part for part in (filters.query(), f"page={page}" if page > 1 else "") if part)
    return url_for("reviews.queue") + (f"?{query}" if query else "")


def tabs(filters: Filters, counts: Counts) -> list[Choice]:
    """One for each status, and one for all."""
    numbers = {**counts.status, ALL: sum(counts.status.values())}
    return [
        Choice(value, name, numbers.get(value, 0), address(replace(filters, status=value)), value == filters.status)
        for value, name in _STATUSES.items()
    ]


def facets(filters: Filters, counts: Counts) -> list[Facet]:
    """The rail: values that are nowhere are left out unless they are chosen; those of the fixed lists stay, so that nothing moves."""
    made = []
    for name, (title, values) in _FACETS.items():
        chosen, numbers = getattr(filters, name), getattr(counts, name)
        shown = values or tuple(value for value in numbers if value)
        if chosen and chosen not in shown:
            shown = (*shown, chosen)
        made.append(
            Facet(
                name,
                title,
                tuple(Choice(value, value, numbers.get(value, 0), _toggled(filters, name, value), value == chosen) for value in shown),
            )
        )
    return made


def chips(filters: Filters) -> list[Chip]:
    """The filters in use but status and search, each with the way out of it."""
    days = {"since": f"from {filters.first_day or 'a time'}", "until": f"up to {filters.last_day or 'a time'}", "mine": "only mine"}
    default = Filters()
    return [
        Chip(days.get(name, f"{name}: {getattr(filters, name)}"), address(replace(filters, **{name: getattr(default, name)})))
        for name in (*_FACETS, *_MORE)
        if getattr(filters, name) != getattr(default, name)
    ]


def kept(filters: Filters) -> list[tuple[str, str]]:
    """What the form under "More" has to send along."""
    default = Filters()
    names = ("status", *(name for name in _FACETS if name != "community"))  # which has a field there
    return [(name, getattr(filters, name)) for name in names if getattr(filters, name) != getattr(default, name)]


def more(filters: Filters) -> bool:
    """Whether a filter of the form under "More" is in use."""
    default = Filters()
    return any(getattr(filters, name) != getattr(default, name) for name in _MORE)


def _toggled(filters: Filters, name: str, value: str) -> str:
    changed: dict[str, Any] = {name: "" if getattr(filters, name) == value else value}
    return address(replace(filters, **changed))
