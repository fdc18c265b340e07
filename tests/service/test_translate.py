"""Thresholds of another scorer as thresholds of Tocsin."""

from pathlib import Path

import numpy as np
import pytest
from tests.conftest import HARMLESS, THREAT

from tocsin_model import Classifier
from tocsin_service.cli import main
from tocsin_service.translate import table

TEXTS = [THREAT] * 20 + [HARMLESS] * 180
OLD = [0.92] * 20 + [0.1] * 180


def test_the_translated_threshold_flags_as_many(classifier: Classifier) -> None:
    [step] = table(classifier, TEXTS, OLD, [0.9])
    assert (step.flagged, step.share, step.agree) == (20, 0.1, 1.0)
    risks = np.array([result.risk for result in classifier.score(TEXTS, spans=False)])
    assert step.risk is not None
    assert (risks >= step.risk).sum() == 20


def test_a_threshold_nobody_reaches_has_no_translation(classifier: Classifier) -> None:
    [step] = table(classifier, TEXTS, OLD, [0.99])
    assert (step.flagged, step.threat) == (0, None)


@pytest.mark.parametrize(("texts", "old", "message"), [(["a"] * 3, [0.1] * 3, "too few"), (["a"] * 100, [70.0] * 100, "between 0 and 1")])
def test_what_can_not_be_translated(classifier: Classifier, texts: list[str], old: list[float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        table(classifier, texts, old)


def test_on_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "old.csv"
    path.write_text("text,perspective\n" + "".join(f'"{text}",{old}\n' for text, old in zip(TEXTS, OLD, strict=True)))
    assert main(["translate", str(path)]) == 0
    out = capsys.readouterr().out
    assert "200 comments" in out and "10.00%" in out and "no comment reaches it" in out
    assert main(["translate", str(path), "--score-column", "toxicity"]) == 2
    assert "--score-column" in capsys.readouterr().err
    path.write_text("text,perspective\na,high\n")
    assert main(["translate", str(path)]) == 2
    assert "line 2" in capsys.readouterr().err
