"""An application with a queue on either database, and people who are signed in to it."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import QUOTED, THREAT
from tests.dashboard.items import queued
from tocsin_model import Classifier
from tocsin_service.app import create_app
from tocsin_service.reviews import accounts
from tocsin_service.reviews.database import Database
from tocsin_service.reviews.models import Role
from tocsin_service.settings import Settings


@pytest.fixture
def app(classifier: Classifier, database: Database) -> Flask:
    made = create_app(Settings(), classifier, database)
    made.testing = True
    return made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Nobody: a browser that is not signed in."""
    return app.test_client()


@pytest.fixture
def signed_in(app: Flask, database: Database) -> Callable[[str, Role], FlaskClient]:
    """A browser of a new account's, signed in; without a password, as hashing one takes a while."""

    def make(name: str, role: Role = Role.REVIEWER) -> FlaskClient:
        with database.write() as session:
            user = accounts.create(session, time.time(), name, role, None)
            token = accounts.open_for(session, time.time(), user.id)
        browser = app.test_client()
        with browser.session_transaction("/reviews") as cookie:
            cookie["token"] = token
        return browser

    return make


@pytest.fixture
def reviewer(signed_in: Callable[[str, Role], FlaskClient]) -> FlaskClient:
    """Ana, a reviewer."""
    return signed_in("ana", Role.REVIEWER)


@pytest.fixture
def another(signed_in: Callable[[str, Role], FlaskClient]) -> FlaskClient:
    """Ben, another reviewer."""
    return signed_in("ben", Role.REVIEWER)


@pytest.fixture
def lead(signed_in: Callable[[str, Role], FlaskClient]) -> FlaskClient:
    """Lea, a lead."""
    return signed_in("lea", Role.LEAD)


@pytest.fixture
def admin(signed_in: Callable[[str, Role], FlaskClient]) -> FlaskClient:
    """Ada, an admin."""
    return signed_in("ada", Role.ADMIN)


@pytest.fixture
def threat(database: Database, classifier: Classifier) -> int:
    """An item whose author threatens."""
    return queued(database, classifier, THREAT, author="kim", community="football")


@pytest.fixture
def quoted(database: Database, classifier: Classifier) -> int:
    """An item whose author quotes somebody who threatens."""
    return queued(database, classifier, QUOTED, author="desk")
