"""A reviewer's day in a real Chromium, over both databases: by keyboard where the keyboard does it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.support.select import Select

from tests.browser.desk import DESKTOP, ONE, PHONE, Desk, Reviewer
from tests.conftest import ROOT
from tocsin_service.cli import main
from tocsin_training import seeds

BENCH = "I know which bench you sit on at noon. Write one more word about my brother and I will break both your hands."
QUAY = "“Any ship that unloads will burn,” Marek Oduya told a crowd at the gates. The union called the remark disgraceful."
BUS = "Whoever set fire to that bus deserves a medal, and I hope the next one is full."
VALLEY = "Somebody has to shoot these people, it is the only way left to save the valley."
KITCHEN = "My mother will murder me when she sees the state of this kitchen."
LUNCH = "If my sister eats my lunch once more, I swear that I will end her."
PARADE = "Lovely parade 🎉🎉 today.\r\nNext time 🔪 I will cut your throat, and your brother's too. 😀\r\nSee you."
Sit = Callable[[Chrome, str], Reviewer]
SCRIPTS = Path(ROOT, "service", "tocsin_service", "web", "static")


# What ana does with each passage of her day: the keys, and the kind of decision and its reason that they make.
DAY = {
    "bench": (BENCH, "v1", "violates", "threat"),
    "quay": (QUAY, "a1", "allowed", "reporting"),
    "bus": (BUS, "v3", "violates", "glorification"),
    "valley": (VALLEY, "e1", "escalated", "safety"),
    "lunch": (LUNCH, "", "skipped", None),
    "kitchen": (KITCHEN, "a5", "allowed", "idiom"),
}


def test_a_day(desk: Desk, browser: Chrome) -> None:
    """Signs in, finds, reads, decides, takes back, hands over, passes on, is done; what was decided can be trained on."""
    order = desk.send("day", {ref: text for ref, (text, *_) in DAY.items()})
    ana = Reviewer(browser, desk, "ana")
    browser.delete_all_cookies()
    ana.visit("/reviews")
    assert browser.title.startswith("Sign in")
    ana.sign_in()

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
    assert "decided 5 items today" in ana.see(".empty").text

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


# The passage: read, and corrected


@ONE
def test_the_weights_are_read_aloud(desk: Desk, ana: Reviewer) -> None:
    """A screen reader is told who says what, and by the table which words weighed how much."""
    desk.send("weights", {"weights": QUAY})
    ana.open("weights")
    ana.see(".weighed summary").send_keys(Keys.ENTER)
    heaviest = max((one for span in desk.item("weights").result["spans"] for one in span["evidence"]), key=lambda one: one["weight"])
    word = QUAY[heaviest["start"] : heaviest["end"]]
    said = ana.heard()
    assert "threat · quoted, Marek Oduya" in said
    table = said.index("The words that weighed most, each with its share of a label’s log-odds")
    cells = said[said.index(word, table) :]
    assert list(dict.fromkeys(cells))[:3] == [word, "threat", f"+{100 * heaviest['weight']:.0f} %"]


def test_words_are_marked_with_the_mouse(desk: Desk, ana: Reviewer) -> None:
    """Offsets are stored in code points, past emoji and the line breaks of Windows."""
    desk.send("mouse", {"mouse": PARADE})
    ana.open("mouse")
    assert ana.words("#passage") == PARADE
    wider, crossing = "🔪 I will cut your throat, and your brother's too. 😀", "parade 🎉🎉 today.\r\nNext"
    ana.select(wider)
    ana.click(".marker [data-label=threat]")
    ana.select(crossing)
    ana.see(".marker")
    ana.press("3")
    assert ana.words("#passage") == PARADE
    ana.press("v1")
    ana.submit()
    [made] = desk.decisions("mouse")
    assert [(PARADE[span["start"] : span["end"]], span["label"], span["voice"]) for span in made.spans] == [
        (crossing, "glorification", "author"),
        (wider, "threat", "author"),
    ]
    assert made.labels == ["threat", "glorification"]


@ONE
def test_words_are_marked_by_keyboard(desk: Desk, ana: Reviewer) -> None:
    """The arrows go to a weighed word, with Shift they select, a number marks."""
    desk.send("keys", {"keys": BUS})
    ana.open("keys")
    ana.click("[aria-label^='Remove the mark']")
    ana.browser.execute_script("document.getElementById('passage').focus()")
    actions = ActionChains(ana.browser).key_down(Keys.SHIFT)
    for _ in range(3):
        actions.send_keys(Keys.ARROW_RIGHT)
    actions.key_up(Keys.SHIFT).perform()
    ana.see(".marker")
    ana.press("2", "v2")
    ana.submit()
    [made] = desk.decisions("keys")
    [span] = made.spans
    assert (span["start"], span["label"], made.labels) == (0, "incitement", ["incitement"])
    assert BUS[: span["end"]] in ("Whoever set", "Whoever set fire")


@ONE
def test_a_mark_is_changed_and_removed(desk: Desk, ana: Reviewer) -> None:
    text = QUAY + " " + BENCH
    desk.send("marks", {"marks": text})
    ana.open("marks")
    assert len(ana.all(".marks > li")) == 2
    ana.click("[aria-label^='Change the mark Any ship']")
    Select(ana.see("select[aria-label=Voice]")).select_by_value("reported")
    ana.click("input[aria-label=Speaker]")
    ana.control("a")
    ana.press("Marek Oduya of the union", Keys.ENTER)
    ana.click("[aria-label^='Remove the mark Write one more']")
    ana.press("v1")
    ana.submit()
    [made] = desk.decisions("marks")
    [span] = made.spans
    assert text[span["start"] : span["end"]].startswith("Any ship")
    assert (span["voice"], span["speaker"]) == ("reported", "Marek Oduya of the union")


# What comes in


def test_hostile_passages_are_shown_and_not_run(desk: Desk, ana: Reviewer) -> None:
    """Nothing of them becomes part of the page, wide or on a phone; the console stays silent."""
    trap = "<script>document.title='run'</script><img src=x onerror=\"document.title='run'\"><svg onload=\"document.title='run'\">"
    passages = {
        "markup": f"{trap} I will kill you. {{{{ 7 * 7 }}}} &lt;b&gt; </div></main> --> ]]>",
        "links": "<a href=\"javascript:document.title='run'\">x</a> [x](javascript:document.title='run') I will burn your house down.",
        "turned": "I will \u202ekill you\u202c and \u2067burn\u2069 your \u200fhouse\u200b down.\u2028\u0007 Y\u0336o\u0336u will burn \ufeff.",
        "long": ("You will see. " * 1_500)[:20_000],
        "word": "I will kill you " + "w" * 5_000,
    }
    entry = {"author": trap, "text": trap + "w" * 500}
    desk.send(
        "hostile" + trap,
        passages,
        author=trap,
        context=[entry],
        metadata={trap: trap, "w" * 300: "w" * 300},
        link="https://x.org/" + "w" * 900,
    )
    ana.browser.get_log("browser")
    for width in (DESKTOP, PHONE):
        with ana.device(width):
            ana.visit("/reviews?" + urlencode({"community": "hostile" + trap}))
            assert len(ana.refs) == len(passages)
            assert ana.overflow <= 0
            for ref, text in passages.items():
                ana.open(ref)
                assert ana.words("#passage") == text
                assert ana.all("#passage :not(mark, .word), main script, main img, main svg, a[href^=javascript]") == []
                assert ana.browser.title.startswith("Item")
                assert ana.overflow <= 0, ref
    assert ana.browser.get_log("browser") == []


# Danger


def test_imminent_danger_is_seen_by_everybody(desk: Desk, ana: Reviewer, ben: Reviewer, sit: Sit) -> None:
    """It asks to be confirmed, then stands on every page until a lead has decided."""
    [ref] = desk.send("danger", {"danger": "I am at the bridge with the rifle, and when her shift ends at six I will shoot her."})
    ana.open(ref)
    ana.press("!", "Nurse at the bridge clinic, today at six.")
    ana.control(Keys.ENTER)
    assert desk.decisions(ref) == []
    ana.press(Keys.SPACE)  # the browser has gone to the box that is not ticked
    ana.submit()
    assert (desk.item(ref).status, desk.item(ref).imminent, desk.decisions(ref)[0].note[:5]) == ("escalated", True, "Nurse")
    assert "One escalated item waits" in ana.see(".alarm").text
    ben.visit("/reviews/help")
    assert "One escalated item waits" in ben.see(".alarm").text
    lea = sit(ben.browser, "lea")
    lea.follow(".alarm a")
    assert lea.refs[0] == ref
    lea.open(ref)
    assert "Nurse at the bridge clinic" in lea.see(".history").text
    lea.press("v1")
    lea.submit()
    assert lea.all(".alarm") == []
    ana.visit("/reviews/help")
    assert ana.all(".alarm") == []


# Help, focus, and no script


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
        *("← Queue", "quayside_77", "Reveal the passage", "Hide worst words", "Words that weighed"),
        *("kind", "note", "Decide", "skip", "labels", "labels", "labels"),
        *(f"{change} the mark Any ship that unloads will burn" for change in ("Change", "Remove")),
    ]
    ana.open("focus")
    stops = [stop for stop, _ in ana.walk(12)]
    assert stops[stops.index("quayside_77") + 1] == "Passage"
