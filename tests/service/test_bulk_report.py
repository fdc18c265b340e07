"""The report's table of groups: shares beside counts, and on a narrow screen a box that scrolls, not broken numbers."""

import json
import re
from pathlib import Path

import pytest
from tests.conftest import HARMLESS, THREAT

import tocsin_model
from tocsin_model import Classifier
from tocsin_service.cli import main

GROUPS = {"quay": (3, 1), "harbour": (1, 3), "calm": (0, 2)}  # rows that are high, and that are low


@pytest.fixture
def page(tmp_path: Path, classifier: Classifier, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(tocsin_model, "load", lambda _=None: classifier)
    rows = [(name, text) for name, (high, low) in GROUPS.items() for text in [THREAT] * high + [HARMLESS] * low]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps({"text": text, "community": name}) + "\n" for name, text in rows))
    report = tmp_path / "r.html"
    options = ("--group-by", "community", "--report", str(report), "--workers", "1")
    assert main(["batch", str(tmp_path / "in.jsonl"), str(tmp_path / "out.jsonl"), *options]) == 0
    return report.read_text()


def test_groups_are_compared_by_share(page: str) -> None:
    table = page[page.index("<h2>By community</h2>") : page.index("<h2>The riskiest")]
    found = re.findall(r'<meter class="high" min="0" max="0.75" value="([\d.]+)" aria-label="high"></meter><b>([\d.]+) %</b>', table)
    assert found == [("0.75", "75.0"), ("0.25", "25.0"), ("0.0", "0.0")]
    assert len(re.findall('<meter class="elevated"', table)) == 3
    assert "A full bar is 75.0 %" in table


def test_wide_tables_scroll_and_numbers_do_not_break(page: str) -> None:
    assert re.search(r'<div class="scroll" [^>]*tabindex="0">\s*<table>', page)
    assert re.search(r"\.scroll\{overflow-x:auto\}th,td\.n,td\.share\{white-space:nowrap;overflow-wrap:normal\}", page)
    assert len(re.findall(r'<td class="n">\d+</td>', page)) == 3 * 5
