"""People: who has an account, what they may do. For admins."""

from __future__ import annotations

import time
from collections.abc import Callable

from flask import Response, flash, redirect, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from tocsin_service.dashboard.base import database, page, person, signed_in
from tocsin_service.dashboard.install import blueprint
from tocsin_service.reviews import accounts, audit
from tocsin_service.reviews.accounts import AccountError
from tocsin_service.reviews.models import Role, User

_ONE = "/people/<key:account>"


@blueprint.get("/people")
@signed_in(Role.ADMIN)
def people() -> Response:
    """The list, and the form for another account."""
    return _list()


@blueprint.post("/people")
@signed_in(Role.ADMIN)
def add_person() -> Response:
    """A new account with a password that is shown once."""
    name, password = request.form.get("name", ""), accounts.generated()
    try:
        role = _role()
        with database().write() as session:
            made = accounts.create(session, time.time(), name, role, password, once=True)
            audit.record(session, time.time(), person().name, "account added", account=made.name, role=role)
    except AccountError as error:
        return _list(422, error=error, name=name)
    return _list(made=made, password=password)


@blueprint.post(f"{_ONE}/password")
@signed_in(Role.ADMIN)
def reset_password(account: int) -> Response:
    """Another password, shown once, for somebody who lost theirs."""
    password = accounts.generated()
    try:
        with database().write() as session:
            accounts.set_password(session, account, password, once=True)
            changed = accounts.find(session, account)
            audit.record(session, time.time(), person().name, "password reset", account=changed.name)
    except AccountError as error:
        return _list(422, error=error)
    return _list(made=changed, password=password)


@blueprint.post(f"{_ONE}/role")
@signed_in(Role.ADMIN)
def change_role(account: int) -> BaseResponse:
    """Another role."""

    def change(session: Session) -> str:
        role = _role()
        accounts.set_role(session, account, role)
        changed = accounts.find(session, account)
        audit.record(session, time.time(), person().name, "role changed", account=changed.name, role=role)
        return f"{changed.name} is {role} now."

    return _changed(change)


@blueprint.post(f"{_ONE}/active")
@signed_in(Role.ADMIN)
def switch_person(account: int) -> BaseResponse:
    """Off, which ends what that account has open, or on again."""
    on = request.form.get("active") == "1"

    def change(session: Session) -> str:
        accounts.set_active(session, account, on)
        changed = accounts.find(session, account)
        audit.record(session, time.time(), person().name, f"account switched {'on' if on else 'off'}", account=changed.name)
        return f"{changed.name} {'can sign in again' if on else 'is switched off'}."

    return _changed(change)


def _changed(change: Callable[[Session], str]) -> BaseResponse:
    try:
        with database().write() as session:
            done = change(session)
    except AccountError as error:
        return _list(422, error=error)
    flash(done)
    return redirect(url_for("reviews.people"), 303)


def _role() -> Role:
    try:
        return Role(request.form.get("role", ""))
    except ValueError:
        raise AccountError("role", f"takes {', '.join(Role)}") from None


def _list(status: int = 200, error: AccountError | None = None, name: str = "", made: User | None = None, password: str = "") -> Response:
    with database().read() as session:
        everybody = accounts.everybody(session)
    rows = [(user, time.strftime("%Y-%m-%d", time.gmtime(user.created)), accounts.must_change(user)) for user in everybody]
    return page("people.html", status, rows=rows, error=error, typed=name, made=made, password=password)
