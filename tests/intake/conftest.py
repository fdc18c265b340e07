"""An application with a queue on either database, and one without."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tocsin_model import Classifier
from tocsin_service.app import create_app
from tocsin_service.reviews.database import Database
from tocsin_service.settings import Settings


@pytest.fixture
def client(classifier: Classifier, database: Database) -> FlaskClient:
    return create_app(Settings(), classifier, database).test_client()


@pytest.fixture(scope="session")
def without(classifier: Classifier) -> FlaskClient:
    """An application that has no queue."""
    return create_app(Settings(database_url="off"), classifier).test_client()
