"""What can be decided, what becomes of the item, and how it is taken back."""

from __future__ import annotations

import math
from dataclasses import asdict, replace
from typing import Any

import pytest
from sqlalchemy.orm import Session

from tests.reviews.conftest import NOW, ONCE, TWICE, People, add_items, say
from tocsin_service.reviews import audit, life
from tocsin_service.reviews.claims import CLAIM_SECONDS, claim, claim_next
from tocsin_service.reviews.decisions import UNDO_SECONDS, DecisionError, Mark, NotYours, Verdict, decide, undo
from tocsin_service.reviews.models import Decision, Item, Kind, Status
from tocsin_service.reviews.policy import Policy
from tocsin_service.reviews.queue import Filters

TEXT = "I will burn your house down."
VIOLATES = Verdict(Kind.VIOLATES, "threat", labels=("threat",), spans=(Mark(0, 27, "threat", "author", None),))


def stands(item: Item) -> tuple[Any, ...]:
    return (item.status, item.outcome, item.reason, item.team, item.imminent, item.decided)


def test_a_decision_settles_an_item(session: Session, people: People) -> None:
    item = add_items(session)[0]
    claim(session, NOW, people.ana, item.id)
    decision = decide(session, NOW + 9, people.ana, item.id, replace(VIOLATES, note=" Twice this week. ", seconds=9.0), ONCE)
    assert stands(item) == ("decided", "violates", "threat", None, False, NOW + 9)
    assert (item.claimed_by, item.claimed_until) == (None, None)
    assert (decision.kind, decision.reason, decision.note, decision.seconds, decision.final) == (
        "violates",
        "threat",
        "Twice this week.",
        9.0,
        True,
    )
    assert decision.labels == ["threat"]
    assert decision.spans == [{"start": 0, "end": 27, "label": "threat", "voice": "author", "speaker": None}]


def test_the_audit_log_has_the_decision_and_not_the_note(session: Session, people: People) -> None:
    item = add_items(session)[0]
    decision = say(session, NOW, people.ana, item, Kind.ESCALATED, imminent=True, note="At the corner of Elm Street.")
    undo(session, NOW, people.ana, decision.id)
    events = [{name: value for name, value in event.items() if name not in ("id", "at")} for event in audit.export(session)]
    assert events[1:] == [
        {"actor": "ana", "action": "decided", "item": item.id, "kind": "escalated", "reason": "safety", "imminent": True},
        {"actor": "ana", "action": "undone", "item": item.id, "kind": "escalated", "reason": "safety", "decision": decision.id},
    ]
    assert "Elm" not in str(events)


def test_a_violation_outside_the_three_labels_needs_none(session: Session, people: People) -> None:
    item = add_items(session)[0]
    assert say(session, NOW, people.ana, item, Kind.VIOLATES, reason="harassment").labels == []


@pytest.mark.parametrize(
    ("verdict", "field"),
    [
        (replace(VIOLATES, reason="idiom"), "reason"),
        (replace(VIOLATES, reason=None), "reason"),
        (Verdict(Kind.ALLOWED, "threat"), "reason"),
        (Verdict(Kind.ESCALATED, "neutral"), "reason"),
        (Verdict(Kind.SKIPPED, "idiom"), "reason"),
        (replace(VIOLATES, labels=()), "labels"),
        (replace(VIOLATES, labels=("threat", "praise")), "labels"),
        (replace(VIOLATES, note="x" * 2_001), "note"),
        (replace(VIOLATES, note="a\0b"), "note"),
        (replace(VIOLATES, imminent=True), "imminent"),
        (Verdict(Kind.ESCALATED, "safety", imminent=True, note="  "), "note"),
        (Verdict(Kind.ESCALATED, "legal"), "note"),
        (replace(VIOLATES, seconds=math.nan), "seconds"),
        (replace(VIOLATES, spans=(Mark(-1, 3, "threat", "author"),)), "spans[0].start"),
        (replace(VIOLATES, spans=(Mark(3, 3, "threat", "author"),)), "spans[0].start"),
        (replace(VIOLATES, spans=(Mark(0, 3, "threat", "author"), Mark(3, len(TEXT) + 1, "threat", "author"))), "spans[1].end"),
        (replace(VIOLATES, spans=(Mark(0, 3, "hate", "author"),)), "spans[0].label"),
        (replace(VIOLATES, spans=(Mark(0, 3, "threat", "none"),)), "spans[0].voice"),
        (replace(VIOLATES, spans=(Mark(0, 3, "threat", "quoted", "x" * 201),)), "spans[0].speaker"),
        (replace(VIOLATES, spans=(Mark(0, 3, "threat", "quoted", "\ud800"),)), "spans[0].speaker"),
        (replace(VIOLATES, spans=(Mark(2, 9, "threat", "author"), Mark(0, 3, "threat", "quoted"))), "spans"),
    ],
)
def test_a_verdict_that_cant_be_is_named_and_changes_nothing(session: Session, people: People, verdict: Verdict, field: str) -> None:
    item = add_items(session, text=TEXT)[0]
    claim(session, NOW, people.ana, item.id)
    with pytest.raises(DecisionError) as caught:
        decide(session, NOW, people.ana, item.id, verdict, ONCE)
    assert caught.value.field == field
    assert TEXT not in str(caught.value)
    assert (item.status, item.claimed_by) == ("waiting", people.ana.id)


def test_spans_are_kept_in_order(session: Session, people: People) -> None:
    """Of different labels they may overlap, of one they may touch; the author's own words have no speaker."""
    marks = (Mark(4, 9, "threat", "quoted", " Ana "), Mark(0, 9, "glorification", "author", "me"), Mark(0, 4, "threat", "reported", " "))
    item = add_items(session)[0]
    stored = say(session, NOW, people.ana, item, Kind.VIOLATES, labels=("glorification", "threat", "threat"), spans=marks)
    assert stored.labels == ["threat", "glorification"]
    assert stored.spans == [
        asdict(mark)
        for mark in (
            Mark(0, 4, "threat", "reported", None),
            Mark(0, 9, "glorification", "author", None),
            Mark(4, 9, "threat", "quoted", "Ana"),
        )
    ]


@pytest.mark.parametrize(("given", "kept"), [(-5.0, 0.0), (1e9, 86_400.0), (12.5, 12.5)])
def test_the_time_open_is_at_most_a_day(session: Session, people: People, given: float, kept: float) -> None:
    assert say(session, NOW, people.ana, add_items(session)[0], seconds=given).seconds == kept


def test_only_who_has_an_item_open_decides_it(session: Session, people: People) -> None:
    item = add_items(session)[0]
    for hindered in (item.id, item.id + 1):
        with pytest.raises(NotYours):
            decide(session, NOW, people.ana, hindered, VIOLATES, ONCE)
    claim(session, NOW, people.ben, item.id)
    with pytest.raises(NotYours, match="ben has it open"):
        decide(session, NOW, people.ana, item.id, VIOLATES, ONCE)
    decide(session, NOW, people.ben, item.id, VIOLATES, ONCE)
    with pytest.raises(NotYours, match="decided"):
        decide(session, NOW, people.ben, item.id, VIOLATES, ONCE)


def test_an_expired_claim_counts_until_somebody_takes_the_item(session: Session, people: People) -> None:
    first, second = add_items(session, 2)
    claim(session, NOW, people.ana, first.id)
    decide(session, NOW + CLAIM_SECONDS + 1, people.ana, first.id, VIOLATES, ONCE)
    claim(session, NOW, people.ana, second.id)
    claim(session, NOW + CLAIM_SECONDS + 1, people.ben, second.id)
    with pytest.raises(NotYours):
        decide(session, NOW + CLAIM_SECONDS + 2, people.ana, second.id, VIOLATES, ONCE)


def test_what_was_erased_is_not_decided(session: Session, people: People) -> None:
    item = add_items(session)[0]
    claim(session, NOW, people.ana, item.id)
    item.text, item.erased = None, NOW
    session.flush()
    with pytest.raises(NotYours, match="erased"):
        decide(session, NOW, people.ana, item.id, VIOLATES, ONCE)


def test_two_who_agree_settle_an_item(session: Session, people: People) -> None:
    """Whatever reasons they give; the second's is the item's."""
    item = add_items(session)[0]
    first = say(session, NOW, people.ana, item, reason="idiom", policy=TWICE)
    assert stands(item) == ("second", None, None, None, False, None)
    say(session, NOW + 1, people.ben, item, Kind.SKIPPED, policy=TWICE)
    second = say(session, NOW + 2, people.lea, item, reason="fiction", policy=TWICE)
    assert stands(item) == ("decided", "allowed", "fiction", None, False, NOW + 2)
    assert (first.final, second.final) == (False, True)


def test_of_two_who_disagree_a_lead_settles_it(session: Session, people: People) -> None:
    item = add_items(session)[0]
    say(session, NOW, people.ana, item, policy=TWICE)
    say(session, NOW + 1, people.ben, item, Kind.VIOLATES, policy=TWICE)
    assert stands(item) == ("disputed", None, None, None, False, None)
    final = say(session, NOW + 2, people.lea, item, policy=TWICE)
    assert final.final
    assert stands(item) == ("decided", "allowed", "idiom", None, False, NOW + 2)


def test_a_lead_resolves_what_was_escalated(session: Session, people: People) -> None:
    item = add_items(session)[0]
    say(session, NOW, people.ana, item, Kind.ESCALATED, imminent=True, note="Tonight.")
    assert stands(item) == ("escalated", None, None, "safety", True, None)
    say(session, NOW + 1, people.lea, item, Kind.ESCALATED, reason="legal", policy=TWICE)
    assert stands(item) == ("escalated", None, None, "legal", True, None), "whoever has to know it, the danger lasts"
    say(session, NOW + 2, people.lea, item, Kind.VIOLATES, policy=TWICE)
    assert stands(item) == ("decided", "violates", "harassment", "legal", True, NOW + 2)


def test_a_second_reviewer_may_escalate(session: Session, people: People) -> None:
    item = add_items(session)[0]
    say(session, NOW, people.ana, item, policy=TWICE)
    escalated = say(session, NOW, people.ben, item, Kind.ESCALATED)
    assert item.status == Status.ESCALATED
    undo(session, NOW, people.ben, escalated.id)
    assert stands(item) == ("second", None, None, None, False, None)


def test_a_skip_leaves_an_item_where_it_was(session: Session, people: People) -> None:
    item = add_items(session)[0]
    assert not say(session, NOW, people.ana, item, Kind.SKIPPED).final
    assert stands(item) == ("waiting", None, None, None, False, None)
    assert item.claimed_by is None


@pytest.mark.parametrize("share", [0.0, 0.05, 0.5, 1.0])
def test_the_share_drawn_for_double_review_is_the_policys(share: float) -> None:
    drawn = [life.drawn(item, share) for item in range(20_000)]
    assert sum(drawn) / len(drawn) == pytest.approx(share, abs=0.01)
    assert drawn == [life.drawn(item, share) for item in range(20_000)]
    assert all(life.drawn(item, min(1.0, share + 0.1)) for item in range(20_000) if drawn[item])


def test_undo_brings_an_item_back_open(session: Session, people: People) -> None:
    item, other = add_items(session, 2)
    decision = say(session, NOW, people.ana, item, Kind.VIOLATES)
    claim(session, NOW + 1, people.ana, other.id)
    assert undo(session, NOW + 2, people.ana, decision.id) == item.id
    assert stands(item) == ("waiting", None, None, None, False, None)
    assert (item.claimed_by, item.claimed_until, decision.undone) == (people.ana.id, NOW + 2 + CLAIM_SECONDS, NOW + 2)
    session.refresh(other)
    assert other.claimed_by is None
    say(session, NOW + 3, people.ana, item)
    assert item.outcome == "allowed"


def test_undo_of_a_first_decision_brings_an_item_back_to_the_start(session: Session, people: People) -> None:
    item = add_items(session)[0]
    first = say(session, NOW, people.ana, item, policy=TWICE)
    undo(session, NOW, people.ana, first.id)
    assert item.status == Status.WAITING
    say(session, NOW, people.ana, item, policy=TWICE)
    assert item.status == Status.SECOND


@pytest.mark.parametrize(("second", "back"), [(Kind.ALLOWED, "second"), (Kind.VIOLATES, "second"), (Kind.SKIPPED, "second")])
def test_undo_of_a_second_decision_lets_it_wait_for_one_again(session: Session, people: People, second: Kind, back: str) -> None:
    item = add_items(session)[0]
    say(session, NOW, people.ana, item, policy=TWICE)
    given = say(session, NOW, people.ben, item, second, policy=TWICE)
    undo(session, NOW, people.ben, given.id)
    assert item.status == back
    assert item.claimed_by == people.ben.id


def test_undo_of_a_skip_offers_the_item_again(session: Session, people: People) -> None:
    item = add_items(session)[0]
    skipped = say(session, NOW, people.ana, item, Kind.SKIPPED)
    assert claim_next(session, NOW, people.ana, Filters()) is None
    undo(session, NOW, people.ana, skipped.id)
    assert claim_next(session, NOW, people.ana, Filters()) is item


def test_undo_is_for_who_decided_and_for_a_quarter_of_an_hour(session: Session, people: People) -> None:
    item = add_items(session)[0]
    decision = say(session, NOW, people.ana, item)
    with pytest.raises(DecisionError, match="not yours"):
        undo(session, NOW, people.ben, decision.id)
    with pytest.raises(DecisionError, match="not yours"):
        undo(session, NOW, people.ana, decision.id + 1)
    with pytest.raises(DecisionError, match="15 minutes"):
        undo(session, NOW + UNDO_SECONDS + 1, people.ana, decision.id)
    undo(session, NOW + UNDO_SECONDS, people.ana, decision.id)
    with pytest.raises(DecisionError, match="already"):
        undo(session, NOW + UNDO_SECONDS, people.ana, decision.id)


def test_a_lead_takes_back_anybodys_at_any_time(session: Session, people: People) -> None:
    item = add_items(session)[0]
    decision = say(session, NOW, people.ana, item)
    undo(session, NOW + 1e6, people.lea, decision.id)
    assert (item.status, item.claimed_by) == ("waiting", people.lea.id)
    with pytest.raises(DecisionError, match="not yours"):
        undo(session, NOW, people.lea, decision.id + 1)


def test_what_was_built_on_is_taken_back_last(session: Session, people: People) -> None:
    item = add_items(session)[0]
    first = say(session, NOW, people.ana, item, policy=TWICE)
    second = say(session, NOW + 1, people.ben, item, Kind.VIOLATES, policy=TWICE)
    third = say(session, NOW + 2, people.lea, item, policy=TWICE)
    for user, decision in ((people.ana, first), (people.ben, second), (people.lea, first), (people.lea, second)):
        with pytest.raises(DecisionError, match=r"(ben|lea|You) ha(s|ve) decided after it"):
            undo(session, NOW + 3, user, decision.id)
    seen = []
    for user, decision in ((people.lea, third), (people.ben, second), (people.ana, first)):
        if item.claimed_by:
            item.claimed_by = None
            session.flush()
        undo(session, NOW + 4, user, decision.id)
        seen.append(item.status)
    assert seen == ["disputed", "second", "waiting"]


def test_what_somebody_has_open_is_not_taken_from_them(session: Session, people: People) -> None:
    item = add_items(session)[0]
    first = say(session, NOW, people.ana, item, policy=TWICE)
    claim(session, NOW, people.ben, item.id)
    with pytest.raises(DecisionError, match="has the item open"):
        undo(session, NOW, people.ana, first.id)
    undo(session, NOW + CLAIM_SECONDS, people.ana, first.id)
    assert (item.status, item.claimed_by) == ("waiting", people.ana.id)


def test_a_lead_who_may_not_decide_again_does_not_get_it_open(session: Session, people: People) -> None:
    item = add_items(session)[0]
    say(session, NOW, people.lea, item, policy=TWICE)
    second = say(session, NOW, people.ben, item, policy=TWICE)
    undo(session, NOW, people.lea, second.id)
    assert (item.status, item.claimed_by) == ("second", None)


def test_what_was_erased_is_not_opened_again(session: Session, people: People) -> None:
    item = add_items(session)[0]
    decision = say(session, NOW, people.ana, item)
    item.text, item.erased = None, NOW
    session.flush()
    with pytest.raises(DecisionError, match="erased"):
        undo(session, NOW, people.ana, decision.id)


def test_a_policy_that_changed_names_what_it_takes_now(session: Session, people: People) -> None:
    item = add_items(session)[0]
    claim(session, NOW, people.ana, item.id)
    policy = Policy(exceptions=Policy().exceptions[:2])
    with pytest.raises(DecisionError, match=r"reporting, counter_speech$"):
        decide(session, NOW, people.ana, item.id, Verdict(Kind.ALLOWED, "idiom"), policy)
    assert session.get(Decision, 1) is None
