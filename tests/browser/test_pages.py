"""The pages in a real Chromium: what a reader sees, by keyboard, wide and on a phone, light and dark."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, Keys
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from tests.conftest import QUOTED, THREAT, Server

HOSTILE = "<script>document.title = 'run'</script><img src=x onerror=\"document.title='run'\"> " + THREAT


def submit(browser: Chrome, server: Server, text: str) -> None:
    browser.get(server.url)
    area = browser.find_element(By.ID, "text")
    browser.execute_script("arguments[0].value = arguments[1]", area, text)
    browser.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
    WebDriverWait(browser, 20).until(lambda page: page.find_elements(By.CSS_SELECTOR, "#verdict, [role=alert]"))


def picture(browser: Chrome, name: str) -> None:
    """Keep a screenshot where TOCSIN_PICTURES says (the README's pictures are made so)."""
    if folder := os.environ.get("TOCSIN_PICTURES"):
        height = browser.execute_script("return document.documentElement.scrollHeight")
        browser.set_window_size(browser.get_window_size()["width"], min(height + 140, 2_400))
        browser.save_screenshot(str(Path(folder) / f"{name}.png"))


def test_a_passage_is_marked_by_label_and_voice(browser: Chrome, server: Server) -> None:
    submit(browser, server, QUOTED + "\n\nI say: " + THREAT)
    marks = browser.find_elements(By.CSS_SELECTOR, ".passage mark")
    assert any("quoted" in (mark.get_attribute("class") or "") for mark in marks)
    assert any("author" in (mark.get_attribute("class") or "") for mark in marks)
    assert any("Commander Idder Ag Moussa" in (mark.get_attribute("title") or "") for mark in marks)
    assert "HIGH" in browser.find_element(By.ID, "verdict").text.upper()
    assert browser.find_elements(By.XPATH, "//h3[text()='Words that weighed most']")


def test_the_passage_stands_as_it_was_sent(browser: Chrome, server: Server) -> None:
    text = "First line\n   indented & <b>bold?</b>\n\n😀 last"
    submit(browser, server, text)
    shown = browser.find_element(By.CSS_SELECTOR, ".passage")
    assert browser.execute_script("return arguments[0].textContent", shown) == text
    assert browser.find_element(By.ID, "text").get_attribute("value") == text


def test_script_in_a_passage_is_shown_and_not_run(browser: Chrome, server: Server) -> None:
    submit(browser, server, HOSTILE)
    assert "<script>" in browser.find_element(By.CSS_SELECTOR, ".passage").text
    assert browser.title == "Tocsin"
    assert browser.find_elements(By.CSS_SELECTOR, ".passage script, .passage img") == []


def test_the_text_is_never_in_the_address(browser: Chrome, server: Server) -> None:
    submit(browser, server, THREAT)
    assert browser.current_url.rstrip("/") == server.url


def test_the_form_works_by_keyboard_alone(browser: Chrome, server: Server) -> None:
    browser.get(server.url)
    active = browser.switch_to.active_element
    assert active.get_attribute("id") == "text"
    active.send_keys(Keys.CONTROL, "a")
    active.send_keys(THREAT, Keys.TAB, Keys.ENTER)
    WebDriverWait(browser, 20).until(lambda page: page.find_elements(By.ID, "verdict"))


def test_an_empty_passage_is_explained(browser: Chrome, server: Server) -> None:
    submit(browser, server, " \n ")
    assert "text is empty" in browser.find_element(By.CSS_SELECTOR, "[role=alert]").text


@pytest.mark.parametrize("width", [360, 1_100])
def test_nothing_is_cut_off(browser: Chrome, server: Server, width: int) -> None:
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width < 500}
    )
    try:
        submit(browser, server, QUOTED + " " + "x" * 300)
        assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_the_description_can_be_tried(browser: Chrome, server: Server) -> None:
    browser.get(server.url + "/docs")
    browser.find_element(By.CSS_SELECTOR, "details[open] form.try button").click()
    answer = WebDriverWait(browser, 20).until(lambda page: page.find_element(By.CSS_SELECTOR, "details[open] form.try pre"))
    WebDriverWait(browser, 20).until(lambda _: answer.text.startswith("200"))
    assert '"asserted_risk"' in answer.text


def test_the_console_is_silent(browser: Chrome, server: Server) -> None:
    browser.get_log("browser")
    for path in ("/", "/docs", "/problems/too-large"):
        browser.get(server.url + path)
    submit(browser, server, THREAT)
    assert browser.get_log("browser") == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_words_can_be_read(browser: Chrome, server: Server, scheme: str) -> None:
    """Contrast of every piece of text with what is behind it: WCAG AA."""
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    submit(browser, server, QUOTED + " " + THREAT + " Long live the brothers who blew up the bus, they deserved to die. Kill them all.")
    low = browser.execute_script(
        """
        const parse = c => (c.match(/[\\d.]+/g) || []).map(Number);
        const light = ([r, g, b]) => [r, g, b].map(v => (v /= 255) <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
          .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
        const behind = e => { for (; e; e = e.parentElement) { const c = parse(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > .5) return c; } return [255, 255, 255]; };
        const bad = [];
        for (const e of document.querySelectorAll("body *")) {
          if (e.closest("meter, .sr") || ![...e.childNodes].some(n => n.nodeType === 3 && n.textContent.trim())) continue;
          const [one, two] = [light(parse(getComputedStyle(e).color)), light(behind(e))].sort((a, b) => b - a);
          const ratio = (one + .05) / (two + .05);
          if (ratio < 4.5) bad.push([e.tagName, e.className, e.textContent.slice(0, 30), ratio]);
        }
        return bad;
        """
    )
    picture(browser, f"page-{scheme}")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert low == []
