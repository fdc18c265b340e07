"""``tocsin reviews user``: accounts from the command line, by whoever may read the database."""

from __future__ import annotations

import argparse
import sys
import time
import unicodedata
from typing import Any

from sqlalchemy.orm import Session

from tocsin_service.reviews import accounts, audit
from tocsin_service.reviews.database import Database
from tocsin_service.reviews.models import Role, User
from tocsin_service.settings import Settings

ACTOR = "command line"


def change(database: Database, _: Settings, chosen: argparse.Namespace) -> int:
    """Make, list or change accounts; always 0.

    Raises
    ------
    AccountError : says what to change.
    """
    made = None
    if chosen.change in ("add", "passwd"):
        made = sys.stdin.readline().rstrip("\r\n") if chosen.password_stdin else accounts.generated()
    with database.write() as session:
        if chosen.change == "list":
            _list(session)
        elif chosen.change == "add":
            user = accounts.create(session, time.time(), chosen.name, Role(chosen.role), made, once=not chosen.password_stdin)
            _record(session, "account added", user, role=user.role)
        else:
            _apply(session, chosen, _named(session, chosen.name), made)
    if made is not None and not chosen.password_stdin:
        print(made)
        print("tocsin: the password is shown this once; it has to be changed at the first sign-in", file=sys.stderr)
    return 0


def _apply(session: Session, chosen: argparse.Namespace, user: User, password: str | None) -> None:
    if password is not None:
        accounts.set_password(session, user.id, password, once=not chosen.password_stdin)
        _record(session, "password reset", user)
    elif chosen.change == "role":
        accounts.set_role(session, user.id, Role(chosen.role))
        _record(session, "role changed", user, role=chosen.role)
    else:
        accounts.set_active(session, user.id, chosen.change == "on")
        _record(session, f"account switched {chosen.change}", user)


def _list(session: Session) -> None:
    for user in accounts.everybody(session):
        ways = " ".join(way for way, held in (("password", user.password), ("OIDC", user.subject)) if held)
        print(f"{user.role:10}{'active' if user.active else 'off':8}{ways or 'no way in':15}{user.name}")


def _named(session: Session, name: str) -> User:
    wanted = " ".join(unicodedata.normalize("NFKC", name).casefold().split())
    found = next((user for user in accounts.everybody(session) if user.name == wanted), None)
    if found is None:
        raise accounts.AccountError("name", "there is no such account; see tocsin reviews user list")
    return found


def _record(session: Session, action: str, user: User, **detail: Any) -> None:
    audit.record(session, time.time(), ACTOR, action, account=user.name, **detail)
