"""In and out: by name and password, or through the organisation's provider."""

from __future__ import annotations

import time

from flask import Response, g, redirect, request, session, url_for
from werkzeug.wrappers import Response as BaseResponse

from tocsin_service.dashboard import cookies
from tocsin_service.dashboard.base import database, page
from tocsin_service.dashboard.install import blueprint
from tocsin_service.dashboard.oidc import Provider, ProviderError, provider
from tocsin_service.problems import Problem
from tocsin_service.reviews import accounts, audit
from tocsin_service.reviews.attempts import TooManyAttempts

_BACK = "back"


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> BaseResponse:
    """The form; posted, the way to the page that was asked for."""
    back = inside(request.values.get("back", ""))
    if request.method == "GET":
        return redirect(back, 303) if g.person else _form(back)
    name = request.form.get("name", "")
    try:
        with database().write() as writing:
            made = accounts.sign_in(writing, time.time(), name, request.form.get("password", ""), request.remote_addr or "")
    except TooManyAttempts as error:
        response = _form(back, 429, f"There were too many failed attempts. Try again in {_minutes(error.retry_after)}.", name)
        response.headers["Retry-After"] = str(error.retry_after)
        return response
    return _form(back, 403, "The name or the password is wrong.", name) if made is None else _enter(made, back)


@blueprint.post("/sign-out")
def sign_out() -> BaseResponse:
    """The sign-in ends, here and in the database."""
    token = cookies.token()
    if token is not None and g.person is not None:
        with database().write() as writing:
            accounts.sign_out(writing, token)
            audit.record(writing, time.time(), g.person.name, "signed out")
    session.clear()
    return redirect(url_for("reviews.sign_in"), 303)


@blueprint.get("/sign-in/oidc")
def oidc_leave() -> BaseResponse:
    """On to the provider."""
    named = _provider()
    session[_BACK] = inside(request.args.get("back", ""))
    try:
        return named.leave(url_for("reviews.oidc_arrive", _external=True))
    except ProviderError as error:
        return _refused(error)


@blueprint.get("/sign-in/oidc/callback")
def oidc_arrive() -> BaseResponse:
    """Back from the provider, which says who it is."""
    named = _provider()
    back = inside(session.get(_BACK, ""))
    try:
        claims = named.arrive()
        names = [str(claims[key]) for key in ("preferred_username", "email", "name", "sub") if claims.get(key)]
        with database().write() as writing:
            made = accounts.sign_in_subject(writing, time.time(), named.subject(claims), names, named.role(claims))
    except ProviderError as error:
        return _refused(error)
    except accounts.AccountError as error:
        return _form(back, 403, f"You are known, but can't be let in: {error.message}.")
    return _form(back, 403, "Your account is switched off. Ask an admin.") if made is None else _enter(made, back)


def inside(back: str) -> str:
    """An address of the dashboard as it is; its first page for any other, so that a link can't lead elsewhere by way of the sign-in."""
    path = back.partition("?")[0]
    good = cookies.within(path) and "\\" not in back and back.isprintable() and len(back) <= 2_000
    return back if good else cookies.PATH


def _enter(made: str, back: str) -> BaseResponse:
    """A new token at every sign-in; the one that this browser had before ends."""
    if (old := cookies.token()) is not None:
        with database().write() as writing:
            accounts.sign_out(writing, old)
    cookies.begin(made)
    return redirect(back, 303)


def _form(back: str, status: int = 200, message: str = "", name: str = "") -> Response:
    with database().read() as reading:
        nobody = not accounts.exist(reading)
    return page("sign_in.html", status, back=back, message=message, typed=name, nobody=nobody, oidc=provider() is not None)


def _refused(error: ProviderError) -> Response:
    if error.away:
        return _form(cookies.PATH, 502, "Your organisation's sign-in does not answer. Try again in a moment.")
    return _form(cookies.PATH, 403, "Your organisation's sign-in did not let you in. Try again, or ask an admin.")


def _provider() -> Provider:
    named = provider()
    if named is None:
        raise Problem("not-found", "Nobody signs in through an organisation here; use a name and a password.")
    return named


def _minutes(seconds: int) -> str:
    return "a minute" if seconds <= 60 else f"{-(-seconds // 60)} minutes"
