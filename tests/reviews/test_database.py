"""The tables on both databases."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import delete, inspect, text, update
from sqlalchemy.exc import SQLAlchemyError

from tests.postgresql import PostgreSQL
from tocsin_service.reviews import audit
from tocsin_service.reviews.database import Database, DatabaseError, alembic_config
from tocsin_service.reviews.models import Base, Event


def test_migrations_make_the_tables_that_the_models_describe(database: Database) -> None:
    """Nothing is left to migrate, but for the search index, which models don't know."""
    database.prepare()
    with database.engine.connect() as connection:
        found = compare_metadata(MigrationContext.configure(connection), Base.metadata)
    names = {getattr(thing, "name", None) for step in found if isinstance(step, tuple) for thing in step[1:]}
    assert {name for name in names if name and "search" not in str(name) and name != "items"} == set()


def test_migrations_can_be_taken_back(database: Database) -> None:
    database.prepare()
    with database.engine.connect() as connection, connection.begin():
        command.downgrade(alembic_config(connection), "base")
    assert set(inspect(database.engine).get_table_names()) == {"alembic_version"}


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_many_may_make_the_tables_at_once(kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    server: PostgreSQL = request.getfixturevalue("postgresql")
    url = f"sqlite:///{tmp_path}/new.db" if kind == "sqlite" else server.create(bare=True)
    databases = [Database(url) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        secrets = list(pool.map(lambda one: one.secret("cookies"), databases))
    assert len(set(secrets)) == 1
    for one in databases:
        one.engine.dispose()


@pytest.mark.parametrize("statement", [delete(Event), update(Event).values(actor="nobody")])
def test_the_audit_log_refuses_changes(database: Database, statement: object) -> None:
    with database.write() as session:
        audit.record(session, 1.0, "ana", "signed in")
    with pytest.raises(SQLAlchemyError, match="can only grow"), database.write() as session:
        session.execute(statement)  # type: ignore[call-overload]
    with database.read() as session:
        assert [event["actor"] for event in audit.export(session)] == ["ana"]


def test_no_event_is_replaced(database: Database) -> None:
    with database.write() as session:
        audit.record(session, 1.0, "ana", "signed in")
    verb = "INSERT OR REPLACE" if database.sqlite else "INSERT"
    forged = text(f"{verb} INTO audit (id, at, actor, action, detail) VALUES (1, 0, 'x', 'forged', '{{}}')")
    with pytest.raises(SQLAlchemyError), database.write() as session:
        session.execute(forged)
    with database.read() as session:
        assert [event["actor"] for event in audit.export(session)] == ["ana"]


def test_an_older_database_is_brought_up_to_date(database: Database) -> None:
    """What was erased before it was decided counted as decided."""
    database.prepare()
    with database.engine.connect() as connection, connection.begin():
        command.downgrade(alembic_config(connection), "0001")
    with database.engine.connect() as connection, connection.begin():
        command.upgrade(alembic_config(connection), "0001")
        columns = ("ref", "source", "received", "due", "risk", "asserted_risk", "threat", "incitement", "glorification", "band", "label")
        more = ("voice", "model", "status", "outcome", "erased", "context", "details", "result", "why", "imminent")
        for ref, outcome in (("decided", "'allowed'"), ("never", "NULL")):
            scores = "0, 0, 0, 0, 0, 0, 0, 'low', 'none'"
            rest = f"'none', 'm', 'decided', {outcome}, 5, '[]', '{{}}', '{{}}', '[]', {'0' if database.sqlite else 'false'}"
            connection.execute(text(f"INSERT INTO items ({', '.join((*columns, *more))}) VALUES ('{ref}', 'api', {scores}, {rest})"))
    with database.engine.connect() as connection, connection.begin():
        command.upgrade(alembic_config(connection), "head")
        found = connection.execute(text("SELECT ref, status FROM items ORDER BY id")).all()
    assert [tuple(row) for row in found] == [("decided", "decided"), ("never", "erased")]


def test_only_its_owner_reads_the_file(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/tocsin.db")
    database.prepare()
    database.engine.dispose()
    assert stat.S_IMODE((tmp_path / "tocsin.db").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("mysql://host/name", "must be sqlite:///FILE"),
        ("sqlite:////no/such/folder/tocsin.db", "No such file"),
        ("postgresql://tocsin:secret@127.0.0.1:1/tocsin", "127.0.0.1"),
    ],
)
def test_a_database_that_cant_be_used_is_named_without_its_password(url: str, named: str) -> None:
    with pytest.raises(DatabaseError) as caught:
        Database(url).prepare()
    assert named in str(caught.value)
    assert "secret" not in str(caught.value)
