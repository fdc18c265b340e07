"""Files that grow by whole chunks and appear under their own name only when they are complete."""

from __future__ import annotations

import errno
import fcntl
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Self

from tocsin_service.bulk.refusals import Refused


class Part:
    """``NAME.partial``: appended to, cut back to the last checkpoint, renamed at the end. Locked: one command at a time writes it."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.path = partial(target)
        self.size = 0
        try:
            self.descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise unwritable(self.path, error) from None
        _lock(self.descriptor, self.path)

    def cut(self, size: int) -> None:
        """Go on after ``size`` bytes.

        Raises
        ------
        ValueError : there are fewer.
        """
        found = os.fstat(self.descriptor).st_size
        if found < size:
            raise Refused(f"{self.path} has {found} bytes, the checkpoint {size}: it was changed; run again without --resume")
        os.ftruncate(self.descriptor, size)
        os.lseek(self.descriptor, size, os.SEEK_SET)
        self.size = size

    def append(self, data: bytes) -> None:
        """Write at the end.

        Raises
        ------
        ValueError : the disk is full, or fails.
        """
        _write(self.descriptor, data, self.path)
        self.size += len(data)

    def sync(self) -> None:
        """Come back when the bytes are on the disk."""
        try:
            os.fsync(self.descriptor)
        except OSError as error:
            raise unwritable(self.path, error) from None

    def close(self) -> None:
        """Let go of the file and its lock."""
        os.close(self.descriptor)


class Nothing:
    """Where rows go that nobody wants to keep."""

    size = 0

    def cut(self, size: int) -> None:
        """Nothing to cut."""

    def append(self, data: bytes) -> None:
        """Nothing is written."""

    def sync(self) -> None:
        """Nothing to wait for."""

    def close(self) -> None:
        """Nothing to close."""


class Stream(Nothing):
    """Standard output, a pipe or a device: written at once, never gone on with."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self.file = file
        self.name = name
        self.size = 0

    @classmethod
    def to(cls, name: str) -> Self:
        """The stream named, ``-`` for standard output."""
        try:
            if name != "-":
                return cls(Path(name).open("wb", buffering=0), name)
        except OSError as error:
            raise unwritable(Path(name), error) from None
        sys.stdout.flush()
        # Past the buffer, where there is one: what a full disk refused must not be tried again when Python ends.
        return cls(getattr(sys.stdout.buffer, "raw", sys.stdout.buffer), "standard output")

    def append(self, data: bytes) -> None:
        """As :meth:`Part.append`."""
        try:
            left = memoryview(data)
            while left:
                left = left[self.file.write(left) :]
            self.file.flush()
        except OSError as error:
            if isinstance(error, BrokenPipeError) and self.name == "standard output":
                raise  # its reader has seen enough
            raise unwritable(Path(self.name), error) from None
        self.size += len(data)

    def close(self) -> None:
        """Close what was opened here."""
        if self.name != "standard output":
            self.file.close()


def partial(target: Path) -> Path:
    """Where a file grows until it is complete."""
    return target.with_name(target.name + ".partial")


@contextmanager
def held(target: Path) -> Iterator[None]:
    """Keep other commands from a complete file that does not have its own name yet.

    Raises
    ------
    Refused : another one is at it.
    """
    try:
        descriptor = os.open(partial(target), os.O_RDWR)
    except FileNotFoundError:  # it has its name
        yield
        return
    _lock(descriptor, partial(target))
    try:
        yield
    finally:
        os.close(descriptor)


def publish(target: Path) -> None:
    """Give a complete file its own name, if it does not have it yet.

    Raises
    ------
    Refused : it is gone.
    """
    try:
        partial(target).replace(target)
    except FileNotFoundError:
        check_there(target)


def check_there(target: Path) -> None:
    """A file that is complete but no longer under its partial name has its own.

    Raises
    ------
    Refused : it has not.
    """
    if not target.exists():
        raise Refused(f"{target}: complete, but it and {partial(target).name} are gone; run again without --resume")


def discard(target: Path) -> None:
    """Remove a file that has nothing to say, and an older one of its name."""
    partial(target).unlink(missing_ok=True)
    target.unlink(missing_ok=True)


def settle(folder: Path) -> None:
    """Come back when the names in a folder are on the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system that can't
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace(path: Path, data: Iterable[bytes], mode: int = 0o666) -> None:
    """Write a whole file, piece by piece: there is the old one or the new one, at any moment.

    Raises
    ------
    ValueError : the disk is full, or fails.
    """
    unfinished = path.with_name(path.name + ".unfinished")
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    except OSError as error:
        raise unwritable(unfinished, error) from None
    try:
        for piece in data:
            _write(descriptor, piece, unfinished)
        os.fsync(descriptor)
    except OSError as error:
        raise unwritable(unfinished, error) from None
    finally:
        os.close(descriptor)
    unfinished.replace(path)


def unwritable(path: Path, error: OSError) -> ValueError:
    """What to tell of a failed write."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return ValueError(f"{path}: the disk is full ({error.strerror}); make room and run it again")
    return ValueError(f"{path}: can't be written: {error.strerror}")


def _lock(descriptor: int, path: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise Refused(f"{path}: another tocsin batch is writing it; let it end, or name another OUT") from None
    except OSError:  # a file system without locks
        pass


def _write(descriptor: int, data: bytes, path: Path) -> None:
    left = memoryview(data)
    try:
        while left:
            left = left[os.write(descriptor, left) :]
    except OSError as error:
        raise unwritable(path, error) from None
