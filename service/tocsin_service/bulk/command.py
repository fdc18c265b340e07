"""``tocsin batch``: its options, and what they mean together."""

from __future__ import annotations

import argparse
import math
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tocsin_service.bulk.formats import Format
    from tocsin_service.bulk.plan import Plan

_MOST_TOP = 10_000  # rows kept in memory and in the checkpoint
_LEVELS = ("scores", "spans", "all")


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """The parser of the command."""
    batch = commands.add_parser(
        "batch", help="score files of rows: JSONL, CSV, TSV, Parquet", description="Score files of rows. More in docs/bulk.md."
    )
    batch.add_argument(
        "inputs", nargs="+", metavar="IN", help="file, glob or folder: .jsonl .csv .tsv (also .gz .zst) .parquet; '-': standard input"
    )
    batch.add_argument("output", metavar="OUT", help="file of any of these formats; '-': standard output, JSONL")
    batch.add_argument("--text-column", default="text", metavar="NAME", help="column of the passage (%(default)s)")
    batch.add_argument("--id-column", default="id", metavar="NAME", help="column of the id, may be absent (%(default)s)")
    batch.add_argument("--keep", action="append", default=[], metavar="NAME", help="column to pass through; may be given several times")
    batch.add_argument("--columns", choices=_LEVELS, default="all", help="what to write of a row (%(default)s)")
    batch.add_argument("--offsets", choices=("codepoint", "utf16", "byte"), default="codepoint", help="unit of the offsets")
    batch.add_argument("--min-risk", type=float, metavar="P", help="write only rows whose risk is at least P")
    batch.add_argument("--top", type=int, metavar="N", help="write only the N rows of the highest risk, highest first")
    batch.add_argument("--rejects", metavar="FILE", help="JSONL of the rows that failed (OUT.rejects.jsonl)")
    batch.add_argument("--report", metavar="FILE", help="HTML page of counts and of the riskiest passages")
    batch.add_argument("--group-by", metavar="NAME", help="column to count rows by, such as community")
    batch.add_argument("--resume", action="store_true", help="go on with a run that was stopped")
    batch.add_argument("--workers", type=int, default=0, metavar="N", help="processes; 0: one a core (%(default)s)")
    batch.add_argument("--model", metavar="FOLDER", help="another model artifact")
    batch.set_defaults(run=run)


def run(chosen: argparse.Namespace) -> int:
    """Run the command; the exit status is 0, or 1 if some rows failed.

    Raises
    ------
    ValueError : the options don't fit together, an input can't be read, or the output can't be written.
    """
    from tocsin_model import ArtifactError, language, load
    from tocsin_service.bulk import run as runs
    from tocsin_service.bulk import summary
    from tocsin_service.bulk.progress import Screen
    from tocsin_service.bulk.refusals import Refused

    settled = plan(chosen)
    try:
        classifier = load(chosen.model)
    except ArtifactError as error:
        raise ValueError(str(error)) from error
    if settled.workers > 1:
        language.load()
    began = time.monotonic()
    total = sum(source.size for source in settled.job.inputs)
    bar = sys.stderr is not None and sys.stderr.isatty() and not (settled.target is None and sys.stdout.isatty())
    screen = Screen(sys.stderr, total, bar)
    try:
        found = runs.run(settled, classifier, screen)
    except Refused:
        raise
    except (KeyboardInterrupt, ValueError):
        if settled.checkpoint is not None and settled.checkpoint.exists():
            screen.say("stopped; run it again with --resume to go on")
        raise
    first, *more = summary.printed(found, settled.job.columns.group, time.monotonic() - began)
    screen.say(first)
    screen.tell(more)
    if found.tally.rows:
        for column, option in settled.job.columns.named.items():
            if column not in found.named:
                screen.say(f"no row has {column!r}, which {option} names; look at its spelling")
    if found.failed and settled.rejects is not None:
        screen.say(f"the rows that failed are in {settled.rejects}")
    return 1 if found.failed else 0


def plan(chosen: argparse.Namespace) -> Plan:
    """The options checked against each other and against what lies on the disk.

    Raises
    ------
    ValueError : they don't fit; says which and what to change.
    """
    from tocsin_service.bulk import answers, checkpoint, inputs, readers
    from tocsin_service.bulk.answers import Level
    from tocsin_service.bulk.plan import Plan
    from tocsin_service.bulk.rows import Columns
    from tocsin_service.bulk.work import PASSAGES, Job
    from tocsin_service.bulk.workers import cores
    from tocsin_service.requests import Offsets

    _check_numbers(chosen)
    _check_names(chosen, answers.RESERVED)
    target, form = _destination(chosen.output)
    rejects = _beside(chosen.rejects, target)
    report = None if chosen.report is None else _file(chosen.report)
    written = [path for path in (target, rejects, report) if path is not None]
    if len(set(written)) < len(written):
        raise ValueError("OUT, --rejects and --report must be different files")
    going_on = chosen.resume and target is not None and checkpoint.beside(target).exists()
    # A run that was stopped while it gave its files their names has left some where a folder or a glob finds them.
    found = inputs.find(chosen.inputs, written if going_on else ())
    inputs.refuse_same(found, written)
    if len(chosen.inputs) > 1 and target is not None and target.exists() and not chosen.resume:
        raise ValueError(f"{chosen.output}: exists. With several files named, the last is the output; remove it first if you mean it")
    if chosen.resume and (target is None or any(source.stream for source in found)):
        raise ValueError("--resume needs files: a stream can't be read or written again")
    columns = Columns(chosen.text_column, chosen.id_column, tuple(dict.fromkeys(chosen.keep)), chosen.group_by)
    for source in found:
        readers.check(source, columns)
    job = Job(
        found,
        columns,
        answers.writer(form, Level(chosen.columns), columns.keep, columns.id, found),
        Offsets(chosen.offsets),
        chosen.min_risk,
        chosen.top,
        PASSAGES if report is not None else 0,
    )
    return Plan(job, chosen.output, target, rejects, report, chosen.workers or cores(), chosen.resume)


def _check_numbers(chosen: argparse.Namespace) -> None:
    if chosen.min_risk is not None and not (math.isfinite(chosen.min_risk) and 0 <= chosen.min_risk <= 1):
        raise ValueError("--min-risk takes a probability between 0 and 1")
    if chosen.top is not None and not 1 <= chosen.top <= _MOST_TOP:
        raise ValueError(f"--top takes 1 to {_MOST_TOP}; to write more, choose by --min-risk")
    if chosen.workers < 0:
        raise ValueError("--workers takes a number of processes, or 0 for one a core")


def _check_names(chosen: argparse.Namespace, reserved: frozenset[str]) -> None:
    for name in chosen.keep:
        if name in reserved:
            raise ValueError(f"--keep {name}: the output has a column of this name; rename the input's")
    if chosen.group_by == chosen.text_column:
        raise ValueError("--group-by: rows are counted by another column than the passage's, which is never shown")


def _destination(name: str) -> tuple[Path | None, Format]:
    """Where the output goes, None for a stream, and its format."""
    from tocsin_service.bulk import formats

    path = Path(name)
    if name == "-" or (path.exists() and not path.is_file() and not path.is_dir()):
        form = formats.of(name) if formats.known(name) else formats.Format(formats.Kind.JSONL)
        if form.kind is formats.Kind.PARQUET:
            raise ValueError(f"{name}: Parquet is written to files only")
        return None, form
    return _file(name), formats.of(name)


def _file(name: str) -> Path:
    """A file that can be written: its folder is there, and it is none itself. Links are followed, so that the file is replaced."""
    path = Path(name).resolve()
    if path.is_dir():
        raise ValueError(f"{name}: is a folder; name a file")
    if not path.parent.is_dir():
        raise ValueError(f"{name}: there is no folder {path.parent}; make it first")
    return path


def _beside(name: str | None, target: Path | None) -> Path | None:
    if name is not None:
        return _file(name)
    return None if target is None else target.with_name(target.name + ".rejects.jsonl")
