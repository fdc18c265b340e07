"""What is sent is stored once or not at all, exactly as it was sent."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, text

from tests.conftest import HARMLESS, QUOTED, THREAT
from tests.postgresql import PostgreSQL
from tocsin_model import Band, Classifier, Label, Language, Result, Span, Voice
from tocsin_service.reviews import intake
from tocsin_service.reviews.database import Database
from tocsin_service.reviews.intake import Outcome, Submission
from tocsin_service.reviews.models import Item, ScoreDay
from tocsin_service.reviews.policy import Policy, Rule

NOW = 1_700_000_000.0
KEPT = st.characters(exclude_categories=["Cs"], exclude_characters="\0")  # what both databases can hold


def take(
    database: Database,
    classifier: Classifier,
    *submissions: Submission,
    policy: Policy | None = None,
    now: float = NOW,
    always: bool = False,
) -> list[Outcome]:
    results = classifier.score([one.text for one in submissions])
    with database.write() as session:
        return intake.take(session, now, submissions, results, policy or Policy(), classifier.info, classifier.thresholds, always)


def stored(database: Database) -> dict[str, dict[str, Any]]:
    """Every column of every item, by ref."""
    with database.read() as session:
        return {row["ref"]: dict(row) for row in session.execute(select(Item.__table__)).mappings()}


def test_an_item_is_all_that_was_sent_and_all_that_the_model_says(database: Database, classifier: Classifier) -> None:
    sent = Submission(
        "c-1",
        QUOTED,
        author="u-1",
        community="gardening",
        link="https://example.org/1",
        written=NOW - 60,
        context=({"author": None, "text": "before"},),
        details={"reports": 2, "tags": ["a"]},
        source="score",
    )
    [result] = classifier.score([QUOTED])
    [outcome] = take(database, classifier, sent)
    assert outcome == Outcome("c-1", outcome.id, "queued", ("Elevated risk",))
    spans = [
        {
            "start": span.start,
            "end": span.end,
            "text": span.text,
            "label": span.label.value,
            "score": span.score,
            "voice": span.voice.value,
            "speaker": span.speaker,
            "evidence": [{"start": word.start, "end": word.end, "weight": word.weight} for word in span.evidence],
        }
        for span in result.spans
    ]
    assert spans
    row = stored(database)["c-1"]
    assert row == {
        "id": outcome.id,
        "ref": "c-1",
        "source": "score",
        "text": QUOTED,
        "author": "u-1",
        "community": "gardening",
        "link": "https://example.org/1",
        "written": NOW - 60,
        "context": [{"author": None, "text": "before"}],
        "details": {"reports": 2, "tags": ["a"]},
        "received": NOW,
        "due": NOW - 72 * 3_600 * result.risk,
        "risk": result.risk,
        "asserted_risk": result.asserted_risk,
        **{label.value: result.labels[label] for label in Label},
        "band": "high",
        "label": "threat",
        "voice": "quoted",
        "result": {"spans": spans, "language": {"code": "en", "supported": True}},
        "model": classifier.info.digest,
        "why": ["Elevated risk"],
        "status": "waiting",
        "imminent": False,
        **dict.fromkeys(("outcome", "reason", "team", "decided", "claimed_by", "claimed_until", "erased")),
    }


HIGH = Rule("High", "risk", "high")
OWN = Rule("Own voice", "asserted_risk", "elevated")
FORUM = Rule("All of the forum", "risk", 0.0, ("forum",))


@pytest.mark.parametrize(
    ("passage", "community", "rules", "always", "why"),
    [
        (THREAT, None, (HIGH, OWN, FORUM), False, ("High", "Own voice")),
        (QUOTED, None, (HIGH, OWN, FORUM), False, ("High",)),
        (QUOTED, None, (OWN,), False, ()),
        (HARMLESS, None, (HIGH, OWN, FORUM), False, ()),
        (HARMLESS, "forum", (HIGH, OWN, FORUM), False, ("All of the forum",)),
        (HARMLESS, "Forum", (HIGH, OWN, FORUM), False, ()),
        (HARMLESS, None, (HIGH,), True, ("on request",)),
        (THREAT, None, (HIGH,), True, ("High",)),
        (THREAT, None, (), False, ()),
    ],
)
@pytest.mark.parametrize("each", [False, True])
def test_policy_decides(
    database: Database,
    classifier: Classifier,
    passage: str,
    community: str | None,
    rules: tuple[Rule, ...],
    always: bool,
    why: tuple[str, ...],
    each: bool,
) -> None:
    """Asked to queue always, for all or for each, it tells the rules where there are some."""
    sent = Submission("a", passage, community=community, always=always and each)
    [outcome] = take(database, classifier, sent, policy=Policy(rules=rules), always=always and not each)
    assert (outcome.status, outcome.why) == ("queued" if why else "not queued", why)
    assert [item["why"] for item in stored(database).values()] == ([list(why)] if why else [])


def test_of_what_is_not_queued_only_the_scores_are_counted(database: Database, classifier: Classifier) -> None:
    assert take(database, classifier, Submission("a", HARMLESS)) == [Outcome("a", None, "not queued")]
    assert stored(database) == {}
    with database.read() as session:
        assert session.scalar(select(func.sum(ScoreDay.count)).where(ScoreDay.score == "risk")) == 1


@pytest.mark.parametrize("again", [THREAT, QUOTED, HARMLESS])
def test_a_known_id_changes_nothing(database: Database, classifier: Classifier, again: str) -> None:
    [first] = take(database, classifier, Submission("a", THREAT, author="u-1"))
    before = stored(database)
    assert take(database, classifier, Submission("a", again, author="u-2"), now=NOW + 1, always=True) == [Outcome("a", first.id, "known")]
    assert stored(database) == before
    with database.read() as session:
        assert session.scalar(select(func.sum(ScoreDay.count)).where(ScoreDay.score == "risk")) == 1


def test_of_the_same_id_in_one_batch_the_first_that_is_queued_counts(database: Database, classifier: Classifier) -> None:
    sent = [Submission("a", HARMLESS), Submission("a", THREAT), Submission("a", QUOTED), Submission("a", HARMLESS), Submission("b", THREAT)]
    outcomes = take(database, classifier, *sent)
    assert [outcome.status for outcome in outcomes] == ["not queued", "queued", "known", "known", "queued"]
    assert outcomes[1].id == outcomes[2].id == outcomes[3].id != outcomes[4].id
    assert {ref: item["text"] for ref, item in stored(database).items()} == {"a": THREAT, "b": THREAT}


def test_many_at_once(database: Database, classifier: Classifier) -> None:
    """More values than SQLite takes in one statement."""
    sent = [Submission(f"{number}", THREAT) for number in range(2_000)]
    outcomes = take(database, classifier, *sent)
    rows = stored(database)
    assert [(outcome.ref, outcome.id, outcome.status) for outcome in outcomes] == [(one.ref, rows[one.ref]["id"], "queued") for one in sent]
    assert {outcome.status for outcome in take(database, classifier, *sent)} == {"known"}


def test_the_same_ids_from_several_at_the_same_moment(database: Database, classifier: Classifier) -> None:
    rounds = [[f"c-{place}-{number}" for number in range(30)] for place in range(5)]
    others = [Database(database.url) for _ in range(4)]
    together = threading.Barrier(len(others), timeout=30)

    def send(one: Database) -> list[Outcome]:
        one.prepare()
        outcomes = []
        for refs in rounds:
            together.wait()
            outcomes += take(one, classifier, *(Submission(ref, THREAT) for ref in refs))
        return outcomes

    with ThreadPoolExecutor(len(others)) as pool:
        outcomes = [outcome for found in pool.map(send, others) for outcome in found]
    for one in others:
        one.engine.dispose()
    rows = stored(database)
    assert (
        sorted(outcome.ref for outcome in outcomes if outcome.status == "queued")
        == sorted(rows)
        == sorted(ref for refs in rounds for ref in refs)
    )
    assert all(outcome.id == rows[outcome.ref]["id"] for outcome in outcomes)


def test_who_sends_the_same_ids_the_other_way_round_is_not_locked_out(postgresql: PostgreSQL, classifier: Classifier) -> None:
    """Both are stopped halfway, behind somebody who has one of the ids and then gives it up."""
    database = Database(postgresql.create())
    first, other = ([Submission(ref, THREAT) for ref in refs] for refs in (("a", "m", "z"), ("z", "m", "a")))
    with ThreadPoolExecutor(2) as pool:
        with database.write() as session:
            results = classifier.score([THREAT])
            intake.take(session, NOW, [Submission("m", THREAT)], results, Policy(rules=()), classifier.info, classifier.thresholds, True)
            sent = [pool.submit(take, database, classifier, *ones) for ones in (first, other)]
            waiting = text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            while session.scalar(waiting) != 2:
                assert not any(one.done() for one in sent)
                session.execute(text("SELECT pg_stat_clear_snapshot()"))
            session.rollback()
        outcomes = [outcome for one in sent for outcome in one.result(30)]
    assert sorted((outcome.ref, outcome.status) for outcome in outcomes) == [
        (ref, status) for ref in "amz" for status in ("known", "queued")
    ]
    database.engine.dispose()


def spans(*marks: tuple[float, Label, Voice]) -> tuple[Span, ...]:
    return tuple(Span(0, 1, "a", label, score, voice, None, ()) for score, label, voice in marks)


@pytest.mark.parametrize(
    ("marks", "label", "voice"),
    [
        ((), "none", "none"),
        (((0.6, Label.THREAT, Voice.QUOTED), (0.9, Label.INCITEMENT, Voice.AUTHOR)), "incitement", "author"),
        (((0.9, Label.GLORIFICATION, Voice.REPORTED), (0.6, Label.THREAT, Voice.AUTHOR)), "glorification", "reported"),
    ],
)
def test_label_and_voice_are_those_of_the_riskiest_span(
    database: Database, classifier: Classifier, marks: tuple[tuple[float, Label, Voice], ...], label: str, voice: str
) -> None:
    result = Result(0.9, 0.1, Band.HIGH, dict.fromkeys(Label, 0.5), spans(*marks), (), Language("en", True))
    with database.write() as session:
        intake.take(session, NOW, [Submission("a", "abc")], [result], Policy(), classifier.info, classifier.thresholds)
    item = stored(database)["a"]
    assert (item["label"], item["voice"]) == (label, voice)


@given(before=st.text(KEPT, max_size=60), after=st.text(KEPT, max_size=60), name=st.text(KEPT, max_size=30))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_text_is_stored_exactly_and_its_spans_are_cut_from_it(
    database: Database, classifier: Classifier, before: str, after: str, name: str
) -> None:
    passage = f"{before} {THREAT} {after}"
    sent = Submission(f"{len(stored(database))}", passage, name, name, context=({"author": name, "text": before},), details={name: [after]})
    take(database, classifier, sent, always=True)
    item = stored(database)[sent.ref]
    assert (item["text"], item["author"], item["community"]) == (passage, name, name)
    assert (item["context"], item["details"]) == ([{"author": name, "text": before}], {name: [after]})
    for span in item["result"]["spans"]:
        assert passage[span["start"] : span["end"]] == span["text"]
        assert all(span["start"] <= word["start"] < word["end"] <= span["end"] for word in span["evidence"])
