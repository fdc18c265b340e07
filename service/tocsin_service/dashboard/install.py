"""Puts the dashboard on an application."""

from __future__ import annotations

from importlib import import_module

from flask import Blueprint, Flask
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.routing import IntegerConverter, Map

from tocsin_service.dashboard import guard, oidc
from tocsin_service.reviews.database import Database
from tocsin_service.settings import Settings

PAGES = ("sign_in", "queue_pages", "item_pages", "insight_pages", "policy_pages", "people_pages", "audit_pages", "own_pages")

blueprint = Blueprint("reviews", __name__, url_prefix="/reviews")


class _Key(IntegerConverter):
    """A row's number in an address; a larger one than a database holds is no address."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, max=(1 << 63) - 1)


def install(app: Flask, database: Database) -> None:
    """Add the pages, and the database they stand on."""
    app.extensions["tocsin.database"] = database
    settings: Settings = app.extensions["tocsin"].settings
    if settings.proxies:  # who asks, and whether by https, as the proxies say
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies, x_host=settings.proxies)  # type: ignore[method-assign]
    guard.install(app, database)
    oidc.install(app, settings)
    for name in PAGES:
        import_module(f"tocsin_service.dashboard.{name}")
    app.url_map.converters["key"] = _Key
    app.register_blueprint(blueprint)
