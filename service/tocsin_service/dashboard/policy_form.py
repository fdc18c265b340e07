"""A policy as a form: what the fields show, and what they say."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from werkzeug.datastructures import MultiDict

from tocsin_service.reviews import policy
from tocsin_service.reviews.policy import Choice, Policy, PolicyError

LISTS = ("violations", "exceptions", "teams")
_SLUG = re.compile(r"[a-z0-9_-]{1,40}")
_NAME, _COMMUNITY, _MOST = 80, 200, 50


@dataclass(frozen=True, slots=True)
class Row:
    """A rule as it is typed; communities one a line."""

    name: str = ""
    score: str = "risk"
    at_least: str = ""
    communities: str = ""


@dataclass(frozen=True, slots=True)
class Fields:
    """A policy as it is typed. The share is in per cent; the lists have a choice a line, ``slug: name``."""

    rows: tuple[Row, ...]
    boost_hours: str
    double_percent: str
    violations: str
    exceptions: str
    teams: str

    def pairs(self) -> list[tuple[str, str]]:
        """As the form would send them."""
        rules = [(f"rule_{name}", getattr(row, name)) for row in self.rows for name in ("name", "score", "at_least", "communities")]
        return [*rules, *((name, getattr(self, name)) for name in ("boost_hours", "double_percent", *LISTS))]


def shown(given: Policy) -> Fields:
    """The fields of a policy."""
    rows = tuple(
        Row(
            rule.name,
            rule.score,
            f"{rule.at_least:.12g}" if isinstance(rule.at_least, float | int) else rule.at_least,
            "\n".join(rule.communities),
        )
        for rule in given.rules
    )
    lists = {name: "\n".join(f"{one.slug}: {one.name}" for one in getattr(given, name)) for name in LISTS}
    return Fields(rows, f"{given.boost_hours:.12g}", f"{100 * given.double_share:.12g}", **lists)


def typed(form: MultiDict[str, str]) -> Fields:
    """What was sent; rules without a name and a bound, and those to be removed, are left out."""
    removed = set(form.getlist("remove"))
    columns = [form.getlist(f"rule_{name}") for name in ("name", "score", "at_least", "communities")]
    rows = [Row(*values) for place, values in enumerate(zip(*columns, strict=False)) if str(place) not in removed]
    kept = tuple(row for row in rows if row.name.strip() or row.at_least.strip())
    lists = {name: form.get(name, "").replace("\r\n", "\n") for name in LISTS}
    return Fields(kept, form.get("boost_hours", ""), form.get("double_percent", ""), **lists)


def read(fields: Fields) -> Policy:
    """The policy that the fields say.

    Raises
    ------
    PolicyError : something can't be used; ``field`` is ``rules[0].at_least``, ``boost_hours``, ``double_percent`` or a list.
    """
    if len(fields.rows) > _MOST:
        raise PolicyError("rules", f"are {len(fields.rows)}; there may be {_MOST}")
    rules = []
    for place, row in enumerate(fields.rows):
        bound = row.at_least.strip()
        communities = [one.strip() for one in row.communities.splitlines() if one.strip()]
        for value, length, name in ((row.name.strip(), _NAME, "name"), *((one, _COMMUNITY, "communities") for one in communities)):
            _fits(f"rules[{place}].{name}", value, length)
        rules.append(
            {
                "name": row.name,
                "score": row.score,
                "at_least": bound
                if bound in ("elevated", "high")
                else _number(f"rules[{place}].at_least", bound, 1, "elevated, high, or a probability"),
                "communities": communities,
            }
        )
    share = _number("double_percent", fields.double_percent, 100, "per cent") / 100
    hours = _number("boost_hours", fields.boost_hours, 10_000, "hours")
    lists = {name: _choices(name, getattr(fields, name).splitlines()) for name in LISTS}
    return policy.parse({"rules": rules, "boost_hours": hours, "double_share": share, **lists})


def _number(field: str, given: str, most: float, what: str) -> float:
    try:
        value = float(given.strip())
    except ValueError:
        value = -1.0
    if not 0 <= value <= most:
        raise PolicyError(field, f"takes {what} from 0 to {most:g}, such as {most / 2:g}")
    return value


def _choices(field: str, lines: Iterable[str]) -> list[dict[str, str]]:
    found = []
    for place, line in enumerate(lines, 1):
        if not line.strip():
            continue
        slug, colon, name = (part.strip() for part in line.partition(":"))
        choice = Choice(slug, name)
        if not colon or not name or not _SLUG.fullmatch(slug):
            raise PolicyError(
                field,
                f"line {place} takes a short name in small letters, a colon, and what reviewers read, such as threat: Threat of violence",
            )
        _fits(field, name, _NAME)
        found.append({"slug": choice.slug, "name": choice.name})
    if not found:
        raise PolicyError(field, "is empty; reviewers need at least one to choose")
    return found


def _fits(field: str, value: str, most: int) -> None:
    if len(value) > most:
        raise PolicyError(field, f"has {len(value)} characters where there may be {most}")
    if not value.isprintable():
        raise PolicyError(field, "holds a character that can't be shown; type it anew")
