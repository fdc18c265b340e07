"""``tocsin reviews``: what it does, what it prints, and how it says that it can't."""

from __future__ import annotations

import io
import json
import os
import re
import shlex
import sqlite3
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from tests.conftest import HARMLESS, ROOT, THREAT
from tests.reviews.conftest import People, add_items, say
from tocsin_service.cli import _parser, main
from tocsin_service.reviews import accounts, audit, passwords
from tocsin_service.reviews.database import Database
from tocsin_service.reviews.models import Event, Item, Kind, Role
from tocsin_training import seeds

PASSWORD = "three quiet lamps"
Printed = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_hasher", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def run(database: Database, *arguments: object) -> int:
    return main(["reviews", *map(str, arguments), "--database", database.url])


def type_in(monkeypatch: pytest.MonkeyPatch, typed: str) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))


def actions(database: Database) -> list[str]:
    with database.read() as session:
        return [event["action"] for event in audit.export(session)]


def enters(database: Database, name: str, password: str) -> bool:
    with database.write() as session:
        return accounts.sign_in(session, time.time(), name, password, "192.0.2.1") is not None


def decided(database: Database, age: float = 0.0, **values: object) -> None:
    """One decided item."""
    with database.write() as session:
        people = People(session)
        [item] = add_items(session, **values)
        say(session, time.time() - age, people.ana, item, Kind.ALLOWED)


def test_an_account_is_made_with_a_password_that_is_shown_once(database: Database, capsys: Printed) -> None:
    assert run(database, "user", "add", "Ada", "--role", "admin") == 0
    shown = capsys.readouterr()
    password = shown.out.strip()
    assert "this once" in shown.err
    assert enters(database, "ada", password)
    with database.read() as session:
        [user] = accounts.everybody(session)
        assert (user.role, accounts.must_change(user)) == ("admin", True)
        [event] = session.scalars(select(Event).where(Event.action == "account added"))
        assert (event.actor, event.detail) == ("command line", {"account": "ada", "role": "admin"})


def test_a_password_is_read_from_standard_input(database: Database, monkeypatch: pytest.MonkeyPatch, capsys: Printed) -> None:
    type_in(monkeypatch, PASSWORD + "\n")
    assert run(database, "user", "add", "ben", "--password-stdin") == 0
    assert enters(database, "ben", PASSWORD)
    type_in(monkeypatch, "another quiet lamp\r\n")
    assert run(database, "user", "passwd", " BEN ", "--password-stdin") == 0
    assert enters(database, "ben", "another quiet lamp") and not enters(database, "ben", PASSWORD)
    assert capsys.readouterr().out == ""
    assert run(database, "user", "passwd", "ben") == 0
    assert enters(database, "ben", capsys.readouterr().out.strip())


def test_accounts_are_changed_and_listed(database: Database, capsys: Printed) -> None:
    with database.write() as session:
        accounts.create(session, 1.0, "ada", Role.ADMIN, PASSWORD)
        accounts.create(session, 1.0, "ben", Role.REVIEWER, None, "https://id.example|7")
    for change in (("role", "ben", "lead"), ("off", "ben"), ("on", "ben"), ("off", "ben")):
        assert run(database, "user", *change) == 0
    assert run(database, "user", "list") == 0
    assert [line.split() for line in capsys.readouterr().out.splitlines()] == [
        ["admin", "active", "password", "ada"],
        ["lead", "off", "OIDC", "ben"],
    ]
    assert actions(database) == ["role changed", "account switched off", "account switched on", "account switched off"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("user", "off", "ada"), "last active admin"),
        (("user", "role", "nobody", "lead"), "no such account"),
        (("user", "add", "ada"), "name: is taken"),
        (("purge",), "--older-than 90d, or --author NAME"),
        (("demo", "--remove"), "there is no demo queue"),
        (("import", "nothing.csv"), "nothing.csv"),
        (("export", "no/such/folder/out.jsonl"), "No such file"),
    ],
)
def test_what_cant_be_done_is_said(database: Database, arguments: tuple[str, ...], message: str, capsys: Printed) -> None:
    with database.write() as session:
        accounts.create(session, 1.0, "ada", Role.ADMIN, None)
    assert run(database, *arguments) == 2
    assert message in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("export", "-", "--since", "yesterday"), "like 2026-01-31"),
        (("purge", "--older-than", "3 months"), "like 90d"),
        (("user", "add", "ada", "--role", "boss"), "invalid choice"),
        (("demo", "--remove", "--if-new"), "not allowed with"),
    ],
)
def test_what_cant_be_meant_is_said(arguments: tuple[str, ...], message: str, capsys: Printed) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["reviews", *arguments])
    assert caught.value.code == 2
    assert message in capsys.readouterr().err


def test_without_a_queue_it_says_so(monkeypatch: pytest.MonkeyPatch, capsys: Printed) -> None:
    monkeypatch.setenv("TOCSIN_DATABASE_URL", "off")
    assert main(["reviews", "user", "list"]) == 2
    assert "TOCSIN_DATABASE_URL is off" in capsys.readouterr().err
    assert main(["reviews", "demo", "--if-new"]) == 0


def test_without_the_extra_everything_else_runs() -> None:
    """What is missing is named, with what to install."""
    script = "import sys; sys.modules['sqlalchemy'] = None; from tocsin_service.cli import main; sys.exit(main(sys.argv[1:]))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in ("model", "service", "training"))}
    command = [sys.executable, "-c", script]
    missing = subprocess.run([*command, "reviews", "user", "list"], capture_output=True, text=True, env=environment)
    assert (missing.returncode, missing.stderr) == (
        2,
        "tocsin: the review queue needs sqlalchemy, which is not installed: pip install 'tocsin[dashboard]'\n",
    )
    assert subprocess.run([*command, "model"], capture_output=True, env=environment).returncode == 0


def test_the_commands_of_the_documentation_are_commands() -> None:
    text = (ROOT / "docs" / "reviews.md").read_text(encoding="utf-8")
    lines = re.findall(r"^tocsin .*$", text, re.MULTILINE)
    assert len(lines) > 12
    for line in lines:
        _parser().parse_args(shlex.split(line, comments=True)[1:])


def test_a_file_is_queued_by_policy(database: Database, tmp_path: Path, capsys: Printed) -> None:
    path = tmp_path / "in.csv"
    path.write_text(f"nr,body,who\n1,{THREAT},kit\n2,{HARMLESS},moss\n3,,kit\n", encoding="utf-8")
    options = ("--id-column", "nr", "--text-column", "body", "--author-column", "who")
    assert run(database, "import", path, *options) == 1
    shown = capsys.readouterr()
    assert shown.out == "1 queued, 1 not queued, 0 known already, 1 rejected\n"
    assert "in.csv line 4: " in shown.err and "text is empty" in shown.err
    assert run(database, "import", path, *options, "--always") == 1
    assert "1 queued, 0 not queued, 1 known already" in capsys.readouterr().out
    with database.read() as session:
        assert [(item.ref, item.author) for item in session.scalars(select(Item).order_by(Item.id))] == [("1", "kit"), ("2", "moss")]


def test_the_bands_of_the_deployment_decide_what_is_imported(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    (tmp_path / "in.jsonl").write_text(json.dumps({"text": HARMLESS}) + "\n", encoding="utf-8")
    monkeypatch.setenv("TOCSIN_ELEVATED", "0.000001")
    assert run(database, "import", tmp_path / "in.jsonl") == 0
    assert capsys.readouterr().out.startswith("1 queued")


def test_an_export_can_leave_the_demo_out(database: Database, capsys: Printed) -> None:
    with database.write() as session:
        people = People(session)
        for source, text in (("demo", "Made up."), ("api", "Break a leg tonight!")):
            [item] = add_items(session, source=source, text=text)
            say(session, time.time(), people.ana, item, Kind.ALLOWED)
    assert run(database, "export", "-") == 0
    shown = capsys.readouterr()
    assert (shown.out.count("\n"), "1 of them from the demo queue" in shown.err) == (2, True)
    assert run(database, "export", "-", "--without-demo") == 0
    assert [json.loads(line)["text"] for line in capsys.readouterr().out.splitlines()] == ["Break a leg tonight!"]


def test_an_export_is_read_by_training(database: Database, tmp_path: Path, capsys: Printed) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("of yesterday")
    decided(database, text="Break a leg tonight!\u2028Really.")
    assert run(database, "export", out) == 0
    [passage] = seeds.read(out)
    assert (passage.kind, passage.text) == ("idiom", "Break a leg tonight!\u2028Really.")
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert run(database, "export", "-", "--since", "2026-01-31") == 0
    shown = capsys.readouterr()
    assert shown.out == out.read_text(encoding="utf-8")
    assert "1 reviewed passages" in shown.err
    assert run(database, "export", "-", "--until", "2001-01-01T12:00") == 0
    assert capsys.readouterr().out == ""
    assert actions(database)[-3:] == ["reviews exported"] * 3
    assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == ["out.jsonl"]


def test_a_purge_erases_what_is_old(database: Database, capsys: Printed) -> None:
    decided(database, 91 * 86_400, text="A zanzibarian idiom.")
    assert run(database, "purge", "--older-than", "90d", "--dry-run") == 0
    assert run(database, "purge", "--older-than", "92") == 0
    assert run(database, "purge", "--older-than", "90d") == 0
    assert capsys.readouterr().out.splitlines() == ["1 items would be erased", "0 items erased", "1 items erased"]
    with database.read() as session:
        assert session.scalars(select(Item.text)).all() == [None]
        events = [event for event in audit.export(session) if event["action"] == "purged"]
    assert [(event["items"], event["older_than_days"]) for event in events] == [(0, 92.0), (1, 90.0)]


def test_an_author_is_forgotten_and_named_nowhere(database: Database, capsys: Printed) -> None:
    with database.write() as session:
        add_items(session, author="kit the quixotic")
        add_items(session, author="moss", context=[{"author": "kit the quixotic", "text": "hello"}])
    assert run(database, "purge", "--author", "kit the quixotic") == 0
    assert capsys.readouterr().out == "1 items erased, and words around 1 others\n"
    with database.read() as session:
        assert [(item.text is None, item.context) for item in session.scalars(select(Item).order_by(Item.id))] == [(True, []), (False, [])]
        assert "quixotic" not in json.dumps(list(audit.export(session)))


def test_the_audit_log_is_printed(database: Database, capsys: Printed) -> None:
    with database.write() as session:
        audit.record(session, 1_000.0, "ana", "viewed", 7)
        audit.record(session, 1_900_000_000.0, "ben", "viewed", 8)
    assert run(database, "audit") == 0
    printed = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(event["actor"], event["item"]) for event in printed] == [("ana", 7), ("ben", 8)]
    assert run(database, "audit", "--since", "2030-01-01T00:00:00+00:00") == 0
    assert [json.loads(line)["actor"] for line in capsys.readouterr().out.splitlines()] == ["ben"]
    assert actions(database)[-2:] == ["audit log exported"] * 2


def test_a_backup_is_the_whole_database(database: Database, tmp_path: Path, capsys: Printed) -> None:
    """For PostgreSQL there is pg_dump, and it says so."""
    copy = tmp_path / "copy.db"
    decided(database)
    if not database.sqlite:
        assert run(database, "backup", copy) == 2
        assert "pg_dump" in capsys.readouterr().err
        return
    with database.read() as session:
        session.scalars(select(Item)).all()  # in use
        assert run(database, "backup", copy) == 0
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with sqlite3.connect(copy) as opened:
        assert opened.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert opened.execute("SELECT count(*) FROM items").fetchone() == (1,)
    opened.close()
    assert run(database, "backup", copy) == 2
    assert "File exists" in capsys.readouterr().err


def test_the_first_run_makes_the_demo_and_says_how_to_sign_in(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOCSIN_PORT", "8181")
    assert run(database, "demo", "--if-new") == 0
    first = capsys.readouterr().out
    assert "http://127.0.0.1:8181/reviews" in first and "reviews demo --remove" in first
    password = re.findall(r"password +(\S+)", first)[0]
    assert enters(database, "demo", password)
    [kept] = tmp_path.glob("tocsin.db-demo-password")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert run(database, "demo", "--if-new") == 0
    assert capsys.readouterr().out == first
    with database.read() as session:
        assert len(session.scalars(select(Item.id)).all()) == 60
    assert run(database, "demo") == 2

    assert run(database, "demo", "--remove") == 0
    assert "60 passages" in (gone := capsys.readouterr().out) and "user add NAME --role admin" in gone
    assert not kept.exists()
    assert run(database, "demo", "--if-new") == 0
    again = capsys.readouterr().out
    assert "http://127.0.0.1:8181/reviews" in again and "password" not in again and "user add NAME --role admin" in again


def test_a_password_that_was_changed_is_not_shown(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(database, "demo") == 0
    password = re.findall(r"password +(\S+)", capsys.readouterr().out)[0]
    type_in(monkeypatch, PASSWORD)
    assert run(database, "user", "passwd", "demo", "--password-stdin") == 0
    assert run(database, "demo", "--if-new") == 0
    shown = capsys.readouterr().out
    assert password not in shown and "as you changed it" in shown


def test_a_queue_that_is_used_gets_no_demo(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Printed) -> None:
    monkeypatch.chdir(tmp_path)
    with database.write() as session:
        accounts.create(session, 1.0, "ada", Role.ADMIN, None)
    assert run(database, "demo", "--if-new") == 0
    assert "demo" not in capsys.readouterr().out
    with database.read() as session:
        assert session.scalars(select(Item.id)).all() == []
