"""What the actions of ``tocsin reviews`` do."""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TextIO

from tocsin_service.reviews import account_actions, audit, export, first_run, imports, purge
from tocsin_service.reviews.database import Database, DatabaseError
from tocsin_service.reviews.demo import SOURCE
from tocsin_service.settings import Settings, from_environment

DONE, SOME_FAILED = 0, 1
ACTOR = "command line"


def run(chosen: argparse.Namespace) -> int:
    """Do one action; returns the exit status.

    Raises
    ------
    ValueError, OSError : says what is wrong with what was given, or with the database.
    """
    settings = from_environment(os.environ, database_url=chosen.database)
    if settings.database_url == "off":
        if chosen.action == "demo" and chosen.if_new:
            return DONE
        raise ValueError("there is no queue, as TOCSIN_DATABASE_URL is off; name its database with --database")
    database = Database(settings.database_url)
    try:
        return _ACTIONS[chosen.action](database, settings, chosen)
    finally:
        database.engine.dispose()


def _import(database: Database, settings: Settings, chosen: argparse.Namespace) -> int:
    columns = {name: value for name, value in vars(chosen).items() if name.endswith("_column")}
    report = imports.run(database, chosen.load(settings), time.time, chosen.file, always=chosen.always, settings=settings, **columns)
    for line, problem in report.rejected:
        print(f"tocsin: {chosen.file} line {line}: {problem}", file=sys.stderr)
    print(f"{report.queued} queued, {report.not_queued} not queued, {report.known} known already, {len(report.rejected)} rejected")
    return SOME_FAILED if report.rejected else DONE


def _export(database: Database, _: Settings, chosen: argparse.Namespace) -> int:
    count = demo = 0
    with _written(chosen.out) as out, database.read() as session:
        for row in export.rows(session, chosen.since, chosen.until):
            made_up = row["review"]["source"] == SOURCE
            if made_up and chosen.without_demo:
                continue
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
            count, demo = count + 1, demo + made_up
    with database.write() as session:
        audit.record(session, time.time(), ACTOR, "reviews exported", passages=count)
    print(
        f"tocsin: {count} reviewed passages" + (f", {demo} of them from the demo queue (--without-demo leaves them out)" if demo else ""),
        file=sys.stderr,
    )
    return DONE


def _purge(database: Database, _: Settings, chosen: argparse.Namespace) -> int:
    if chosen.older_than is None and chosen.author is None:
        raise ValueError("say what to erase: --older-than 90d, or --author NAME")
    # An author's wish to be forgotten holds for what waits, too.
    decided_only = not chosen.everything_undecided_too and chosen.older_than is not None
    now, which = time.time(), (chosen.older_than, decided_only, chosen.author)
    if chosen.dry_run:
        with database.read() as session:
            print(f"{len(purge.due(session, now, *which))} items would be erased")
        return DONE
    count, around = purge.purge(database, now, *which), 0
    with database.write() as session:
        if chosen.author is not None and chosen.older_than is None:
            around = purge.forget(session, now, chosen.author)
        audit.record(session, now, ACTOR, "purged", items=count, contexts=around, older_than_days=chosen.older_than)
    print(f"{count} items erased" + (f", and words around {around} others" if around else ""))
    if not purge.scrub(database):
        print("tocsin: the database is in use, so its log still holds the words; run it again, or restart the service", file=sys.stderr)
    return DONE


def _audit(database: Database, _: Settings, chosen: argparse.Namespace) -> int:
    count = 0
    with database.read() as session:
        for event in audit.export(session, chosen.since):
            print(json.dumps(event, ensure_ascii=False))
            count += 1
    with database.write() as session:
        audit.record(session, time.time(), ACTOR, "audit log exported", events=count)
    return DONE


def _backup(database: Database, _: Settings, chosen: argparse.Namespace) -> int:
    if not database.sqlite:
        raise ValueError("this backs up SQLite; for PostgreSQL use its own pg_dump, which needs no pause either")
    database.prepare()
    os.close(os.open(chosen.file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with database.write() as session:
        audit.record(session, time.time(), ACTOR, "backed up")
    source = database.engine.raw_connection()
    with closing(source), closing(sqlite3.connect(chosen.file)) as copy:
        held: Any = source.driver_connection
        try:
            held.backup(copy)
        except sqlite3.OperationalError as error:
            chosen.file.unlink()
            raise DatabaseError(f"{chosen.file}: {error}") from None
    print(f"{chosen.file}: {chosen.file.stat().st_size} bytes")
    return DONE


@contextmanager
def _written(name: str) -> Iterator[TextIO]:
    """A file that only its owner can read, and that is there when it is whole; or standard output."""
    if name == "-":
        yield sys.stdout
        return
    path = Path(name)
    descriptor, part = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as out:
            yield out
        Path(part).replace(path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise


_ACTIONS: dict[str, Callable[[Database, Settings, argparse.Namespace], int]] = {
    "demo": first_run.demo,
    "user": account_actions.change,
    "import": _import,
    "export": _export,
    "purge": _purge,
    "audit": _audit,
    "backup": _backup,
}
