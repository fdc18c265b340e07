"""What the cards say is what the shipped model's manifest says."""

import re
from pathlib import Path

import pytest
from tests.conftest import ROOT

from tocsin_model import Classifier
from tocsin_training import card
from tocsin_training.report import shown, summary


@pytest.mark.parametrize(("path", "region", "body"), [(card.CARD, "figures", card.tables), (card.MIGRATION, "quantiles", card.quantiles)])
def test_the_figures_are_the_manifests(classifier: Classifier, path: Path, region: str, body: object) -> None:
    match = re.search(card._REGION.format(region), path.read_text(encoding="utf-8"))
    assert match is not None
    assert match.group() == match[1] + body(classifier.info.card) + match[2]  # type: ignore[operator]


def test_the_cards_pictures_are_there() -> None:
    text = card.CARD.read_text(encoding="utf-8") + (ROOT / "README.md").read_text(encoding="utf-8").replace("docs/", "../docs/")
    for name in re.findall(r"!\[[^]]*\]\(([^)]+)\)", text):
        assert (card.CARD.parent / name).is_file(), name


def test_every_link_between_documents_leads_somewhere() -> None:
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "model" / "README.md", ROOT / "seeds" / "README.md"]:
        text = re.sub(r"(?s)```.*?```", "", path.read_text(encoding="utf-8"))
        for target in re.findall(r"\]\((?!https?:|mailto:|/)([^)#]+)", text):
            assert (path.parent / target).exists(), f"{path.name}: {target}"


def test_cards_are_written(classifier: Classifier, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("matplotlib")
    page, other = tmp_path / "README.md", tmp_path / "other.md"
    page.write_text("a\n<!-- figures: x -->\nold\n<!-- end of figures -->\nb\n")
    other.write_text("<!-- quantiles: x -->\n<!-- end of quantiles -->\n")
    monkeypatch.setattr(card, "MIGRATION", other)
    card.write(classifier, page)
    text = page.read_text()
    assert text.startswith("a\n") and text.endswith("b\n") and "old" not in text and "AUROC of risk" in text
    assert (tmp_path / "plots" / "reliability.svg").read_text().startswith("<?xml")


def test_the_summary_for_a_terminal(classifier: Classifier) -> None:
    text = summary(classifier.info.card)
    assert "AUROC of risk" in text and "blind" in text


@pytest.mark.parametrize(("value", "text"), [(None, "–"), (0.12345, "0.123"), ([0.1, 0.2], "0.100–0.200"), (7, "7")])
def test_an_undefined_figure_is_a_dash(value: object, text: str) -> None:
    assert shown(value) == text
