"""What is sent to a queue, what it answers, and what it holds."""

from __future__ import annotations

from jsonschema import Draft202012Validator
from sqlalchemy import select

from tests.conftest import THREAT
from tocsin_service import openapi
from tocsin_service.reviews.database import Database
from tocsin_service.reviews.models import Item

HIGH = {"id": "c-1", "text": THREAT}


def schema(name: str) -> Draft202012Validator:
    """What the OpenAPI description says of a request or an answer."""
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": openapi.describe()["components"]})


def stored(database: Database) -> dict[str, Item]:
    """All items by their sender's id."""
    with database.read() as session:
        return {item.ref: item for item in session.scalars(select(Item))}
