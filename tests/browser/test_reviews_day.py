"""A reviewer's day in a real Chromium, over both databases: by keyboard where the keyboard does it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from selenium.webdriver import Chrome, Keys

from tests.browser.desk import BENCH, BUS, ONE, QUAY, Desk, Reviewer
from tocsin_service.cli import main
from tocsin_training import seeds

VALLEY = "Somebody has to shoot these people, it is the only way left to save the valley."
KITCHEN = "My mother will murder me when she sees the state of this kitchen."
LUNCH = "If my sister eats my lunch once more, I swear that I will end her."
Sit = Callable[[Chrome, str], Reviewer]


# What ana does with each passage of her day: the keys, and the kind of decision and its reason that they make.
DAY = {
    "bench": (BENCH, "v1", "violates", "threat"),
    "quay": (QUAY, "a1", "allowed", "reporting"),
    "bus": (BUS, "v3", "violates", "glorification"),
    "valley": (VALLEY, "e1", "escalated", "safety"),
    "lunch": (LUNCH, "", "skipped", None),
    "kitchen": (KITCHEN, "a5", "allowed", "idiom"),
}


def decided_today(reviewer: Reviewer) -> int:
    """What the page at the end of the queue says; other tests decide on the same service."""
    reviewer.visit("/reviews/done")
    found = re.search(r"decided (\w+) item", reviewer.see(".empty").text)
    assert found is not None
    return 0 if found[1] == "no" else int(found[1])


def test_a_day(desk: Desk, browser: Chrome) -> None:
    """Signs in, finds, reads, decides, takes back, hands over, passes on, is done; what was decided can be trained on."""
    order = desk.send("day", {ref: text for ref, (text, *_) in DAY.items()})
    ana = Reviewer(browser, desk, "ana")
    browser.delete_all_cookies()
    ana.visit("/reviews")
    assert browser.title.startswith("Sign in")
    ana.sign_in()
    before = decided_today(ana)

    ana.on("day")
    assert ana.refs == order
    find(ana)

    ana.on("day")
    with ana.turning():
        ana.press("n")
    for place, ref in enumerate(order):
        review(ana, ref)
        if place == 1:
            with ana.turning():
                ana.press("u")
            assert "Taken back" in ana.see(".toast").text
            assert desk.decisions(ref) == []
            review(ana, ref)
    assert f"decided {before + 5} items today" in ana.see(".empty").text

    ana.on("day")
    assert ana.refs == ["lunch"]
    with ana.turning():
        ana.press("n")
    assert browser.title.startswith("Done")
    ana.visit("/reviews?status=decided&community=day")
    assert set(ana.refs) == set(order) - {"valley", "lunch"}

    ana.click(".menu summary")
    ana.follow(".menu form button")
    ana.visit("/reviews")
    assert browser.title.startswith("Sign in")

    passages = exported(desk)
    assert {BENCH, QUAY, BUS, KITCHEN} <= set(passages)
    assert not {VALLEY, LUNCH} & set(passages)
    assert passages[KITCHEN].labels == set()
    assert (passages[QUAY].labels, passages[QUAY].asserted) == ({"threat"}, False)


def find(ana: Reviewer) -> None:
    """Search, filter, save the view and come back to it."""
    ana.press("/")
    with ana.turning():
        ana.press("gates", Keys.ENTER)
    assert ana.refs == ["quay"]
    assert "gates" not in ana.browser.current_url
    ana.follow(".chips button")
    ana.follow("nav[aria-label=Voice] a[href*=quoted]")
    assert ana.refs == ["quay"]
    ana.click(".save summary")
    ana.click(".save [name=name]")
    with ana.turning():
        ana.press("Quotations", Keys.ENTER)
    ana.visit("/reviews")
    ana.follow(".view a")
    assert ana.refs == ["quay"]


def review(ana: Reviewer, ref: str) -> None:
    """Reveal the item that is open and decide it, which is stored and said on the next page."""
    _, keys, kind, reason = DAY[ref]
    assert ana.ref == ref
    assert ana.shown(".veil")
    ana.press("r")
    assert not ana.shown(".veil")
    if kind == "skipped":
        with ana.turning():
            ana.press("s")
    else:
        ana.press(*keys)
        if kind == "escalated":
            ana.press("m", "Which valley? Several people are named.")
        ana.submit()
    [made] = ana.desk.decisions(ref)
    assert (made.kind, made.reason, made.final) == (kind, reason, kind in ("violates", "allowed"))
    assert made.note == ("Which valley? Several people are named." if kind == "escalated" else "")
    assert ana.see(".toast span").text.startswith({"escalated": "Escalated", "skipped": "Skipped"}.get(kind, f"{kind.capitalize()}: "))


def exported(desk: Desk) -> dict[str, seeds.Passage]:
    """What the command line hands out, by text, as training reads it."""
    out = desk.folder / "reviews.jsonl"
    assert main(["reviews", "export", str(out), "--database", desk.database.url]) == 0
    lines = out.read_text(encoding="utf-8").split("\n")
    return {line["text"]: seeds.parse(line, "reviews") for line in map(json.loads, filter(None, lines))}


@ONE
def test_imminent_danger_is_seen_by_everybody(desk: Desk, ana: Reviewer, ben: Reviewer, sit: Sit) -> None:
    """It asks to be confirmed, then stands on every page until a lead has decided."""
    [ref] = desk.send("danger", {"danger": "I am at the bridge with the rifle, and when her shift ends at six I will shoot her."})
    ben.visit("/reviews/insight")
    assert not ben.shown(".alarm a")
    ana.open(ref)
    ana.press("!", "Nurse at the bridge clinic, today at six.")
    ana.control(Keys.ENTER)
    assert desk.decisions(ref) == []
    ana.press(Keys.SPACE)  # the browser has gone to the box that is not ticked
    ana.submit()
    assert (desk.item(ref).status, desk.item(ref).imminent, desk.decisions(ref)[0].note[:5]) == ("escalated", True, "Nurse")
    assert "One escalated item waits" in ana.see(".alarm").text
    assert "One escalated item waits" in ben.see(".alarm a").text, "on a page that was open before"
    assert ben.browser.title.startswith("(!) ")
    lea = sit(ben.browser, "lea")
    lea.follow(".alarm a")
    assert lea.refs[0] == ref
    lea.open(ref)
    lea.press("e", "2", "m", "May we name her to the police?")
    lea.submit()
    assert (desk.item(ref).team, desk.item(ref).imminent) == ("legal", True), "to pass it on doesn't end the danger"
    lea.open(ref)
    assert "Nurse at the bridge clinic" in lea.see(".history").text
    lea.press("v1")
    lea.submit()
    assert lea.all(".alarm a") == []
    ana.visit("/reviews/help")
    assert ana.all(".alarm a") == []
