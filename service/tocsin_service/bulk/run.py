"""A run from the first chunk, or from the checkpoint, to the complete output."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import asdict, replace
from functools import partial
from itertools import islice

from tocsin_model import Classifier
from tocsin_service.bulk import checkpoint, parts, report
from tocsin_service.bulk.checkpoint import State
from tocsin_service.bulk.chunks import BYTES, ROWS, Chunk, chunks
from tocsin_service.bulk.formats import Kind
from tocsin_service.bulk.inputs import refuse_changed
from tocsin_service.bulk.parts import Nothing, Part, Stream
from tocsin_service.bulk.plan import Plan
from tocsin_service.bulk.progress import Screen
from tocsin_service.bulk.summary import Summary
from tocsin_service.bulk.work import Done, Reject, keep, work
from tocsin_service.bulk.workers import Workers

SECONDS = 1.0  # between checkpoints
SPARING = 10  # at least so many times as long between two as one takes: the rows of --top can be many, or long
_LISTED = 20  # rejects on the screen, where a file has them all


def run(plan: Plan, classifier: Classifier, screen: Screen) -> Summary:
    """Score the inputs; the output is complete when this returns.

    Raises
    ------
    ValueError : an input can't be read or has changed since the checkpoint, or something can't be written.
    """
    state = _kept(plan, classifier, screen)
    with ExitStack() as held:  # the files stay locked until everything has its name
        if not state.finished:
            with Workers(plan.workers, partial(work, job=plan.job, classifier=classifier)) as workers:
                outcome = held.enter_context(closing(_Outcome(plan, classifier, state, screen)))
                for done in workers.run(replace(chunk, bar=outcome.bar) for chunk in _remaining(plan, state, screen)):
                    outcome.take(done)
                refuse_changed(plan.job.inputs)
                outcome.finish()
        elif plan.target is not None:
            held.enter_context(parts.held(plan.target))
        summary = Summary.restored(state.summary)
        _publish(plan, summary, classifier)
    return summary


def _kept(plan: Plan, classifier: Classifier, screen: Screen) -> State:
    """What an earlier run has left, if this one is to go on with it."""
    if plan.checkpoint is None:
        return State()
    if not plan.resume:
        if plan.checkpoint.exists():
            screen.say("an earlier run stopped before its end; starting over (--resume goes on with it)")
        return State()
    return checkpoint.load(plan.checkpoint, plan.identity(classifier.info.digest), plan.job.inputs) or State()


def _remaining(plan: Plan, state: State, screen: Screen) -> Iterator[Chunk]:
    """The chunks not done yet; those that are done are read again, to see that they are the same."""
    source = chunks(plan.job.inputs, plan.job.columns)
    last = None
    for last in islice(source, state.chunks):
        screen.skipped(last.first + len(last.records), last.position)
        screen.show(last.first + len(last.records), last.position)
    if state.chunks and (last is None or last.number != state.chunks - 1 or last.digest != state.digest):
        raise checkpoint.changed("the input" if len(plan.job.inputs) > 1 else plan.job.inputs[0].name)
    yield from source


class _Outcome:
    """The files of a run while it lasts, and the state that says how much of them counts."""

    def __init__(self, plan: Plan, classifier: Classifier, state: State, screen: Screen) -> None:
        self.plan = plan
        self.identity = plan.identity(classifier.info.digest)
        self.state = state
        self.screen = screen
        self.summary = Summary.restored(state.summary) if state.summary else Summary()
        self.best = state.top  # a heap
        self.listed = 0
        self.out = Part(plan.target) if plan.target is not None else Stream.to(plan.output)
        self.rejects = Part(plan.rejects) if plan.rejects is not None else Nothing()
        if state.chunks == 0:
            if plan.checkpoint is not None:
                plan.checkpoint.unlink(missing_ok=True)  # before what it counts is cut
            self.out.cut(0)
            self.rejects.cut(0)
            self.out.append(plan.job.writer.header())
        else:
            self.out.cut(state.output)
            self.rejects.cut(state.rejects)
        self.saved = time.monotonic()
        self.took = 0.0  # seconds that the last save took

    @property
    def bar(self) -> tuple[float, int] | None:
        """What a row must exceed to be written; none while everything is."""
        return self.best[0].order if len(self.best) == self.plan.job.top else None

    def take(self, done: Done) -> None:
        """The next chunk's outcome."""
        self.out.append(done.data)
        self.rejects.append(b"".join((json.dumps(asdict(reject)) + "\n").encode("ascii") for reject in done.rejects))
        self.summary.add(done.summary, self.plan.job.passages)
        self._list(done.rejects, self.plan.job.inputs[done.file].unit)
        if self.plan.job.top is not None:
            for one in done.best:
                keep(self.best, one, self.plan.job.top)
        self.state.chunks, self.state.digest = done.number + 1, done.digest
        if time.monotonic() - self.saved >= SECONDS * max(1.0, SPARING * self.took) and self.plan.checkpoint is not None:
            self._save()
        self.screen.show(self.summary.tally.rows + self.summary.failed, done.position)

    def finish(self) -> None:
        """Nothing more comes."""
        for lines in _batches(one.line for one in sorted(self.best, reverse=True)):
            self.out.append(self.plan.job.writer.encode([json.loads(line) for line in lines]))
        self.summary.written += len(self.best)
        self.best.clear()
        self.state.finished = True
        self._save()

    def close(self) -> None:
        """Let go of the files; without a checkpoint, what is not complete is of no use."""
        self.screen.clear()
        for file in (self.out, self.rejects):
            file.close()
            if isinstance(file, Part) and self.plan.checkpoint is None and not self.state.finished:
                file.path.unlink(missing_ok=True)

    def _save(self) -> None:
        began = time.monotonic()
        self.out.sync()
        self.rejects.sync()
        self.state.output, self.state.rejects = self.out.size, self.rejects.size
        self.state.summary = self.summary.stored()
        if self.plan.checkpoint is not None:
            checkpoint.save(self.plan.checkpoint, self.identity, self.plan.job.inputs, self.state)
        self.saved = time.monotonic()
        self.took = self.saved - began

    def _list(self, rejects: tuple[Reject, ...], unit: str) -> None:
        for reject in rejects:
            self.listed += 1
            if self.plan.rejects is None or self.listed <= _LISTED:
                where = "" if len(self.plan.job.inputs) == 1 else f"{reject.file} "
                self.screen.say(f"{where}{unit} {reject.line}: {reject.reason}")
            elif self.listed == _LISTED + 1:
                self.screen.say(f"more rows failed; {self.plan.rejects} will list them all")


def _batches(lines: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Lines, no more at once than a chunk has."""
    held: list[bytes] = []
    for line in lines:
        held.append(line)
        if len(held) >= ROWS or sum(map(len, held)) >= BYTES:
            yield held
            held = []
    if held:
        yield held


def _publish(plan: Plan, summary: Summary, classifier: Classifier) -> None:
    """Give everything its name; killed in between and run again with ``--resume``, it does the rest."""
    job = plan.job
    if plan.report is not None:
        parts.replace(plan.report, [report.render(summary, job.inputs, job.columns.group, classifier.info, classifier.thresholds)])
    if plan.target is not None:
        if job.writer.format.kind is Kind.PARQUET:
            from tocsin_service.bulk import tables  # noqa: PLC0415 an extra

            tables.publish(parts.partial(plan.target), plan.target, job.writer.schema)
        else:
            parts.publish(plan.target)
    if plan.rejects is not None:
        if summary.failed:
            parts.publish(plan.rejects)
        else:
            parts.discard(plan.rejects)  # also one that an earlier run has left
    if plan.target is not None:
        parts.settle(plan.target.parent)
    if plan.checkpoint is not None:
        plan.checkpoint.unlink(missing_ok=True)
