"""The report: one HTML file without script, everything in it escaped, nothing in it fetched."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from tocsin_model.classifier import ModelInfo
from tocsin_model.policy import Thresholds
from tocsin_model.types import Band, Label
from tocsin_service.bulk.inputs import Input
from tocsin_service.bulk.summary import BINS, Summary, ordered

_MOST_INPUTS = 20  # named


def render(summary: Summary, inputs: Sequence[Input], group_by: str | None, model: ModelInfo, thresholds: Thresholds) -> bytes:
    """The page, UTF-8. It holds no time, so that the same rows give the same page."""
    package = files("tocsin_service")
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(package.joinpath("bulk/report.html").read_text(encoding="utf-8"))
    groups = ordered(summary)
    marked = [(band.value, place) for place, band in reversed(list(enumerate(Band))) if band is not Band.LOW]
    page = template.render(
        summary=summary,
        tally=summary.tally,
        most=max(1, *summary.tally.risks),
        bins=BINS,
        groups=groups,
        marked=marked,
        most_share=max((one.bands[place] / one.rows for _, one in groups for _, place in marked), default=0) or 1,
        group_by=group_by,
        inputs=[source.name for source in inputs[:_MOST_INPUTS]],
        more_inputs=max(0, len(inputs) - _MOST_INPUTS),
        bands=tuple(Band),
        labels=tuple(Label),
        model=model,
        thresholds=thresholds,
        style=Markup(package.joinpath("web/static/tocsin.css").read_text(encoding="utf-8")),  # noqa: S704 our own file
    )
    return page.encode("utf-8", "replace")
