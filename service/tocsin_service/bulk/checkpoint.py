"""``OUT.checkpoint``: how far a run has come. Written after the bytes it counts are on the disk, removed when the output is complete."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from itertools import chain
from pathlib import Path
from typing import Any

from tocsin_service.bulk import parts
from tocsin_service.bulk.inputs import Input
from tocsin_service.bulk.refusals import Refused
from tocsin_service.bulk.work import Best

FORMAT = 2


@dataclass(slots=True)
class State:
    """Chunks done and what they came to.

    ``digest`` is the last chunk's; ``output`` and ``rejects`` are bytes written; ``top`` the best rows so far; ``finished``: nothing is
    left but to give the files their names.
    """

    chunks: int = 0
    digest: str = ""
    output: int = 0
    rejects: int = 0
    summary: dict[str, Any] = field(default_factory=dict)
    top: list[Best] = field(default_factory=list)
    finished: bool = False


def beside(target: Path) -> Path:
    """Where the checkpoint of an output lies."""
    return target.with_name(target.name + ".checkpoint")


def save(path: Path, job: dict[str, Any], inputs: Sequence[Input], state: State) -> None:
    """Keep the state; readable by its owner alone, as it can hold passages.

    Raises
    ------
    ValueError : the disk is full, or fails.
    """
    stored = {
        "format": FORMAT,
        "job": job,
        "inputs": _seen(inputs),
        "state": {item.name: getattr(state, item.name) for item in fields(state) if item.name != "top"},
    }
    # The rows of --top are most of it: a line each, written one by one.
    rows = ([*one.order, base64.b64encode(one.answer).decode("ascii")] for one in state.top)
    parts.replace(path, ((json.dumps(line) + "\n").encode("ascii") for line in chain([stored], rows)), 0o600)


def load(path: Path, job: dict[str, Any], inputs: Sequence[Input]) -> State | None:
    """The state kept, None if there is none.

    Raises
    ------
    Refused : it is of another job, of inputs that have changed since, or unreadable.
    """
    try:
        with path.open(encoding="ascii") as lines:
            stored = json.loads(lines.readline())
            if stored["format"] != FORMAT:
                raise ValueError("format")
            old, seen, state = stored["job"], stored["inputs"], State(**stored["state"])
            for risk, number, answer in map(json.loads, lines):
                state.top.append(Best((risk, number), base64.b64decode(answer)))
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError):
        raise Refused(f"{path}: not a checkpoint this version can read; run again without --resume") from None
    different = [name for name in job if old.get(name) != job[name]]
    if different:
        raise Refused(f"{path}: the run it is of had another {different[0]}; give the same, or run again without --resume")
    now = _seen(inputs)
    if [one["name"] for one in seen] != [one["name"] for one in now]:
        raise Refused(f"{path}: the run it is of had other inputs; give the same, or run again without --resume")
    for before, after in zip(seen, now, strict=True):
        if before != after:
            raise changed(before["name"])
    return state


def changed(name: str) -> Refused:
    """What to tell of an input that is no longer what it was."""
    return Refused(f"{name}: changed since the checkpoint; run again without --resume")


def _seen(inputs: Sequence[Input]) -> list[dict[str, Any]]:
    return [{"name": source.name, "size": source.size, "changed": source.changed} for source in inputs]
