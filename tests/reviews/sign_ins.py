"""Accounts with a password, and attempts to sign in to them."""

from __future__ import annotations

from tocsin_service.reviews import accounts
from tocsin_service.reviews.database import Database
from tocsin_service.reviews.models import Role, User

NOW = 1_790_000_000.0
PASSWORD = "three quiet lamps"
HERE = "192.0.2.1"


def add(database: Database, name: str = "ana", role: Role = Role.REVIEWER, password: str | None = PASSWORD) -> User:
    """A new account."""
    with database.write() as session:
        return accounts.create(session, NOW, name, role, password)


def attempt(database: Database, name: str = "ana", password: str = PASSWORD, now: float = NOW, address: str = HERE) -> str | None:
    """The token of the sign-in, if it comes about."""
    with database.write() as session:
        return accounts.sign_in(session, now, name, password, address)
