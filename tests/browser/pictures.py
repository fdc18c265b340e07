"""Makes the pictures of the README: ``python tests/browser/pictures.py``. Run it when the pages change."""

from __future__ import annotations

import html
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), *(str(ROOT / part) for part in ("model", "service", "training"))]

from selenium.webdriver import Chrome, ChromeOptions  # noqa: E402
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402

from tests.conftest import start_server  # noqa: E402

PICTURES = ROOT / "docs" / "pictures"
NEWS = """Dockers at the northern port stayed away for a third day on Tuesday, and forty ships were waiting in the roads.

“Any ship that unloads will burn, and her captain with her,” Marek Oduya, who leads the Red Quay committee, told a crowd at the gates. He also praised the men \
who had beaten a crane driver as heroes who deserve a statue.

The union's lawyers called the remarks disgraceful. Parliament votes on the harbour law on Friday.

Comment by quayside_77: somebody should shoot Oduya in the head, honestly."""
_COLOURS = {"1;97;41": "#fff;background:#b91c1c", "1;30;43": "#1c1917;background:#eab308", "1;97;45": "#fff;background:#7e22ce", "1;31": "#f87171", "1;33": "#fbbf24", "32": "#4ade80"}  # fmt: skip


def main() -> None:
    """Page and terminal, at the width of a README."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        options = ChromeOptions()
        options.binary_location = shutil.which("chromium") or "chromium"
        for flag in (
            "--headless=new",
            "--no-sandbox",
            "--disable-dev-shm-usage",
            "--hide-scrollbars",
            "--window-size=1000,1000",
            f"--user-data-dir={folder}/profile",
        ):
            options.add_argument(flag)
        browser = Chrome(options, Service(shutil.which("chromedriver")))
        server = start_server(Path(folder) / "log", "--workers", "1")
        try:
            browser.get(server.url)
            browser.execute_script("arguments[0].value = arguments[1]", browser.find_element(By.ID, "text"), NEWS)
            browser.find_element(By.CSS_SELECTOR, "button[type=submit]").click()
            _shoot(browser, "page", "body")
            browser.get("data:text/html;charset=utf-8," + _terminal(Path(folder)).replace("#", "%23"))
            _shoot(browser, "terminal", "pre")
        finally:
            browser.quit()
            server.stop()


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
