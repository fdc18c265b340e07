"""The benchmark's picture: rates as bars on a logarithmic scale."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path


def bars(path: Path, title: str, rates: Mapping[str, float]) -> None:
    """Draw passages a second by scorer, Tocsin's own rows marked, as SVG."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    mpl.rcParams["svg.hashsalt"] = "tocsin"  # the same figures give the same file
    names = list(rates)
    figure = Figure(figsize=(8, 0.45 * len(names) + 1.2), layout="constrained")
    axes = figure.subplots()
    axes.barh(names, list(rates.values()), color=["#b03a0a" if name.startswith("Tocsin") else "#a8a29e" for name in names])
    for place, rate in enumerate(rates.values()):
        axes.text(rate * 1.1, place, f"{rate:,.0f}" if rate >= 10 else f"{rate:.1f}", va="center", fontsize=9)
    axes.set_xscale("log")
    axes.set_xlim(right=max(rates.values()) * 6)
    axes.invert_yaxis()
    axes.set_title(title, loc="left", fontsize=11)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, metadata={"Date": None})
