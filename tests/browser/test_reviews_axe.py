"""axe-core on every page of the dashboard, as each role sees it: light and dark, wide and on a phone, with what opens opened."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from tests.browser.desk import DESKTOP, PASSWORD, PHONE, Desk, Reviewer, staffed
from tests.conftest import start_server
from tocsin_model import Classifier
from tocsin_service.reviews import demo

NPM = Path(__file__).with_name("npm")
LOOKS = [(width, scheme) for width in (DESKTOP, PHONE) for scheme in ("light", "dark")]
ITEM = "demo-news-01"

# What each role sees that those before it don't, and then what is opened there: keys that are pressed, or an element that is clicked.
PAGES = [
    ("nobody", "/reviews/sign-in", ""),
    ("ana", "/reviews", ""),
    ("ana", "/reviews", "?"),
    ("ana", "/reviews", ".menu summary"),
    ("ana", "/reviews?status=all&label=threat&author=Port+desk", "r"),
    ("ana", "/reviews?status=decided", ""),
    ("ana", "/reviews/items/{item}", ""),
    ("ana", "/reviews/items/{item}?reveal=1", "a1"),
    ("ana", "/reviews/items/{item}?reveal=1", "[aria-label^='Change the mark']"),
    ("ana", "/reviews/items/{item}?reveal=1", ".weighed summary"),
    ("ana", "/reviews/items/{item}?reveal=1", "!"),
    ("ana", "/reviews/items/{decided}?reveal=1", ""),
    ("ana", "/reviews/items/999999", ""),
    ("ana", "/reviews/done", ""),
    ("ana", "/reviews/help", ""),
    ("ana", "/reviews/me", ""),
    ("ana", "/reviews/insight", ""),
    ("lea", "/reviews/insight?show=agreement", ""),
    ("lea", "/reviews/insight?show=model", ""),
    ("lea", "/reviews/policy", ""),
    ("lea", "/reviews/policy", "form [type=submit]"),
    ("lea", "/reviews/audit", ""),
    ("ada", "/reviews/people", ""),
    ("ada", "/reviews/people", "[aria-label='New password for ben']"),
]


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The script, installed from the lock file."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    folder = tmp_path_factory.mktemp("axe")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(NPM / name, folder)
    quiet = ("--no-audit", "--no-fund", "--ignore-scripts", "--prefer-offline", "--fetch-retries=0", "--fetch-timeout=30000")
    installed = subprocess.run([npm, "ci", *quiet], cwd=folder, capture_output=True, text=True, timeout=120)
    if installed.returncode and re.search(r"ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENOTCACHED", installed.stderr):
        pytest.skip("npm has no network")
    assert installed.returncode == 0, installed.stderr
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory, classifier: Classifier) -> Iterator[Desk]:
    """A service with the demo queue, so that every part of a page has something to show."""
    folder = tmp_path_factory.mktemp("shown")
    url = f"sqlite:///{folder}/tocsin.db"
    started = start_server(folder / "log", "--workers", "2", "--database-url", url)
    made = staffed(started.url, url, folder)
    with made.database.write() as session:
        demo.add(session, time.time(), classifier, PASSWORD)
    yield made
    made.database.engine.dispose()
    started.stop()


@pytest.mark.parametrize(("who", "path", "opened"), PAGES)
def test_nothing_serious_stands_in_anybodys_way(shown: Desk, browser: Chrome, axe: str, who: str, path: str, opened: str) -> None:
    person = Reviewer(browser, shown, who)
    if who == "nobody":
        browser.delete_all_cookies()
    else:
        person.enter()
    person.visit(path.format(item=shown.item(ITEM).id, decided=shown.item("demo-news-02").id))
    if len(opened) > 2:
        person.click(opened)
    elif opened:
        person.press(opened)
    browser.execute_script(axe)
    found = []
    for width, scheme in LOOKS:
        with person.device(width, scheme):
            found += [(width, scheme, *one) for one in violations(browser)]
    assert found == []


def violations(browser: Chrome) -> list[tuple[str, str, str]]:
    """Rule, element and why, of what hinders people seriously."""
    script = """
        const done = arguments[0];
        axe.run(document, {resultTypes: ["violations"]}).then(({violations}) => done(violations
          .filter(one => ["serious", "critical"].includes(one.impact))
          .flatMap(one => one.nodes.map(node => [one.id, node.target.join(" "), node.failureSummary]))));
        """
    return [(rule, element, why) for rule, element, why in browser.execute_async_script(script)]
