"""A passage in a real Chromium: its weights as they are heard, its marks corrected by mouse and keyboard, and what it can't do to the page."""

from __future__ import annotations

from urllib.parse import urlencode

from selenium.webdriver import ActionChains, Keys
from selenium.webdriver.support.select import Select

from tests.browser.desk import BENCH, BUS, DESKTOP, ONE, PHONE, QUAY, Desk, Reviewer

PARADE = "Lovely parade 🎉🎉 today.\r\nNext time 🔪 I will cut your throat, and your brother's too. 😀\r\nSee you."


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


@ONE
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
