"""The figures of the model card, ``model/README.md``: tables from the manifest, plots from the held-out passages."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from tocsin_model import Classifier
from tocsin_training import metrics, seeds, splits
from tocsin_training.report import ROWS, shown

ROOT = Path(__file__).resolve().parents[2]
CARD = ROOT / "model" / "README.md"
MIGRATION = ROOT / "docs" / "migrate-from-perspective.md"
_REGION = r"(?s)(<!-- {0}: .*? -->\n).*?(<!-- end of {0} -->)"


def write(classifier: Classifier, path: Path = CARD) -> None:
    """Replace the figures of a card, and the plots in the folder ``plots`` beside it."""
    _replace(path, "figures", tables(classifier.info.card))
    _replace(MIGRATION, "quantiles", quantiles(classifier.info.card))
    folder = path.parent / "plots"
    folder.mkdir(exist_ok=True)
    plots(classifier, folder)


def _replace(path: Path, region: str, body: str) -> None:
    text = path.read_text(encoding="utf-8")
    path.write_text(re.sub(_REGION.format(region), lambda match: match[1] + body + match[2], text), encoding="utf-8")


def quantiles(card: dict[str, Any]) -> str:
    """How scores lie on ETHOS, as Markdown; nothing where the model was evaluated without public data."""
    found = card["evaluation"].get("ethos_quantiles")
    if not found:
        return ""
    lines = ["| share of ETHOS comments below | `THREAT` | `VIOLENCE_RISK` |", "|---:|---:|---:|"]
    lines += [f"| {float(share):.0%} | {shown(row['threat'])} | {shown(row['risk'])} |" for share, row in found.items()]
    return "\n".join([*lines, ""])


def tables(card: dict[str, Any]) -> str:
    """The evaluation of a manifest as Markdown."""
    evaluation = card["evaluation"]
    sets = [name for name in ("held_out", "blind", "oblique") if name in evaluation]
    titles = {"held_out": "held-out share", "blind": "blind, typical", "oblique": "blind, oblique"}
    lines = [
        "| | " + " | ".join(f"{titles[name]} ({evaluation[name]['passages']:,})" for name in sets) + " |",
        "|---|" + "---:|" * len(sets),
    ]
    lines += [f"| {title.strip()} | " + " | ".join(shown(evaluation[name][key]) for name in sets) + " |" for title, key in ROWS]
    lines += [
        f"| AUROC of {label} | " + " | ".join(shown(evaluation[name]["labels"][label]["auroc"]) for name in sets) + " |"
        for label in card["labels"]
    ]
    kinds = sorted({kind for name in sets for kind in evaluation[name]["by_kind"]})
    lines += [
        "",
        "Share at or above `elevated`, by what the passage is:",
        "",
        "| | " + " | ".join(titles[name] for name in sets) + " |",
        "|---|" + "---:|" * len(sets),
    ]
    for kind in kinds:
        cells = [evaluation[name]["by_kind"].get(kind) for name in sets]
        lines.append(
            f"| {kind.replace('_', ' ')} | "
            + " | ".join(f"{cell['flagged']:.2f} of {cell['passages']}" if cell else "–" for cell in cells)
            + " |"
        )
    for name in ("ethos_violence", "identity_sentences"):
        if name in evaluation:
            lines += [
                "",
                f"`{name}`: " + ", ".join(f"{key.replace('_', ' ')} {shown(value)}" for key, value in evaluation[name].items()) + ".",
            ]
    lines += ["", "| learned from | licence | texts |", "|---|---|---:|"]
    for entry in card["training_data"]:
        lines.append(f"| {entry['name']} | {entry['licence']} | {entry.get('passages', entry.get('texts')):,} |")
    return "\n".join([*lines, "", ""])


def plots(classifier: Classifier, folder: Path) -> None:
    """Reliability, and the distribution of risk by truth, of both evaluation sets."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot

    mpl.rcParams["svg.hashsalt"] = "tocsin"
    passages = [passage for passage in seeds.load() if splits.held_out(passage)]
    risk = np.array([result.risk for result in classifier.score([passage.text for passage in passages], spans=False)])
    truth = np.array([bool(passage.labels) for passage in passages])
    blind = np.array([passage.theme in ("heldout_plain", "heldout_fresh") for passage in passages])
    held = np.array([not passage.theme.startswith("heldout") for passage in passages])
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
    left.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    for name, chosen, colour in (("held-out share", held, "#b03a0a"), ("blind, typical", blind, "#4338ca")):
        place = np.minimum((risk[chosen] * 10).astype(int), 9)
        dots = [
            (risk[chosen][place == bin_].mean(), truth[chosen][place == bin_].mean()) for bin_ in range(10) if (place == bin_).sum() > 9
        ]
        left.plot(
            *zip(*dots, strict=True),
            marker="o",
            color=colour,
            label=f"{name}, ECE {metrics.ece(truth[chosen].astype(np.int8), risk[chosen]):.3f}",
        )
    left.set(xlabel="risk", ylabel="share that is dangerous", title="Reliability", xlim=(0, 1), ylim=(0, 1))
    left.legend(frameon=False, fontsize=8)
    steps = np.linspace(0, 1, 31)
    right.hist(risk[~truth], steps, color="#166534", alpha=0.6, label="benign")
    right.hist(risk[truth], steps, color="#b91c1c", alpha=0.6, label="dangerous")
    for limit, name in ((classifier.thresholds.elevated, "elevated"), (classifier.thresholds.high, "high")):
        right.axvline(limit, color="0.3", linewidth=1, linestyle=":")
        right.text(limit, right.get_ylim()[1] * 0.97, f" {name}", fontsize=8, va="top")
    right.set(xlabel="risk", ylabel="passages", title="Risk of all evaluation passages", xlim=(0, 1), yscale="log")
    right.legend(frameon=False, fontsize=8, loc="upper center")
    for axis in (left, right):
        axis.spines[["top", "right"]].set_visible(False)
    figure.savefig(folder / "reliability.svg", metadata={"Date": None})
    pyplot.close(figure)
