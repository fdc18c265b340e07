"""Counts over rows: made in each worker, added up in the order of the input, kept in the checkpoint."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Self

from tocsin_model.policy import Thresholds
from tocsin_model.types import Band, Label, Result

BINS = 10  # of the histogram of risk
MOST_GROUPS = 1_000
OTHER_GROUPS = "(other groups)"


@dataclass(slots=True)
class Tally:
    """Rows by band and by label (in the order of the enumerations), and by tenth of risk."""

    rows: int = 0
    bands: list[int] = field(default_factory=lambda: [0] * len(Band))
    labels: list[int] = field(default_factory=lambda: [0] * len(Label))
    risks: list[int] = field(default_factory=lambda: [0] * BINS)

    def count(self, result: Result, thresholds: Thresholds) -> None:
        """One row more; a label counts from the threshold its spans are marked at."""
        self.rows += 1
        self.bands[tuple(Band).index(result.band)] += 1
        self.risks[min(BINS - 1, int(result.risk * BINS))] += 1
        for place, label in enumerate(Label):
            self.labels[place] += result.labels[label] >= thresholds.labels[place]

    def add(self, other: Tally) -> None:
        """The rows of another tally too."""
        self.rows += other.rows
        for own, more in ((self.bands, other.bands), (self.labels, other.labels), (self.risks, other.risks)):
            own[:] = [one + two for one, two in zip(own, more, strict=True)]


@dataclass(frozen=True, slots=True)
class Passage:
    """A passage for the report: where it stands and how it is marked. ``pieces``: text, classes, title, whether a span begins."""

    risk: float
    number: int  # row over all inputs, from 0
    place: str
    band: str
    scores: dict[str, float]
    pieces: tuple[tuple[str, str, str, bool], ...]

    @property
    def text(self) -> str:
        """The passage as it is shown."""
        return "".join(piece[0] for piece in self.pieces)


def riskiest(passages: Iterable[Passage], most: int) -> list[Passage]:
    """The riskiest passages, riskiest first, then in order of the input; of the same words only the first."""
    distinct: dict[str, Passage] = {}
    for passage in sorted(passages, key=lambda passage: (-passage.risk, passage.number)):
        distinct.setdefault(passage.text, passage)
    return list(distinct.values())[:most]


@dataclass(slots=True)
class Summary:
    """What is known of the rows done."""

    failed: int = 0
    written: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    tally: Tally = field(default_factory=Tally)
    groups: dict[str, Tally] = field(default_factory=dict)
    passages: list[Passage] = field(default_factory=list)
    named: list[str] = field(default_factory=list)  # columns named by an option that some row had

    def group(self, name: str) -> Tally:
        """The tally of a group; groups beyond the most that are kept share one."""
        if name not in self.groups and len(self.groups) >= MOST_GROUPS:
            name = OTHER_GROUPS
        return self.groups.setdefault(name, Tally())

    def add(self, other: Summary, most_passages: int) -> None:
        """The rows after these."""
        self.failed += other.failed
        self.written += other.written
        for reason, count in other.reasons.items():
            self.reasons[reason] = self.reasons.get(reason, 0) + count
        self.tally.add(other.tally)
        for name, tally in other.groups.items():
            self.group(name).add(tally)
        self.named = sorted({*self.named, *other.named})
        if other.passages:
            self.passages = riskiest([*self.passages, *other.passages], most_passages)

    def stored(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)

    @classmethod
    def restored(cls, stored: dict[str, Any]) -> Self:
        """What ``stored`` made."""
        return cls(
            stored["failed"],
            stored["written"],
            stored["reasons"],
            Tally(**stored["tally"]),
            {name: Tally(**tally) for name, tally in stored["groups"].items()},
            [Passage(**passage | {"pieces": tuple(map(tuple, passage["pieces"]))}) for passage in stored["passages"]],
            stored["named"],
        )


def printed(summary: Summary, group_by: str | None, seconds: float) -> list[str]:
    """The lines shown at the end: counts alone, nothing of a passage."""
    tally = summary.tally
    rate = (tally.rows + summary.failed) / max(seconds, 1e-3)
    lines = [f"{tally.rows} scored, {summary.failed} failed, {summary.written} written in {seconds:.1f} s ({rate:.0f} rows/s)"]
    if tally.rows:
        lines.append("band   " + "   ".join(f"{band} {count}" for band, count in reversed(list(zip(Band, tally.bands, strict=True)))))
        lines.append("label  " + "   ".join(f"{label} {count}" for label, count in zip(Label, tally.labels, strict=True)))
        for place, count in enumerate(tally.risks):
            lines.append(f"risk {place / BINS:.1f}  {'#' * round(40 * count / max(tally.risks)):40} {count}")
    if group_by is not None:
        shown = ordered(summary)[:10]
        lines.append(f"{'rows':>9} {'high':>9} {'elevated':>9}  {_printable(group_by)}")
        lines += [f"{one.rows:9} {one.bands[2]:9} {one.bands[1]:9}  {_printable(name)}" for name, one in shown]
        if len(shown) < len(summary.groups):
            lines.append(f"and {len(summary.groups) - len(shown)} more; --report lists them")
    return lines


def ordered(summary: Summary) -> list[tuple[str, Tally]]:
    """The groups, those with most rows that need a reviewer first."""
    return sorted(summary.groups.items(), key=lambda item: (-item[1].bands[2], -item[1].bands[1], -item[1].rows, item[0]))


def _printable(name: str) -> str:
    """A name must not drive the terminal."""
    return "".join(char if char.isprintable() else "�" for char in name)
