"""The database behind the queue: SQLite by default, PostgreSQL by its address. The same code runs on both."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, Engine, create_engine, event, make_url, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError, SQLAlchemyError, TimeoutError
from sqlalchemy.orm import Session

from tocsin_service.reviews.models import Base, Secret

_LOCK = 0x70C51  # of PostgreSQL, held while the tables are made
_MAPPED = 1 << 30  # bytes of SQLite's file that are read as memory: figures over many rows take half the time


class DatabaseError(ValueError):
    """The database can't be used; says which and what to change, never a password."""


class Database:
    """An address to sessions. Connects when it is first used, so that it can be made before a fork.

    Parameters
    ----------
    url : ``sqlite:///tocsin.db`` or ``postgresql://user:password@host/name``.

    Raises
    ------
    DatabaseError : another kind of address, or no driver for it.
    """

    def __init__(self, url: str) -> None:
        self.url = _url(url)
        self.sqlite = self.url.startswith("sqlite")
        self.prepared = False
        try:
            # SQLite waits for a lock; PostgreSQL is asked whether a pooled connection still lives. No error shows a passage.
            arguments = {"timeout": 20} if self.sqlite else {}
            self.engine = create_engine(self.url, pool_pre_ping=not self.sqlite, hide_parameters=True, connect_args=arguments)
        except (ArgumentError, ImportError) as error:
            raise DatabaseError(f"TOCSIN_DATABASE_URL: no driver ({type(error).__name__}); pip install 'tocsin[postgresql]'") from None
        if self.sqlite:
            event.listen(self.engine, "connect", _connected)
            event.listen(self.engine, "begin", _begun)

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one state of the database and changes nothing.

        Raises
        ------
        DatabaseError : the database can't be reached.
        """
        self.prepare()
        with self._reached(), Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that is committed at the end, or rolled back if it fails. On SQLite only one at a time is open: keep it short.

        Raises
        ------
        DatabaseError : the database can't be reached.
        """
        self.prepare()
        engine = self.engine.execution_options(tocsin_writes=True)
        with self._reached(), Session(engine, expire_on_commit=False) as session, session.begin():
            yield session

    def prepare(self) -> None:
        """Make the tables, or bring them up to date, unless this process has done so; safe when many start at once.

        Raises
        ------
        DatabaseError : the database can't be reached or changed.
        """
        if self.prepared:
            return
        try:
            if self.sqlite:
                _private(self.engine)
            with self.engine.connect().execution_options(tocsin_writes=True) as connection, connection.begin():
                if not self.sqlite:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
                command.upgrade(alembic_config(connection), "head")
        except SQLAlchemyError as error:
            raise DatabaseError(f"{self.shown}: {_why(error)}") from None
        self.prepared = True

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """A database that is lost, full or locked for too long is a :class:`DatabaseError`."""
        try:
            yield
        except (OperationalError, InterfaceError, TimeoutError) as error:
            raise DatabaseError(f"{self.shown}: {_why(error)}") from None

    @property
    def shown(self) -> str:
        """The address without its password."""
        return make_url(self.url).render_as_string(hide_password=True)

    def secret(self, name: str) -> str:
        """A random value that was made when it was first asked for."""
        with self.read() as session:
            found = session.get(Secret, name)
        if found is None:
            made = {"name": name, "value": secrets.token_urlsafe(32)}
            with self.write() as session:
                session.execute(insert(self.engine, Secret).values(made).on_conflict_do_nothing())
                found = session.scalars(select(Secret).where(Secret.name == name)).one()
        return found.value


def insert(engine: Engine, table: type[Base]) -> sqlite.Insert | postgresql.Insert:
    """The dialect's own INSERT, which both know how to let go of a conflict."""
    return sqlite.insert(table) if engine.dialect.name == "sqlite" else postgresql.insert(table)


def alembic_config(connection: Connection | None = None) -> Config:
    """Alembic's settings, with the migrations that ship with the package."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["connection"] = connection
    return config


def _url(url: str) -> str:
    if url.startswith(("postgresql://", "postgres://")):
        return "postgresql+psycopg://" + url.partition("://")[2]
    if url.startswith(("sqlite:///", "postgresql+psycopg://")):
        return url
    raise DatabaseError("TOCSIN_DATABASE_URL must be sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME, or off")


def _private(engine: Engine) -> None:
    """Passages are for their owner: nobody else may read the file."""
    path = Path(engine.url.database or "")
    try:
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise DatabaseError(f"TOCSIN_DATABASE_URL: {path}: {error.strerror}") from None


def _connected(connection: DBAPIConnection, _: object) -> None:
    connection.isolation_level = None  # sqlite3 would begin by itself, and too late
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "secure_delete=ON", f"mmap_size={_MAPPED}"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begun(connection: Connection) -> None:
    writes = connection.get_execution_options().get("tocsin_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")  # a reader that turns writer later would fail instead of wait


def _why(error: SQLAlchemyError) -> str:
    """The driver's reason; statements and their values are left out."""
    cause = getattr(error, "orig", None)
    return str(cause).strip().splitlines()[0] if cause is not None and str(cause).strip() else type(error).__name__
