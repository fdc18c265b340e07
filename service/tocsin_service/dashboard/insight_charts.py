"""Figures of the queue, each as a chart with a sentence that reads it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tocsin_service.dashboard import charts
from tocsin_service.dashboard.charts import Chart, Measured, Part, Series
from tocsin_service.reviews.agreement import Estimate
from tocsin_service.reviews.drift import CHANGED, LOOK, Drift
from tocsin_service.reviews.insight import Day, Outcome
from tocsin_service.reviews.models import Kind
from tocsin_service.reviews.period import date_of
from tocsin_service.reviews.policy import Policy
from tocsin_service.reviews.precision import Precision
from tocsin_service.reviews.quality import Agreement, Overturned

_READINGS = {"stable": "stable", "look": "worth a look", "changed": "changed", "too few": "too few passages to say"}


def spoken(seconds: float | None) -> str:
    """A duration as people say it: the largest unit, and the next one where that is coarse."""
    if seconds is None:
        return "–"
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 90 * 60:
        return f"{seconds / 60:.0f} min"
    hours = round(seconds / 3_600)
    return f"{hours} h" if hours < 48 else f"{hours / 24:.0f} days"


def day_name(day: int) -> str:
    """A day for an axis."""
    date = date_of(day)
    return f"{date.day} {date:%b}"


def percent(share: float | None) -> str:
    """A share, or a dash for none."""
    return "–" if share is None else f"{share:.1%}" if 0 < share < 0.1 else f"{share:.0%}"


def flow(days: Sequence[Day]) -> list[Chart]:
    """What came in and what was settled, drawn to one scale."""
    received, decided = sum(day.received for day in days), sum(day.decided for day in days)
    most = max(max(day.received, day.decided) for day in days)
    grown = received - decided
    balance = "as many as were settled" if grown == 0 else f"{abs(grown):,} {'more' if grown > 0 else 'fewer'} than were settled"
    busiest = max(days, key=lambda day: day.received)
    came = f"{received:,} items, {balance}. The most on one day: {busiest.received:,}, on {day_name(busiest.day)}." if received else "None."
    went = f"{decided:,} items, {decided / len(days):,.0f} a day on average." if decided else "None."
    return [
        charts.bars("received", "Came in, by day", came, [(day_name(day.day), day.received) for day in days], "Items", most=most),
        charts.bars("decided", "Settled, by day", went, [(day_name(day.day), day.decided) for day in days], "Items", "strong", most),
    ]


def outcomes(found: Sequence[Outcome], policy: Policy) -> list[Chart]:
    """What was decided, and for which reasons."""
    totals = {kind: sum(one.items for one in found if one.kind is kind) for kind in Kind}
    settled = totals[Kind.VIOLATES] + totals[Kind.ALLOWED]
    imminent = sum(one.imminent for one in found if one.kind is Kind.ESCALATED)
    if not found:
        return [Chart("outcomes", "What was decided", "Nothing in this period.", 0, (), ())]
    share = (
        f"{percent(totals[Kind.VIOLATES] / settled)} of {settled:,} settled items violated a policy" if settled else "Nothing was settled"
    )
    danger = f", {imminent:,} of them as imminent danger" if imminent else ""
    parts = [
        Part("Violates", totals[Kind.VIOLATES], "main"),
        Part("Allowed", totals[Kind.ALLOWED], "pale"),
        Part("Escalated first", totals[Kind.ESCALATED], "strong"),
    ]
    kinds = {Kind.VIOLATES: "main", Kind.ALLOWED: "pale", Kind.ESCALATED: "strong"}
    lists = {Kind.VIOLATES: policy.violations, Kind.ALLOWED: policy.exceptions, Kind.ESCALATED: policy.teams}
    reasons = []
    for one in found:
        names = {choice.slug: choice.name for choice in lists[one.kind]}
        name = names.get(one.reason or "", one.reason or "No reason given")
        reasons.append(Part(f"To: {name}" if one.kind is Kind.ESCALATED else name, one.items, kinds[one.kind]))
    commonest = f"Most often: {reasons[0].name}, {reasons[0].value:,.0f} items."
    return [
        charts.stacked("outcomes", "What was decided", f"{share}; {totals[Kind.ESCALATED]:,} were escalated{danger}.", parts),
        charts.ranked("reasons", "Why", commonest, reasons, "Reason"),
    ]


def agreement(found: Agreement) -> Chart:
    """α and κ over everybody."""
    values = [_measured("α", found.alpha), _measured("κ", found.kappa)]
    return charts.dots("agreement", "Agreement beyond chance", _agreement_read(found.alpha), values, "Measure", name_width=24)


def pairs(found: Agreement) -> Chart | None:
    """κ of people who read the same passages; None if nobody read enough."""
    if not found.pairs:
        return None
    values = [_measured(f"{pair.first} · {pair.second}"[:24], pair.kappa) for pair in found.pairs]
    known = [pair for pair in found.pairs if pair.kappa.value is not None]
    low = min(known, key=lambda pair: pair.kappa.value or 0, default=None)
    reading = (
        f"The lowest κ: {low.first} and {low.second}, {low.kappa.value:.2f}." if low else "Nobody ever chose otherwise: κ is undefined."
    )
    return charts.dots("pairs", "Agreement of two people", reading, values, "Two people", name_width=130)


def overturned(found: Overturned) -> Chart:
    """What lasted, and what didn't."""
    if not found.decisions:
        return Chart("overturned", "What lasted", "Nothing was decided in this period.", 0, (), ())
    stood = found.decisions - found.taken_back - found.outvoted
    parts = [
        Part("Stood", stood, "pale"),
        Part("Outvoted by a second reader and a lead", found.outvoted, "main"),
        Part("Taken back by a lead", found.taken_back, "strong"),
    ]
    said = f"{percent(found.share)} of {found.decisions:,} decisions were overturned."
    own = f" Besides, readers took back {found.corrected:,} of their own." if found.corrected else ""
    return charts.stacked("overturned", "What lasted", said + own, parts)


def precision(found: Precision) -> list[Chart]:
    """By label, from threshold to threshold."""
    drawn = []
    for label, shares in found.labels.items():
        values = []
        for bound, one in shares.items():
            low, high = one.interval or (None, None)
            values.append(Measured(f"≥ {bound:g}", one.value, low, high, one.n))
        known = [(bound, one) for bound, one in shares.items() if one.n]
        reading = "Nothing that scored so much was settled."
        if known:
            bound, one = min(known, key=lambda pair: abs(pair[0] - 0.9))
            reading = f"Of {one.n:,} items that score {bound:g} or more, reviewers kept the label in {percent(one.value)}."
        drawn.append(charts.dots(f"precision-{label}", label.value.capitalize(), reading, values, "Score", label.value))
    return drawn


def drift_days(by_day: Mapping[int, Drift], days: Sequence[int], against: str) -> Chart:
    """The risk's PSI day by day."""
    known = {day: one.psi for day, one in by_day.items() if one.psi is not None}
    title = "Drift of risk, by day"
    if not known:
        return Chart("drift-days", title, f"No day has enough passages to compare with {against}.", 0, (), ())
    worst = max(known, key=lambda day: known[day])
    over = sum(value > CHANGED for value in known.values())
    reading = (
        f"PSI against {against}. The highest: {known[worst]:.2f}, on {day_name(worst)}; {over} of {len(known)} days above {CHANGED:g}."
    )
    series = [Series("PSI of risk", [known.get(day) for day in days], "main")]
    marks = [(LOOK, "worth a look"), (CHANGED, "changed")]
    return charts.lines("drift-days", title, reading, [day_name(day) for day in days], series, marks)


def drift_groups(found: Mapping[str, Drift], against: str) -> list[Chart]:
    """For each score, where the shares moved."""
    drawn = []
    for score, one in found.items():
        if one.psi is None:
            continue
        moved = max(one.groups, key=lambda group: abs(group.found - group.expected))
        reading = (
            f"PSI {one.psi:.2f}, {drift_reading(one)}. Most moved: {moved.low:g} to {moved.high:g},"
            f" {percent(moved.expected)} of {against} and {percent(moved.found)} of what came in."
        )
        groups = [(f"{group.low:g}–{group.high:g}", group.expected, group.found) for group in one.groups]
        drawn.append(
            charts.paired(f"drift-{score}", score.replace("_", " ").capitalize(), reading, groups, "Score", ("Held-out", "Came in"))
        )
    return drawn


def drift_reading(one: Drift) -> str:
    """In words."""
    return _READINGS[one.reading]


def _measured(name: str, found: Estimate) -> Measured:
    return Measured(name, found.value, found.low, found.high, found.n)


def _agreement_read(alpha: Estimate) -> str:
    """With the limits that Krippendorff gives (2004, "Content Analysis", 11.4)."""
    if alpha.n == 0:
        return "No passage was read by two people in this period."
    if alpha.value is None:
        return f"Everybody chose the same for all {alpha.n:,} passages: agreement beyond chance is undefined."
    what = "reliable" if alpha.value >= 0.8 else "good enough for tentative conclusions" if alpha.value >= 0.667 else "too low to rely on"
    return f"α {alpha.value:.2f} over {alpha.n:,} passages: {what} (0.8 is the customary limit, 0.667 the lowest)."
