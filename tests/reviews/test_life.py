"""Three people at work in any order: whatever they do, the queue stays in order."""

from __future__ import annotations

from itertools import count

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import delete, select

from tests.reviews.conftest import NOW, add_items, add_user
from tocsin_service.reviews.claims import CLAIM_SECONDS, claim, claim_next, release, renew
from tocsin_service.reviews.database import Database
from tocsin_service.reviews.decisions import UNDO_SECONDS, DecisionError, NotYours, Verdict, decide, undo
from tocsin_service.reviews.filters import Filters
from tocsin_service.reviews.life import drawn
from tocsin_service.reviews.models import Decision, Item, Kind, Role, User
from tocsin_service.reviews.policy import Policy

POLICY = Policy(double_share=0.5)
REASONS = {Kind.VIOLATES: "harassment", Kind.ALLOWED: "idiom", Kind.ESCALATED: "legal", Kind.SKIPPED: None}
SETTLING = {"violates", "allowed"}
people = st.sampled_from(["ana", "ben", "lea"])
places = st.integers(0, 3)
_names = count()


class Work(RuleBasedStateMachine):
    """``held`` is who was told that they have which item, and until when."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.database = database
        self.now = NOW
        self.held: dict[int, tuple[str, float]] = {}

    @initialize()
    def open(self) -> None:
        with self.database.write() as session:
            for table in (Decision, Item):
                session.execute(delete(table))
            # The same ids each time: they say which items are drawn for double review.
            self.items = [add_items(session, id=number)[0].id for number in range(1, 5)]
            number = next(_names)
            self.users = {
                name: add_user(session, f"{name}-{number}", Role.LEAD if name == "lea" else Role.REVIEWER) for name in ("ana", "ben", "lea")
            }

    def holder(self, item: int) -> str | None:
        name, until = self.held.get(item, ("", 0.0))
        return name if until > self.now else None

    def took(self, name: str, item: int) -> None:
        assert self.holder(item) in (None, name), "one item, two people"
        self.held = {other: (who, until) for other, (who, until) in self.held.items() if who != name or until <= self.now}
        self.held[item] = (name, self.now + CLAIM_SECONDS)

    @rule(name=people, status=st.sampled_from(["waiting", "second", "disputed", "escalated", "all"]))
    def next(self, name: str, status: str) -> None:
        with self.database.write() as session:
            item = claim_next(session, self.now, self.users[name], Filters(status=status))
        if item is not None:
            fresh = item.status not in ("waiting", "second") or self.holder(item.id) == name or item.id in self.free_for(name)
            self.took(name, item.id)
            assert name == "lea" or item.status in ("waiting", "second")
            assert fresh, "neither skipped nor decided by them"
        else:
            assert status != "waiting" or not self.free_for(name)

    @rule(name=people, place=places)
    def open_one(self, name: str, place: int) -> None:
        with self.database.write() as session:
            item = claim(session, self.now, self.users[name], self.items[place])
        if item is not None:
            self.took(name, item.id)

    @rule(name=people, place=places)
    def renew(self, name: str, place: int) -> None:
        item = self.items[place]
        with self.database.write() as session:
            kept = renew(session, self.now, self.users[name], item)
        assert kept or self.holder(item) != name
        if kept:
            assert self.held[item][0] == name
            self.took(name, item)

    @rule(name=people, place=places)
    def close(self, name: str, place: int) -> None:
        with self.database.write() as session:
            release(session, self.users[name], self.items[place])
        if self.held.get(self.items[place], ("",))[0] == name:
            del self.held[self.items[place]]

    @rule(name=people, place=places, kind=st.sampled_from(Kind))
    def decide(self, name: str, place: int, kind: Kind) -> None:
        item = self.items[place]
        try:
            with self.database.write() as session:
                decide(session, self.now, self.users[name], item, Verdict(kind, REASONS[kind], "Please look."), POLICY)
        except NotYours:
            assert self.holder(item) != name, "who has an item open can decide it"
            return
        assert self.held.pop(item)[0] == name

    @precondition(lambda self: self.held)
    @rule(kind=st.sampled_from(Kind))
    def decide_what_is_open(self, kind: Kind) -> None:
        item, (name, _) = next(iter(self.held.items()))
        self.decide(name, self.items.index(item), kind)

    @rule(name=people, back=st.integers(0, 3))
    def undo(self, name: str, back: int) -> None:
        with self.database.read() as session:
            latest = session.scalars(select(Decision).order_by(Decision.id.desc()).offset(back).limit(1)).first()
        if latest is None:
            return
        try:
            with self.database.write() as session:
                item = undo(session, self.now, self.users[name], latest.id)
        except DecisionError:
            return
        assert latest.undone is None
        assert name == "lea" or (latest.user_id == self.users[name].id and self.now - latest.at <= UNDO_SECONDS)
        assert self.holder(item) in (None, name), "nothing is taken from who has it open"
        self.held.pop(item, None)
        with self.database.read() as session:
            if session.get_one(Item, item).claimed_by is not None:
                self.took(name, item)

    @rule(seconds=st.sampled_from([1.0, 300.0, 601.0, 901.0]))
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @invariant()
    def claims_are_as_told(self) -> None:
        with self.database.read() as session:
            names = {user.id: name for name, user in self.users.items()}
            claims = {
                item.id: names[item.claimed_by]
                for item in session.scalars(select(Item))
                if item.claimed_by and item.claimed_until > self.now
            }
        assert claims == {item: self.holder(item) for item in self.items if self.holder(item)}
        assert len(set(claims.values())) == len(claims), "one person, one item"

    @invariant()
    def decisions_and_items_agree(self) -> None:
        with self.database.read() as session:
            items = session.scalars(select(Item)).all()
            living = session.scalars(select(Decision).where(Decision.undone.is_(None)).order_by(Decision.id)).all()
            leads = set(session.scalars(select(User.id).where(User.role == Role.LEAD)))
        for item in items:
            own = [decision for decision in living if decision.item_id == item.id and decision.kind != "skipped"]
            finals = [decision for decision in own if decision.final]
            assert finals == ([own[-1]] if item.status == "decided" else [])
            assert (item.outcome, item.reason, item.decided) == (
                (finals[0].kind, finals[0].reason, finals[0].at) if finals else (None, None, None)
            )
            assert item.status == expected(item, own)
            if item.status == "decided" and any(decision.kind == "escalated" for decision in own):
                assert finals[0].user_id in leads
            if item.status in ("decided", "disputed") and len(own) > 1 and own[0].kind in SETTLING and own[1].kind in SETTLING:
                assert own[0].user_id != own[1].user_id

    @precondition(lambda self: self.held)
    @rule(last=st.booleans())
    def renew_what_was_open(self, last: bool) -> None:
        item = list(self.held)[-last]
        self.renew(self.held[item][0], self.items.index(item))

    def free_for(self, name: str) -> list[int]:
        """The items that wait and nothing keeps from somebody."""
        with self.database.read() as session:
            had = set(session.scalars(select(Decision.item_id).where(Decision.user_id == self.users[name].id, Decision.undone.is_(None))))
            waiting = session.scalars(select(Item.id).where(Item.status.in_(["waiting", "second"]))).all()
        return [item for item in waiting if item not in had and self.holder(item) is None]


def expected(item: Item, own: list[Decision]) -> str:
    """Where an item stands, from the kinds of its decisions alone."""
    kinds = [decision.kind for decision in own]
    if not kinds:
        return "waiting"
    if kinds[-1] == "escalated":
        return "escalated"
    if "escalated" in kinds or not drawn(item.id, POLICY.double_share) or len(kinds) > 2:
        return "decided"
    return "second" if len(kinds) == 1 else "decided" if kinds[0] == kinds[1] else "disputed"


def test_the_queue_stays_in_order(database: Database) -> None:
    runs = 40 if database.sqlite else 15
    run_state_machine_as_test(lambda: Work(database), settings=settings(max_examples=runs, stateful_step_count=40, deadline=None))
