"""Standard streams that nobody may be reading: what a command says must not decide how it ends."""

from __future__ import annotations

import os
import select
from contextlib import suppress
from typing import TextIO


def put(stream: TextIO | None, text: str) -> None:
    """Write at once. What can't be read (the stream is closed, its reader gone, its disk full) is thrown away, and the run goes on."""
    if stream is None:  # as ``sys.stderr`` after 2>&-
        return
    try:
        stream.write(text)
        stream.flush()
    except OSError:
        let_go(stream)


def let_go(stream: TextIO) -> None:
    """Throw away what a stream still holds and what it gets from now on: else Python's own end fails on it, with another exit status."""
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


def unread(stream: TextIO | None) -> bool:
    """Whether the reader of a pipe has gone."""
    if stream is None:
        return False
    watch = select.poll()
    watch.register(stream, 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in watch.poll(0))
