"""A reviewer at work: a service with a queue, and somebody who presses keys and moves a mouse in front of it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
from selenium.common.exceptions import WebDriverException
from selenium.webdriver import ActionChains, Chrome, Keys
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait
from sqlalchemy import select

from tocsin_service.reviews import accounts, policy
from tocsin_service.reviews.database import Database
from tocsin_service.reviews.models import Decision, Item, Role
from tocsin_service.reviews.policy import Policy

PASSWORD = "three quiet lamps"
PHONE, DESKTOP = 390, 1_200
ONE = pytest.mark.parametrize("desk", ["sqlite"], indirect=True)  # where the database can make no difference
BENCH = "I know which bench you sit on at noon. Write one more word about my brother and I will break both your hands."
QUAY = "“Any ship that unloads will burn,” Marek Oduya told a crowd at the gates. The union called the remark disgraceful."
BUS = "Whoever set fire to that bus deserves a medal, and I hope the next one is full."
_PATIENCE = 15


class Desk:
    """A running service with a queue of its own, and the database behind it. Every item is decided once."""

    def __init__(self, url: str, database_url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self.database = Database(database_url)
        with self.database.write() as session:
            policy.adopt(session, Policy(double_share=0.0), "ada", time.time())

    def send(self, community: str, passages: dict[str, str], **fields: Any) -> list[str]:
        """Queue passages over HTTP, by id; the ids in the order in which they are to be read: what came together, by risk."""
        items = [{"id": ref, "text": text, "community": community, "always": True, **fields} for ref, text in passages.items()]
        answer = requests.post(self.url + "/v1/items", json={"items": items}, timeout=20)
        answer.raise_for_status()
        results = answer.json()["results"]
        assert [one.get("status") for one in results] == ["queued"] * len(items), results
        return [one["id"] for one in sorted(results, key=lambda one: -one["risk"])]

    def item(self, ref: str) -> Item:
        with self.database.read() as session:
            return session.scalars(select(Item).where(Item.ref == ref)).one()

    def decisions(self, ref: str) -> list[Decision]:
        """What was decided of an item and not taken back, in order."""
        with self.database.read() as session:
            wanted = select(Decision).join(Item, Item.id == Decision.item_id).where(Item.ref == ref, Decision.undone.is_(None))
            return list(session.scalars(wanted.order_by(Decision.id)))

    def expire(self, ref: str) -> None:
        """Let the time that an item stays open with somebody be over."""
        with self.database.write() as session:
            session.scalars(select(Item).where(Item.ref == ref)).one().claimed_until = time.time() - 1


def staffed(url: str, database_url: str, folder: Path) -> Desk:
    """A desk with the accounts ana and ben, reviewers, lea, a lead, and ada, an admin."""
    desk = Desk(url, database_url, folder)
    for name, role in (("ana", Role.REVIEWER), ("ben", Role.REVIEWER), ("lea", Role.LEAD), ("ada", Role.ADMIN)):
        with desk.database.write() as session:
            accounts.create(session, time.time(), name, role, PASSWORD)
    return desk


class Reviewer:
    """Somebody in front of a browser."""

    def __init__(self, browser: Chrome, desk: Desk, name: str) -> None:
        self.browser, self.desk, self.name = browser, desk, name

    def enter(self, path: str = "/reviews/help") -> None:
        """To a page, signed in: as oneself, and not as who was there before."""
        self.visit(path)
        if self.texts(".who") != [self.name]:
            self.browser.delete_all_cookies()
            self.visit("/reviews/sign-in")
            self.sign_in()
            self.visit(path)

    def sign_in(self) -> None:
        """By keyboard, from the field that has the focus."""
        with self.turning():
            self.press(self.name, Keys.TAB, PASSWORD, Keys.ENTER)

    def visit(self, path: str) -> None:
        self.browser.get(self.desk.url + path)

    def open(self, ref: str) -> None:
        """Go to an item by its address, its passage revealed."""
        self.visit(f"/reviews/items/{self.desk.item(ref).id}?reveal=1")

    def press(self, *keys: str) -> None:
        ActionChains(self.browser).send_keys(*keys).perform()

    def control(self, key: str) -> None:
        ActionChains(self.browser).key_down(Keys.CONTROL).send_keys(key).key_up(Keys.CONTROL).perform()

    def submit(self) -> None:
        """Decide, by keyboard."""
        with self.turning():
            self.control(Keys.ENTER)

    def wait(self) -> WebDriverWait[Chrome]:
        """Patience; a page that is just going away answers with all kinds of errors."""
        return WebDriverWait(self.browser, _PATIENCE, poll_frequency=0.02, ignored_exceptions=[WebDriverException])

    @contextmanager
    def turning(self) -> Iterator[None]:
        """What is done inside leads to another page; afterwards it is there, its script ready."""
        began = "return document.readyState === 'complete' && performance.timeOrigin"
        before = self.browser.execute_script(began)
        yield
        self.wait().until(lambda browser: browser.execute_script(began) not in (False, before), "the page stayed")

    def see(self, selector: str) -> WebElement:
        """The first such element, once it is shown. The browser is asked: Selenium takes all that is in a closed <details> for hidden."""

        def shown(browser: Chrome) -> WebElement | None:
            script = "const found = document.querySelector(arguments[0]); return found?.checkVisibility({visibilityProperty: true}) ? found : null"
            found: WebElement | None = browser.execute_script(script, selector)
            return found

        return self.wait().until(shown, f"{selector} is not shown")

    def all(self, selector: str) -> list[WebElement]:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def words(self, selector: str) -> str:
        """The text of an element as it stands in the page, whether it is shown or not."""
        found: str = self.browser.execute_script("return document.querySelector(arguments[0]).textContent", selector)
        return found

    def shown(self, selector: str) -> bool:
        """Whether there is such an element to be seen."""
        script = "return document.querySelector(arguments[0])?.checkVisibility({visibilityProperty: true}) ?? false"
        return bool(self.browser.execute_script(script, selector))

    def texts(self, selector: str) -> list[str]:
        """The words of all such elements, whether they are shown or not."""
        found: list[str] = self.browser.execute_script(
            "return [...document.querySelectorAll(arguments[0])].map(one => one.textContent)", selector
        )
        return found

    def heard(self) -> list[str]:
        """What a screen reader is told, piece by piece, in its order."""
        nodes = {node["nodeId"]: node for node in self.browser.execute_cdp_cmd("Accessibility.getFullAXTree", {})["nodes"]}
        told, left = [], [next(iter(nodes))]
        while left:
            node = nodes[left.pop()]
            left += reversed(node.get("childIds", []))
            if not node["ignored"] and node["role"]["value"] != "InlineTextBox":
                told.append(node.get("name", {}).get("value", ""))
        return [one for one in told if one]

    def walk(self, most: int) -> list[tuple[str, bool]]:
        """What Tab goes to from the top of the page: its name, or else its words; and whether it is to be seen."""
        script = """
            const at = document.activeElement;
            const words = at.name || at.getAttribute("aria-label") || (at.querySelector("b, .who") || at.firstChild).textContent;
            const box = at.getBoundingClientRect();
            const shown = at.checkVisibility({visibilityProperty: true}) && box.width > 0 && box.right > 0 && box.left < innerWidth;
            return at === document.body ? null : [words.trim(), shown];
            """
        walked = []
        for _ in range(most):
            self.press(Keys.TAB)
            if (found := self.browser.execute_script(script)) is None:
                break
            walked.append((found[0], found[1]))
        return walked

    @property
    def overflow(self) -> int:
        """How many pixels the page is wider than the window."""
        return int(self.browser.execute_script("const page = document.documentElement; return page.scrollWidth - page.clientWidth"))

    def click(self, selector: str) -> None:
        """With the mouse, in the middle of the first such element."""
        found = self.see(selector)
        self.browser.execute_script("arguments[0].scrollIntoView({block: 'nearest'})", found)
        ActionChains(self.browser, duration=0).move_to_element(found).click().perform()

    def follow(self, selector: str) -> None:
        with self.turning():
            self.click(selector)

    @property
    def ref(self) -> str:
        """The id of the item that is shown."""
        with self.desk.database.read() as session:
            return session.get_one(Item, int(self.browser.current_url.rpartition("/")[2].partition("?")[0])).ref

    @property
    def refs(self) -> list[str]:
        """The ids of the items of the list, in its order."""
        numbers = [int((link.get_attribute("href") or "").rpartition("/")[2].partition("?")[0]) for link in self.all(".rows .open")]
        with self.desk.database.read() as session:
            return [session.get_one(Item, number).ref for number in numbers]

    def on(self, community: str) -> None:
        """To the queue of one community."""
        self.visit(f"/reviews?community={community}")

    def select(self, words: str) -> None:
        """Select words of the passage with the mouse, from the first one's left edge to the last one's right."""
        points: Sequence[float] = self.browser.execute_script(
            """
            const passage = document.getElementById("passage"), at = passage.textContent.indexOf(arguments[0]);
            passage.scrollIntoView({block: "center"});
            const box = (place, length) => {
              const walker = document.createTreeWalker(passage, NodeFilter.SHOW_TEXT);
              for (let gone = 0; walker.nextNode(); gone += walker.currentNode.length) {
                if (place >= gone + walker.currentNode.length) continue;
                const range = document.createRange();
                range.setStart(walker.currentNode, place - gone);
                range.setEnd(walker.currentNode, place - gone + length);
                return range.getBoundingClientRect();
              }
            };
            const letters = [...arguments[0]], last = letters.at(-1).length;
            const [first, end] = [box(at, letters[0].length), box(at + arguments[0].length - last, last)];
            return [first.left, first.top + first.height / 2, end.right, end.top + end.height / 2];
            """,
            words,
        )
        left, top, right, bottom = (round(point) for point in points)
        actions = ActionBuilder(self.browser, duration=20)
        mouse = actions.pointer_action
        mouse.move_to_location(left, top).pointer_down().move_to_location((left + right) // 2, (top + bottom) // 2)
        mouse.move_to_location(right, bottom).pointer_up()
        actions.perform()

    @contextmanager
    def device(self, width: int, scheme: str = "light") -> Iterator[None]:
        """A window so wide, in CSS pixels, of somebody who likes it light or dark."""
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width <= PHONE}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
        try:
            yield
        finally:
            self.browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
            self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
