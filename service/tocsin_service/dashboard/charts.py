"""Small charts as shapes in an SVG's own units; ``templates/reviews/_charts.html`` draws them. Every chart says in a sentence what it shows
and holds its figures as a table, so that nobody has to see it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import ceil, floor, log10

WIDTH = 320.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 34.0, 8.0, 8.0, 20.0
_PLOT = 96.0


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle; ``kind`` is a CSS class, ``title`` what is shown on hover."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """From point to point, as SVG writes them."""

    points: str
    kind: str


@dataclass(frozen=True, slots=True)
class Dot:
    """A measured point."""

    x: float
    y: float
    kind: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Word:
    """Text at a point; ``anchor`` is start, middle or end."""

    x: float
    y: float
    text: str
    anchor: str = "start"
    kind: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """What is drawn, the sentence under it, and the table of its figures: the first column names the row."""

    name: str
    title: str
    reading: str
    height: float
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    boxes: tuple[Box, ...] = ()
    lines: tuple[Line, ...] = ()
    dots: tuple[Dot, ...] = ()
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True)
class Series:
    """Values along a line, None where there is none; ``kind`` is a CSS class that sets colour and dashes."""

    name: str
    values: Sequence[float | None]
    kind: str


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a bar."""

    name: str
    value: float
    kind: str


@dataclass(frozen=True, slots=True)
class Measured:
    """A share with its interval, of ``n``; None of none."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    n: int


def bars(
    name: str, title: str, reading: str, values: Sequence[tuple[str, int]], unit: str, kind: str = "main", most: float | None = None
) -> Chart:
    """A bar for each value from left to right; ``most`` is the scale's end, so that charts beside each other can be compared."""
    ticks = scale(max([most or 0, *(value for _, value in values)]))
    step = (WIDTH - _LEFT - _RIGHT) / len(values)
    gap = min(2.0, step / 4)
    boxes = [
        Box(_LEFT + place * step + gap / 2, _down(value, ticks), step - gap, _PLOT * value / ticks[-1], kind, f"{label}: {value:,}")
        for place, (label, value) in enumerate(values)
        if value
    ]
    labels = [label for label, _ in values]
    rows = tuple((label, f"{value:,}") for label, value in values)
    grid, words = _axes(ticks, labels, lambda place: _LEFT + (place + 0.5) * step)
    return Chart(name, title, reading, _TOP + _PLOT + _BOTTOM, ("Day", unit), rows, tuple(boxes), grid, (), words)


def lines(
    name: str,
    title: str,
    reading: str,
    labels: Sequence[str],
    series: Sequence[Series],
    marks: Sequence[tuple[float, str]] = (),
    digits: int = 2,
) -> Chart:
    """Values over days; ``marks`` are heights that mean something, with what they mean."""
    known = [value for one in series for value in one.values if value is not None]
    ticks = scale(max([*known, *(height for height, _ in marks)], default=1.0))
    right = WIDTH - (68 if marks else _RIGHT)  # room for what the marks mean
    step = (right - _LEFT) / max(1, len(labels) - 1)
    grid, words = _axes(ticks, labels, lambda place: _LEFT + place * step, right=right)
    drawn, dots = list(grid), []
    lowest = _TOP + _PLOT + _BOTTOM
    for height, meaning in marks:
        y = _down(height, ticks)
        drawn.append(Line(f"{_LEFT:g},{y:.1f} {right:g},{y:.1f}", "mark"))
        if lowest - y >= 11:  # else it would lie on the one below
            words += (Word(right + 4, y + 4, meaning, "start", "quiet"),)
            lowest = y
    for one in series:
        for run in _runs(one.values):
            points = [(_LEFT + place * step, _down(value, ticks)) for place, value in run]
            if len(points) == 1:
                dots.append(Dot(*points[0], one.kind))
            drawn.append(Line(" ".join(f"{x:.1f},{y:.1f}" for x, y in points), one.kind))
    rows = tuple(
        (label, *("–" if one.values[place] is None else f"{one.values[place]:.{digits}f}" for one in series))
        for place, label in enumerate(labels)
    )
    columns = ("Day", *(one.name for one in series))
    return Chart(name, title, reading, _TOP + _PLOT + _BOTTOM, columns, rows, (), tuple(drawn), tuple(dots), words)


def stacked(name: str, title: str, reading: str, parts: Sequence[Part]) -> Chart:
    """One bar of all parts; each is named under it with its own swatch, so that no colour has to be told from another."""
    total = sum(part.value for part in parts) or 1
    boxes, words, left = [], [], 0.0
    for place, part in enumerate(parts):
        width = WIDTH * part.value / total
        share = f"{part.value:,.0f} · {part.value / total:.0%}"
        if width:
            boxes.append(Box(left, 0, max(width - 1, 0.5), 26, part.kind, f"{part.name}: {share}"))
        y = 50.0 + 20 * place
        boxes.append(Box(0, y - 11, 13, 13, part.kind))
        words += [Word(20, y, part.name), Word(WIDTH, y, share, "end")]
        left += width
    rows = tuple((part.name, f"{part.value:,.0f}", f"{part.value / total:.1%}") for part in parts)
    return Chart(name, title, reading, 40.0 + 20 * len(parts), ("Part", "Items", "Share"), rows, tuple(boxes), words=tuple(words))


def dots(
    name: str,
    title: str,
    reading: str,
    values: Sequence[Measured],
    first: str,
    kind: str = "main",
    from_: float = 0.0,
    name_width: float = 44,
) -> Chart:
    """Shares from ``from_`` to 1, one under another, with their intervals and how many each stands on."""
    right = WIDTH - 48

    def across(value: float) -> float:
        return name_width + (right - name_width) * (max(value, from_) - from_) / (1 - from_)

    bottom = 16.0 + 22 * len(values)
    ticks = [from_ + (1 - from_) * place / 4 for place in range(5)]
    shapes = [Line(f"{across(tick):.1f},6 {across(tick):.1f},{bottom - 6:g}", "zero" if tick == 0 else "grid") for tick in ticks]
    words = [Word(across(tick), bottom + 8, f"{tick:g}", "middle", "quiet") for tick in ticks]
    points, rows = [], []
    for place, one in enumerate(values):
        y = 18.0 + 22 * place
        words += [Word(0, y + 4, one.name), Word(WIDTH, y + 4, f"n {_short(one.n)}", "end", "quiet")]
        if one.value is None:
            rows.append((one.name, "–", "–", f"{one.n:,}"))
            continue
        shown = "–"
        if one.low is not None and one.high is not None:
            shapes.append(Line(f"{across(one.low):.1f},{y:g} {across(one.high):.1f},{y:g}", f"interval {kind}"))
            shown = f"{one.low:.3f} to {one.high:.3f}"
        points.append(Dot(across(one.value), y, kind, f"{one.name}: {one.value:.3f}, {shown}, n {one.n:,}"))
        rows.append((one.name, f"{one.value:.3f}", shown, f"{one.n:,}"))
    columns = (first, "Value", "95 % interval", "n")
    return Chart(name, title, reading, bottom + 14, columns, tuple(rows), (), tuple(shapes), tuple(points), tuple(words))


def paired(name: str, title: str, reading: str, groups: Sequence[tuple[str, float, float]], first: str, names: tuple[str, str]) -> Chart:
    """Two shares for each group beside each other: what was expected as an outline, what was found filled."""
    ticks = scale(max((share for _, *both in groups for share in both), default=1.0))
    step = (WIDTH - _LEFT - _RIGHT) / max(1, len(groups))
    boxes = []
    for place, (label, expected, found) in enumerate(groups):
        x = _LEFT + place * step
        for offset, share, kind, which in ((0.08, expected, "outline", names[0]), (0.5, found, "main", names[1])):
            boxes.append(
                Box(x + offset * step, _down(share, ticks), 0.4 * step, _PLOT * share / ticks[-1], kind, f"{label}, {which}: {share:.1%}")
            )
    grid, words = _axes(ticks, [label for label, *_ in groups], lambda place: _LEFT + (place + 0.5) * step, percent=True)
    rows = tuple((label, f"{expected:.1%}", f"{found:.1%}") for label, expected, found in groups)
    below = _TOP + _PLOT + _BOTTOM + 16
    for x, kind, which in ((_LEFT, "outline", names[0]), (_LEFT + 80, "main", names[1])):
        boxes.append(Box(x, below - 9, 10, 10, kind))
        words += (Word(x + 16, below, which),)
    return Chart(name, title, reading, below + 4, (first, *names), rows, tuple(boxes), grid, (), words)


def ranked(name: str, title: str, reading: str, parts: Sequence[Part], first: str) -> Chart:
    """A bar under each name, as given."""
    most = max((part.value for part in parts), default=1)
    boxes, words = [], []
    for place, part in enumerate(parts):
        y = 30.0 * place
        words += [Word(0, y + 13, part.name), Word(WIDTH, y + 13, f"{part.value:,.0f}", "end")]
        boxes += [Box(0, y + 18, WIDTH, 5, "track"), Box(0, y + 18, WIDTH * part.value / most, 5, part.kind)]
    rows = tuple((part.name, f"{part.value:,.0f}") for part in parts)
    return Chart(name, title, reading, 30.0 * len(parts), (first, "Items"), rows, tuple(boxes), words=tuple(words))


def scale(most: float) -> list[float]:
    """Round heights from 0 to at least the given one: three to six of them."""
    if most <= 0:
        return [0.0, 1.0]
    power = 10.0 ** floor(log10(most / 2.5))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor * 5 >= most)
    return [step * place for place in range(ceil(most / step - 1e-9) + 1)]


def _axes(
    ticks: Sequence[float], labels: Sequence[str], across: Callable[[int], float], percent: bool = False, right: float = WIDTH - _RIGHT
) -> tuple[tuple[Line, ...], tuple[Word, ...]]:
    """Grid lines with their heights, and as many labels below as there is room for."""
    heights = [(tick, _down(tick, ticks)) for tick in ticks]
    grid = [Line(f"{_LEFT:g},{y:.1f} {right:g},{y:.1f}", "grid" if tick else "zero") for tick, y in heights]
    words = [Word(_LEFT - 5, y + 4, f"{tick:.0%}" if percent else _short(tick), "end", "quiet") for tick, y in heights]
    last = len(labels) - 1
    shown = range(last + 1) if last < 6 else (0, last // 2, last)
    for place in shown:
        at_edge = last >= 6 and place in (0, last)
        anchor = ("start" if place == 0 else "end") if at_edge else "middle"
        x = (_LEFT if place == 0 else right) if at_edge else across(place)
        words.append(Word(x, _TOP + _PLOT + 15, labels[place], anchor, "quiet"))
    return tuple(grid), tuple(words)


def _down(value: float, ticks: Sequence[float]) -> float:
    return _TOP + _PLOT * (1 - value / ticks[-1])


def _runs(values: Sequence[float | None]) -> Iterator[list[tuple[int, float]]]:
    """The stretches without a gap."""
    for known, run in groupby(enumerate(values), key=lambda pair: pair[1] is not None):
        if known:
            yield [(place, value) for place, value in run if value is not None]


def _short(value: float) -> str:
    """A number for an axis: 950, 1.2k, 3M."""
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:.3g}"
