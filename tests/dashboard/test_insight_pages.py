"""Insight as its readers get it."""

from __future__ import annotations

import re
import time
from itertools import product
from xml.etree import ElementTree

import pytest
from flask.testing import FlaskClient

from tests.reviews.rows import DAY, decision, item, person
from tests.reviews.test_drift import histogram, scored
from tocsin_model import Classifier
from tocsin_service.dashboard import charts, insight_charts
from tocsin_service.dashboard.charts import Chart, Measured, Part, Series
from tocsin_service.reviews import drift
from tocsin_service.reviews.database import Database
from tocsin_service.reviews.models import Kind

HOSTILE = "<script>alert(1)</script>"
PAGES = ("queue", "agreement", "model")


def worked(database: Database, digest: str) -> None:
    """Some days of work: two readers, agreement and dispute, an open emergency, scores of two periods."""
    now = time.time()
    with database.write() as session:
        ana, ben = person(session, "ana the first"), person(session, HOSTILE)
        for place in range(40):
            at = now - place % 6 * DAY
            read = item(session, received=at - 3_600, threat=0.5 + place % 5 / 10, model=digest)
            decision(session, read, ana, Kind.VIOLATES if place % 3 else Kind.ALLOWED, at=at - 60, reason="threat", seconds=20.0)
            kind = Kind.VIOLATES if place % 4 else Kind.ALLOWED
            decision(session, read, ben, kind, at=at, reason=HOSTILE, labels=["threat"] if place % 4 else [], final=True)
        item(session, received=now - 30 * DAY, status="escalated", imminent=True)
        for day in range(20):
            drift.count(session, now - day * DAY, [scored(place / 300, 0.9) for place in range(300)], digest)


@pytest.mark.parametrize(("show", "days"), list(product(PAGES, (7, 30, 90))))
def test_an_empty_queue_is_said_to_be_empty(reviewer: FlaskClient, show: str, days: int) -> None:
    answer = reviewer.get(f"/reviews/insight?show={show}&days={days}")
    assert answer.status_code == 200
    assert {"queue": "Nothing in this period", "agreement": "No passage was read by two", "model": "No passage came in"}[
        show
    ] in answer.text


@pytest.mark.parametrize("show", PAGES)
def test_charts_are_well_formed_have_words_and_a_table_and_no_style_or_script(
    lead: FlaskClient, database: Database, classifier: Classifier, show: str
) -> None:
    worked(database, classifier.info.digest)
    page = lead.get(f"/reviews/insight?show={show}").text
    figures = re.findall(r"<figure.*?</figure>", page, re.DOTALL)
    assert len(figures) >= 3
    for figure in figures:
        assert re.search(r"<figcaption><h3>[^<]+</h3><p>[^<]+[.]</p></figcaption>", figure)
        if "<svg" not in figure:
            continue
        drawn = ElementTree.fromstring(re.search(r"<svg.*</svg>", figure, re.DOTALL)[0])  # type: ignore[index]
        assert drawn.get("role") == "img" and drawn.get("aria-label")
        width, height = map(float, drawn.get("viewBox", "").split()[2:])
        for box in drawn.iter("rect"):
            x, y, wide, high = (float(box.get(name, "")) for name in ("x", "y", "width", "height"))
            assert x >= -0.1 and x + wide <= width + 0.1 and y >= -0.1 and y + high <= height + 0.1
        assert "<details>" in figure and '<th scope="row">' in figure
    main = page[page.index("<main") : page.index("</main>")]
    assert "style=" not in page and "<script" not in main
    assert HOSTILE not in page


def test_the_queue_says_how_old_it_is_and_shows_danger(lead: FlaskClient, database: Database, classifier: Classifier) -> None:
    worked(database, classifier.info.digest)
    page = lead.get("/reviews/insight").text
    assert re.search(r"The oldest</dt><dd><b>30 days", page)
    assert re.search(r'class="alarming"><dt>Imminent danger, open</dt><dd><b>1</b>', page)
    assert "75% of 40 settled items violated a policy" in page


def test_what_single_people_did_is_for_leads(reviewer: FlaskClient, lead: FlaskClient, database: Database, classifier: Classifier) -> None:
    worked(database, classifier.info.digest)
    for show in ("queue", "agreement"):
        assert "ana the first" in lead.get(f"/reviews/insight?show={show}").text
        assert "ana the first" not in reviewer.get(f"/reviews/insight?show={show}").text


def test_agreement_is_shown_with_its_number(reviewer: FlaskClient, database: Database, classifier: Classifier) -> None:
    worked(database, classifier.info.digest)
    page = reviewer.get("/reviews/insight?show=agreement").text
    assert re.search(r"Read by two</dt><dd><b>40</b>", page)
    assert re.search(r"Krippendorff&#39;s α</dt><dd><b>-?\d\.\d\d</b>", page)


def test_the_model_is_judged_by_reviewers_and_by_its_reference(reviewer: FlaskClient, database: Database, classifier: Classifier) -> None:
    worked(database, classifier.info.digest)
    page = reviewer.get("/reviews/insight?show=model&days=7").text
    assert "Of 8 items that score 0.9 or more, reviewers kept the label in" in page
    assert "recall can't be known" in page
    assert re.search(r'<th scope="row">risk</th><td>2,100</td><td>0\.00<br><small>stable', page)
    assert "PSI against the days before" in page


def test_an_artifact_without_a_reference_says_so(
    reviewer: FlaskClient, database: Database, classifier: Classifier, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(classifier.info.card, "evaluation", {})
    worked(database, classifier.info.digest)
    page = reviewer.get("/reviews/insight?show=model").text
    assert "no reference in this model" in page
    assert "no reference</small>" in page


@pytest.mark.parametrize(("query", "field"), [("show=people", "show"), ("days=31", "days"), ("days=x%00", "days")])
def test_what_cant_be_shown_is_named(reviewer: FlaskClient, query: str, field: str) -> None:
    answer = reviewer.get(f"/reviews/insight?{query}", headers={"Accept": "application/problem+json"})
    assert (answer.status_code, answer.get_json()["field"]) == (422, field)


def test_who_is_not_signed_in_is_asked_to(client: FlaskClient) -> None:
    assert "/reviews/sign-in" in client.get("/reviews/insight").location


@pytest.mark.parametrize(
    ("most", "ticks"),
    [
        (0, [0, 1]),
        (1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (7, [0, 2, 4, 6, 8]),
        (23, [0, 5, 10, 15, 20, 25]),
        (1_793, [0, 500, 1_000, 1_500, 2_000]),
    ],
)
def test_a_scale_is_round_and_reaches_the_most(most: float, ticks: list[float]) -> None:
    assert charts.scale(most) == pytest.approx(ticks)


def test_a_line_has_a_gap_where_nothing_is_known() -> None:
    drawn = charts.lines("n", "t", "r.", ["a", "b", "c", "d"], [Series("s", [1.0, 2.0, None, 1.0], "main")])
    assert [len(line.points.split()) for line in drawn.lines if line.kind == "main"] == [2, 1]
    assert len(drawn.dots) == 1
    assert drawn.rows[2] == ("c", "–")


def test_a_share_of_none_is_a_dash_and_not_a_dot() -> None:
    drawn = charts.dots("n", "t", "r.", [Measured("a", None, None, None, 0), Measured("b", 0.5, 0.2, 0.7, 9)], "Score")
    assert len(drawn.dots) == 1
    assert drawn.rows == (("a", "–", "–", "0"), ("b", "0.500", "0.200 to 0.700", "9"))


@pytest.mark.parametrize("parts", [[], [Part("a", 0, "main")], [Part("a", 3, "main"), Part("b", 1, "pale")]])
def test_a_stacked_bar_is_as_wide_as_its_parts(parts: list[Part]) -> None:
    drawn = charts.stacked("n", "t", "r.", parts)
    assert sum(box.width + 1 for box in drawn.boxes if box.title) == pytest.approx(charts.WIDTH if any(one.value for one in parts) else 0)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "–"), (5, "5 s"), (89, "89 s"), (91, "2 min"), (7_200, "2 h"), (47 * 3_600, "47 h"), (72 * 3_600, "3 days")],
)
def test_durations_are_said_as_people_say_them(seconds: float | None, words: str) -> None:
    assert insight_charts.spoken(seconds) == words


def test_a_day_with_few_passages_is_left_out_of_the_drift() -> None:
    base = [10] * 100
    found = {day: drift.psi(base, histogram(b50=many)) for day, many in ((1, 500), (2, 5))}
    drawn: Chart = insight_charts.drift_days(found, range(1, 4), "the days before")
    assert [row[1] == "–" for row in drawn.rows] == [False, True, True]
    assert "1 of 1 days above 0.25" in drawn.reading
