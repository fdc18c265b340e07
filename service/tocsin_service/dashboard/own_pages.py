"""What is one's own: how to be spared, what one has seen today, one's password."""

from __future__ import annotations

import time

from flask import Response, flash, redirect, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from tocsin_service.dashboard import cookies
from tocsin_service.dashboard.base import database, page, person, signed_in
from tocsin_service.dashboard.install import blueprint
from tocsin_service.reviews import accounts, audit, care, passwords
from tocsin_service.reviews.accounts import AccountError
from tocsin_service.reviews.attempts import TooManyAttempts
from tocsin_service.reviews.care import CareError


@blueprint.get("/me")
@signed_in()
def me() -> Response:
    """One's own settings."""
    return _mine()


@blueprint.post("/me/care")
@signed_in()
def change_care() -> BaseResponse:
    """Other settings of care."""
    try:
        chosen = care.parse(request.form)
    except CareError as error:
        return _mine(422, error)
    with database().write() as session:
        care.keep(session, person().id, chosen)
    flash("Your settings are kept.")
    return redirect(url_for("reviews.me"), 303)


@blueprint.post("/me/password")
@signed_in()
def change_password() -> BaseResponse:
    """Another password. Every other browser that was signed in has to do so anew."""
    old, new, now, mine = request.form.get("old", ""), request.form.get("new", ""), time.time(), person()
    try:
        if new != request.form.get("again", ""):
            raise AccountError("again", "is not the same as the new password; type it twice")
        with database().write() as session:
            changed = accounts.change_password(session, now, mine.id, old, new)
            audit.record(session, now, mine.name, "password changed" if changed else "password change failed")
            made = accounts.open_for(session, now, mine.id) if changed else None
    except AccountError as error:
        return _mine(422, error)
    except TooManyAttempts as error:
        wrong = AccountError("old", "was wrong too often; try again in a quarter of an hour")
        response = _mine(429, wrong)
        response.headers["Retry-After"] = str(error.retry_after)
        return response
    if made is None:
        return _mine(422, AccountError("old", "is not your password"))
    cookies.begin(made)
    flash("Your password is changed.")
    return redirect(url_for("reviews.me"), 303)


def _mine(status: int = 200, error: AccountError | CareError | None = None) -> Response:
    mine = person()
    with database().read() as session:
        seen = care.heavy_today(session, time.time(), mine)
    must = accounts.must_change(mine)
    return page(
        "me.html", status, mine=care.from_user(mine), seen=seen, error=error, must=must, shortest=passwords.SHORTEST, most=care.MOST_PAUSE
    )
