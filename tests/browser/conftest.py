"""Chromium, once for all tests; and desks: services with a queue of their own, on either database."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from tests.browser.desk import Desk, Reviewer, staffed
from tests.conftest import start_server


def chromium(profile: Path) -> Chrome:
    """A Chromium with a profile of its own: another person's, or another person's device."""
    options = ChromeOptions()
    options.binary_location = shutil.which("chromium") or "chromium"
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--hide-scrollbars", "--window-size=1100,1000"):
        options.add_argument(flag)
    options.add_argument(f"--user-data-dir={profile}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return Chrome(options, Service(shutil.which("chromedriver")))


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    driver = chromium(tmp_path_factory.mktemp("chromium"))
    yield driver
    driver.quit()


@pytest.fixture(scope="session")
def another_browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    driver = chromium(tmp_path_factory.mktemp("chromium"))
    yield driver
    driver.quit()


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def desk(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A service with an empty queue."""
    folder = tmp_path_factory.mktemp("desk")
    url = f"sqlite:///{folder}/tocsin.db" if request.param == "sqlite" else request.getfixturevalue("postgresql").create()
    started = start_server(folder / "log", "--workers", "2", "--database-url", url)
    made = staffed(started.url, url, folder)
    yield made
    made.database.engine.dispose()
    started.stop()


@pytest.fixture
def sit(desk: Desk) -> Callable[[Chrome, str], Reviewer]:
    """Somebody signed in, in a browser."""

    def at(browser: Chrome, name: str) -> Reviewer:
        person = Reviewer(browser, desk, name)
        person.enter()
        return person

    return at


@pytest.fixture
def ana(sit: Callable[[Chrome, str], Reviewer], browser: Chrome) -> Reviewer:
    return sit(browser, "ana")


@pytest.fixture
def ben(sit: Callable[[Chrome, str], Reviewer], another_browser: Chrome) -> Reviewer:
    return sit(another_browser, "ben")
