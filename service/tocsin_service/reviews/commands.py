"""``tocsin reviews``, as it is written on the command line; what it does is in ``actions``, imported when it is asked for."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tocsin_service.settings import Settings

if TYPE_CHECKING:
    from tocsin_model import Classifier

Loader = Callable[[Settings], "Classifier"]
_COLUMNS = ("text", "id", "author", "community", "time", "link")
_ROLES = ("reviewer", "lead", "admin")
_DAYS = re.compile(r"(\d{1,6})d?", re.ASCII)


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser], load: Loader) -> None:
    """Add ``tocsin reviews``; ``load`` gives the classifier of the settings."""
    parser = commands.add_parser("reviews", help="the review queue: demo, accounts, import, export, purge, audit, backup")
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--database", metavar="URL", help="the queue's database (TOCSIN_DATABASE_URL, else sqlite:///tocsin.db)")

    demo = actions.add_parser("demo", parents=[shared], help="fill the queue with demo passages, and make an account to see them with")
    one = demo.add_mutually_exclusive_group()
    one.add_argument("--remove", action="store_true", help="remove the passages, what was decided of them, and the accounts")
    one.add_argument("--if-new", action="store_true", help="only if the database is new; says how to sign in either way")
    demo.set_defaults(run=_run, action="demo", load=load)

    _add_accounts(actions.add_parser("user", help="make, list and change accounts"), shared)

    take = actions.add_parser("import", parents=[shared], help="queue the passages of a file (JSONL, CSV, Parquet) by policy")
    take.add_argument("file", type=Path, metavar="FILE")
    for name in _COLUMNS:
        take.add_argument(f"--{name}-column", default=name, metavar="NAME", help=f"column of the {name} (%(default)s)")
    take.add_argument("--always", action="store_true", help="queue every passage, whatever its scores")
    take.set_defaults(run=_run, action="import", load=load)

    export = actions.add_parser("export", parents=[shared], help="write decided passages, for tocsin train --reviews")
    export.add_argument("out", metavar="OUT.jsonl", help="file to write; '-': standard output")
    export.add_argument("--since", type=_moment, metavar="DATE", help="only what was decided from then on (2026-01-31, UTC)")
    export.add_argument("--until", type=_moment, metavar="DATE", help="only what was decided before")
    export.add_argument("--without-demo", action="store_true", help="leave out the demo's made-up passages")
    export.set_defaults(run=_run, action="export")

    purge = actions.add_parser("purge", parents=[shared], help="erase passages for good: text, author, link, context, notes")
    purge.add_argument("--older-than", type=_days, metavar="90d", help="those decided so many days ago, or earlier")
    purge.add_argument("--everything-undecided-too", action="store_true", help="also those that have waited as long; they leave the queue")
    purge.add_argument("--author", metavar="NAME", help="only those of one author, and their words around others' passages")
    purge.add_argument("--dry-run", action="store_true", help="only say how many")
    purge.set_defaults(run=_run, action="purge")

    audit = actions.add_parser("audit", parents=[shared], help="print the audit log as JSON lines")
    audit.add_argument("--since", type=_moment, default=0.0, metavar="DATE", help="only events from then on (2026-01-31, UTC)")
    audit.set_defaults(run=_run, action="audit")

    backup = actions.add_parser("backup", parents=[shared], help="copy a SQLite database while it is in use")
    backup.add_argument("file", type=Path, metavar="FILE", help="the copy; must not exist yet")
    backup.set_defaults(run=_run, action="backup")


def _add_accounts(parser: argparse.ArgumentParser, shared: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    helps = {
        "add": "make an account; prints a password, once, which has to be changed at the first sign-in",
        "list": "every account with its role",
        "passwd": "give an account another password; its sign-ins end",
        "role": "give an account another role",
        "off": "switch an account off; its sign-ins end",
        "on": "switch it on again",
    }
    for change, described in helps.items():
        command = actions.add_parser(change, parents=[shared], help=described)
        if change != "list":
            command.add_argument("name", metavar="NAME")
        if change == "add":
            command.add_argument("--role", choices=_ROLES, default="reviewer", help="what it may do (%(default)s)")
        if change == "role":
            command.add_argument("role", choices=_ROLES, metavar="ROLE", help=", ".join(_ROLES))
        if change in ("add", "passwd"):
            command.add_argument("--password-stdin", action="store_true", help="read the password from standard input, one line")
        command.set_defaults(run=_run, action="user", change=change)


def _run(chosen: argparse.Namespace) -> int:
    try:
        from tocsin_service.reviews import actions
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        raise ValueError(f"the review queue needs {missing}, which is not installed: pip install 'tocsin[dashboard]'") from error
    return actions.run(chosen)


def _moment(given: str) -> float:
    try:
        moment = datetime.fromisoformat(given)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{given!r} is no date; write it like 2026-01-31 or 2026-01-31T12:00") from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _days(given: str) -> float:
    match = _DAYS.fullmatch(given)
    if match is None:
        raise argparse.ArgumentTypeError(f"{given!r} is no number of days; write it like 90d")
    return float(match[1])
