"""Two reviewers in two browsers at once, over both databases: an item is one person's, and nothing of what they do is lost in silence."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from selenium.webdriver import Keys

from tests.browser.desk import ONE, Desk, Reviewer
from tests.conftest import THREAT

ITEMS, GLANCES = 20, 4


def test_two_never_get_the_same_item(desk: Desk, ana: Reviewer, ben: Reviewer) -> None:
    """They press the same key at the same moment, again and again: first to look and leave, then to decide until nothing is left."""
    refs = desk.send("race", {f"race-{number}": f"{THREAT} {number}" for number in range(ITEMS)})
    together = Barrier(2, timeout=30)
    had: dict[str, list[str]] = {"ana": [], "ben": []}

    def opened(person: Reviewer) -> None:
        had[person.name].append(person.ref)
        together.wait()  # both have one open
        assert had["ana"][-1] != had["ben"][-1]

    def work(person: Reviewer) -> None:
        for _ in range(GLANCES):
            person.on("race")
            together.wait()
            with person.turning():
                person.press("n")
            opened(person)
        for _ in range(ITEMS // 2 - 1):
            person.press("v1")
            together.wait()
            person.submit()
            opened(person)
        person.press("v1")
        person.submit()

    with ThreadPoolExecutor() as pool:
        for done in [pool.submit(work, person) for person in (ana, ben)]:
            done.result()
    decided = had["ana"][GLANCES - 1 :] + had["ben"][GLANCES - 1 :]
    assert sorted(decided) == sorted(refs)
    assert [len(desk.decisions(ref)) for ref in refs] == [1] * ITEMS
    assert ana.browser.title.startswith("Done") and ben.browser.title.startswith("Done")


@ONE
def test_anothers_item_can_be_read_and_not_decided(desk: Desk, ana: Reviewer, ben: Reviewer) -> None:
    [ref] = desk.send("held", {"held": THREAT})
    ana.open(ref)
    ben.open(ref)
    assert "ana has it open" in ben.see(".notice").text
    assert ben.words("#passage") == THREAT
    assert ben.all("#decide, #danger") == []
    ben.on("held")
    assert ben.see(".holder").text == "ana"


@ONE
def test_an_item_is_free_again_when_its_page_is_closed(desk: Desk, ana: Reviewer, ben: Reviewer) -> None:
    [ref] = desk.send("left", {"left": THREAT})
    first = ana.browser.current_window_handle
    ana.browser.switch_to.new_window("tab")
    ana.open(ref)
    assert desk.item(ref).claimed_by is not None
    ana.browser.close()
    ana.browser.switch_to.window(first)
    ana.wait().until(lambda _: desk.item(ref).claimed_by is None)
    ben.open(ref)
    ben.see("#decide")


def test_a_decision_that_comes_too_late_is_refused_and_its_note_kept(desk: Desk, ana: Reviewer, ben: Reviewer) -> None:
    """The item was left open for too long, and somebody else took it."""
    [ref] = desk.send("late", {"late": THREAT})
    ana.open(ref)
    ana.press("v1", "m", "He lives two doors down.")
    desk.expire(ref)
    ben.on("late")
    with ben.turning():
        ben.press("n")
    assert ben.ref == ref
    ana.submit()
    refusal = ana.see(".notice.bad").text
    assert "Your decision was not saved. ben has it open." in refusal
    assert "He lives two doors down." in refusal
    assert ana.all("#decide") == []
    assert desk.decisions(ref) == []
    ben.press("v1")
    ben.submit()
    assert len(desk.decisions(ref)) == 1


@ONE
def test_a_page_says_when_it_has_lost_its_item(desk: Desk, ana: Reviewer, ben: Reviewer) -> None:
    """As soon as it asks, and before anything is sent; what was written stays to be read."""
    [ref] = desk.send("lost", {"lost": THREAT})
    ana.open(ref)
    ana.press("m", "He lives two doors down.")
    desk.expire(ref)
    ben.open(ref)
    ana.browser.execute_script("document.dispatchEvent(new Event('visibilitychange'))")  # as when one comes back to the tab
    assert "This item is no longer open with you. ben has it open." in ana.see("[data-lost]").text
    assert not ana.see(".actions .primary").is_enabled()
    here = ana.browser.current_url
    ana.control(Keys.ENTER)
    time.sleep(0.5)
    assert ana.browser.current_url == here, "to send it would lose the note"
    assert ana.see("#note").get_attribute("value") == "He lives two doors down."
