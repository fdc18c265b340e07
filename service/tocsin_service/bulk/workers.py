"""Processes that share the loaded model: forked after it is loaded, each given one chunk at a time over a pipe of its own.

A pipe of its own, and not a shared queue, so that a worker sees the end of its pipe when the command is killed, and ends too; and so that
the command sees when a worker is killed.
"""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from types import TracebackType
from typing import Self

from tocsin_service.bulk.chunks import Chunk
from tocsin_service.bulk.work import Done

Work = Callable[[Chunk], Done]
_WINDOW = 4  # chunks a worker that may wait for a slow one before them


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Workers:
    """``count`` processes; with one, the work is done in this process.

    Make it before files are opened: workers would keep them open, and locked, for a moment longer than a killed command.
    """

    def __init__(self, count: int, work: Work) -> None:
        self.work = work
        self.idle: list[Connection] = []
        self.processes: dict[Connection, multiprocessing.process.BaseProcess] = {}
        if count > 1:
            gc.collect()
            gc.freeze()  # what is loaded now is never collected, so workers don't copy its pages
            fork = multiprocessing.get_context("fork")
            for _ in range(count):
                own, theirs = fork.Pipe()
                process = fork.Process(target=_serve, args=(theirs, [own, *self.processes], work), daemon=True)
                with warnings.catch_warnings():
                    # Python warns of threads (those that wait in BLAS); workers only read the model, and take no lock that one could hold.
                    warnings.simplefilter("ignore", DeprecationWarning)
                    process.start()
                theirs.close()
                self.processes[own] = process
            self.idle = list(self.processes)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        for connection, process in self.processes.items():
            connection.close()  # an idle worker ends by itself
            if kind is not None:
                process.terminate()
            process.join()
        if self.processes:
            gc.unfreeze()

    def run(self, chunks: Iterator[Chunk]) -> Iterator[Done]:
        """Every chunk's outcome, in the order of the chunks.

        Raises
        ------
        ValueError : a worker was killed, or failed.
        """
        if not self.processes:
            yield from (_attempt(self.work, chunk) for chunk in chunks)
            return
        following = next(chunks, None)
        sent, given = 0, 0
        busy: list[Connection] = []
        done: dict[int, Done] = {}  # by turn, those that wait for one before them
        turns: dict[Connection, int] = {}
        while following is not None or busy:
            while following is not None and self.idle and sent - given < _WINDOW * len(self.processes):
                connection = self.idle.pop()
                self._send(connection, following)
                busy.append(connection)
                turns[connection] = sent
                sent += 1
                following = next(chunks, None)
            ready = wait(busy)
            for connection in [one for one in busy if one in ready]:
                busy.remove(connection)
                done[turns.pop(connection)] = self._receive(connection)
                self.idle.append(connection)
            while given in done:
                yield done.pop(given)
                given += 1

    def _send(self, connection: Connection, chunk: Chunk) -> None:
        try:
            connection.send(chunk)
        except OSError:
            raise self._killed(connection) from None

    def _receive(self, connection: Connection) -> Done:
        try:
            outcome = connection.recv()
        except (EOFError, OSError):
            raise self._killed(connection) from None
        if isinstance(outcome, Done):
            return outcome
        raise ValueError(outcome)

    def _killed(self, connection: Connection) -> ValueError:
        process = self.processes[connection]
        process.join(1)
        how = f"by signal {-process.exitcode}" if process.exitcode is not None and process.exitcode < 0 else "unexpectedly"
        return ValueError(f"a worker ended {how}; if memory ran out, use fewer with --workers")


def _serve(connection: Connection, inherited: list[Connection], work: Work) -> None:
    """A worker's life: until the command closes its end, or dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the command is interrupted too, and ends us
    for other in inherited:
        other.close()
    with suppress(EOFError, OSError):
        while True:
            chunk = connection.recv()
            try:
                outcome: Done | str = _attempt(work, chunk)
            except ValueError as error:
                outcome = str(error)
            connection.send(outcome)


def _attempt(work: Work, chunk: Chunk) -> Done:
    """The work; if it fails, an error that names the rows and our mistake, never the text.

    Raises
    ------
    ValueError : the work failed.
    """
    try:
        return work(chunk)
    except Exception as error:
        trace, place = error.__traceback__, "?"
        while trace is not None:
            place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
            trace = trace.tb_next
        rows = f"lines {chunk.lines[0]} to {chunk.lines[-1]} of input {chunk.file + 1}"
        raise ValueError(f"Tocsin failed on {rows}: {type(error).__name__} at {place}; this is our mistake, please report it") from None
