"""What spares a reviewer, and how many heavy items they saw."""

from __future__ import annotations

import pytest

from tests.reviews.sign_ins import NOW, add
from tocsin_service.reviews import accounts, audit, care
from tocsin_service.reviews.care import Care, CareError
from tocsin_service.reviews.database import Database
from tocsin_service.reviews.models import Item

pytestmark = pytest.mark.usefixtures("quick")


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"pause_minutes": "45", "blur": "on"}, Care()),
        ({"pause_minutes": " 0 ", "grey": "on", "mask": "on"}, Care(False, True, True, 0)),
        ({"pause_minutes": "240"}, Care(False, False, False, 240)),
    ],
)
def test_care_is_kept_with_the_account(database: Database, form: dict[str, str], expected: Care) -> None:
    user = add(database)
    assert care.from_user(user) == Care()
    with database.write() as session:
        care.keep(session, user.id, care.parse(form))
    with database.read() as session:
        assert care.from_user(accounts.find(session, user.id)) == expected


@pytest.mark.parametrize("given", ["", "-1", "241", "1.5", "soon", "9" * 5_000])
def test_a_pause_that_cant_be_used_is_refused(given: str) -> None:
    with pytest.raises(CareError, match="pause_minutes: takes whole minutes from 0") as caught:
        care.parse({"pause_minutes": given})
    assert caught.value.field == "pause_minutes"


def test_heavy_items_that_were_opened_are_counted_once_a_day_and_person(database: Database) -> None:
    mine, other = add(database), add(database, "ben")
    midnight = NOW - NOW % 86_400
    with database.write() as session:
        for number, band in enumerate(["high", "high", "high", "low"], 1):
            session.add(item(number, band))
        session.flush()
        for item_id, user, at in [
            (1, mine, midnight),
            (1, mine, midnight + 9),
            (2, mine, midnight - 1),
            (3, other, midnight + 1),
            (4, mine, midnight + 1),
        ]:
            audit.record(session, at, user.name, "viewed", item=item_id)
        audit.record(session, midnight, mine.name, "claimed", item=3)
    with database.read() as session:
        assert care.heavy_today(session, NOW, mine) == 1
        assert care.heavy_today(session, midnight - 1, mine) == 2  # of the day before as well
        assert care.heavy_today(session, NOW, other) == 1


def item(number: int, band: str) -> Item:
    scores = dict.fromkeys(("risk", "asserted_risk", "threat", "incitement", "glorification"), 0.5)
    kind = {"band": band, "label": "threat", "voice": "author", "status": "decided", "model": "sha256:0", "result": {}}
    return Item(id=number, ref=str(number), source="api", text="x", received=NOW, due=NOW, **scores, **kind)
