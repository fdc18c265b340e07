"""Makes the pictures of the README: ``python tests/browser/pictures.py``, with ``reviews`` only those of the dashboard. Run it when the
pages change.
"""

from __future__ import annotations

import html
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), *(str(ROOT / part) for part in ("model", "service", "training"))]

from PIL import Image  # noqa: E402
from selenium.webdriver import Chrome, Keys  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from sqlalchemy import select  # noqa: E402

from tests.browser.conftest import chromium  # noqa: E402
from tests.browser.desk import PASSWORD, PHONE, Desk, Reviewer, staffed  # noqa: E402
from tests.conftest import start_server  # noqa: E402
from tocsin_model import load  # noqa: E402
from tocsin_service.reviews import care, decisions, demo, policy, queue  # noqa: E402
from tocsin_service.reviews.models import Item, Kind, User  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
NEWS = """Dockers at the northern port stayed away for a third day on Tuesday, and forty ships were waiting in the roads.

“Any ship that unloads will burn, and her captain with her,” Marek Oduya, who leads the Red Quay committee, told a crowd at the gates. He also praised the men \
who had beaten a crane driver as heroes who deserve a statue.

The union's lawyers called the remarks disgraceful. Parliament votes on the harbour law on Friday.

Comment by quayside_77: somebody should shoot Oduya in the head, honestly."""
_COLOURS = {"1;97;41": "#fff;background:#b91c1c", "1;30;43": "#1c1917;background:#eab308", "1;97;45": "#fff;background:#7e22ce", "1;31": "#f87171", "1;33": "#fbbf24", "32": "#4ade80"}  # fmt: skip


def main() -> None:
    """Page and terminal at the width of a README; the dashboard wide and on a phone, light and dark."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        browser = chromium(folder / "profile")
        url = f"sqlite:///{folder}/tocsin.db"
        server = start_server(folder / "log", "--workers", "1", "--database-url", url)
        try:
            if "reviews" not in sys.argv:
                browser.get(server.url)
                browser.execute_script("arguments[0].value = arguments[1]", browser.find_element(By.ID, "text"), NEWS)
                browser.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
                _shoot(browser, "page", "body")
                browser.get("data:text/html;charset=utf-8," + _terminal(folder).replace("#", "%23"))
                _shoot(browser, "terminal", "pre")
            desk = staffed(server.url, url, folder)
            _furnish(desk)
            for scheme in ("light", "dark"):
                _dashboard(browser, desk, scheme)
        finally:
            browser.quit()
            server.stop()


def _furnish(desk: Desk) -> None:
    """The demo queue as it is on an ordinary morning: nobody in danger, a colleague at work, two views saved, passages shown as they are."""
    now = time.time()
    with desk.database.write() as session:
        demo.add(session, now, load(), PASSWORD)
        ana, ben, lea = (session.scalars(select(User).where(User.name == name)).one() for name in ("ana", "ben", "lea"))
        for person in (ana, lea):
            care.keep(session, person.id, care.Care(blur=False))
        danger = session.scalars(select(Item).where(Item.imminent)).one()
        queue.claim(session, now, lea, danger.id)
        decisions.decide(
            session, now, lea, danger.id, decisions.Verdict(Kind.VIOLATES, "threat", labels=("threat",), seconds=31.0), policy.Policy()
        )
        queue.claim(session, now, ben, session.scalars(select(Item.id).where(Item.ref == "demo-forum-09")).one())
        queue.save_view(session, ana, "Said by the author", "voice=author", False)
        queue.save_view(session, lea, "Newsroom", "community=Newsroom", True)


def _dashboard(browser: Chrome, desk: Desk, scheme: str) -> None:
    ana, lea = Reviewer(browser, desk, "ana"), Reviewer(browser, desk, "lea")
    ana.enter("/reviews")
    _keep(ana, "queue", scheme, 1_200, 860)
    ana.open("demo-news-01")
    ana.click(".weighed summary")
    ana.press("a1")
    browser.execute_script("document.getElementById('passage').focus()")
    ana.press(Keys.ARROW_RIGHT * 5)  # to the word that weighed most
    _keep(ana, "item", scheme, 1_200, 1_048)
    ana.open("demo-comments-02")
    _keep(ana, "phone", scheme, PHONE, 844)
    lea.enter("/reviews/insight?days=7")
    _keep(lea, "insight", scheme, 1_200, 830)


def _keep(person: Reviewer, name: str, scheme: str, width: int, height: int) -> None:
    """A picture of so many CSS pixels, twice as sharp, in 256 colours."""
    path = PICTURES / f"reviews-{name}-{scheme}.png"
    with person.device(width, scheme):
        metrics = {"width": width, "height": height, "deviceScaleFactor": 2, "mobile": width == PHONE}
        person.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        person.browser.save_screenshot(str(path))
    with Image.open(path) as picture:
        picture.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, kmeans=3, dither=Image.Dither.NONE).save(path, optimize=True)


def _terminal(folder: Path) -> str:
    (folder / "harbour.txt").write_text(NEWS, encoding="utf-8")
    command = [sys.executable, "-m", "tocsin_service.cli", "score", "--color", "always", "harbour.txt"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=folder, env={"PYTHONPATH": ":".join(sys.path[:4])})
    coloured = re.sub(
        r"\x1b\[([\d;]+)m",
        lambda match: "</span>" if match[1] == "0" else f"<span style='font-weight:700;color:{_COLOURS[match[1]]}'>",
        html.escape(done.stdout, quote=False),
    )
    style = (
        "margin:0;padding:20px;background:#1c1917;color:#e7e5e4;font:15px/1.5 'DejaVu Sans Mono',monospace;white-space:pre-wrap;width:920px"
    )
    return f"<body style='margin:0;background:#1c1917'><pre style=\"{style}\">$ tocsin score harbour.txt\n{coloured.rstrip()}</pre>"


def _shoot(browser: Chrome, name: str, tag: str) -> None:
    browser.execute_script("document.activeElement.blur()")
    browser.set_window_size(1000, browser.execute_script("return document.documentElement.scrollHeight") + 160)
    browser.find_element(By.TAG_NAME, tag).screenshot(str(PICTURES / f"{name}.png"))


if __name__ == "__main__":
    main()
