"""Signing in and out: the cookie, the forms, where one may be sent, and what happens when the database is away."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete

from tests.conftest import HARMLESS
from tests.dashboard.forms import PASSWORD, csrf, enter, opened, post
from tests.postgresql import PostgreSQL
from tocsin_model import Classifier
from tocsin_service.app import create_app
from tocsin_service.reviews import accounts, attempts, audit
from tocsin_service.reviews.database import Database
from tocsin_service.reviews.models import Item, Role, SignIn, Status
from tocsin_service.settings import Settings

HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.fixture
def ana(database: Database) -> int:
    """An account with a password."""
    with database.write() as session:
        return accounts.create(session, time.time(), "ana", Role.REVIEWER, PASSWORD).id


def token(client: FlaskClient) -> str | None:
    with client.session_transaction("/reviews") as cookie:
        return cookie.get("token")


def test_who_is_not_signed_in_is_asked_to_and_comes_back(client: FlaskClient, ana: int) -> None:
    sent = client.get("/reviews/me")
    assert (sent.status_code, sent.location) == (303, "/reviews/sign-in?back=/reviews/me")
    assert '<input type="hidden" name="back" value="/reviews/me">' in client.get(sent.location).text
    back = enter(client, "ana", back="/reviews/me")
    assert (back.status_code, back.location) == (303, "/reviews/me")
    assert client.get("/reviews/me").status_code == 200


def test_a_saved_views_link_keeps_its_filters(client: FlaskClient, ana: int) -> None:
    sent = client.get("/reviews?status=decided&band=high")
    page = client.get(sent.location)
    assert 'name="back" value="/reviews?status=decided&amp;band=high"' in page.text
    assert enter(client, "ana", back="/reviews?status=decided&band=high").location == "/reviews?status=decided&band=high"


def test_a_wrong_password_is_explained_and_the_name_kept(client: FlaskClient, ana: int) -> None:
    answer = enter(client, "ana", "wrong")
    assert answer.status_code == 403
    assert "The name or the password is wrong." in answer.text
    assert 'name="name" value="ana"' in answer.text
    assert "wrong" not in answer.text.replace("password is wrong", "")
    assert client.get("/reviews/me").status_code == 303


def test_a_form_without_fields_is_a_wrong_password(client: FlaskClient) -> None:
    assert post(client, "/reviews/sign-in", "/reviews/sign-in").status_code == 403


@pytest.mark.parametrize("name", ["\x00", "\ud800".encode("utf-8", "surrogatepass"), "x" * 100_000, "<script>alert(1)</script>"])
def test_a_strange_name_is_a_wrong_password(client: FlaskClient, name: str) -> None:
    answer = enter(client, name)
    assert answer.status_code == 403
    assert "<script>alert" not in answer.text


def test_too_many_attempts_are_told_when_to_come_back(client: FlaskClient, ana: int) -> None:
    for _ in range(attempts.PER_NAME):
        assert enter(client, "ana", "wrong").status_code == 403
    answer = enter(client, "ana")
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= attempts.WINDOW
    assert "Try again in 15 minutes." in answer.text


@pytest.mark.parametrize(
    ("back", "to"),
    [
        ("/reviews", "/reviews"),
        ("/reviews/items/7?page=2", "/reviews/items/7?page=2"),
        ("", "/reviews"),
        ("https://evil.example/", "/reviews"),
        ("//evil.example/reviews", "/reviews"),
        ("/\\evil.example", "/reviews"),
        ("/reviews\\..\\evil", "/reviews"),
        ("/reviewsevil", "/reviews"),
        ("/v1/model", "/reviews"),
        ("reviews", "/reviews"),
        ("javascript:alert(1)", "/reviews"),
        ("/reviews/\r\nSet-Cookie: a=b", "/reviews"),
        ("/reviews?" + "x" * 3_000, "/reviews"),
    ],
)
def test_nobody_is_sent_elsewhere(client: FlaskClient, signed_in: Callable[..., FlaskClient], ana: int, back: str, to: str) -> None:
    assert enter(client, "ana", back=back).location == to
    assert signed_in("ben").get("/reviews/sign-in", query_string={"back": back}).location == to


def test_the_cookie_is_the_dashboards_alone(client: FlaskClient, ana: int) -> None:
    [cookie] = enter(client, "ana").headers.getlist("Set-Cookie")
    name, *rest = cookie.split("; ")
    assert name.startswith("tocsin=")
    assert {"HttpOnly", "Path=/reviews", "SameSite=Lax"} == set(rest)


def test_the_cookie_is_secure_where_the_request_is(client: FlaskClient) -> None:
    [cookie] = client.get("/reviews/sign-in", base_url="https://localhost").headers.getlist("Set-Cookie")
    assert "Secure" in cookie


@pytest.mark.parametrize(("proxies", "secure"), [(0, False), (1, True)])
def test_a_proxy_is_believed_if_there_is_one(classifier: Classifier, database: Database, proxies: int, secure: bool) -> None:
    """What it says is whether the browser came by https, and from where."""
    client = create_app(Settings(proxies=proxies), classifier, database).test_client()
    told = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "198.51.100.7", "X-Forwarded-Host": "tocsin.example"}
    [cookie] = client.get("/reviews/sign-in", headers=told).headers.getlist("Set-Cookie")
    assert ("Secure" in cookie) is secure


def test_a_new_sign_in_has_a_new_token_and_ends_the_old_one(client: FlaskClient, ana: int, database: Database) -> None:
    """Nothing that was in the browser before is kept: neither a token nor the secret of its forms."""
    with client.session_transaction("/reviews") as cookie:
        cookie["token"], cookie["planted"] = "known to somebody else", "x"
    before = csrf(client, "/reviews/sign-in")
    enter(client, "ana")
    first = token(client)
    assert first != "known to somebody else"
    with client.session_transaction("/reviews") as cookie:
        assert set(cookie) <= {"token", "csrf_token"}
    assert client.post("/reviews/sign-out", data={"csrf_token": before}).status_code == 400
    client.post("/reviews/sign-in", data={"csrf_token": csrf(client), "name": "ana", "password": PASSWORD})
    assert token(client) not in (None, first)
    with database.read() as session:
        assert len(session.query(SignIn).all()) == 1


def test_signing_out_ends_it_in_the_database_too(client: FlaskClient, ana: int, database: Database) -> None:
    enter(client, "ana")
    stolen = token(client)
    answer = post(client, "/reviews/sign-out")
    assert (answer.status_code, answer.location) == (303, "/reviews/sign-in")
    with client.session_transaction("/reviews") as cookie:
        cookie["token"] = stolen
    assert client.get("/reviews/me").status_code == 303
    with database.read() as session:
        assert [event["action"] for event in audit.export(session)] == ["signed in", "signed out"]


def test_a_cookie_that_was_changed_is_nobodys(client: FlaskClient, ana: int) -> None:
    enter(client, "ana")
    held = client.get_cookie("tocsin", path="/reviews")
    assert held is not None
    client.set_cookie("tocsin", held.value[:-4] + "AAAA", path="/reviews")
    assert client.get("/reviews/me").status_code == 303


def test_that_somebody_is_here_is_written(client: FlaskClient, ana: int, database: Database) -> None:
    enter(client, "ana")
    before = time.time() - 3_600
    with database.write() as session:
        session.query(SignIn).update({"seen": before})
    client.get("/reviews/me")
    with database.read() as session:
        assert session.query(SignIn).one().seen > before + 3_000


@pytest.mark.parametrize("path", ["/reviews/sign-in", "/reviews/sign-out", "/reviews/me/care", "/reviews/people"])
@pytest.mark.parametrize("given", ["", "wrong", "anothers"])
def test_a_form_of_elsewhere_is_refused(admin: FlaskClient, client: FlaskClient, path: str, given: str) -> None:
    secret = csrf(client, "/reviews/sign-in") if given == "anothers" else given
    answer = admin.post(path, data={"csrf_token": secret}, headers=HTML)
    assert answer.status_code == 400
    assert "The form was not accepted" in answer.text
    plain = admin.post(path, data={"csrf_token": secret})
    assert plain.get_json()["type"] == "/problems/form-expired"


def test_a_form_secret_may_come_in_a_header(reviewer: FlaskClient) -> None:
    answer = reviewer.post("/reviews/me/care", data={"pause_minutes": "5"}, headers={"X-CSRFToken": csrf(reviewer)})
    assert answer.status_code == 303


def test_a_form_by_https_has_to_come_from_this_host(app: Flask, database: Database, ana: int) -> None:
    client = app.test_client()
    form = {"csrf_token": csrf(client, "/reviews/sign-in"), "name": "ana", "password": PASSWORD}
    for referrer, status in ((None, 400), ("https://evil.example/reviews", 400), ("https://localhost/reviews/sign-in", 303)):
        sent = client.post("/reviews/sign-in", data=form, base_url="https://localhost", headers={"Referer": referrer} if referrer else {})
        assert sent.status_code == status


def test_the_api_needs_no_form_secret_and_sets_no_cookie(reviewer: FlaskClient) -> None:
    for answer in (
        reviewer.post("/v1/score", json={"text": HARMLESS}),
        reviewer.post("/v1alpha1/comments:analyze", json={"comment": {"text": HARMLESS}, "requestedAttributes": {"THREAT": {}}}),
        reviewer.post("/", data={"text": HARMLESS}),
    ):
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers
        assert "Cookie" not in answer.headers.get("Vary", "")


def test_the_api_never_asks_the_database(classifier: Classifier, tmp_path: Path) -> None:
    """Not even for the key of the cookies."""
    path = tmp_path / "tocsin.db"
    client = create_app(Settings(), classifier, Database(f"sqlite:///{path}")).test_client()
    assert client.post("/v1/score", json={"text": HARMLESS}).status_code == 200
    assert client.get("/").status_code == client.get("/healthz").status_code == 200
    assert not path.exists()


def test_all_workers_read_the_same_cookie(client: FlaskClient, ana: int, classifier: Classifier, database: Database) -> None:
    enter(client, "ana")
    other = create_app(Settings(), classifier, database).test_client()
    held = client.get_cookie("tocsin", path="/reviews")
    assert held is not None
    other.set_cookie("tocsin", held.value, path="/reviews")
    assert other.get("/reviews/me").status_code == 200


@pytest.mark.parametrize("url", ["sqlite:////no/such/folder/tocsin.db", "postgresql://tocsin:hidden@127.0.0.1:1/tocsin"])
def test_without_its_database_the_dashboard_says_so(classifier: Classifier, url: str, caplog: pytest.LogCaptureFixture) -> None:
    client = create_app(Settings(), classifier, Database(url)).test_client()
    for method, path in (("GET", "/reviews"), ("GET", "/reviews/sign-in"), ("POST", "/reviews/sign-in"), ("GET", "/reviews/nowhere")):
        page = client.open(path, method=method, headers=HTML)
        assert page.status_code == 503
        assert "database does not answer" in page.text
        assert page.headers["Retry-After"] == "5"
        problem = client.open(path, method=method)
        assert (problem.status_code, problem.get_json()["type"]) == (503, "/problems/database-down")
    assert "hidden" not in caplog.text
    assert client.post("/v1/score", json={"text": HARMLESS}).status_code == 200


def test_that_a_database_went_away_is_said(classifier: Classifier) -> None:
    server = PostgreSQL()
    database = Database(server.create())
    client = create_app(Settings(), classifier, database).test_client()
    with database.write() as session:
        accounts.create(session, time.time(), "ana", Role.REVIEWER, PASSWORD)
    assert enter(client, "ana").status_code == 303
    server.stop()
    try:
        down = client.get("/reviews/me", headers=HTML)
        assert (down.status_code, "database does not answer" in down.text) == (503, True)
        assert client.get("/reviews/me").get_json()["type"] == "/problems/database-down"
    finally:
        database.engine.dispose()


@pytest.mark.parametrize(
    ("path", "status"), [("/reviews/nowhere", 404), ("/reviews/sign-out", 405), ("/reviews/people", 403), ("/reviews/sign-in/oidc", 404)]
)
def test_a_problem_is_a_page_for_people_and_json_for_programs(reviewer: FlaskClient, path: str, status: int) -> None:
    page = reviewer.get(path, headers=HTML)
    assert (page.status_code, page.mimetype) == (status, "text/html")
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    for accept in ({}, {"Accept": "*/*"}, {"Accept": "application/json"}):
        problem = reviewer.get(path, headers=accept)
        assert (problem.status_code, problem.content_type) == (status, "application/problem+json")


def test_a_password_made_by_an_admin_is_changed_first(client: FlaskClient, database: Database) -> None:
    with database.write() as session:
        accounts.create(session, time.time(), "ana", Role.REVIEWER, "made-by-ada-1234", once=True)
    enter(client, "ana", "made-by-ada-1234")
    assert client.get("/reviews").location == "/reviews/me"
    page = client.get("/reviews/me")
    assert "Choose your own password first." in page.text
    assert client.post("/reviews/me/care", data={"csrf_token": csrf(client), "pause_minutes": "1"}).location == "/reviews/me"
    changed = post(client, "/reviews/me/password", old="made-by-ada-1234", new=PASSWORD, again=PASSWORD)
    assert changed.status_code == 303
    assert "Choose your own password first." not in client.get("/reviews/me").text


def test_the_first_visitor_is_told_how_to_make_an_account(client: FlaskClient, database: Database) -> None:
    assert "tocsin reviews user add" in client.get("/reviews/sign-in").text
    with database.write() as session:
        accounts.create(session, time.time(), "ana", Role.REVIEWER, None)
    assert "tocsin reviews user add" not in client.get("/reviews/sign-in").text


@pytest.mark.parametrize("how", ["signed out", "ended"])
def test_who_is_signed_out_meanwhile_keeps_the_note(reviewer: FlaskClient, database: Database, threat: int, how: str) -> None:
    opened(reviewer, threat)
    token = csrf(reviewer)
    if how == "ended":
        with database.write() as session:
            session.execute(delete(SignIn))
    else:
        reviewer.post("/reviews/sign-out", data={"csrf_token": token})
    form = {"csrf_token": token, "kind": "allowed", "exception": "idiom", "note": "three hours' <i>work</i>", "spans": "[]", "query": ""}
    answer = reviewer.post(f"/reviews/items/{threat}/decision", data=form, headers={"Accept": "text/html"})
    assert answer.status_code == 401
    assert "three hours&#39; &lt;i&gt;work&lt;/i&gt;" in answer.text
    assert f'href="/reviews/sign-in?back=/reviews/items/{threat}"' in answer.text
    with database.read() as session:
        assert session.get_one(Item, threat).status == Status.WAITING
    renewed = reviewer.post(f"/reviews/items/{threat}/renew", headers={"X-CSRFToken": token, "Accept": "application/json"})
    assert (renewed.status_code, renewed.json["type"]) == (401, "/problems/signed-out")
