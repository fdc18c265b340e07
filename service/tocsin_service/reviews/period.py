"""Whole days in UTC that figures are about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import QueryableAttribute
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

DAY = 86_400


@dataclass(frozen=True, slots=True)
class Period:
    """From the day ``first`` to the day ``last``, both in it, counted from 1970-01-01."""

    first: int
    last: int

    @classmethod
    def up_to(cls, now: float, days: int) -> Period:
        """So many days, the last of them today."""
        today = int(now // DAY)
        return cls(today - days + 1, today)

    @property
    def days(self) -> range:
        """Each day of it."""
        return range(self.first, self.last + 1)

    @property
    def before(self) -> Period:
        """As many days right before."""
        return Period(self.first - len(self.days), self.first - 1)

    def holds(self, column: QueryableAttribute[Any]) -> ColumnElement[bool]:
        """The condition that a time lies in it."""
        return column.between(self.first * DAY, (self.last + 1) * DAY - 1e-6)


def date_of(day: int) -> date:
    """The date of a day."""
    return datetime.fromtimestamp(day * DAY, UTC).date()


class whole(GenericFunction[int]):  # noqa: N801 the name of an SQL function
    """What is left of the point of a number that is not negative. ``CAST`` does that on SQLite and rounds on PostgreSQL."""

    type = Integer()
    inherit_cache = True


@compiles(whole)
def _cast(element: whole, compiler: SQLCompiler, **options: Any) -> str:
    inner = compiler.process(element.clauses, **options)
    return f"CAST({inner} AS INTEGER)" if compiler.dialect.name == "sqlite" else f"CAST(FLOOR({inner}) AS INTEGER)"
