"""What stands before every page: the cookie, who is signed in, whether a form is the page's own; and how a problem looks."""

from __future__ import annotations

import logging
import time
from datetime import timedelta

from flask import Flask, Response, current_app, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.wrappers import Response as BaseResponse

from tocsin_service.dashboard import cookies
from tocsin_service.dashboard.base import database, page, signed_out
from tocsin_service.problems import Problem
from tocsin_service.reviews import accounts
from tocsin_service.reviews.database import Database, DatabaseError

log = logging.getLogger("tocsin")
_OPEN_TO_NEW = ("reviews.me", "reviews.change_password", "reviews.sign_out")  # while a password that an admin made is not changed
_BARE = ("database-down", "internal")  # shown without what the frame reads from the database


def install(app: Flask, held: Database) -> None:
    """Put the guard on an application."""
    app.session_interface = cookies.Cookies(held)
    app.config.update(
        SESSION_COOKIE_NAME="tocsin",
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(seconds=accounts.ABSOLUTE),
        WTF_CSRF_CHECK_DEFAULT=False,  # the API takes keys, no cookie
        WTF_CSRF_TIME_LIMIT=None,  # a page may stay open as long as the sign-in lasts
    )
    csrf = CSRFProtect(app)

    def guard() -> BaseResponse | None:
        if not cookies.within(request.path):
            return None
        _recognise(app)
        if request.endpoint is not None:
            csrf.protect()
        if g.person is not None and accounts.must_change(g.person) and request.endpoint not in _OPEN_TO_NEW:
            return redirect(url_for("reviews.me"), 303)
        return None

    app.before_request(guard)
    app.register_error_handler(CSRFError, _foreign_form)
    app.register_error_handler(DatabaseError, _unreachable)
    app.extensions["tocsin.problem_page"] = _problem_page


def _recognise(app: Flask) -> None:
    """Set ``g.person`` to who is signed in, or None."""
    g.person = None
    if app.session_interface.is_null_session(session):
        raise DatabaseError("the key that signs cookies can't be read")
    token, now = cookies.token(), time.time()
    if token is None:
        return
    with database().read() as reading:
        g.person = accounts.person(reading, now, token)
        stale = g.person is not None and accounts.stale(reading, now, token)
    if stale and request.endpoint != "reviews.alarm":  # a page asks for it by itself, which is no sign that somebody is there
        with database().write() as writing:
            accounts.seen(writing, now, token)


def _foreign_form(_: CSRFError) -> ResponseReturnValue:
    if g.person is None and request.endpoint != "reviews.sign_in":  # the form's secret went with the sign-in
        return current_app.handle_user_exception(signed_out())
    detail = "It is too old, or your browser keeps no cookies. Nothing was changed: load the page anew and send it again."
    return current_app.handle_user_exception(Problem("form-expired", detail))


def _unreachable(error: DatabaseError) -> ResponseReturnValue:
    log.error("the queue's database does not answer: %s", error)
    detail = "Try again in a moment. What you sent just now may not have been kept."
    return current_app.handle_user_exception(Problem("database-down", detail, headers={"Retry-After": "5"}))


def _problem_page(problem: Problem) -> Response | None:
    """A problem of the dashboard as a page, for those who read HTML."""
    kinds = ["application/problem+json", "text/html"]
    if not cookies.within(request.path) or request.accept_mimetypes.best_match(kinds) != "text/html":
        return None
    if request.endpoint is None and problem.type.slug == "not-found":
        problem = Problem("not-found", "The address may have been copied in part.")
    bare = problem.type.slug in _BARE or "person" not in g
    if bare:
        g.person = None
    kept = request.form.get("note", "").strip()
    back = request.path.removesuffix("/decision") if request.endpoint == "reviews.decision" else cookies.PATH
    response = page("problem.html", problem.type.status, problem=problem, bare=bare, back=back, kept=kept)
    response.headers.update(problem.headers)
    return response
