"""Filters, pages, numbers, saved views."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from tests.reviews.conftest import NOW, People, add_items, say
from tocsin_service.reviews import queue
from tocsin_service.reviews.claims import CLAIM_SECONDS
from tocsin_service.reviews.database import Database
from tocsin_service.reviews.models import Item, Kind, View
from tocsin_service.reviews.queue import Filters, QueueError, parse

DAY = 86_400


def found(session: Session, filters: Filters, **more: Any) -> list[str]:
    """The refs of the first page."""
    return [item.ref for item in queue.listing(session, NOW, filters, 1, **more).items]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, Filters()),
        ({"status": "all", "page": "7"}, Filters(status="all")),
        ({"label": "threat", "band": "high", "voice": "none"}, Filters(label="threat", band="high", voice="none")),
        ({"community": " town & country ", "author": "x"}, Filters(community="town & country", author="x")),
        ({"since": "2026-03-01", "until": "2026-03-01"}, Filters(since=1_772_323_200.0, until=1_772_323_200.0 + DAY)),
        ({"since": "12.5"}, Filters(since=12.5)),
        ({"mine": "1"}, Filters(mine=True)),
    ],
)
def test_filters_are_read_from_an_address(given: dict[str, str], expected: Filters) -> None:
    assert parse(given) == expected
    assert parse(dict(parse_qsl(expected.query()))) == expected


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"status": "lost"}, "status"),
        ({"label": "threats"}, "label"),
        ({"band": "highest"}, "band"),
        ({"voice": "passive"}, "voice"),
        ({"since": "yesterday"}, "since"),
        ({"since": "2026-02-30"}, "since"),
        ({"since": "nan"}, "since"),
        ({"until": "1e300"}, "until"),
        ({"since": "2026-03-02", "until": "2026-03-01"}, "until"),
        ({"search": "…!"}, "search"),
        ({"search": "x" * 201}, "search"),
        ({"community": "a\0b"}, "community"),
        ({"author": "\ud800"}, "author"),
        ({"team": "x" * 41}, "team"),
        ({"mine": "yours"}, "mine"),
    ],
)
def test_a_filter_that_cant_be_used_is_named(given: dict[str, str], field: str) -> None:
    with pytest.raises(QueueError, match=f"^{field}: ") as caught:
        parse(given)
    assert caught.value.field == field


@given(st.dictionaries(st.sampled_from(["status", "label", "since", "until", "search", "community", "mine"]), st.text()))
def test_no_address_is_read_as_anything_but_filters_or_an_error(given: dict[str, str]) -> None:
    try:
        filters = parse(given)
    except QueueError:
        return
    assert parse(dict(parse_qsl(filters.query()))) == replace(filters, search="")


def test_what_is_looked_for_in_passages_is_in_no_address() -> None:
    assert "secret" not in Filters(search="secret", community="town").query()


def test_a_page_is_what_is_due_first(session: Session) -> None:
    late, early, same = (add_items(session, due=due)[0] for due in (20.0, 10.0, 20.0))
    assert found(session, Filters()) == [early.ref, late.ref, same.ref]


def test_escalated_items_begin_with_imminent_danger_and_decided_ones_with_the_latest(session: Session, people: People) -> None:
    items = add_items(session, 4)
    say(session, NOW + 1, people.ana, items[0])
    say(session, NOW + 2, people.ana, items[1])
    say(session, NOW + 3, people.ana, items[2], Kind.ESCALATED)
    say(session, NOW + 4, people.ana, items[3], Kind.ESCALATED, imminent=True, note="At the school, at noon.")
    assert found(session, Filters(status="escalated")) == [items[3].ref, items[2].ref]
    assert found(session, Filters(status="decided")) == [items[1].ref, items[0].ref]
    assert set(found(session, Filters(status="all"))) == {item.ref for item in items}
    assert queue.imminent(session) == 1


@pytest.mark.parametrize(("asked", "number", "many"), [(-3, 1, 4), (0, 1, 4), (2, 2, 4), (3, 3, 2), (10**30, 3, 2)])
def test_a_page_that_isnt_there_is_the_nearest(session: Session, asked: int, number: int, many: int) -> None:
    add_items(session, 10)
    page = queue.listing(session, NOW, Filters(), asked, size=4)
    assert (page.number, page.pages, page.total, len(page.items)) == (number, 3, 10, many)


def test_a_total_that_is_known_is_not_counted_again(session: Session) -> None:
    add_items(session, 10)
    assert queue.listing(session, NOW, Filters(), 9, size=4, total=5).pages == 2


def test_an_empty_queue_has_one_empty_page(session: Session) -> None:
    page = queue.listing(session, NOW, Filters(), 1)
    assert (page.items, page.total, page.number, page.pages, page.holders) == ([], 0, 1, 1, {})


@pytest.mark.parametrize(
    "values",
    [{"label": "incitement"}, {"band": "elevated"}, {"voice": "quoted"}, {"community": "town"}, {"author": "Bé"}, {"team": "legal"}],
)
def test_each_filter_leaves_what_fits(session: Session, values: dict[str, str]) -> None:
    add_items(session, 2)
    wanted = add_items(session, **values)[0]
    assert found(session, Filters(**values)) == [wanted.ref]
    assert queue.counts(session, NOW, Filters(**values)).total == 1


def test_dates_are_those_received_the_last_not_included(session: Session) -> None:
    items = add_items(session, 4)
    assert found(session, Filters(since=NOW + 1, until=NOW + 3)) == [items[1].ref, items[2].ref]


def test_a_reviewers_items_are_those_decided_or_open(session: Session, people: People) -> None:
    items = add_items(session, 5)
    say(session, NOW, people.ana, items[0])
    say(session, NOW, people.ben, items[1])
    say(session, NOW, people.ana, items[2], Kind.SKIPPED)
    queue.claim(session, NOW, people.ana, items[3].id)
    everything = Filters(status="all")
    for filters in (replace(everything, reviewer="ana"), replace(everything, mine=True)):
        assert found(session, filters, me=people.ana) == [items[0].ref, items[3].ref]
        assert queue.counts(session, NOW, filters, people.ana).status == {"decided": 1, "waiting": 1}
    assert queue.listing(session, NOW + CLAIM_SECONDS, replace(everything, reviewer="ana"), 1).items == [items[0]]
    assert found(session, replace(everything, reviewer="nobody")) == []
    with pytest.raises(QueueError, match="mine"):
        queue.listing(session, NOW, replace(everything, mine=True), 1)


def test_a_page_names_who_has_an_item_open(session: Session, people: People) -> None:
    items = add_items(session, 3)
    queue.claim(session, NOW, people.ana, items[1].id)
    assert queue.listing(session, NOW, Filters(), 1).holders == {items[1].id: "ana"}
    assert queue.listing(session, NOW + CLAIM_SECONDS, Filters(), 1).holders == {}


PASSAGES = {
    "plain": "They will kill you and burn your house.",
    "upper": "KILL them all, said nobody.",
    "longer": "Killing time in the house that burned.",
    "apart": "You will be fine; kill the process.",
    "other": "Пожар в доме, ¿qué tal? naïve 42",
    "cut": "don't well-known example",
}


@pytest.mark.parametrize(
    ("search", "expected"),
    [
        ("kill", {"plain", "upper", "longer", "apart"}),
        ("kill house", {"plain"}),
        ("kill hous", {"plain"}),
        ("house kill", {"plain", "longer"}),
        ('"kill"', {"plain", "upper", "apart"}),
        ('"kill you"', {"plain"}),
        ('"you kill"', set()),
        ('will "kill you', {"plain", "apart"}),
        ("KILL process", {"apart"}),
        ("ki", set()),
        ("nobody - kill", {"upper"}),
        ("kill or nobody", set()),
        ("-kill you", {"plain", "apart"}),
        ("пож", {"other"}),
        ("42", {"other"}),
        ("don't", {"cut"}),
        ("well-known", {"cut"}),
        ("nothing", set()),
        ("50% 'kill", set()),
    ],
)
def test_a_search_finds_the_same_on_both_databases(session: Session, search: str, expected: set[str]) -> None:
    for ref, text in PASSAGES.items():
        add_items(session, ref=ref, text=text)
    filters = parse({"search": search})
    assert set(found(session, filters)) == expected
    assert queue.counts(session, NOW, filters).total == len(expected)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
@given(st.text(max_size=40) | st.text(alphabet="ab1\"'*:-()&|!<>\\ ", max_size=40))
def test_whatever_is_looked_for_no_query_breaks(database: Database, search: str) -> None:
    try:
        filters = parse({"search": search})
    except QueueError:
        return
    with database.read() as session:
        assert queue.listing(session, NOW, filters, 1).total == 0


def test_what_was_erased_is_not_found(session: Session) -> None:
    item = add_items(session, text="an unlikely zephyr")[0]
    assert found(session, Filters(search="zephyr")) == [item.ref]
    item.text = None
    session.flush()
    assert found(session, Filters(search="zephyr")) == []


def test_each_number_is_what_a_reader_gets_who_chooses_it(session: Session, people: People) -> None:
    """Under all other filters, whatever the facet's own is."""
    for band in ("elevated", "high"):
        for label in ("threat", "incitement", "none"):
            for community in (None, "town", "village"):
                add_items(session, 2 if label == "threat" else 1, band=band, label=label, community=community)
    say(session, NOW, people.ana, add_items(session, label="incitement")[0])
    filters = Filters(label="threat", band="high")
    counts = queue.counts(session, NOW, filters)
    for facet in ("status", "band", "label", "voice"):
        for value, many in getattr(counts, facet).items():
            assert queue.listing(session, NOW, replace(filters, **{facet: value}), 1).total == many
    in_town = queue.counts(session, NOW, replace(filters, community="town"))
    assert (in_town.total, in_town.label, in_town.community) == (2, {"threat": 2, "incitement": 1, "none": 1}, counts.community)
    assert counts.total == 6
    assert counts.label == {"threat": 6, "incitement": 3, "none": 3}
    assert counts.community == {"": 2, "town": 2, "village": 2}
    assert next(iter(counts.label)) == "threat"


def test_numbers_follow_a_search(session: Session) -> None:
    add_items(session, 2, text="the harbour tonight", community="town")
    add_items(session, 1, text="the harbour tonight")
    add_items(session, 3, community="village")
    counts = queue.counts(session, NOW, Filters(search="harbour", community="town"))
    assert (counts.total, counts.label, counts.community) == (2, {"threat": 2}, {"town": 2, "": 1})


def test_of_many_communities_the_largest_are_counted(session: Session) -> None:
    for number in range(40):
        add_items(session, 2 if number == 39 else 1, community=f"c{number}")
    counted = queue.counts(session, NOW, Filters()).community
    assert len(counted) == 30
    assert next(iter(counted.items())) == ("c39", 2)


def test_imminent_danger_is_counted(session: Session, people: People) -> None:
    items = add_items(session, 3)
    say(session, NOW, people.ana, items[0], Kind.ESCALATED, imminent=True, note="Tonight, at the mosque.")
    assert queue.imminent(session) == 1
    say(session, NOW, people.lea, items[0])
    assert queue.imminent(session) == 0


def test_a_view_is_kept_under_its_name(session: Session, people: People) -> None:
    queue.save_view(session, people.ana, " Town ", "community=town&search=secret&nonsense=1", shared=False)
    queue.save_view(session, people.ana, "Town", "community=town&band=high", shared=False)
    queue.save_view(session, people.ben, "Quotes", "voice=quoted", shared=True)
    assert [(view.name, view.query) for view in queue.views(session, people.ana)] == [
        ("Quotes", "voice=quoted"),
        ("Town", "band=high&community=town"),
    ]
    assert [view.name for view in queue.views(session, people.ben)] == ["Quotes"]


@pytest.mark.parametrize(
    ("name", "query", "field"),
    [
        ("", "", "name"),
        ("x" * 81, "", "name"),
        ("a\0", "", "name"),
        ("x", "band=top", "band"),
        ("x", "community=" + "%F0%9F%98%80" * 150, "query"),
    ],
)
def test_a_view_that_cant_be_kept_is_named(session: Session, people: People, name: str, query: str, field: str) -> None:
    with pytest.raises(QueueError) as caught:
        queue.save_view(session, people.ana, name, query, shared=False)
    assert caught.value.field == field


def test_there_are_at_most_fifty_views(session: Session, people: People) -> None:
    for number in range(50):
        queue.save_view(session, people.ana, f"{number}", "", shared=False)
    with pytest.raises(QueueError, match="delete one"):
        queue.save_view(session, people.ana, "50", "", shared=False)
    queue.save_view(session, people.ana, "49", "band=low", shared=False)


def test_only_their_own_view_can_be_deleted(session: Session, people: People) -> None:
    view = queue.save_view(session, people.ana, "Town", "", shared=True)
    queue.delete_view(session, people.ben, view.id)
    assert session.get(View, view.id, populate_existing=True) is not None
    queue.delete_view(session, people.ana, view.id)
    assert queue.views(session, people.ben) == []


def test_a_page_of_items_is_whole(session: Session) -> None:
    """What a template reads of them needs no open session."""
    add_items(session, 2)
    session.expire_all()
    items = queue.listing(session, NOW, Filters(), 1).items
    session.expunge_all()
    assert [item.text for item in items] == ["I will burn your house down."] * 2
    assert all(isinstance(item, Item) for item in items)
