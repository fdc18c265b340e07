"""An item's page: the passage as it was sent, decisions with their marks, claims, undoing, and what is kept from whom."""

from __future__ import annotations

import html
import json
import re
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from tests.conftest import HARMLESS, QUOTED, THREAT
from tests.dashboard.conftest import csrf, post
from tests.dashboard.items import passage, queued, spans
from tocsin_model import Classifier
from tocsin_service.dashboard import exact
from tocsin_service.dashboard.render import groups, marked
from tocsin_service.reviews import policy, purge
from tocsin_service.reviews.database import Database
from tocsin_service.reviews.models import Decision, Event, Item, Status, User
from tocsin_service.reviews.policy import Policy

NASTY = "\r\n \r😀 e\u0301 \u200d\ufeff\u2028 <b>&amp;</b> \"'\x85\xa0" + THREAT
TEXTS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0") | st.sampled_from("\r\n😀𐍈\u0301<&'\" \ufeff"))


@pytest.fixture
def threat(database: Database, classifier: Classifier) -> int:
    return queued(database, classifier, THREAT, author="kim", community="football")


@pytest.fixture
def quoted(database: Database, classifier: Classifier) -> int:
    return queued(database, classifier, QUOTED, author="desk")


def decide(browser: FlaskClient, item: int, **form: Any) -> TestResponse:
    return post(browser, f"/reviews/items/{item}/decision", **{"spans": "[]", "query": "", **form})


def opened(browser: FlaskClient, item: int, query: str = "") -> str:
    answer = browser.get(f"/reviews/items/{item}{query}")
    assert answer.status_code == 200
    return answer.text


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


def mark(start: int, end: int, label: str = "threat", voice: str = "author", speaker: str | None = None) -> dict[str, Any]:
    return {"start": start, "end": end, "label": label, "voice": voice, "speaker": speaker}


# the passage


def in_a_browser(written: str) -> str:
    """What the HTML parser makes of text: it turns carriage returns into line feeds before it reads references."""
    return html.unescape(written.replace("\r\n", "\n").replace("\r", "\n"))


@given(TEXTS)
def test_a_text_survives_the_parser(text: str) -> None:
    assert in_a_browser(exact.exact(text)) == text


@given(st.text())
def test_what_html_cannot_hold_keeps_its_length(text: str) -> None:
    shown = in_a_browser(exact.exact(text))
    assert len(shown.encode("utf-16-le")) == len(text.encode("utf-16-le", "surrogatepass"))


@given(TEXTS, st.data())
def test_offsets_come_back(text: str, data: st.DataObject) -> None:
    start, end = sorted(data.draw(st.tuples(*[st.integers(0, len(text))] * 2)))
    [sent] = exact.to_utf16(text, [mark(start, end)])
    units = text.encode("utf-16-le")
    assert units[2 * sent["start"] : 2 * sent["end"]].decode("utf-16-le") == text[start:end]
    place = exact.from_utf16(text)
    assert (place(sent["start"]), place(sent["end"])) == (start, end)


@pytest.mark.parametrize(("text", "offset"), [("a😀b", 2), ("a😀b", 5), ("abc", 4), ("abc", -1), ("", 1)])
def test_an_offset_that_is_nowhere_is_refused(text: str, offset: int) -> None:
    with pytest.raises(ValueError, match=str(offset)):
        exact.from_utf16(text)(offset)


@given(st.text("ab 😀\r", min_size=1, max_size=30), st.data())
def test_groups_lose_nothing_and_mark_what_is_marked(text: str, data: st.DataObject) -> None:
    bounds = st.tuples(st.integers(0, len(text) - 1), st.integers(1, len(text))).filter(lambda pair: pair[0] < pair[1])
    drawn = data.draw(st.lists(st.tuples(bounds, st.sampled_from(["threat", "incitement"])), max_size=4))
    made = groups(text, marked(text, [mark(*pair, label) for pair, label in drawn], []))
    assert "".join(word.text for group in made for word in group.words) == text
    at = 0
    for group in made:
        length = sum(len(word.text) for word in group.words)
        inside = {label for (start, end), label in drawn if start < at + length and end > at}
        assert set(group.labels) == inside
        assert bool(group.tag) == any(start == at for (start, _), _ in drawn)
        at += length


@pytest.mark.parametrize("text", [NASTY, "\n\nfirst " + THREAT, "<script>alert(1)</script> " + THREAT, QUOTED * 3])
def test_the_page_holds_the_passage_exactly(reviewer: FlaskClient, database: Database, classifier: Classifier, text: str) -> None:
    page = opened(reviewer, queued(database, classifier, text))
    assert passage(page) == text
    assert "<script>alert" not in page
    for span in spans(page):
        units = text.encode("utf-16-le")[2 * span["start"] : 2 * span["end"]]
        assert units.decode("utf-16-le").strip()


def test_words_say_what_they_weighed(reviewer: FlaskClient, threat: int) -> None:
    page = opened(reviewer, threat)
    assert re.search(r'<span class="word w\d" data-tip="threat \+\d+ %">kill</span>', page)
    assert re.search(r"<td>kill</td><td>threat</td><td>\+\d+ %</td>", page)


def test_who_speaks_stands_where_the_span_begins(reviewer: FlaskClient, quoted: int) -> None:
    assert 'class="threat quoted" data-tag="threat · quoted, Commander Idder Ag Moussa"' in opened(reviewer, quoted)


def test_around_the_passage(reviewer: FlaskClient, database: Database, classifier: Classifier) -> None:
    item = queued(
        database,
        classifier,
        THREAT,
        author="<kim>",
        link="https://forum.example/t?a=1&b=2",
        context=({"author": "jo", "text": "Before it & <b>"},),
        details={"thread": "t-1", "nested": {"a": 1}},
    )
    page = opened(reviewer, item)
    assert 'href="https://forum.example/t?a=1&amp;b=2" target="_blank" rel="noreferrer noopener">forum.example<' in page
    assert "Before it &amp; &lt;b&gt;" in page
    assert "&lt;kim&gt;" in page
    assert "<dt>thread</dt><dd>t-1</dd>" in page
    assert "nested" not in page


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", "//evil.example"])
def test_a_link_that_is_none_is_not_followed(reviewer: FlaskClient, database: Database, classifier: Classifier, link: str) -> None:
    item = queued(database, classifier, THREAT)
    with database.write() as session:
        session.execute(update(Item).values(link=link))
    assert f'href="{link}' not in opened(reviewer, item)


def test_another_language_is_warned_of(reviewer: FlaskClient, database: Database, classifier: Classifier) -> None:
    text = "Ich gehe morgen mit meiner Schwester auf den Markt und kaufe Brot, Käse und drei Äpfel für die Kinder."
    assert "This reads like “de”" in opened(reviewer, queued(database, classifier, text))


def test_the_veil_lifts_without_script(reviewer: FlaskClient, database: Database, threat: int) -> None:
    page = opened(reviewer, threat)
    assert 'class="sheet-of veiled"' in page
    assert "data-veiled inert" in page
    assert "veiled" not in re.findall(r'class="sheet-of[^"]*"', opened(reviewer, threat, "?reveal=1"))[0]
    with database.write() as session:
        session.execute(update(User).values(care={"blur": False}))
    assert "Reveal the passage" not in opened(reviewer, threat)


def test_there_is_no_such_item(reviewer: FlaskClient) -> None:
    assert reviewer.get("/reviews/items/99").status_code == 404
    assert decide(reviewer, 99, kind="allowed").status_code == 404
    assert post(reviewer, "/reviews/items/99/renew").status_code == 409
    assert post(reviewer, "/reviews/items/99/release").status_code == 204


# decisions


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


def test_an_erased_item_says_so(lead: FlaskClient, database: Database, threat: int) -> None:
    with database.write() as session:
        purge.erase(session, 5.0, threat)
    page = opened(lead, threat)
    assert "The passage was erased" in page
    assert 'id="decide"' not in page


def test_views_and_decisions_are_audited_without_words(reviewer: FlaskClient, database: Database, threat: int) -> None:
    opened(reviewer, threat)
    decide(reviewer, threat, kind="escalated", team="safety", imminent="1", confirm="1", note="a secret note")
    with database.read() as session:
        events = session.scalars(select(Event).where(Event.item_id == threat).order_by(Event.id)).all()
    assert [event.action for event in events if event.actor == "ana"] == ["claimed", "viewed", "decided"]
    for event in events:
        assert not re.search("burn|secret", json.dumps(event.detail))


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
