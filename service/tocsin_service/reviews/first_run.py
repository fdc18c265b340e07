"""``tocsin reviews demo``: fills a new queue, and says how to look at it."""

from __future__ import annotations

import argparse
import os
import sys
import time
from pathlib import Path

from sqlalchemy import make_url, select
from sqlalchemy.orm import Session

from tocsin_service.reviews import accounts
from tocsin_service.reviews import demo as queue
from tocsin_service.reviews.database import Database
from tocsin_service.reviews.models import Event, Item
from tocsin_service.settings import Settings


def demo(database: Database, settings: Settings, chosen: argparse.Namespace) -> int:
    """Add or remove the demo queue; always 0.

    Raises
    ------
    ValueError : it is there already, or not there, or one of its accounts' names is taken.
    """
    kept = password_file(database)
    if chosen.remove:
        _remove(database, kept)
        return 0
    with database.read() as session:
        new = not accounts.exist(session) and not any(session.scalar(select(table.id).limit(1)) for table in (Item, Event))
    if not chosen.if_new or new:
        password, classifier = accounts.generated(), chosen.load(settings)
        with database.write() as session:
            queue.add(session, time.time(), classifier, password)
            _keep(kept, password)
    with database.read() as session:
        print(_welcome(session, settings, kept))
    return 0


def password_file(database: Database) -> Path:
    """Where the demo account's password is kept to be shown again: beside the database, or in the working folder for PostgreSQL."""
    name = make_url(database.url).database if database.sqlite else None
    return Path((name or "tocsin.db") + "-demo-password")


def _remove(database: Database, kept: Path) -> None:
    with database.write() as session:
        gone = queue.remove(session, time.time())
        left = any(user.role == "admin" and user.active for user in accounts.everybody(session))
    kept.unlink(missing_ok=True)
    print(f"removed: {gone.items} passages, {gone.decisions} decisions, {gone.accounts} accounts")
    for name in gone.kept:
        print(f"tocsin: {name} is only switched off, as it decided other items", file=sys.stderr)
    if not left:
        print(_no_admin())


def _keep(path: Path, password: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="ascii") as out:
        out.write(password + "\n")


def _welcome(session: Session, settings: Settings, kept: Path) -> str:
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host  # noqa: S104 compared, not bound
    lines = [f"dashboard  http://{host}:{settings.port}/reviews"]
    if queue.present(session):
        known = kept.is_file() and queue.unchanged(session)
        lines += [
            f"name       {queue.ADMIN}",
            f"password   {kept.read_text(encoding='ascii').strip() if known else 'as you changed it'}",
            "",
            f"The queue holds demo passages. Remove them: {_program()} reviews demo --remove",
        ]
    elif not accounts.exist(session):
        lines.append(_no_admin())
    return "\n".join(["", *(f"  {line}".rstrip() for line in lines), ""])


def _no_admin() -> str:
    return f"There is no admin. Make one: {_program()} reviews user add NAME --role admin"


def _program() -> str:
    """This command, as it was called."""
    return sys.argv[0] if Path(sys.argv[0]).name == "tocsin" else "tocsin"
