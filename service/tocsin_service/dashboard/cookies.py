"""The dashboard's cookie: signed, of its pages alone, and holding the token of a sign-in. The API neither reads nor sets it."""

from __future__ import annotations

from flask import Flask, Request, request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface

from tocsin_service.reviews.database import Database, DatabaseError

PATH = "/reviews"
_TOKEN = "token"  # noqa: S105 a name


def within(path: str) -> bool:
    """Whether an address is one of the dashboard's."""
    return path == PATH or path.startswith(PATH + "/")


class Cookies(SecureCookieSessionInterface):
    """Flask's signed cookie for the dashboard's addresses, and none for others. The key is kept in the database, so that all workers
    and later starts have the same.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """None, which Flask takes for a session that can't be written: another address, or the database does not answer."""
        if not within(request.path):
            return None
        if not app.secret_key:
            try:
                app.secret_key = self.database.secret("cookies")
            except DatabaseError:
                return None  # nothing raised here is shown as a problem; the guard asks the database again
        return super().open_session(app, request)

    def get_cookie_path(self, app: Flask) -> str:
        """The dashboard's pages."""
        return PATH

    def get_cookie_secure(self, app: Flask) -> bool:
        """Whether it came by https, so that it never travels in the clear where it need not."""
        return request.is_secure


def token() -> str | None:
    """The token of the sign-in, if the cookie holds one."""
    held: str | None = session.get(_TOKEN)
    return held


def begin(made: str) -> None:
    """Hold a new sign-in's token and nothing of what was there before: neither a token nor a form's secret that others may know."""
    session.clear()
    session[_TOKEN] = made
