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
RULES: dict[tuple[int, str], list[str] | None] = {  # all, and for the other two pairs what colour can change
    (DESKTOP, "light"): None,
    (PHONE, "dark"): None,
    (DESKTOP, "dark"): ["color-contrast"],
    (PHONE, "light"): ["color-contrast"],
}
REVEALED = "/reviews/items/{item}?reveal=1"

# Who is there, on which page; what they press or click, and what that opens.
PAGES = [
    ("nobody", "/reviews/sign-in", "", ""),
    ("ana", "/reviews?community=Newsroom", "", ".rows"),
    ("ana", "/reviews/me", "?", "dialog#keys"),
    ("ana", "/reviews/me", ".menu summary", ".menu .sheet"),
    ("ana", "/reviews?status=all&label=threat&author=Port+desk", "r", ".revealed .more [name=author]"),
    ("ana", "/reviews?status=decided&community=Newsroom", "", ".outcome"),
    ("ana", "/reviews/items/{item}", "", ".veil"),
    ("ana", REVEALED, "a1", ".for-allowed"),
    ("ana", REVEALED, "a5", ".dropped"),
    ("ana", REVEALED, "[aria-label^='Change the mark']", ".marks .edit"),
    ("ana", REVEALED, ".weighed summary", ".weighed table"),
    ("ana", REVEALED, "!", "#danger textarea"),
    ("ana", "/reviews/items/{decided}?reveal=1", "", ".history"),
    ("ana", "/reviews/items/999999", "", "#problem"),
    ("ana", "/reviews/done", "", ".empty"),
    ("ana", "/reviews/help", "", ".terms"),
    ("ana", "/reviews/me", "", ".own"),
    ("ana", "/reviews/insight", ".chart summary", ".chart table"),
    ("lea", "/reviews/insight?show=queue", "", ".wide .numbers"),
    ("lea", "/reviews/insight?show=agreement", "", ".chart"),
    ("lea", "/reviews/insight?show=model", "", ".chart"),
    ("lea", "/reviews/policy", "", ".rules"),
    ("lea", "/reviews/policy", "main [type=submit]", ".trial"),
    ("lea", "/reviews/audit", "", ".log"),
    ("ada", "/reviews/policy", "main [type=submit]", ".trial"),
    ("ada", "/reviews/people", "", ".people"),
    ("ada", "/reviews/people", "[aria-label='New password for ben']", ".once"),
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


@pytest.mark.parametrize(("who", "path", "act", "opens"), PAGES)
def test_nothing_serious_stands_in_anybodys_way(shown: Desk, browser: Chrome, axe: str, who: str, path: str, act: str, opens: str) -> None:
    person = Reviewer(browser, shown, who)
    path = path.format(item=shown.item("demo-news-01").id, decided=shown.item("demo-news-02").id)
    if who == "nobody":
        browser.delete_all_cookies()
        person.visit(path)
    else:
        person.enter(path)
    if len(act) > 2:
        person.click(act)
    elif act:
        person.press(act)
    person.see(opens or "main")
    browser.execute_script(axe)
    found = []
    for (width, scheme), rules in RULES.items():
        with person.device(width, scheme):
            found += [(width, scheme, *one) for one in serious(browser, rules)]
            assert person.overflow <= 0, (width, scheme)
    assert found == []


def test_what_is_serious_is_found(shown: Desk, browser: Chrome, axe: str) -> None:
    """A field without a name, and words that can hardly be told from what is behind them."""
    browser.delete_all_cookies()
    Reviewer(browser, shown, "nobody").visit("/reviews/sign-in")
    browser.execute_script("document.querySelector('label').remove(); document.querySelector('.promise').style.color = '#ddd'")
    browser.execute_script(axe)
    assert {rule for rule, _, _ in serious(browser)} == {"label", "color-contrast"}


def serious(browser: Chrome, rules: list[str] | None = None) -> list[tuple[str, str, str]]:
    """Rule, element and what to change, of all that hinders people seriously."""
    script = """
        const [rules, done] = arguments, options = {resultTypes: ["violations"], preload: false, ...(rules && {runOnly: rules})};
        axe.run(document, options).then(({violations}) => done(violations
          .filter(one => ["serious", "critical"].includes(one.impact))
          .flatMap(one => one.nodes.map(node => [one.id, node.target.join(" "), node.failureSummary]))));
        """
    return [(rule, element, why) for rule, element, why in browser.execute_async_script(script, rules)]
