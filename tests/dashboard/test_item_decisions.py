"""Deciding an item, and what happens when two want to."""

from __future__ import annotations

import json
import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from tests.conftest import HARMLESS, THREAT
from tests.dashboard.forms import csrf, decide, opened, post
from tests.dashboard.items import mark, queued, spans
from tocsin_model import Classifier
from tocsin_service.reviews import policy, purge
from tocsin_service.reviews.database import Database
from tocsin_service.reviews.models import Decision, Event, Item, Status
from tocsin_service.reviews.policy import Policy


def last(database: Database) -> Decision:
    with database.read() as session:
        found = session.scalars(select(Decision).order_by(Decision.id.desc()).limit(1)).first()
    assert found is not None
    return found


def stored(database: Database, item: int) -> Item:
    with database.read() as session:
        found = session.get(Item, item)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("form", "kind", "reason", "status", "words"),
    [
        ({"kind": "violates", "violation": "threat", "labels": "threat"}, "violates", "threat", "decided", "Violates: Threat of violence"),
        ({"kind": "allowed", "exception": "reporting"}, "allowed", "reporting", "decided", "Allowed: News or reporting"),
        ({"kind": "escalated", "team": "legal"}, "escalated", "legal", "escalated", "Escalated: Legal"),
        ({"skip": "1", "kind": "violates", "violation": "threat"}, "skipped", None, "waiting", "Skipped"),
    ],
)
def test_a_decision_leads_on_and_can_be_undone(
    reviewer: FlaskClient,
    database: Database,
    classifier: Classifier,
    threat: int,
    form: dict[str, str],
    kind: str,
    reason: str | None,
    status: str,
    words: str,
) -> None:
    following = queued(database, classifier, HARMLESS)
    with database.write() as session:
        policy.adopt(session, Policy(double_share=0.0), "test", 0.0)
    opened(reviewer, threat)
    answer = decide(reviewer, threat, note="seen <b>", **form)
    assert answer.location == f"/reviews/items/{following}"
    made = last(database)
    assert (made.kind, made.reason, made.note) == (kind, reason, "seen <b>")
    assert stored(database, threat).status == status
    page = opened(reviewer, following)
    assert f"<span>{words}</span>" in page
    assert f'action="/reviews/decisions/{made.id}/undo" class="toast"' in page
    assert 'class="last"' in opened(reviewer, following)
    answer = post(reviewer, f"/reviews/decisions/{made.id}/undo", query="voice=author")
    assert answer.location == f"/reviews/items/{threat}?voice=author"
    assert stored(database, threat).status == "waiting"
    page = opened(reviewer, threat)
    assert "Taken back" in page
    assert 'data-key="u"' not in page


def test_the_filter_is_kept_from_item_to_item(reviewer: FlaskClient, database: Database, classifier: Classifier, threat: int) -> None:
    queued(database, classifier, HARMLESS)
    second = queued(database, classifier, "I will burn your house down tonight.")
    page = opened(reviewer, threat, "?label=threat")
    assert 'name="query" value="label=threat"' in page
    assert decide(reviewer, threat, skip="1", query="label=threat").location == f"/reviews/items/{second}?label=threat"
    assert decide(reviewer, second, skip="1", query="label=threat").location == "/reviews/done?label=threat"


def test_marks_are_corrected_in_the_units_of_a_browser(reviewer: FlaskClient, database: Database, classifier: Classifier) -> None:
    text = "😀😀 e\u0301\r\n" + THREAT
    item = queued(database, classifier, text)
    opened(reviewer, item)
    start = text.index("kill")
    sent = [mark(start + 2, start + 10, "incitement", "quoted", " Kim Ash ")]
    form = {"kind": "violates", "violation": "incitement", "labels": "incitement", "corrected": "1"}
    assert decide(reviewer, item, spans=json.dumps(sent), **form).status_code == 303
    made = last(database)
    assert made.labels == ["incitement"]
    assert made.spans == [mark(start, start + 8, "incitement", "quoted", "Kim Ash")]
    assert text[start : start + 8] == "kill you"


HARMLESS_FORM = {"kind": "allowed", "exception": "idiom", "labels": "threat"}


@pytest.mark.parametrize(
    ("form", "labels", "marks"),
    [
        (HARMLESS_FORM, [], 0),
        (HARMLESS_FORM | {"corrected": "1"}, ["threat"], 1),
        (HARMLESS_FORM | {"exception": "counter_speech"}, ["threat"], 1),
        ({"kind": "violates", "violation": "incitement", "labels": "threat"}, ["threat", "incitement"], 1),
        ({"kind": "violates", "violation": "harassment"}, [], 0),
        ({"kind": "escalated", "team": "safety", "imminent": "1", "confirm": "1", "note": "at the school"}, ["threat"], 1),
        ({"kind": "escalated", "team": "safety", "imminent": "1", "confirm": "1", "note": "x", "corrected": "1"}, [], 0),
    ],
)
def test_labels_follow_what_is_decided(
    reviewer: FlaskClient, database: Database, threat: int, form: dict[str, str], labels: list[str], marks: int
) -> None:
    sent = json.dumps(spans(opened(reviewer, threat)))
    assert decide(reviewer, threat, spans=sent, **form).status_code == 303
    made = last(database)
    assert made.labels == labels
    assert len(made.spans) == marks


def test_imminent_danger_takes_a_note_and_a_confirmation(reviewer: FlaskClient, lead: FlaskClient, database: Database, threat: int) -> None:
    opened(reviewer, threat)
    form = {"kind": "escalated", "team": "authorities", "imminent": "1"}
    for missing, field in (({"note": "He has a gun"}, "Confirm"), ({"confirm": "1"}, "Note")):
        answer = decide(reviewer, threat, **form, **missing)
        assert answer.status_code == 422
        assert f'role="alert">{field} ' in answer.text
        assert '<details class="danger-path" open>' in answer.text
    assert "He has a gun" in decide(reviewer, threat, **form, note="He has a gun").text
    decide(reviewer, threat, **form, note="He has a gun", confirm="1")
    assert stored(database, threat).imminent
    page = opened(lead, threat)
    assert "He has a gun" in page
    assert 'id="decide"' in page
    assert 'id="decide"' not in opened(reviewer, threat)


@pytest.mark.parametrize("speaker", ["Kim\u00a0Ash", "Kim\nAsh", "أكرم", "😀", None])
def test_any_speaker_that_the_model_may_find_is_taken(reviewer: FlaskClient, database: Database, threat: int, speaker: str | None) -> None:
    opened(reviewer, threat)
    form = {"kind": "allowed", "exception": "reporting", "labels": "threat"}
    assert decide(reviewer, threat, spans=json.dumps([mark(0, 6, voice="quoted", speaker=speaker)]), **form).status_code == 303
    assert last(database).spans[0]["speaker"] == speaker


LONE = json.dumps([mark(0, 5) | {"speaker": "\ud800", "voice": "quoted"}])


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({}, "Kind"),
        ({"kind": "forgiven"}, "Kind"),
        ({"kind": "violates"}, "Violation"),
        ({"kind": "violates", "violation": "rudeness"}, "Reason"),
        ({"kind": "allowed", "exception": "threat"}, "Reason"),
        ({"kind": "allowed", "exception": "reporting", "labels": "love"}, "Labels"),
        ({"kind": "allowed", "exception": "reporting", "note": "n" * 2_001}, "Note"),
        ({"kind": "allowed", "exception": "reporting", "note": "\0"}, "Note"),
        *(
            ({"kind": "allowed", "exception": "reporting", "labels": "threat", "spans": sent}, "Spans")
            for sent in (
                "",
                "{",
                "7",
                "[7]",
                "[" * 100_000,
                '[{"start": 0}]',
                json.dumps([mark(0, 999)]),
                json.dumps([mark(5, 5)]),
                json.dumps([mark(-1, 5)]),
                json.dumps([mark(0, 5, "love")]),
                json.dumps([mark(0, 5, voice="angel")]),
                json.dumps([mark(0, 5), mark(3, 8)]),
                json.dumps([mark(0, 5) | {"start": True}]),
                json.dumps([mark(0, 5) | {"end": 1e400}]),
                json.dumps([mark(0, 5) | {"speaker": 7}]),
                LONE,
            )
        ),
    ],
)
def test_a_decision_that_cannot_be_names_the_field(
    reviewer: FlaskClient, database: Database, threat: int, form: dict[str, str], field: str
) -> None:
    opened(reviewer, threat)
    answer = decide(reviewer, threat, **form)
    assert answer.status_code == 422
    found = re.search(r'role="alert" id="error">(\w+)', answer.text)
    assert found is not None
    assert found[1] == field
    assert stored(database, threat).status == "waiting"


def test_what_was_said_is_still_there_after_an_error(reviewer: FlaskClient, threat: int) -> None:
    opened(reviewer, threat)
    sent = json.dumps([mark(0, 6, "incitement")])
    page = decide(reviewer, threat, kind="allowed", note="kept", spans=sent, labels="incitement", corrected="1", opened="5").text
    assert 'value="allowed" checked' in page
    assert ">kept</textarea>" in page
    assert spans(page) == [mark(0, 6, "incitement")]
    assert 'name="corrected" value="1"' in page
    assert 'name="opened" value="5.0"' in page


@pytest.mark.parametrize("opened_at", ["", "nan", "inf", "-1e400", "x", "1"])
def test_seconds_are_a_number(reviewer: FlaskClient, database: Database, threat: int, opened_at: str) -> None:
    opened(reviewer, threat)
    assert decide(reviewer, threat, skip="1", opened=opened_at).status_code == 303
    assert 0 <= last(database).seconds <= 86_400


# claims


def test_an_item_is_one_persons(reviewer: FlaskClient, another: FlaskClient, database: Database, threat: int) -> None:
    assert 'id="decide"' in opened(reviewer, threat)
    page = opened(another, threat)
    assert "ana has it open. It is free again at " in page
    assert 'id="decide"' not in page
    answer = decide(another, threat, kind="allowed", exception="reporting", note="I think <so>")
    assert answer.status_code == 409
    assert "Your decision was not saved." in answer.text
    assert "ana has it open." in answer.text
    assert "I think &lt;so&gt;" in answer.text
    assert stored(database, threat).status == "waiting"


def test_who_has_let_go_is_shown_the_way_back(reviewer: FlaskClient, database: Database, threat: int) -> None:
    opened(reviewer, threat)
    with database.write() as session:
        session.execute(update(Item).values(claimed_by=None, claimed_until=None))
    answer = decide(reviewer, threat, skip="1", query="label=threat")
    assert answer.status_code == 409
    assert f'<a href="/reviews/items/{threat}?label=threat">Open it again</a>' in answer.text


def test_a_claim_is_renewed_until_it_is_lost(reviewer: FlaskClient, another: FlaskClient, database: Database, threat: int) -> None:
    opened(reviewer, threat)
    answer = post(reviewer, f"/reviews/items/{threat}/renew")
    assert answer.json == {"until": stored(database, threat).claimed_until}
    with database.write() as session:
        session.execute(update(Item).values(claimed_until=1.0))
    opened(another, threat)
    answer = post(reviewer, f"/reviews/items/{threat}/renew")
    assert answer.status_code == 409
    assert answer.json == {"detail": "ben has it open."}


def test_a_page_that_is_left_lets_go(reviewer: FlaskClient, database: Database, threat: int) -> None:
    opened(reviewer, threat)
    left = str(stored(database, threat).claimed_until)
    post(reviewer, f"/reviews/items/{threat}/renew")
    post(reviewer, f"/reviews/items/{threat}/release", until=left)
    assert stored(database, threat).claimed_by is not None, "what a later page holds was let go of"
    post(reviewer, f"/reviews/items/{threat}/release", until=str(stored(database, threat).claimed_until))
    assert stored(database, threat).claimed_by is None


def test_nobody_lets_go_of_what_is_another_persons(reviewer: FlaskClient, another: FlaskClient, database: Database, threat: int) -> None:
    opened(reviewer, threat)
    post(another, f"/reviews/items/{threat}/release", until=str(stored(database, threat).claimed_until))
    assert stored(database, threat).claimed_by is not None


def test_the_number_in_the_form_is_the_claims(reviewer: FlaskClient, database: Database, threat: int) -> None:
    found = re.search(r'name="until" value="([^"]+)"', opened(reviewer, threat))
    assert found is not None
    assert float(found[1]) == stored(database, threat).claimed_until


# what is kept from whom, and from the logs


def test_who_decides_second_does_not_see_the_first(
    reviewer: FlaskClient, another: FlaskClient, lead: FlaskClient, database: Database, threat: int
) -> None:
    with database.write() as session:
        policy.adopt(session, Policy(double_share=1.0), "test", 0.0)
    opened(reviewer, threat)
    decide(reviewer, threat, kind="allowed", exception="idiom", note="a figure of speech")
    assert stored(database, threat).status == Status.SECOND
    page = opened(another, threat)
    assert "figure of speech" not in page
    assert "What was decided" not in page
    assert len(spans(page)) == 1
    assert "figure of speech" in opened(reviewer, threat)
    decide(another, threat, kind="violates", violation="threat", labels="threat")
    assert stored(database, threat).status == Status.DISPUTED
    assert 'id="decide"' not in opened(another, threat)
    page = opened(lead, threat)
    assert "Settle the dispute" in page
    assert "figure of speech" in page


def test_a_decided_item_shows_the_reviewers_marks(reviewer: FlaskClient, threat: int) -> None:
    opened(reviewer, threat)
    form = {"kind": "violates", "violation": "glorification", "labels": "glorification", "corrected": "1"}
    decide(reviewer, threat, spans=json.dumps([mark(2, 15, "glorification", "reported", "Kim")]), **form)
    page = opened(reviewer, threat)
    assert 'data-tag="glorification · reported, Kim"' in page
    assert 'class="threat' not in page.partition('<div class="under">')[0].partition('id="passage"')[2]


def test_an_undo_that_cannot_be_says_why(reviewer: FlaskClient, another: FlaskClient, database: Database, threat: int) -> None:
    opened(reviewer, threat)
    decide(reviewer, threat, kind="allowed", exception="idiom")
    made = last(database).id
    assert post(another, f"/reviews/decisions/{made}/undo").status_code == 303
    assert "This decision is not yours" in another.get("/reviews").text
    post(reviewer, f"/reviews/decisions/{made}/undo")
    post(reviewer, f"/reviews/decisions/{made}/undo")
    assert "This decision is taken back already" in reviewer.get("/reviews").text


def test_similar_ones_and_the_authors_others(reviewer: FlaskClient, database: Database, classifier: Classifier, threat: int) -> None:
    opened(reviewer, threat)
    decide(reviewer, threat, kind="violates", violation="threat", labels="threat")
    page = opened(reviewer, queued(database, classifier, THREAT, ref="again", author="kim"))
    assert "100 % alike" in page
    assert "kim in the queue" in page
    assert re.search(r"<b>1</b> (violates|second)", page)


def test_why_it_was_escalated_is_read_before_the_passage(reviewer: FlaskClient, lead: FlaskClient, threat: int) -> None:
    opened(reviewer, threat)
    decide(reviewer, threat, kind="escalated", team="legal", note="Is the club named?")
    for browser in (lead, reviewer):
        page = opened(browser, threat)
        assert 0 < page.index("Is the club named?") < page.index('id="passage"')
        assert page.count("Is the club named?") == 1


def test_an_erased_item_says_so(lead: FlaskClient, database: Database, threat: int) -> None:
    with database.write() as session:
        purge.erase(session, 5.0, threat)
    page = opened(lead, threat)
    assert "The passage was erased before it was decided" in page
    assert 'id="decide"' not in page
    listed = lead.get("/reviews?status=all").text
    assert '<span class="outcome erased">erased</span>' in listed
    assert re.search(r'data-count="status.decided">0<', listed)
    assert re.search(r'data-count="status.all">1<', listed)


def test_views_and_decisions_are_audited_without_words(reviewer: FlaskClient, database: Database, threat: int) -> None:
    opened(reviewer, threat)
    decide(reviewer, threat, kind="escalated", team="safety", imminent="1", confirm="1", note="a secret note")
    with database.read() as session:
        events = session.scalars(select(Event).where(Event.item_id == threat).order_by(Event.id)).all()
    assert [event.action for event in events if event.actor == "ana"] == ["claimed", "viewed", "decided"]
    for event in events:
        assert not re.search("burn|secret", json.dumps(event.detail))


def test_a_page_of_the_queue_is_audited_without_names_or_words(reviewer: FlaskClient, database: Database, threat: int) -> None:
    post(reviewer, "/reviews/search", "/reviews/help", search="burn", query="")
    reviewer.get("/reviews?author=kim&label=threat")
    reviewer.get("/reviews?author=nobody")
    with database.read() as session:
        [event] = session.scalars(select(Event).where(Event.action == "listed")).all()
    assert event.actor == "ana"
    assert event.detail == {"filters": "label=threat", "author": True, "search": True, "page": 1, "items": [threat]}


def test_forms_of_elsewhere_are_refused(reviewer: FlaskClient, threat: int) -> None:
    opened(reviewer, threat)
    for path in (
        f"items/{threat}/decision",
        f"items/{threat}/renew",
        f"items/{threat}/release",
        "next",
        "search",
        "views",
        "decisions/1/undo",
    ):
        assert reviewer.post(f"/reviews/{path}", data={"skip": "1"}).status_code == 400
    token = csrf(reviewer)
    assert reviewer.post(f"/reviews/items/{threat}/renew", headers={"X-CSRFToken": token}).status_code == 200
