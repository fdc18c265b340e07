"""The dashboard's forms, sent as its pages would."""

from __future__ import annotations

import re
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

PASSWORD = "three quiet lamps"
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


def csrf(client: FlaskClient, page: str = "/reviews/me") -> str:
    """The secret of the forms that this browser is shown; name a page it may see, the sign-in page before it is signed in."""
    found = _TOKEN.search(client.get(page).text)
    assert found is not None, f"{page} shows no form"
    return found[1]


def post(client: FlaskClient, path: str, page: str = "/reviews/me", **form: Any) -> TestResponse:
    """Send a form as a page of the dashboard would."""
    return client.post(path, data={"csrf_token": csrf(client, page), **form}, headers={"Accept": "text/html"})


def enter(client: FlaskClient, name: str, password: str = PASSWORD, **form: Any) -> TestResponse:
    """Sign in by the form."""
    return post(client, "/reviews/sign-in", "/reviews/sign-in", name=name, password=password, **form)


def opened(browser: FlaskClient, item: int, query: str = "") -> str:
    """An item's page."""
    answer = browser.get(f"/reviews/items/{item}{query}")
    assert answer.status_code == 200
    return answer.text


def decide(browser: FlaskClient, item: int, **form: Any) -> TestResponse:
    """Send an item's decision form; without marks unless they are given."""
    return post(browser, f"/reviews/items/{item}/decision", **{"spans": "[]", "query": "", **form})
