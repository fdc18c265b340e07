"""Figures for people: the table that ``tocsin train`` and ``tocsin evaluate`` print."""

from __future__ import annotations

from typing import Any

ROWS = (
    ("AUROC of risk", "auroc"),
    ("  95 % interval", "auroc_interval"),
    ("AUPRC of risk", "auprc"),
    ("dangerous found at elevated", "found"),
    ("benign flagged at elevated", "benign_flagged"),
    ("benign with any span", "benign_marked"),
    ("calibration error (ECE)", "ece"),
    ("AUROC of asserted risk", "asserted_auroc"),
    ("mean asserted risk, author", "asserted_when_author"),
    ("mean asserted risk, quoted", "asserted_when_quoted"),
    ("character F1 of spans", "character_f1"),
    ("voice right", "voice_right"),
    ("speaker right", "speaker_right"),
    ("comprehensiveness", "comprehensiveness"),
    ("sufficiency", "sufficiency"),
)


def summary(card: dict[str, Any]) -> str:
    """The evaluation of a card as a text table, one column a set; an undefined figure is a dash."""
    evaluation = card["evaluation"]
    sets = [name for name in ("held_out", "blind", "oblique") if name in evaluation]
    lines = ["".join([f"{'':32}", *(f"{name} ({evaluation[name]['passages']})".rjust(20) for name in sets)])]
    for title, key in ROWS:
        lines.append("".join([f"{title:32}", *(f"{shown(evaluation[name][key]):>20}" for name in sets)]))
    for name in ("ethos_violence", "identity_sentences"):
        if name in evaluation:
            lines.append(f"{name}: " + ", ".join(f"{key} {shown(value)}" for key, value in evaluation[name].items()))
    return "\n".join(lines)


def shown(value: object) -> str:
    """A figure as text: three decimals, an interval as its edges, a dash for what is undefined."""
    if value is None:
        return "–"
    if isinstance(value, list):
        return "–".join(shown(edge) for edge in value)
    return f"{value:.3f}" if isinstance(value, float) else str(value)
