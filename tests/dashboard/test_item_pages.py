"""An item's page: the passage as it was sent, decisions with their marks, claims, undoing, and what is kept from whom."""

from __future__ import annotations

import html
import re

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from tests.conftest import QUOTED, THREAT
from tests.dashboard.forms import decide, opened, post
from tests.dashboard.items import mark, passage, queued, spans
from tocsin_model import Classifier
from tocsin_service.dashboard import exact
from tocsin_service.dashboard.render import groups, marked
from tocsin_service.reviews.database import Database
from tocsin_service.reviews.models import Item, User

NASTY = "\r\n \r😀 e\u0301 \u200d\ufeff\u2028 <b>&amp;</b> \"'\x85\xa0" + THREAT
TEXTS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\0") | st.sampled_from("\r\n😀𐍈\u0301<&'\" \ufeff"))


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
