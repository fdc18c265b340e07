"""A PostgreSQL of the tests' own: on a free port, in a folder that goes away."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

from tocsin_service.reviews.database import Database
from tocsin_service.reviews.models import Base


def programs() -> Path:
    """The folder of PostgreSQL's server programs, the newest if there are several."""
    found = shutil.which("initdb")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found is None and not folders:
        raise AssertionError("these tests need PostgreSQL's server programs: run `make test`, which installs them")
    return Path(found).parent if found else folders[-1].parent


class PostgreSQL:
    """A running server; ``create`` gives the address of a database in it, with the tables made and empty."""

    def __init__(self) -> None:
        self.user = "nobody" if os.geteuid() == 0 else None  # PostgreSQL refuses to run as root
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.count = 0
        self.shared = ""
        # Not in pytest's folder: each new run of pytest shuts that to all but its owner.
        self.folder = tempfile.TemporaryDirectory(prefix="tocsin-postgresql-")
        folder = Path(self.folder.name)
        folder.chmod(0o711)
        data = folder / "data"
        data.mkdir(mode=0o700)
        if self.user:
            shutil.chown(data, self.user)
        self._run([programs() / "initdb", "-D", data, "-U", "tocsin", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"])
        options = ["-c", "fsync=off", "-c", "max_connections=200", "-c", f"unix_socket_directories={data}"]
        command = [str(programs() / "postgres"), "-D", str(data), "-h", "127.0.0.1", "-p", str(self.port), *options]
        with (folder / "log").open("w") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, user=self.user, cwd="/")
        for _ in range(200):
            try:
                psycopg.connect(self._address("postgres"), connect_timeout=1).close()
                break
            except psycopg.OperationalError:
                if self.process.poll() is not None:
                    raise AssertionError((folder / "log").read_text()) from None
                time.sleep(0.05)
        else:
            raise AssertionError("PostgreSQL does not answer")
        self._execute("CREATE DATABASE template")
        prepared = Database(self._address("template"))
        prepared.prepare()
        prepared.engine.dispose()

    def create(self, bare: bool = False) -> str:
        """Make a database and return its address; ``bare``: without tables."""
        self.count += 1
        self._execute(f"CREATE DATABASE tocsin_{self.count}" + ("" if bare else " TEMPLATE template"))
        return self._address(f"tocsin_{self.count}")

    def empty(self) -> str:
        """The address of a database that is emptied for each who asks: much quicker than another one."""
        if self.shared:
            try:
                with psycopg.connect(self.shared, options="-c lock_timeout=3s") as connection:
                    connection.execute("SET session_replication_role = replica")  # the audit log would refuse
                    connection.execute("TRUNCATE " + ", ".join(Base.metadata.tables) + " RESTART IDENTITY")
            except (psycopg.errors.UndefinedTable, psycopg.errors.LockNotAvailable):
                self.shared = ""  # a test took the tables away, or still holds them
        self.shared = self.shared or self.create()
        return self.shared

    def stop(self) -> None:
        """Stop it at once."""
        self.process.send_signal(signal.SIGINT)  # SIGTERM would wait for clients
        self.process.wait(20)
        self.folder.cleanup()

    def _address(self, name: str) -> str:
        return f"postgresql://tocsin@127.0.0.1:{self.port}/{name}"

    def _execute(self, statement: str) -> None:
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def _run(self, command: list[object]) -> None:
        subprocess.run([str(part) for part in command], check=True, capture_output=True, user=self.user, cwd="/")
