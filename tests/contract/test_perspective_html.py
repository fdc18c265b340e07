"""HTML comments: read as a browser shows them, with spans that are places in the HTML, in linear time."""

import time

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from tests.contract.test_perspective import ANALYZE, ask, cut
from tocsin_service.compat.perspective_errors import Refusal
from tocsin_service.compat.perspective_html import to_text
from tocsin_service.compat.perspective_requests import parse_analyze
from tocsin_service.settings import Settings


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("I will k<b>ill</b> you", "I will kill you"),
        ("<p>One.</p><P class='a'>Two<br/>three", "\n\nOne.\n\n\n\nTwo\nthree"),
        ("a &amp; b &lt;3 &#x1F52A; &#128298; &nosuch; &", "a & b <3 🔪 🔪 &nosuch; &"),
        ("a<!-- <b> I will kill you -->b<script>if (a<b) kill()</script>c<style>p{}</STYLE >d", "abcd"),
        ("1 < 2 and 3 > 2, <3", "1 < 2 and 3 > 2, <3"),
        ("a<!-- never closed", "a"),
        ("<!doctype html>a<?php x ?>b<b", "ab<b"),
    ],
)
def test_html_is_read_as_a_browser_shows_it(source: str, text: str) -> None:
    assert to_text(source)[0] == text


def test_spans_of_html_are_places_in_the_html(client: FlaskClient) -> None:
    source = "<p>🔪 I will k<b>ill</b> you &amp; yours.</p><p>Nice day.</p>"
    body = ask(text=source, spanAnnotations=True)
    body["comment"]["type"] = "HTML"
    spans = client.post(ANALYZE, json=body).get_json()["attributeScores"]["THREAT"]["spanScores"]
    cuts = [cut(source, span["begin"], span["end"], "utf16") for span in spans]
    assert cuts == ["🔪 I will k<b>ill</b> you &amp; yours", "Nice day"]
    assert spans[0]["score"]["value"] > 0.8


@given(st.text("ab<>&;/!-# 🔪", max_size=40))
def test_every_stretch_of_html_leads_back(source: str) -> None:
    text, place = to_text(source)
    for start in range(len(text)):
        low, high = place(start, start + 1)
        assert 0 <= low < high <= len(source)
        if source[low] not in "<&":
            assert source[low:high] == text[start]


@pytest.mark.parametrize("piece", ["<", "<a", "<a ", "<!--", "<script", "</script ", "&", "&a", "<a href='", "<!", "a<b", "&#1"])
def test_hostile_html_takes_no_longer(piece: str) -> None:
    started = time.perf_counter()
    to_text(piece * (400_000 // len(piece)))
    assert time.perf_counter() - started < 2


def test_html_without_text_is_an_empty_comment() -> None:
    body = ask(text="<p><img src='a.png'></p>")
    body["comment"]["type"] = "HTML"
    with pytest.raises(Refusal, match="Comment must be non-empty"):
        parse_analyze(body, Settings())
