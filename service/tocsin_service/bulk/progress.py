"""What the command says while it runs: messages, and below them a bar that moves."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable
from typing import TextIO

from tocsin_service.streams import put

_EVERY = 0.2  # seconds


class Screen:
    """``total`` is the bytes to read, 0 if nobody knows; ``bar``: whether to draw one, as on a terminal."""

    def __init__(self, stream: TextIO | None, total: int, bar: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self.stream = stream
        self.total = total
        self.clock = clock
        self.live = bar
        self.began = clock()
        self.before = (0, 0)  # rows and bytes that an earlier run has done
        self.drawn = -_EVERY

    def say(self, message: str) -> None:
        """A line that stays."""
        self.clear()
        put(self.stream, f"tocsin: {message}\n")

    def tell(self, lines: Iterable[str]) -> None:
        """More of the message before."""
        for line in lines:
            put(self.stream, f"  {line}\n")

    def skipped(self, rows: int, position: int) -> None:
        """Rows done by an earlier run: the rate counts from here."""
        self.before = (rows, position)
        self.began = self.clock()

    def show(self, rows: int, position: int) -> None:
        """Draw the bar, but not too often."""
        now = self.clock()
        if not self.live or now - self.drawn < _EVERY:
            return
        self.drawn = now
        seconds = max(now - self.began, 1e-3)
        rate = (rows - self.before[0]) / seconds
        line = f"{rows} rows  {rate:.0f}/s"
        if self.total:
            share = min(1.0, position / self.total)
            speed = (position - self.before[1]) / seconds
            left = f"{_clock(max(0, self.total - position) / speed)} left" if speed > 0 else ""
            width = 24
            full = round(share * width)
            line = f"[{'#' * full}{'.' * (width - full)}] {share:4.0%}  {line}  {left}"
        columns = shutil.get_terminal_size().columns
        put(self.stream, f"\r\x1b[K{line[: columns - 1]}")

    def clear(self) -> None:
        """Take the bar away."""
        if self.live:
            put(self.stream, "\r\x1b[K")


def _clock(seconds: float) -> str:
    whole = int(seconds)
    hours, minutes = divmod(whole // 60, 60)
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"
