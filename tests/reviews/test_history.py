"""What is known around an item."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.orm import Session

from tests.reviews.conftest import NOW, TWICE, People, add_items, say
from tocsin_service.reviews.decisions import by_author, history, similar, undo
from tocsin_service.reviews.models import Item, Kind

LETTER = "We know where the councillor parks her bicycle, and the harbour is dark on Thursdays."


def decided(session: Session, people: People, **values: Any) -> Item:
    item = add_items(session, **values)[0]
    say(session, NOW, people.ana, item)
    return item


def told(session: Session, item: Item, viewer: Any) -> list[tuple[str, str]]:
    return [(past.name, past.decision.kind) for past in history(session, item, viewer)]


def test_all_decisions_are_told_with_names_oldest_first(session: Session, people: People) -> None:
    item = add_items(session)[0]
    say(session, NOW, people.ben, item, Kind.SKIPPED)
    undo(session, NOW, people.ana, say(session, NOW, people.ana, item, Kind.VIOLATES).id)
    say(session, NOW, people.ana, item)
    assert told(session, item, people.lea) == [("ben", "skipped"), ("ana", "violates"), ("ana", "allowed")]


def test_the_first_decision_is_hidden_from_who_may_give_the_second(session: Session, people: People) -> None:
    item = add_items(session)[0]
    undo(session, NOW, people.ana, say(session, NOW, people.ana, item, Kind.VIOLATES).id)
    say(session, NOW, people.ana, item, policy=TWICE)
    say(session, NOW, people.ben, item, Kind.SKIPPED, policy=TWICE)
    assert told(session, item, people.lea) == []
    assert told(session, item, people.ben) == [("ben", "skipped")]
    assert len(told(session, item, people.ana)) == 3
    say(session, NOW, people.lea, item, Kind.VIOLATES, policy=TWICE)
    assert len(told(session, item, people.ben)) == 4, "disputed: nothing is left to hide"


def test_the_authors_other_items_come_latest_first(session: Session) -> None:
    items = add_items(session, 4, author="mallory")
    add_items(session, 2, author="alice")
    add_items(session, 2)
    assert by_author(session, items[1]) == [items[3], items[2], items[0]]
    assert by_author(session, items[1], most=1) == [items[3]]


def test_an_item_without_author_has_no_others(session: Session) -> None:
    assert by_author(session, add_items(session, 2)[0]) == []


def test_similar_are_decided_items_that_share_words(session: Session, people: People) -> None:
    item = add_items(session, text=LETTER)[0]
    close = decided(session, people, text="We know where the councillor parks, and that the harbour is dark.")
    same = decided(session, people, text=" we know where the councillor parks her bicycle,\nand the harbour is dark on Thursdays.")
    decided(session, people, text="Nothing of the kind.")
    decided(session, people, text="A harbour.")
    add_items(session, text=LETTER)
    found = similar(session, item)
    assert [one for one, _ in found] == [same, close]
    assert found[0][1] == 1.0
    assert found[1][1] == pytest.approx(10 / 15)


def test_the_same_words_in_another_order_come_after_the_same_text(session: Session, people: People) -> None:
    item = add_items(session, text="harbour dark tonight")[0]
    same = decided(session, people, text="Harbour dark tonight")
    turned = decided(session, people, text="tonight dark harbour")
    assert similar(session, item) == [(same, 1.0), (turned, 1.0)]


def test_similar_items_are_at_most_as_many_as_asked(session: Session, people: People) -> None:
    item = add_items(session, text=LETTER)[0]
    for _ in range(4):
        decided(session, people, text=LETTER)
    assert len(similar(session, item, most=3)) == 3
    assert item not in [one for one, _ in similar(session, item)]


def test_of_many_candidates_those_that_share_most_telling_words_are_compared(session: Session, people: People) -> None:
    item = add_items(session, text=LETTER)[0]
    for _ in range(30):
        decided(session, people, text="The harbour.")
    close = decided(session, people, text="The councillor parks her bicycle in the harbour.")
    for _ in range(30):
        decided(session, people, text="The harbour.")
    assert [one for one, _ in similar(session, item)] == [close]


def test_what_was_erased_is_similar_to_nothing(session: Session, people: People) -> None:
    item = add_items(session, text=LETTER)[0]
    gone = decided(session, people, text=LETTER)
    gone.text, gone.erased = None, NOW
    session.flush()
    assert similar(session, item) == []
    assert similar(session, gone) == []


@pytest.mark.parametrize("text", ["!!! 🔥", "ok", "'; DROP TABLE items; --", '"" * ( ) NEAR', "I'll - or & | <-> :* kill", "word " * 5_000])
def test_similar_takes_any_passage(session: Session, people: People, text: str) -> None:
    item = add_items(session, text=text)[0]
    twin = decided(session, people, text=text)
    expected = [] if text == "!!! 🔥" else [(twin, 1.0)]
    assert similar(session, item) == expected


def test_the_words_the_model_went_by_are_looked_for_first(session: Session, people: People) -> None:
    """Else the longest words alone would be: here nine that no other item has."""
    text = "burn " + " ".join(f"extraordinarily{letter}" for letter in "abcdefghi")
    evidence = [{"start": 0, "end": 4, "weight": 0.9}]
    item = add_items(session, text=text, result={"spans": [{"evidence": evidence}]})[0]
    other = decided(session, people, text="burn extraordinarilyi")
    assert similar(session, item) == [(other, 0.2)]
