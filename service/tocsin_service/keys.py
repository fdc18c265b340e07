"""API keys and their use: one SQLite file that all workers share. A key is shown once, when it is made; only its SHA-256 is kept.

A key has 256 random bits, so a plain hash of it can't be guessed backwards; passwords would need more.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path

PREFIX = "tocsin_"
MINUTE, DAY = 60, 86_400  # seconds

_SCHEMA = """
CREATE TABLE IF NOT EXISTS keys (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, hash TEXT NOT NULL UNIQUE, hint TEXT NOT NULL,
  created REAL NOT NULL, revoked REAL, per_minute INTEGER NOT NULL, per_day INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS used (
  key INTEGER NOT NULL, width INTEGER NOT NULL, opened INTEGER NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (key, width)
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Key:
    """A key without its secret; ``hint`` is its last four characters. Limits count passages; 0: no limit."""

    id: int
    name: str
    hint: str
    created: float
    revoked: float | None
    per_minute: int
    per_day: int


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a limit after a request: ``left`` of ``limit`` passages, until ``resets`` seconds from now."""

    name: str
    limit: int
    left: int
    resets: int
    exceeded: bool


class KeyStore:
    """The keys of one file, which is made if it is not there; safe for many processes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._open() as database:
            database.execute("PRAGMA journal_mode=WAL")
            database.executescript(_SCHEMA)

    def create(self, name: str, per_minute: int = 0, per_day: int = 0) -> str:
        """Make a key and return it; it can't be shown again."""
        if not name.strip() or len(name) > 80:
            raise ValueError("a key needs a name of 1 to 80 characters, so that it can be told from others when it is revoked")
        if per_minute < 0 or per_day < 0:
            raise ValueError("a limit is a number of passages, or 0 for none")
        secret = PREFIX + secrets.token_urlsafe(32)
        with self._open() as database:
            row = (name, _hash(secret), secret[-4:], time.time(), per_minute, per_day)
            database.execute("INSERT INTO keys (name, hash, hint, created, per_minute, per_day) VALUES (?, ?, ?, ?, ?, ?)", row)
        return secret

    def all(self) -> list[Key]:
        """Every key ever made, revoked ones too, oldest first."""
        with self._open() as database:
            return [Key(*row) for row in database.execute(f"{_SELECT} ORDER BY id")]

    def revoke(self, ident: int) -> Key:
        """Revoke a key from now on; workers look it up on every request."""
        with self._open() as database:
            database.execute("UPDATE keys SET revoked = ? WHERE id = ? AND revoked IS NULL", (time.time(), ident))
            row = database.execute(f"{_SELECT} WHERE id = ?", (ident,)).fetchone()
        if row is None:
            raise ValueError(f"there is no key {ident}; 'tocsin keys list' shows those there are")
        return Key(*row)

    def find(self, secret: str) -> Key | None:
        """The key of a secret, revoked or not."""
        with self._open() as database:
            row = database.execute(f"{_SELECT} WHERE hash = ?", (_hash(secret),)).fetchone()
        return Key(*row) if row else None

    def spend(self, key: Key, passages: int, now: float | None = None) -> list[Allowance]:
        """Count passages against a key's limits, unless one of them would be exceeded; what is left of each."""
        at = int(time.time() if now is None else now)
        limits = [(name, width, limit) for name, width, limit in (("minute", MINUTE, key.per_minute), ("day", DAY, key.per_day)) if limit]
        if not limits:
            return []
        with self._open() as database:
            database.execute("BEGIN IMMEDIATE")
            counts = []
            for _, width, _ in limits:
                row = database.execute("SELECT opened, count FROM used WHERE key = ? AND width = ?", (key.id, width)).fetchone()
                opened = at - at % width
                counts.append((opened, row[1] if row and row[0] == opened else 0))
            exceeded = [count + passages > limit for (_, count), (_, _, limit) in zip(counts, limits, strict=True)]
            spent = 0 if any(exceeded) else passages
            for (opened, count), (_, width, _) in zip(counts, limits, strict=True):
                database.execute("INSERT OR REPLACE INTO used VALUES (?, ?, ?, ?)", (key.id, width, opened, count + spent))
        return [
            Allowance(name, limit, max(0, limit - count - spent), opened + width - at, over)
            for (opened, count), (name, width, limit), over in zip(counts, limits, exceeded, strict=True)
        ]

    def _open(self) -> _Session:
        return _Session(self.path)


_SELECT = "SELECT id, name, hint, created, revoked, per_minute, per_day FROM keys"


class _Session:
    """A connection for one piece of work: committed, or rolled back on an error, and closed."""

    def __init__(self, path: Path) -> None:
        self.database = sqlite3.connect(path, timeout=10, isolation_level=None)

    def __enter__(self) -> sqlite3.Connection:
        return self.database

    def __exit__(self, kind: object, *_: object) -> None:
        if self.database.in_transaction:
            self.database.execute("ROLLBACK" if kind else "COMMIT")
        self.database.close()


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
