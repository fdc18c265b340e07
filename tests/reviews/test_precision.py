"""How often reviewers keep the labels that the model gives."""

from __future__ import annotations

from typing import Any

import pytest
from scipy.stats import binomtest
from sqlalchemy.orm import Session

from tests.reviews.conftest import People
from tests.reviews.rows import DAY, MODEL, NOW, decision, item
from tocsin_model.types import Label
from tocsin_service.reviews import precision as module
from tocsin_service.reviews.models import Kind
from tocsin_service.reviews.period import Period
from tocsin_service.reviews.precision import Share, precision

WEEK = Period.up_to(NOW, 7)


@pytest.mark.parametrize(("hits", "n"), [(0, 1), (1, 1), (3, 4), (0, 50), (97, 100), (4_612, 4_893)])
def test_the_interval_is_wilsons(hits: int, n: int) -> None:
    expected = binomtest(hits, n).proportion_ci(method="wilson")
    assert Share(hits, n).interval == pytest.approx((expected.low, expected.high))


def test_of_none_there_is_no_share() -> None:
    assert (Share(0, 0).value, Share(0, 0).interval) == (None, None)


def test_a_label_is_right_where_the_reviewer_kept_it_whatever_the_outcome(session: Session, people: People) -> None:
    for threat, kind, labels in (
        (0.99, Kind.VIOLATES, ["threat", "glorification"]),
        (0.95, Kind.ALLOWED, ["threat"]),  # a news report that quotes one
        (0.949, Kind.VIOLATES, ["incitement"]),  # violates, but not by what the model said
        (0.5, Kind.ALLOWED, []),
        (0.499, Kind.VIOLATES, ["threat"]),
    ):
        decision(session, item(session, threat=threat), people.ana, kind, labels=labels, final=True)
    found = precision(session, WEEK, MODEL)
    shares = {bound: (share.hits, share.n) for bound, share in found.labels[Label.THREAT].items()}
    assert shares == {0.5: (2, 4), 0.6: (2, 3), 0.7: (2, 3), 0.8: (2, 3), 0.9: (2, 3), 0.95: (2, 2), 0.99: (1, 1)}
    assert all(share.n == 0 for share in found.labels[Label.GLORIFICATION].values())
    assert (found.items, found.others) == (5, 0)


def test_only_what_settled_an_item_of_this_model_in_the_period_counts(session: Session, people: People) -> None:
    kept: dict[str, Any] = {"labels": ["incitement"], "final": True}
    sure: dict[str, Any] = {"incitement": 0.99}
    decision(session, item(session, **sure), people.ana, Kind.VIOLATES, **kept)
    decision(session, item(session, **sure), people.ana, Kind.VIOLATES, labels=["incitement"])
    decision(session, item(session, **sure), people.ana, Kind.VIOLATES, undone=NOW, **kept)
    decision(session, item(session, **sure), people.ana, Kind.ESCALATED, labels=["incitement"])
    decision(session, item(session, **sure), people.ana, Kind.VIOLATES, at=NOW - 8 * DAY, **kept)
    decision(session, item(session, model="sha256:earlier", **sure), people.ana, Kind.VIOLATES, **kept)
    found = precision(session, WEEK, MODEL)
    assert found.labels[Label.INCITEMENT][0.99] == Share(1, 1)
    assert (found.items, found.others) == (1, 1)


def test_of_very_many_the_latest_are_looked_at(session: Session, people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    for place in range(5):
        at, labels = NOW - place * 60, ["threat"] if place < 2 else []
        decision(session, item(session, threat=0.9), people.ana, Kind.VIOLATES, at=at, labels=labels, final=True)
    found = precision(session, WEEK, MODEL)
    assert (found.labels[Label.THREAT][0.9], found.cut) == (Share(2, 3), True)
    assert not precision(session, WEEK.before, MODEL).cut
