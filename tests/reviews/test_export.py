"""Decided items as lines that training takes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from tests.reviews.conftest import NOW, ONCE, TWICE, People, add_items, say
from tocsin_model.types import Label, Voice
from tocsin_service.reviews import export, purge
from tocsin_service.reviews.decisions import Mark, undo
from tocsin_service.reviews.models import Kind
from tocsin_training import check, seeds

DAY = 86_400
TEXT = "“We will burn it,” Ada Brandt said, and I hope they do."
BURN = Mark(1, 16, "threat", "quoted", "Ada Brandt")
HOPE = Mark(40, 54, "glorification", "author")


def lines(session: Session, **limits: float) -> list[dict[str, Any]]:
    """The export as it comes back from JSON, each line held to what the seeds are held to."""
    session.flush()
    rows = [json.loads(json.dumps(row)) for row in export.rows(session, **limits)]
    for row in rows:
        assert check.check([seeds.parse(row, "reviews")]).problems == []
    return rows


def test_the_kinds_are_the_seeds() -> None:
    assert export.KINDS == seeds.KINDS


def test_a_line_is_the_passage_as_its_reviewer_sees_it(session: Session, people: People) -> None:
    [item] = add_items(session, text=TEXT, model="sha256:abc")
    labels = ("threat", "glorification")
    made = say(session, NOW + 9, people.ana, item, Kind.VIOLATES, reason="threat", labels=labels, spans=(BURN, HOPE))
    [line] = lines(session)
    assert line == {
        "id": f"review-{item.id}",
        "group": f"review-{item.id}",
        "kind": "positive",
        "genre": "review",
        "origin": "review",
        "labels": ["glorification", "threat"],
        "spans": [
            {"start": 1, "end": 16, "text": "We will burn it", "labels": ["threat"], "voice": "quoted", "speaker": "Ada Brandt"},
            {"start": 40, "end": 54, "text": "I hope they do", "labels": ["glorification"], "voice": "author", "speaker": None},
        ],
        "text": TEXT,
        "review": {
            "decision": made.id,
            "outcome": "violates",
            "reason": "threat",
            "decided": NOW + 9,
            "reviewers": 1,
            "model": "sha256:abc",
            "source": "api",
        },
    }


@pytest.mark.parametrize(
    ("kind", "reason", "marks", "expected"),
    [
        (Kind.VIOLATES, "threat", (BURN,), "positive"),
        (Kind.VIOLATES, "harassment", (), "neutral"),
        (Kind.ALLOWED, "reporting", (BURN,), "positive"),
        (Kind.ALLOWED, "idiom", (), "idiom"),
        (Kind.ALLOWED, "neutral", (), "neutral"),
    ],
)
def test_the_kind_follows_from_marks_and_reason(
    session: Session, people: People, kind: Kind, reason: str, marks: tuple[Mark, ...], expected: str
) -> None:
    [item] = add_items(session, text=TEXT)
    say(session, NOW, people.ana, item, kind, reason=reason, labels=tuple({mark.label for mark in marks}), spans=marks)
    assert [line["kind"] for line in lines(session)] == [expected]


def test_what_is_not_settled_is_not_there(session: Session, people: People) -> None:
    waiting, escalated, skipped, undone, erased, second, disputed, unmarked, good = add_items(session, 9)
    say(session, NOW, people.ana, escalated, Kind.ESCALATED)
    say(session, NOW, people.ana, skipped, Kind.SKIPPED)
    undo(session, NOW, people.ana, say(session, NOW, people.ana, undone).id)
    say(session, NOW, people.ana, erased)
    purge.erase(session, NOW, erased.id)
    say(session, NOW, people.ana, second, policy=TWICE)
    say(session, NOW, people.ana, disputed, policy=TWICE)
    say(session, NOW, people.ben, disputed, Kind.VIOLATES)
    # Learned from as it is, it would say that a threat is none.
    say(session, NOW, people.ana, unmarked, Kind.VIOLATES, reason="threat", labels=("threat",))
    say(session, NOW, people.ana, good)
    assert [line["id"] for line in lines(session)] == [f"review-{good.id}"]
    assert waiting.id < good.id


def test_the_final_decision_counts(session: Session, people: People) -> None:
    [item] = add_items(session, text=TEXT)
    say(session, NOW, people.ana, item, policy=TWICE)
    say(session, NOW, people.ben, item, Kind.VIOLATES, reason="threat", labels=("threat",), spans=(BURN,))
    made = say(session, NOW, people.lea, item, Kind.VIOLATES, reason="glorification", labels=("glorification",), spans=(HOPE,))
    [line] = lines(session)
    assert (line["labels"], line["review"]["decision"], line["review"]["reviewers"]) == (["glorification"], made.id, 3)


def test_an_escalated_item_is_there_when_a_lead_has_decided(session: Session, people: People) -> None:
    [item] = add_items(session)
    say(session, NOW, people.ana, item, Kind.ESCALATED)
    say(session, NOW, people.lea, item)
    assert [line["review"]["reviewers"] for line in lines(session)] == [1]


def test_the_same_words_and_an_authors_day_are_one_group(session: Session, people: People) -> None:
    rows: list[dict[str, Any]] = [
        {"text": "Burn it!", "author": "kit", "received": DAY * 5 + 1},
        {"text": "burn  IT", "author": "moss", "received": DAY * 9},
        {"text": "See you there.", "author": "moss", "received": DAY * 9 + DAY - 1},
        {"text": "And again.", "author": "moss", "received": DAY * 10},
        {"text": "Nobody knows me.", "received": DAY * 9},
        {"text": "Nor me.", "received": DAY * 9},
        {"text": "Written then.", "author": "kit", "received": DAY * 9, "written": DAY * 5.5},
    ]
    items = [item for row in rows for item in add_items(session, **row)]
    for item in items:
        say(session, NOW, people.ana, item, reason="idiom", policy=ONCE)
    first = items[0].id
    groups = [int(line["group"].removeprefix("review-")) - first for line in lines(session)]
    assert groups == [0, 0, 0, 3, 4, 5, 0]


@pytest.mark.parametrize(
    ("limits", "found"),
    [({}, [0, 1, 2]), ({"since": NOW + 1}, [1, 2]), ({"until": NOW + 1}, [0]), ({"since": NOW + 1, "until": NOW + 2}, [1])],
)
def test_a_period_is_of_decisions(session: Session, people: People, limits: dict[str, float], found: list[int]) -> None:
    items = add_items(session, 3)
    for place, item in enumerate(items):
        say(session, NOW + place, people.ana, item)
    assert [int(line["id"].removeprefix("review-")) - items[0].id for line in lines(session, **limits)] == found


@given(
    st.text(alphabet="ab \n“\u2028", min_size=1, max_size=30).flatmap(
        lambda text: st.tuples(
            st.just(text),
            st.lists(
                st.tuples(
                    st.integers(0, len(text) - 1),
                    st.integers(1, len(text)),
                    st.sampled_from(list(Label)),
                    st.sampled_from(list(Voice)),
                    st.sampled_from([None, "", "a", "Zed"]),
                ).filter(lambda mark: mark[0] < mark[1]),
                max_size=6,
            ),
        )
    )
)
def test_any_marks_become_spans_that_the_seeds_allow(drawn: tuple[str, list[tuple[Any, ...]]]) -> None:
    text, given_marks = drawn
    marks = [dict(zip(("start", "end", "label", "voice", "speaker"), mark, strict=True)) for mark in given_marks]
    spans = export._spans(text, marks)
    row = {"id": "a", "group": "a", "kind": "positive" if spans else "neutral", "genre": "review", "origin": "review"}
    passage = seeds.parse(json.loads(json.dumps({**row, "spans": spans, "text": text})), "reviews")
    assert check.check([passage]).problems == []
    covered = {place for span in passage.spans for place in range(span.start, span.end)}
    assert covered >= {place for mark in marks for place in range(mark["start"], mark["end"]) if not text[place].isspace()}
