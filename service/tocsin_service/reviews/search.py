"""Words to the full-text index of either database: FTS5 on SQLite, a ``tsvector`` on PostgreSQL."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, column, func, literal_column, select, table
from sqlalchemy.orm import Session

from tocsin_service.reviews.models import Item

_TERM = re.compile(r'"([^"]*)"|([^\s"]+)')
_WORD = re.compile(r"[^\W_]+")
_PREFIX = 3  # letters; too many words begin with fewer

_INDEX = table("items_search", column("rowid"))
_SIMPLE: ColumnElement[Any] = literal_column("'simple'")  # PostgreSQL's name for words as they are


@dataclass(frozen=True, slots=True)
class Term:
    """A word or a phrase, with a letter or digit in it and no quotation mark; ``prefix``: longer words that begin so are meant, too."""

    text: str
    prefix: bool = False


def words(text: str) -> list[str]:
    """The words about as the index has them, in order: runs of letters and digits, lower case."""
    return [word.lower() for word in _WORD.findall(text)]


def terms(query: str) -> list[Term]:
    """What a reader looks for: words, and phrases in quotation marks. A word that comes last is a prefix."""
    found = [(phrase or word, bool(word)) for phrase, word in _TERM.findall(query) if _WORD.search(phrase or word)]
    last = len(found) - 1
    return [
        Term(text, prefix=place == last and single and len(text) >= _PREFIX and _WORD.fullmatch(text) is not None)
        for place, (text, single) in enumerate(found)
    ]


def matches(session: Session, wanted: Sequence[Term]) -> ColumnElement[bool]:
    """Whether an item has all of these, of which there is at least one."""
    if session.get_bind().dialect.name == "sqlite":
        # By an expression of the id, not by the id: else SQLite would look up a row of the table for every match, however many there are.
        return (Item.id + 0).in_(_rows(wanted))
    return _matches(wanted)


def some(session: Session, wanted: Sequence[Term], most: int) -> Select[Any]:
    """The ids of the items that have all of these; of some of them if they are more than ``most``."""
    if session.get_bind().dialect.name == "sqlite":
        return _rows(wanted).limit(most)
    return select(Item.id).where(_matches(wanted)).limit(most)


def _rows(wanted: Sequence[Term]) -> Select[Any]:
    query = " ".join(f'"{term.text}"{"*" * term.prefix}' for term in wanted)
    return select(_INDEX.c.rowid.label("id")).where(literal_column("items_search").bool_op("MATCH")(query))


def _matches(wanted: Sequence[Term]) -> ColumnElement[bool]:
    whole = " ".join(f'"{term.text}"' for term in wanted if not term.prefix)
    queries: list[ColumnElement[Any]] = [func.websearch_to_tsquery(_SIMPLE, whole)] if whole else []
    queries += [func.to_tsquery(_SIMPLE, f"{term.text}:*") for term in wanted if term.prefix]
    search: ColumnElement[Any] = literal_column("items.search")
    return search.bool_op("@@")(queries[0] if len(queries) == 1 else queries[0].op("&&")(queries[1]))
