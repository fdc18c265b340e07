"""The queue's page: found by filters and words, counted, saved, and the way to the next item."""

from __future__ import annotations

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from tests.conftest import HARMLESS, QUOTED, THREAT
from tests.dashboard.forms import decide, post
from tests.dashboard.items import queued
from tocsin_model import Classifier
from tocsin_service.app import create_app
from tocsin_service.dashboard.render import age, host, moment, share
from tocsin_service.reviews.database import Database
from tocsin_service.reviews.models import Item, SignIn, Status, User
from tocsin_service.settings import Settings

HOSTILE = "<script>alert(1)</script> <img src=x onerror=alert(2)> " + THREAT


@pytest.fixture
def items(database: Database, classifier: Classifier) -> list[int]:
    """A threat of Kim's, a quoted one, and a harmless passage."""
    return [
        queued(database, classifier, THREAT, author="kim", community="football"),
        queued(database, classifier, QUOTED, author="desk", community="news"),
        queued(database, classifier, HARMLESS, author="kim", community="news"),
    ]


def listed(page: str) -> list[int]:
    return [int(found) for found in re.findall(r'class="open words" href="/reviews/items/(\d+)', page)]


def count(page: str, name: str) -> int:
    found = re.search(rf'data-count="{re.escape(name)}">(\d+)<', page)
    assert found is not None, name
    return int(found[1])


def test_nobody_reads_the_queue_without_signing_in(client: FlaskClient, items: list[int]) -> None:
    for path in ("/reviews", f"/reviews/items/{items[0]}", "/reviews/counts", "/reviews/done"):
        answer = client.get(path)
        assert answer.status_code == 303
        assert answer.location.startswith("/reviews/sign-in")


def test_the_riskiest_comes_first_with_its_numbers(reviewer: FlaskClient, items: list[int]) -> None:
    page = reviewer.get("/reviews").text
    assert set(listed(page)[:2]) == {items[0], items[1]}
    assert listed(page)[2] == items[2]
    assert count(page, "status.waiting") == 3
    assert count(page, "voice.quoted") == 1


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("voice=quoted", [1]),
        ("community=news&band=low", [2]),
        ("author=kim&label=threat", [0]),
        ("since=2100-01-01", []),
        ("status=decided", []),
        ("status=all&voice=author", [0]),
    ],
)
def test_filters_narrow_the_list(reviewer: FlaskClient, items: list[int], query: str, expected: list[int]) -> None:
    assert listed(reviewer.get(f"/reviews?{query}").text) == [items[place] for place in expected]


def test_a_team_finds_what_was_escalated_to_it(reviewer: FlaskClient, lead: FlaskClient, items: list[int]) -> None:
    for place, team in ((0, "legal"), (1, "safety")):
        reviewer.get(f"/reviews/items/{items[place]}")
        decide(reviewer, items[place], kind="escalated", team=team, note="for you")
    page = lead.get("/reviews?status=escalated&team=legal").text
    assert listed(page) == [items[0]]
    assert "escalated</span> Legal" in page
    assert '<option value="legal" selected>Legal</option>' in page
    assert post(lead, "/reviews/next", query="status=escalated&team=legal").location.startswith(f"/reviews/items/{items[0]}?")
    decide(lead, items[0], kind="allowed", exception="reporting")
    assert listed(lead.get("/reviews?status=all&team=legal").text) == [items[0]], "what became of it"
    gone = lead.get("/reviews?team=a-team-of-old").text
    assert "<option selected>a-team-of-old</option>" in gone


def test_a_filter_in_use_can_be_left(reviewer: FlaskClient, items: list[int]) -> None:
    page = reviewer.get("/reviews?voice=quoted&community=news").text
    assert 'class="chip" href="/reviews?community=news"' in page
    assert 'class="chip" href="/reviews?voice=quoted"' in page


@pytest.mark.parametrize(("query", "field"), [("band=purple", "band"), ("since=yesterday", "since"), ("status=gone", "status")])
def test_a_bad_filter_is_named(reviewer: FlaskClient, query: str, field: str) -> None:
    answer = reviewer.get(f"/reviews?{query}", headers={"Accept": "text/html"})
    assert answer.status_code == 422
    assert f"The filter {field}" in answer.text


def test_words_are_looked_for_without_being_in_an_address(reviewer: FlaskClient, items: list[int]) -> None:
    answer = post(reviewer, "/reviews/search", "/reviews", search="commander", query="community=news")
    assert answer.location == "/reviews?community=news"
    page = reviewer.get(answer.location).text
    assert listed(page) == [items[1]]
    assert "commander" not in "".join(re.findall(r'href="([^"]*)"', page))
    post(reviewer, "/reviews/search", "/reviews", search="", query="")
    assert listed(reviewer.get("/reviews").text) != [items[1]]


def test_clearing_leaves_filters_and_words(reviewer: FlaskClient, items: list[int]) -> None:
    post(reviewer, "/reviews/search", "/reviews", search="commander", query="")
    page = reviewer.get("/reviews?status=all&voice=author").text
    assert "Nothing fits these filters" in page
    assert 'name="query" value="status=all"' in page
    answer = post(reviewer, "/reviews/search", "/reviews", search="", query="status=all")
    assert len(listed(reviewer.get(answer.location).text)) == 3


def test_words_that_are_none_are_refused(reviewer: FlaskClient, items: list[int]) -> None:
    answer = post(reviewer, "/reviews/search", "/reviews", search="?!", query="")
    assert answer.status_code == 303
    page = reviewer.get("/reviews").text
    assert "has no word in it" in page
    assert len(listed(page)) == 3


def test_a_passage_is_shown_and_not_run(reviewer: FlaskClient, database: Database, classifier: Classifier) -> None:
    queued(database, classifier, HOSTILE, author="<b>kim</b>", community="<i>c</i>")
    answer = reviewer.get("/reviews")
    for tag in ("<script>alert", "<img src=x", "<b>kim", "<i>c"):
        assert tag not in answer.text
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]


def test_a_snippet_is_cut_around_the_riskiest_span(reviewer: FlaskClient, database: Database, classifier: Classifier) -> None:
    around = " ".join([HARMLESS] * 40)
    queued(database, classifier, f"{around} {THREAT} {around}")
    page = reviewer.get("/reviews").text
    assert "burn" in page
    assert page.count("parliament") < 4


def test_an_empty_queue_says_so(reviewer: FlaskClient) -> None:
    assert "The queue is empty" in reviewer.get("/reviews").text
    assert "Nothing fits these filters" in reviewer.get("/reviews?band=high").text


def test_pages_follow_one_another(reviewer: FlaskClient, database: Database, classifier: Classifier) -> None:
    for number in range(51):
        queued(database, classifier, HARMLESS, ref=f"r{number}")
    first, second = reviewer.get("/reviews").text, reviewer.get("/reviews?page=2").text
    assert 'rel="next" href="/reviews?page=2"' in first
    assert 'rel="prev" href="/reviews"' in second
    assert len(listed(first)) == 50
    assert len(listed(second)) == 1
    assert listed(reviewer.get("/reviews?page=999999999999999999999").text) == listed(second)


def test_next_opens_the_first_item_and_keeps_the_filter(reviewer: FlaskClient, items: list[int]) -> None:
    answer = post(reviewer, "/reviews/next", "/reviews", query="voice=quoted")
    assert answer.location == f"/reviews/items/{items[1]}?voice=quoted"
    assert "open with you" in reviewer.get("/reviews").text


def test_two_people_never_get_the_same(reviewer: FlaskClient, another: FlaskClient, items: list[int]) -> None:
    mine, theirs = (post(browser, "/reviews/next", "/reviews", query="").location for browser in (reviewer, another))
    assert mine != theirs
    assert ">ana<" in another.get("/reviews").text


def test_where_nothing_is_left_the_page_is_calm(reviewer: FlaskClient, another: FlaskClient, items: list[int]) -> None:
    answer = post(reviewer, "/reviews/next", "/reviews", query="since=2100-01-01")
    assert answer.location == "/reviews/done?since=2100-01-01"
    assert "Nothing else in this view" in reviewer.get(answer.location).text
    assert "3 items wait" in reviewer.get("/reviews/done").text


def test_from_what_is_decided_one_goes_on_to_what_waits(reviewer: FlaskClient, items: list[int]) -> None:
    assert "/reviews/items/" in post(reviewer, "/reviews/next", "/reviews", query="status=decided&voice=quoted").location


def test_views_are_saved_and_forgotten(reviewer: FlaskClient) -> None:
    post(reviewer, "/reviews/views", "/reviews", name="quoted ones", query="voice=quoted", shared="1")
    page = reviewer.get("/reviews").text
    assert 'href="/reviews?voice=quoted"' in page
    assert "quoted ones" in page
    found = re.search(r"/reviews/views/(\d+)/forget", page)
    assert found is not None
    post(reviewer, found[0], "/reviews", query="")
    assert "quoted ones" not in reviewer.get("/reviews").text


def test_only_leads_share_views(reviewer: FlaskClient, lead: FlaskClient, another: FlaskClient) -> None:
    post(reviewer, "/reviews/views", "/reviews", name="of a reviewer", query="voice=quoted", shared="1")
    post(lead, "/reviews/views", "/reviews", name="of a lead", query="band=high", shared="1")
    page = another.get("/reviews").text
    assert "of a lead" in page
    assert "of a reviewer" not in page


def test_a_view_is_opened_without_the_words_looked_for(
    reviewer: FlaskClient, another: FlaskClient, database: Database, items: list[int]
) -> None:
    post(reviewer, "/reviews/search", "/reviews", search="commander", query="")
    post(reviewer, "/reviews/views", "/reviews", name="all of them", query="voice=quoted")
    page = reviewer.get("/reviews").text
    assert listed(page) == [items[1]]
    found = re.search(r'href="(/reviews/views/\d+)"', page)
    assert found
    assert reviewer.get(found[1]).location == "/reviews?voice=quoted"
    assert "contains “" not in reviewer.get("/reviews").text
    assert another.get(found[1]).status_code == 404, "it is not shared"


def test_a_community_that_is_not_among_the_largest_can_be_named(reviewer: FlaskClient, items: list[int]) -> None:
    page = reviewer.get("/reviews?community=news&voice=quoted").text
    assert '<input name="community" value="news"' in page
    assert '<input type="hidden" name="voice" value="quoted">' in page
    assert '<input type="hidden" name="community"' not in page, "the form would send it twice"


def test_what_is_made_up_is_marked(reviewer: FlaskClient, database: Database, classifier: Classifier, items: list[int]) -> None:
    made_up = queued(database, classifier, THREAT, ref="made up", source="demo")
    assert reviewer.get("/reviews").text.count('<span class="pill">demo</span>') == 1
    assert '<span class="pill">demo</span>' in reviewer.get(f"/reviews/items/{made_up}").text


def test_a_view_without_a_name_is_refused(reviewer: FlaskClient) -> None:
    post(reviewer, "/reviews/views", "/reviews", name=" ", query="")
    assert "Not saved: the name" in reviewer.get("/reviews").text


def test_counts_follow_the_filters_and_the_words(reviewer: FlaskClient, items: list[int]) -> None:
    post(reviewer, "/reviews/search", "/reviews", search="burn", query="")
    found = reviewer.get("/reviews/counts?voice=author").json
    assert found["status"] == {"waiting": 1, "all": 1}
    assert found["voice"] == {"author": 1, "quoted": 1}


def test_danger_is_counted_on_every_page(reviewer: FlaskClient, database: Database, items: list[int]) -> None:
    assert "Imminent danger" not in reviewer.get("/reviews/help").text.partition("<main")[0]
    with database.write() as session:
        session.execute(update(Item).where(Item.id == items[0]).values(status=Status.ESCALATED.value, imminent=True))
    for path in ("/reviews", f"/reviews/items/{items[1]}", "/reviews/me", "/reviews/done"):
        assert "One escalated item waits" in reviewer.get(path).text.partition("<main")[0]
    assert "One escalated item waits" in reviewer.get("/reviews/alarm").text


def test_a_page_that_asks_for_danger_keeps_nobody_signed_in_and_shows_no_message(
    reviewer: FlaskClient, database: Database, items: list[int]
) -> None:
    with database.write() as session:
        session.execute(update(SignIn).values(seen=SignIn.seen - 3_600))
        before = session.scalar(select(SignIn.seen))
    reviewer.get(f"/reviews/items/{items[0]}")
    decide(reviewer, items[0], skip="1")
    with database.write() as session:
        session.execute(update(SignIn).values(seen=before))
    assert reviewer.get("/reviews/alarm").text == ""
    with database.read() as session:
        assert session.scalar(select(SignIn.seen)) == before
    assert 'class="toast"' in reviewer.get("/reviews").text, "what can be undone"


def test_a_lead_is_told_what_waits_for_leads(reviewer: FlaskClient, lead: FlaskClient, database: Database, items: list[int]) -> None:
    for item in items:
        reviewer.get(f"/reviews/items/{item}")
        decide(reviewer, item, kind="escalated", team="legal", note="for you")
    assert "The queue is empty" in reviewer.get("/reviews/done").text
    page = lead.get("/reviews/done").text
    assert "The queue is empty" not in page
    assert '<a href="/reviews?status=escalated">3 escalated</a>' in page


def test_the_places_are_those_of_the_role(reviewer: FlaskClient, lead: FlaskClient, admin: FlaskClient) -> None:
    def places(browser: FlaskClient) -> list[str]:
        head = browser.get("/reviews").text.partition("</nav>")[0]
        return re.findall(r'<a href="[^"]*"(?: aria-current="page")?>(\w+)</a>', head)

    assert places(reviewer) == ["Queue", "Insight"]
    assert places(lead) == ["Queue", "Insight", "Policy", "Audit"]
    assert places(admin) == ["Queue", "Insight", "Policy", "People", "Audit"]


def test_care_is_in_the_page(reviewer: FlaskClient, database: Database) -> None:
    assert "care-blur" in reviewer.get("/reviews").text
    with database.write() as session:
        session.execute(update(User).values(care={"blur": False, "grey": True, "mask": True, "pause_minutes": 20}))
    page = reviewer.get("/reviews").text
    assert "care-blur" not in page
    assert "care-grey care-mask" in page
    assert 'data-pause="20"' in page


def test_the_public_page_leads_to_the_queue_only_where_there_is_one(reviewer: FlaskClient, classifier: Classifier) -> None:
    assert 'href="/reviews"' in reviewer.get("/").text
    assert 'href="/reviews"' not in create_app(Settings(database_url="off"), classifier).test_client().get("/").text


def test_time_is_a_number_and_a_unit() -> None:
    assert [age(seconds) for seconds in (-5, 59, 60, 3_599, 7_200, 200_000)] == ["now", "now", "1 min", "59 min", "2 h", "2 d"]
    assert moment(0) == "1970-01-01T00:00Z"
    assert (share(0.314), share(-0.05)) == ("+31 %", "−5 %")
    assert [host(link) for link in ("https://a.example/x", "javascript:alert(1)", "http://[", None)] == ["a.example", "", "", ""]


def test_done_counts_the_day(reviewer: FlaskClient, database: Database, classifier: Classifier) -> None:
    item = queued(database, classifier, THREAT)
    reviewer.get(f"/reviews/items/{item}")
    answer = post(reviewer, f"/reviews/items/{item}/decision", kind="violates", violation="threat", labels="threat", spans="[]")
    assert answer.location == "/reviews/done"
    page = reviewer.get("/reviews/done").text
    assert "You decided 1 item today and opened 1 heavy one." in page
