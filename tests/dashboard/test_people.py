"""People, and what is one's own: roles, passwords, care."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.dashboard.forms import PASSWORD, enter, post
from tocsin_service.reviews import accounts, audit, care
from tocsin_service.reviews.care import Care
from tocsin_service.reviews.database import Database
from tocsin_service.reviews.models import Item, Role, User


def account(database: Database, name: str) -> User:
    with database.read() as session:
        found = accounts.named(session, name)
    assert found is not None
    return found


def events(database: Database) -> list[tuple[str, str, str | None]]:
    with database.read() as session:
        return [(event["actor"], event["action"], event.get("account")) for event in audit.export(session)]


@pytest.mark.parametrize("role", [Role.REVIEWER, Role.LEAD])
def test_people_are_an_admins(signed_in: Callable[..., FlaskClient], database: Database, role: Role) -> None:
    browser = signed_in("ana", role)
    mine = account(database, "ana").id
    assert browser.get("/reviews/people").status_code == 403
    for path in ("/people", f"/people/{mine}/role", f"/people/{mine}/active", f"/people/{mine}/password"):
        assert post(browser, f"/reviews{path}", name="eve", role="admin", active="1").status_code == 403
    assert account(database, "ana").role == role


def test_an_account_is_added_with_a_password_that_works_once(admin: FlaskClient, client: FlaskClient, database: Database) -> None:
    page = post(admin, "/reviews/people", name="Ana Lima", role="lead")
    found = re.search(r"<code>([a-z0-9-]{19})</code>", page.text)
    assert found is not None
    assert found[1] not in admin.get("/reviews/people").text
    assert page.headers["Cache-Control"] == "no-store"
    assert enter(client, "Ana Lima", found[1]).status_code == 303
    assert accounts.must_change(account(database, "ana lima"))
    assert ("ada", "account added", "ana lima") in events(database)


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"name": "ADA", "role": "lead"}, "Name: is taken"),
        ({"name": "", "role": "lead"}, "Name: takes 1 to 80"),
        ({"name": "eve", "role": "owner"}, "Role: takes reviewer, lead, admin"),
        ({}, "Role: takes reviewer, lead, admin"),
        ({"name": "<b>eve</b>\x00", "role": "lead"}, "Name: takes 1 to 80"),
    ],
)
def test_what_is_wrong_with_a_new_account_is_named(admin: FlaskClient, form: dict[str, str], said: str) -> None:
    answer = post(admin, "/reviews/people", **form)
    assert answer.status_code == 422
    assert said in answer.text
    assert "<b>eve" not in answer.text


def test_a_role_is_changed(admin: FlaskClient, reviewer: FlaskClient, database: Database) -> None:
    ana = account(database, "ana").id
    assert post(admin, f"/reviews/people/{ana}/role", role="lead").status_code == 303
    assert account(database, "ana").role == Role.LEAD
    assert reviewer.get("/reviews/me").status_code == 200
    post(admin, f"/reviews/people/{ana}/role", role="reviewer")
    assert reviewer.get("/reviews/me").status_code == 303  # signed out
    assert events(database) == [("ada", "role changed", "ana")] * 2


def test_an_account_is_switched_off_and_on(admin: FlaskClient, reviewer: FlaskClient, database: Database) -> None:
    ana = account(database, "ana").id
    page = post(admin, f"/reviews/people/{ana}/active", active="0")
    assert (page.status_code, account(database, "ana").active) == (303, False)
    assert reviewer.get("/reviews/me").status_code == 303
    assert "switched off" in admin.get("/reviews/people").text
    post(admin, f"/reviews/people/{ana}/active", active="1")
    assert account(database, "ana").active
    assert [action for _, action, _ in events(database)] == ["account switched off", "account switched on"]


def test_a_lost_password_is_replaced(admin: FlaskClient, app: Flask, database: Database) -> None:
    with database.write() as session:
        ana = accounts.create(session, time.time(), "ana", Role.REVIEWER, PASSWORD).id
    browser = app.test_client()
    enter(browser, "ana")
    page = post(admin, f"/reviews/people/{ana}/password")
    found = re.search(r"<code>([a-z0-9-]{19})</code>", page.text)
    assert found is not None
    assert browser.get("/reviews/me").status_code == 303
    assert enter(browser, "ana").status_code == 403
    assert enter(browser, "ana", found[1]).status_code == 303
    assert ("ada", "password reset", "ana") in events(database)


@pytest.mark.parametrize(("what", "form"), [("role", {"role": "lead"}), ("active", {"active": "0"})])
def test_the_last_admin_can_not_lock_everybody_out(admin: FlaskClient, database: Database, what: str, form: dict[str, str]) -> None:
    answer = post(admin, f"/reviews/people/{account(database, 'ada').id}/{what}", **form)
    assert answer.status_code == 422
    assert "last active admin" in answer.text
    assert events(database) == []


@pytest.mark.parametrize(("number", "status"), [("999999", 422), ("9223372036854775807", 422), ("9223372036854775808", 404), ("-1", 404)])
@pytest.mark.parametrize("what", ["role", "active", "password"])
def test_nobodys_account_can_not_be_changed(admin: FlaskClient, number: str, status: int, what: str) -> None:
    assert post(admin, f"/reviews/people/{number}/{what}", role="lead", active="0").status_code == status


def test_care_is_changed_and_shown(reviewer: FlaskClient, database: Database) -> None:
    assert re.search(r'name="blur" checked', reviewer.get("/reviews/me").text)
    assert post(reviewer, "/reviews/me/care", mask="on", pause_minutes="20").status_code == 303
    assert care.from_user(account(database, "ana")) == Care(False, False, True, 20)
    page = reviewer.get("/reviews/me").text
    assert re.search(r'name="mask" checked', page)
    assert not re.search(r'name="blur" checked', page)
    assert re.search(r'name="pause_minutes"[^>]* value="20"', page)


def test_a_pause_that_cant_be_used_is_explained(reviewer: FlaskClient, database: Database) -> None:
    answer = post(reviewer, "/reviews/me/care", pause_minutes="often")
    assert answer.status_code == 422
    assert "The pause takes whole minutes from 0 (never) to 240." in answer.text
    assert care.from_user(account(database, "ana")) == Care()


def test_heavy_items_are_shown_to_the_person_alone(reviewer: FlaskClient, admin: FlaskClient, database: Database) -> None:
    now = time.time()
    scores = dict.fromkeys(("risk", "asserted_risk", "threat", "incitement", "glorification"), 0.9)
    kind = {"band": "high", "label": "threat", "voice": "author", "status": "decided", "model": "sha256:0", "result": {}}
    with database.write() as session:
        for number in range(1, 4):
            session.add(Item(id=number, ref=str(number), source="api", text="x", received=now, due=now, **scores, **kind))
        session.flush()
    for number in range(1, 4):
        reviewer.get(f"/reviews/items/{number}")
    assert '<p class="figure">3</p>' in reviewer.get("/reviews/me").text
    assert '<p class="figure">0</p>' in admin.get("/reviews/me").text


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"old": "wrong", "new": "another quiet lamp", "again": "another quiet lamp"}, "The old password is not your password."),
        ({"old": PASSWORD, "new": "another quiet lamp", "again": "another"}, "The repeated password is not the same"),
        ({"old": PASSWORD, "new": "short", "again": "short"}, "The new password takes 12 to 1024"),
        ({"old": PASSWORD, "new": PASSWORD, "again": PASSWORD}, "The new password is the old one"),
        ({}, "The old password is not your password."),
    ],
)
def test_what_is_wrong_with_a_new_password_is_named(client: FlaskClient, database: Database, form: dict[str, str], said: str) -> None:
    with database.write() as session:
        accounts.create(session, time.time(), "ana", Role.REVIEWER, PASSWORD)
    enter(client, "ana")
    answer = post(client, "/reviews/me/password", **form)
    assert answer.status_code == 422
    assert said in answer.text
    assert client.get("/reviews/me").status_code == 200


def test_a_changed_password_ends_every_other_sign_in(client: FlaskClient, app: Flask, database: Database) -> None:
    with database.write() as session:
        accounts.create(session, time.time(), "ana", Role.REVIEWER, PASSWORD)
    other = app.test_client()
    enter(client, "ana")
    enter(other, "ana")
    new = "another quiet lamp"
    assert post(client, "/reviews/me/password", old=PASSWORD, new=new, again=new).status_code == 303
    assert client.get("/reviews/me").status_code == 200
    assert other.get("/reviews/me").status_code == 303
    assert enter(other, "ana").status_code == 403
    assert enter(other, "ana", new).status_code == 303
    assert ("ana", "password changed", None) in events(database)
