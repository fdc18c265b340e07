"""For those who can't use a mouse, or no script: what the help says, which keys act, where the focus goes."""

from __future__ import annotations

import re
from pathlib import Path

from selenium.webdriver import Chrome, Keys

from tests.browser.desk import BENCH, ONE, QUAY, Desk, Reviewer
from tests.conftest import ROOT

SCRIPTS = Path(ROOT, "service", "tocsin_service", "web", "static")


@ONE
def test_the_help_names_every_key(desk: Desk, ana: Reviewer) -> None:
    """Every key that a page shows, and every one that the script listens for."""
    desk.send("help", {"help": BENCH})
    ana.open("help")
    ana.select("bench")
    ana.see(".marker")
    shown = ana.texts("body > :not(dialog) kbd")
    ana.on("help")
    shown += ana.texts("body > :not(dialog) kbd")
    ana.press("?")
    ana.see("dialog#keys")
    named = {part for key in ana.texts("dialog kbd") for part in key.split()} | set("2345678")  # written as 1 … 9
    listened = set(re.findall(r'key === "(\S)"|^const KINDS = \{ (\w): \w+, ', Path(SCRIPTS, "reviews-keyboard.js").read_text(), re.M))
    assert {part for key in shown for part in key.split()} <= named
    assert len(listened) > 10
    assert {one or other for one, other in listened} - {"g"} <= named
    assert named >= {
        "v",
        "a",
        "e",
        "s",
        "u",
        "n",
        "r",
        "m",
        "!",
        "/",
        "?",
        "j",
        "k",
        "g",
        "q",
        "i",
        "h",
        "1",
        "9",
        "↵",
        "Ctrl",
        "←",
        "→",
        "Esc",
    }
    ana.press(Keys.ESCAPE)
    assert not ana.shown("dialog#keys")


@ONE
def test_single_letters_can_be_switched_off(desk: Desk, ana: Reviewer) -> None:
    """Not so the keys with Ctrl; and the choice is kept."""
    desk.send("letters", {"letters": BENCH})
    ana.open("letters")
    ana.press("?")
    ana.click("dialog [data-single-keys]")
    ana.press(Keys.ESCAPE, "v")
    assert ana.all(".segments :checked") == []
    ana.open("letters")
    ana.press("v")
    assert ana.all(".segments :checked") == []
    ana.click(".segments [value=violates]")
    ana.click(".for-violates [value=threat]")
    ana.submit()
    assert desk.decisions("letters")[0].kind == "violates"
    ana.browser.execute_script("localStorage.clear()")


@ONE
def test_no_script_is_needed(desk: Desk, browser: Chrome) -> None:
    """To sign in, to open the next item, to reveal it and to decide."""
    [ref] = desk.send("plain", {"plain": BENCH})
    ana = Reviewer(browser, desk, "ana")
    browser.delete_all_cookies()
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        ana.visit("/reviews")
        ana.sign_in()
        ana.on("plain")
        ana.follow("form[data-key=n] button")
        assert (ana.ref, ana.shown("form .reasons")) == (ref, False)
        ana.follow(".veil a")
        assert not ana.shown(".veil")
        ana.click(".segments [value=allowed]")
        ana.click(".for-allowed [value=fiction]")
        ana.follow(".actions .primary")
        assert browser.title.startswith("Done")
        ana.follow(".toast button")
        assert ana.ref == ref
        ana.click(".segments [value=violates]")
        ana.click(".for-violates [value=threat]")
        ana.follow(".actions .primary")
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})
    [made] = desk.decisions(ref)
    assert (made.kind, made.labels) == ("violates", ["threat"])


@ONE
def test_the_focus_goes_down_the_page(desk: Desk, ana: Reviewer) -> None:
    """Skips to the content first; what is veiled is passed over; nothing takes the focus that can't be seen."""
    desk.send("focus", {"focus": QUAY}, author="quayside_77")
    ana.visit(f"/reviews/items/{desk.item('focus').id}")
    walked = ana.walk(40)
    assert [stop for stop, shown in walked if not shown] == []
    stops = [stop for stop, _ in walked]
    assert stops[0] == "Skip to the content"
    assert stops[stops.index("← Queue") : stops.index("Imminent danger")] == [
        *("← Queue", "quayside_77", "Reveal the passage", "Hide worst words"),
        *("kind", "note", "Decide", "skip", "labels", "labels", "labels"),
    ]
    ana.open("focus")
    stops = [stop for stop, _ in ana.walk(12)]
    assert stops[stops.index("quayside_77") + 1] == "Passage"
    assert "Words that weighed" in stops
