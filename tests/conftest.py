"""What many tests share: the shipped model, an application around it, and a real server."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, settings

from tests.postgresql import PostgreSQL
from tocsin_model import Classifier, load
from tocsin_service.app import create_app
from tocsin_service.reviews.database import Database
from tocsin_service.settings import Settings

ROOT = Path(__file__).resolve().parents[1]

settings.register_profile("tocsin", deadline=None, max_examples=80, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tocsin")

THREAT = "I will kill you and burn your house down."
QUOTED = "“We will kill every last one of them and burn their houses,” Commander Idder Ag Moussa told reporters on Monday."
HARMLESS = "The parliament voted on Monday to raise pensions for retired nurses."


@pytest.fixture(scope="session")
def classifier() -> Classifier:
    return load()


@pytest.fixture
def client(classifier: Classifier) -> FlaskClient:
    return create_app(Settings(max_body_bytes=2_000_000), classifier).test_client()


@dataclass(frozen=True)
class Server:
    """A ``tocsin serve`` that answers at ``url``."""

    url: str
    process: subprocess.Popen[str]

    def stop(self) -> int:
        """Terminate it, as an orchestrator would, and return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(40)


def start_server(log: Path, *options: str) -> Server:
    """Start ``tocsin serve`` on a free port, its log in a file and its queue beside it unless told another, and wait until it answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "tocsin_service.cli", "serve", "--port", str(port), *options]
    beside = {"TOCSIN_DATABASE_URL": f"sqlite:///{log.with_suffix('.db')}"}
    environment = {**beside, **os.environ, "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in ("model", "service", "training"))}
    with log.open("w") as out:
        process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, text=True, env=environment)
    url = f"http://127.0.0.1:{port}"
    for _ in range(300):
        try:
            with urllib.request.urlopen(url + "/healthz", timeout=2):
                return Server(url, process)
        except OSError:
            if process.poll() is not None:
                raise AssertionError("the server stopped: " + log.read_text()) from None
            time.sleep(0.05)
    raise AssertionError("the server does not answer: " + log.read_text())


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    started = start_server(tmp_path_factory.mktemp("server") / "log", "--workers", "2")
    yield started
    started.stop()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    started = PostgreSQL()
    yield started
    started.stop()


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "empty.db"
    database = Database(f"sqlite:///{path}")
    database.prepare()
    database.engine.dispose()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """An empty queue, on either database."""
    if request.param == "sqlite":
        path = tmp_path / "tocsin.db"
        shutil.copy(request.getfixturevalue("empty_sqlite"), path)
        url = f"sqlite:///{path}"
    else:
        url = request.getfixturevalue("postgresql").empty()
    made = Database(url)
    yield made
    made.engine.dispose()
