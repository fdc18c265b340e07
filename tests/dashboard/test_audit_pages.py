"""The audit log: found, paged, handed out."""

from __future__ import annotations

import json
import re
import time

import pytest
from flask.testing import FlaskClient

from tocsin_service.reviews import audit
from tocsin_service.reviews.database import Database

DAY = 86_400.0
START = 1_767_225_600.0  # 2026-01-01


def recorded(database: Database, many: int = 250) -> None:
    with database.write() as session:
        for place in range(many):
            action = "decided" if place % 5 == 0 else "item viewed"
            audit.record(session, START + place * DAY / 10, "ana" if place % 2 else "ben <b>", action, item=place % 7, place=place)


def shown(page: str) -> list[int]:
    """The events of a page, by their place."""
    return [int(place) for place in re.findall(r'<span class="quiet">place</span> (\d+)', page)]


def test_all_events_are_walked_a_hundred_at_a_time(lead: FlaskClient, database: Database) -> None:
    recorded(database)
    walked, address = [], "/reviews/audit?action="
    for _ in range(10):
        page = lead.get(address).text
        walked.append(shown(page))
        older = re.search(r'href="([^"]+)" rel="next"', page)
        if older is None:
            break
        address = older[1].replace("&amp;", "&")
    assert [place for places in walked for place in places] == list(range(249, -1, -1))
    assert max(map(len, walked)) == 100
    assert "This is the oldest" in page


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("actor=ana", [place for place in range(250) if place % 2]),
        ("action=decided", list(range(0, 250, 5))),
        ("item=3", [place for place in range(250) if place % 7 == 3]),
        ("since=2026-01-25", list(range(240, 250))),
        ("until=2026-01-01", list(range(10))),
        ("since=2026-01-02&until=2026-01-02&actor=ana", [11, 13, 15, 17, 19]),
        ("actor=nobody", []),
    ],
)
def test_events_are_found(lead: FlaskClient, database: Database, query: str, expected: list[int]) -> None:
    recorded(database)
    page = lead.get(f"/reviews/audit?{query}").text
    assert shown(page) == expected[::-1][:100]
    if not expected:
        assert "No such event" in page


def test_filters_stay_from_page_to_page(lead: FlaskClient, database: Database) -> None:
    recorded(database)
    older = re.search(r'href="([^"]+)" rel="next"', lead.get("/reviews/audit?actor=ana").text)
    assert older is not None and "actor=ana" in older[1]
    assert shown(lead.get(older[1].replace("&amp;", "&")).text) == list(range(49, 0, -2))


def test_names_are_shown_as_text(lead: FlaskClient, database: Database) -> None:
    recorded(database, 1)
    page = lead.get("/reviews/audit").text
    assert "ben &lt;b&gt;" in page and "ben <b>" not in page


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("item=x", "item"),
        ("item=-1", "item"),
        ("item=99999999999999999999", "item"),
        ("before=1e3", "before"),
        ("since=yesterday", "since"),
        ("until=9999-12-31", "until"),
        ("since=2026-02-30", "since"),
        ("actor=a%00b", "actor"),
        ("action=" + "x" * 41, "action"),
    ],
)
def test_what_cant_be_sought_is_named(lead: FlaskClient, query: str, field: str) -> None:
    answer = lead.get(f"/reviews/audit?{query}", headers={"Accept": "application/problem+json"})
    assert (answer.status_code, answer.get_json()["field"]) == (422, field)


def test_the_log_is_for_leads_and_its_export_for_admins(reviewer: FlaskClient, lead: FlaskClient) -> None:
    assert reviewer.get("/reviews/audit").status_code == 403
    assert lead.get("/reviews/audit").status_code == 200
    assert "audit.jsonl" not in lead.get("/reviews/audit").text
    assert lead.get("/reviews/audit.jsonl").status_code == 403


def test_the_export_holds_every_event_a_line_and_itself(admin: FlaskClient, database: Database) -> None:
    recorded(database)
    answer = admin.get("/reviews/audit.jsonl")
    assert (answer.mimetype, answer.is_streamed) == ("application/x-ndjson", True)
    events = [json.loads(line) for line in answer.text.splitlines()]
    assert [event["place"] for event in events if "place" in event] == list(range(250))
    assert (events[-1]["action"], events[-1]["actor"]) == ("audit log exported", "ada")


def test_the_export_begins_where_it_is_told_to(admin: FlaskClient, database: Database) -> None:
    recorded(database)
    lines = admin.get("/reviews/audit.jsonl?since=2026-01-25").text.splitlines()
    assert [json.loads(line).get("place") for line in lines] == [*range(240, 250), None]
    assert admin.get("/reviews/audit.jsonl?since=soon").status_code == 422
    assert json.loads(lines[-1])["at"] <= time.time()
