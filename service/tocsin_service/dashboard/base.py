"""What all pages of the dashboard share: the database, who is signed in, the policy that keeps script out."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from flask import Response, current_app, g, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from tocsin_service.api import state
from tocsin_service.problems import Problem
from tocsin_service.reviews.database import Database
from tocsin_service.reviews.models import Role, User

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)

P = ParamSpec("P")
R = TypeVar("R", bound=BaseResponse)


def database() -> Database:
    """The database of the running application: without one there are no pages."""
    held: Database = current_app.extensions["tocsin.database"]
    return held


def person() -> User:
    """Who is signed in, on a page that :func:`signed_in` guards."""
    user: User = g.person
    return user


def signed_in(role: Role = Role.REVIEWER) -> Callable[[Callable[P, R]], Callable[P, R | BaseResponse]]:
    """Guard a page: who is not signed in goes to the sign-in page and comes back, who may not see it gets a 403."""

    def guard(view: Callable[P, R]) -> Callable[P, R | BaseResponse]:
        @wraps(view)
        def guarded(*arguments: P.args, **named: P.kwargs) -> R | BaseResponse:
            user: User | None = g.get("person")
            if user is None:
                if "note" in request.form or request.accept_mimetypes.best == "application/json":
                    raise signed_out()
                back = request.full_path.rstrip("?") if request.method == "GET" else url_for("reviews.queue")
                return redirect(url_for("reviews.sign_in", back=back), 303)
            if not may(user, role):
                raise Problem("not-your-role", f"This page is for the role {role} and above; yours is {user.role}. Ask an admin.")
            return view(*arguments, **named)

        return guarded

    return guard


def signed_out() -> Problem:
    """What to say to who sends something and is not signed in any more."""
    return Problem("signed-out", "Nothing was changed. Sign in and send it again.")


def may(user: User, role: Role) -> bool:
    """Whether an account has a role or a higher one."""
    order = list(Role)
    return order.index(Role(user.role)) >= order.index(role)


def page(name: str, status: int = 200, **values: object) -> Response:
    """A rendered template of ``templates/reviews`` under the dashboard's content security policy; ``me`` is who is signed in."""
    classifier = state().classifier
    model = classifier.info if classifier else None
    response = make_response(render_template(f"reviews/{name}", me=g.get("person"), may=may, Role=Role, model=model, **values), status)
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["Referrer-Policy"] = "same-origin"
    return response
