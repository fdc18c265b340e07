"""Puts the dashboard on an application."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec

from flask import Blueprint, Flask

from tocsin_service.reviews.database import Database

PAGES = ("sign_in", "queue_pages", "item_pages", "insight_pages", "policy_pages", "people_pages", "audit_pages", "own_pages")

blueprint = Blueprint("reviews", __name__, url_prefix="/reviews")


def install(app: Flask, database: Database) -> None:
    """Add the pages, and the database they stand on."""
    app.extensions["tocsin.database"] = database
    for name in PAGES:
        if find_spec(f"tocsin_service.dashboard.{name}") is not None:
            import_module(f"tocsin_service.dashboard.{name}")
    app.register_blueprint(blueprint)
