"""Many items to requests that the service takes, as they come: nothing is read ahead, and no more than one batch is held."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

from tocsin_client.types import Item

T = TypeVar("T")
MOST_ITEMS = 1_000
MOST_BYTES = 4_000_000  # the service takes 8 MiB unless it is set up otherwise


@dataclass(frozen=True, slots=True)
class Entry:
    """An item with its index among all that were given, and its JSON."""

    index: int
    item: Item
    body: bytes


class Batcher:
    """Collects items until they fill a request; one that is too large for any goes alone, and the service says so."""

    def __init__(self, options: Mapping[str, object], most_items: int = MOST_ITEMS, most_bytes: int = MOST_BYTES) -> None:
        self._options = options
        self._most_items = most_items
        self._most_bytes = most_bytes
        self._seen = 0
        self._held: list[Entry] = []
        self._bytes = 0
        self._ready: list[list[Entry]] = []  # the last is next

    def add(self, given: str | Item) -> Iterator[list[Entry]]:
        """The batches that are full now that this item is here; to be used up before the next item."""
        item = Item(given) if isinstance(given, str) else given
        if not isinstance(item, Item):
            raise TypeError(f"item {self._seen} is a {type(given).__name__}; give a string or an Item")
        entry = Entry(self._seen, item, encode({"text": item.text, **({} if item.id is None else {"id": item.id}), **self._options}))
        self._seen += 1
        if self._held and self._bytes + len(entry.body) > self._most_bytes:
            yield from self.rest()
        self._held.append(entry)
        self._bytes += len(entry.body) + 1
        if len(self._held) == self._most_items:
            yield from self.rest()

    def rest(self) -> Iterator[list[Entry]]:
        """The batches of what is held; afterwards nothing is."""
        if self._held:
            self._ready.append(self._held)
            self._held, self._bytes = [], 0
        while self._ready:
            yield self._ready.pop()

    def split(self, batch: list[Entry]) -> None:
        """Put a batch back as two, which come next."""
        half = len(batch) // 2
        self._ready += [batch[half:], batch[:half]]


def several(items: T) -> T:
    """The items, unless they are one string: its letters are hardly meant.

    Raises
    ------
    TypeError : they are.
    """
    if isinstance(items, str):
        raise TypeError("score_many takes many strings; give one to score")
    return items


def join(entries: list[Entry]) -> bytes:
    """The body of ``POST /v1/score/batch``."""
    return b'{"items":[' + b",".join(entry.body for entry in entries) + b"]}"


def encode(body: Mapping[str, object]) -> bytes:
    """JSON in UTF-8. A lone surrogate, which UTF-8 can't hold, becomes JSON's escape; two that make a pair are read as their character."""
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8", "backslashreplace")
