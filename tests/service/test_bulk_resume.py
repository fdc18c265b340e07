"""No row lost or doubled: killed at every step and at random moments, with a full disk, with other inputs, in little memory."""

import errno
import gzip
import json
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.conftest import HARMLESS, QUOTED, ROOT, THREAT

import tocsin_model
from tocsin_model import Classifier
from tocsin_service.bulk import chunks, parts, run
from tocsin_service.cli import main

TEXTS = [THREAT, HARMLESS, QUOTED, "", "Shoot them all!", "The nurses voted.", 5]
ENVIRONMENT = {**os.environ, "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in ("model", "service", "training"))}


@pytest.fixture(autouse=True)
def small_steps(classifier: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tocsin_model, "load", lambda _=None: classifier)
    monkeypatch.setattr(chunks, "ROWS", 6)
    monkeypatch.setattr(run, "SECONDS", 0.0)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    path = tmp_path / "in.jsonl"
    rows = [{"id": number, "text": TEXTS[number % len(TEXTS)], "community": "ab"[number % 2]} for number in range(19)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def batch(source: Path, folder: Path, name: str, *options: str) -> int:
    """A run that writes all it can into a folder."""
    folder.mkdir(exist_ok=True)
    more = ("--report", str(folder / "r.html"), "--group-by", "community", "--workers", "1", *options)
    return main(["batch", str(source), str(folder / name), *more])


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


class Steps:
    """Counts what is done to the disk, and kills this process in the middle of one step."""

    def __init__(self, last: int) -> None:
        self.left = last

    def around(self, done: Callable[..., object]) -> Callable[..., object]:
        def step(*arguments: object, **named: object) -> object:
            self.left -= 1
            if self.left == 0:
                if done is REAL_WRITE:
                    REAL_WRITE(arguments[0], bytes(arguments[1])[: len(arguments[1]) // 2])  # type: ignore[call-overload,arg-type]
                os.kill(os.getpid(), signal.SIGKILL)
            return done(*arguments, **named)

        return step


REAL_WRITE = os.write


def killed_at(last: int, begin: Callable[[], int]) -> bool:
    """Whether a process that begins so was killed at its ``last``-th step; else it has finished."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        steps = Steps(last)
        for name in ("write", "fsync", "ftruncate"):
            setattr(os, name, steps.around(getattr(os, name)))
        for name in ("replace", "unlink"):
            setattr(Path, name, steps.around(getattr(Path, name)))
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        os._exit(begin())
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 1  # some rows are bad on purpose
    return os.WIFSIGNALED(status)


VARIANTS = [  # of the last three, every third step
    ("out.jsonl", range(1, 1000), ()),
    ("out.csv.gz", range(1, 1000, 3), ("--columns", "spans")),
    ("out.parquet", range(2, 1000, 3), ()),
    ("out.jsonl.zst", range(3, 1000, 3), ("--top", "7")),
]


@pytest.mark.parametrize(("name", "steps", "options"), VARIANTS, ids=[name for name, _, _ in VARIANTS])
def test_killed_at_any_step_a_run_goes_on(name: str, steps: range, options: tuple[str, ...], source: Path, tmp_path: Path) -> None:
    assert batch(source, tmp_path / "whole", name, *options) == 1
    whole = contents(tmp_path / "whole")
    assert set(whole) == {name, f"{name}.rejects.jsonl", "r.html"}
    folder = tmp_path / "killed"
    for last in steps:
        if not killed_at(last, lambda: batch(source, folder, name, *options)):
            break
        out = folder / name
        assert not out.exists() or out.read_bytes() == whole[name]  # whole or not there
        assert batch(source, folder, name, *options, "--resume") == 1
        found = contents(folder)
        found[f"{name}.rejects.jsonl"] = found[f"{name}.rejects.jsonl"].replace(b"/killed/", b"/whole/")
        assert found == whole, f"killed at step {last}"
        shutil.rmtree(folder)
    assert last > 30


def test_killed_again_and_again_a_run_goes_on(source: Path, tmp_path: Path) -> None:
    assert batch(source, tmp_path / "whole", "out.jsonl") == 1
    for seed in range(3):
        chance = random.Random(seed)
        kills = 0
        while killed_at(chance.randint(5, 20), lambda: batch(source, tmp_path / "killed", "out.jsonl", "--resume")):
            kills += 1
            assert kills < 200
        assert contents(tmp_path / "killed") == contents(tmp_path / "whole")
        shutil.rmtree(tmp_path / "killed")


def test_starting_over_leaves_nothing_of_the_run_before(source: Path, tmp_path: Path) -> None:
    assert batch(source, tmp_path / "whole", "out.jsonl") == 1
    for last in range(1, 14):
        stopped(source, tmp_path / "killed")
        assert killed_at(last, lambda: batch(source, tmp_path / "killed", "out.jsonl"))
        assert batch(source, tmp_path / "killed", "out.jsonl", "--resume") == 1
        assert contents(tmp_path / "killed") == contents(tmp_path / "whole")
        shutil.rmtree(tmp_path / "killed")


def start(arguments: list[str], rows: int = 64) -> subprocess.Popen[bytes]:
    """A real command in its own process, its checkpoints close together."""
    code = (
        "import sys; from tocsin_service.bulk import chunks, run; from tocsin_service.cli import main;"
        f"chunks.ROWS = {rows}; run.SECONDS = 0.01; sys.exit(main(sys.argv[1:]))"
    )
    return subprocess.Popen([sys.executable, "-c", code, *arguments], env=ENVIRONMENT, stderr=subprocess.DEVNULL)


def workers_of(process: subprocess.Popen[bytes]) -> list[str]:
    try:
        return Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    except OSError:
        return []


def alive(pid: str) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


def test_kill_9_at_random_moments_changes_no_byte(tmp_path: Path) -> None:
    source = tmp_path / "in.csv"
    text = "\n".join(f'{number},"{HARMLESS} {THREAT if number % 9 == 0 else ""}\nNo. {number}"' for number in range(3000))
    source.write_text("id,text\n" + text + "\n3000,bad,row\n")
    assert start(["batch", str(source), str(tmp_path / "whole.jsonl"), "--workers", "2"]).wait() == 1
    whole = (tmp_path / "whole.jsonl").read_bytes()
    assert whole.count(b"\n") == 3001
    chance = random.Random()
    kills = 0
    while True:
        workers = chance.choice(["1", "2"])
        process = start(["batch", str(source), str(tmp_path / "out.jsonl"), "--resume", "--workers", workers])
        deadline = time.monotonic() + 20
        partial, begun = tmp_path / "out.jsonl.partial", 0
        if partial.exists():
            begun = partial.stat().st_size
        while kills < 5 and process.poll() is None and time.monotonic() < deadline:  # until it has come some way on
            if partial.exists() and partial.stat().st_size > begun:
                time.sleep(chance.uniform(0, 0.1))
                break
            time.sleep(0.005)
        if kills == 5 or process.poll() is not None:
            assert process.wait() == 1
            break
        children = workers_of(process)
        process.kill()
        process.wait()
        kills += 1
        for _ in range(200):
            if not any(map(alive, children)):
                break
            time.sleep(0.02)
        assert not any(map(alive, children))  # no worker outlives the command
    assert kills > 0
    assert (tmp_path / "out.jsonl").read_bytes() == whole
    assert (tmp_path / "out.jsonl.rejects.jsonl").read_bytes() == (tmp_path / "whole.jsonl.rejects.jsonl").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix in (".partial", ".checkpoint", ".unfinished")) == []


def test_a_full_disk_is_said_and_the_run_goes_on(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("out.jsonl", "out.parquet"):
        assert batch(source, tmp_path / "whole", name) == 1
        capsys.readouterr()
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (7000, hard))
        try:
            assert batch(source, tmp_path / "full", name) == 2
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        errors = capsys.readouterr().err
        assert "the disk is full" in errors and "run it again with --resume" in errors
        assert batch(source, tmp_path / "full", name, "--resume") == 1
        assert contents(tmp_path / "full") == {
            key: data.replace(b"/whole/", b"/full/") for key, data in contents(tmp_path / "whole").items()
        }
        for folder in ("whole", "full"):
            shutil.rmtree(tmp_path / folder)


@pytest.mark.parametrize("step", range(1, 40, 3))
def test_a_disk_full_at_any_write_is_said(
    step: int, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    left = [step]

    def full(descriptor: int, data: bytes) -> int:
        left[0] -= 1
        if left[0] <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return REAL_WRITE(descriptor, data)

    monkeypatch.setattr(parts.os, "write", full)
    status = batch(source, tmp_path / "full", "out.jsonl")
    assert status == 1 if left[0] > 0 else status == 2 and "the disk is full (No space left on device)" in capsys.readouterr().err


@pytest.mark.parametrize("workers", ["1", "2"])
def test_dev_full(workers: str, source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["batch", str(source), "/dev/full", "--workers", workers]) == 2
    assert "/dev/full: the disk is full" in capsys.readouterr().err
    command = [sys.executable, "-m", "tocsin_service.cli", "batch", str(source), "-", "--workers", workers]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT)
    assert (done.returncode, done.stderr.splitlines()[-1].partition(" (")[0]) == (2, "tocsin: standard output: the disk is full")


def stopped(source: Path, folder: Path, *options: str) -> None:
    """A run that was killed half-way."""
    assert killed_at(25, lambda: batch(source, folder, "out.jsonl", *options))
    assert (folder / "out.jsonl.checkpoint").exists()


CHANGES: list[tuple[str, Callable[[Path], object]]] = [
    ("longer", lambda path: path.write_text(path.read_text() + "{}\n")),
    ("touched", lambda path: os.utime(path, ns=(1, 1))),
    ("shorter", lambda path: path.write_text("")),
]


@pytest.mark.parametrize("change", [change for _, change in CHANGES], ids=[name for name, _ in CHANGES])
def test_a_changed_input_is_refused(
    change: Callable[[Path], object], source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    stopped(source, tmp_path / "out")
    change(source)
    assert batch(source, tmp_path / "out", "out.jsonl", "--resume") == 2
    assert "in.jsonl: changed since the checkpoint; run again without --resume" in capsys.readouterr().err
    assert batch(source, tmp_path / "out", "out.jsonl") in (0, 1)
    assert "starting over" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_a_change_that_leaves_size_and_time_is_seen(kind: str, source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [json.loads(line) | {"text": "Nurses."} for line in source.read_text().splitlines()]
    path = tmp_path / f"in.{kind}"

    def store(text: str) -> None:
        rows[3]["text"] = text
        if kind == "parquet":
            pq.write_table(pa.Table.from_pylist(rows), path, compression="none", use_dictionary=False, write_statistics=False)
        elif kind == "csv":
            path.write_text("id,text,community\n" + "".join(f"{row['id']},{row['text']},a\n" for row in rows))
        else:
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))

    store("Nurses!")
    before = path.stat()
    stopped(path, tmp_path / "out")
    store("Nurses?")
    assert path.stat().st_size == before.st_size
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    capsys.readouterr()
    assert batch(path, tmp_path / "out", "out.jsonl", "--resume") == 2
    assert "changed since the checkpoint" in capsys.readouterr().err


OTHERS = [
    ("--columns", "scores"),
    ("--min-risk", "0.5"),
    ("--offsets", "utf16"),
    ("--keep", "community"),
    ("--id-column", "x"),
    ("--top", "3"),
]


@pytest.mark.parametrize("options", OTHERS, ids=[name for name, _ in OTHERS])
def test_other_options_are_refused(options: tuple[str, str], source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stopped(source, tmp_path / "out")
    assert batch(source, tmp_path / "out", "out.jsonl", "--resume", *options) == 2
    assert f"had another {options[0]}" in capsys.readouterr().err
    assert batch(source, tmp_path / "out", "out.jsonl", "--resume", "--workers", "2") == 1  # how many is of no account


def test_other_inputs_and_spoilt_files_are_refused(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stopped(source, tmp_path / "out")
    other = tmp_path / "other.jsonl"
    other.write_bytes(source.read_bytes())
    assert batch(other, tmp_path / "out", "out.jsonl", "--resume") == 2
    assert "had other inputs" in capsys.readouterr().err
    partial, checkpoint = tmp_path / "out" / "out.jsonl.partial", tmp_path / "out" / "out.jsonl.checkpoint"
    partial.write_bytes(b"")
    assert batch(source, tmp_path / "out", "out.jsonl", "--resume") == 2
    assert "has 0 bytes" in capsys.readouterr().err
    for spoilt in ("", "[]", '{"format": 0}', '{"format": 1, "job": {}, "inputs": [], "state": {"x": 1}}'):
        checkpoint.write_text(spoilt)
        assert batch(source, tmp_path / "out", "out.jsonl", "--resume") == 2
        assert "not a checkpoint this version can read" in capsys.readouterr().err


def test_resume_without_a_checkpoint_begins(source: Path, tmp_path: Path) -> None:
    assert batch(source, tmp_path / "out", "out.jsonl", "--resume") == 1
    assert batch(source, tmp_path / "out", "out.jsonl", "--resume") == 1
    assert batch(source, tmp_path / "whole", "out.jsonl") == 1
    assert contents(tmp_path / "out") == contents(tmp_path / "whole")


def test_two_runs_do_not_write_one_output(source: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "out").mkdir()
    held = parts.Part(tmp_path / "out" / "out.jsonl")
    assert batch(source, tmp_path / "out", "out.jsonl") == 2
    assert "another tocsin batch is writing it" in capsys.readouterr().err
    held.close()
    assert batch(source, tmp_path / "out", "out.jsonl") == 1


def test_the_checkpoint_is_for_its_owner(source: Path, tmp_path: Path) -> None:
    stopped(source, tmp_path / "out")
    assert (tmp_path / "out" / "out.jsonl.checkpoint").stat().st_mode & 0o077 == 0


def peak(code: str, *arguments: str) -> int:
    """Most resident memory of a process that runs this, in MiB."""
    tail = "\nprint(open('/proc/self/status').read())"
    done = subprocess.run([sys.executable, "-c", code + tail, *arguments], capture_output=True, text=True, env=ENVIRONMENT, check=True)
    found = re.search(r"VmHWM:\s+(\d+) kB", done.stdout)
    assert found is not None
    return int(found[1]) >> 10


SCORE = "import sys; from tocsin_service.cli import main; main(sys.argv[1:])"
READ = """
import sys
from tocsin_service.bulk import chunks, inputs, rows
for chunk in chunks.chunks(inputs.find(sys.argv[1:]), rows.Columns()): pass
"""


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    peaks = []
    for rows in (10_000, 100_000):
        source = tmp_path / f"{rows}.csv.gz"
        data = "id,text,community\n" + "".join(f"{number},see you soon {number},{number}\n" for number in range(rows))
        source.write_bytes(gzip.compress(data.encode(), 1))
        options = ["--columns", "scores", "--workers", "1", "--group-by", "community", "--report", str(tmp_path / "r.html")]
        peaks.append(peak(SCORE, "batch", str(source), str(tmp_path / "out.jsonl"), *options))
    assert peaks[1] < peaks[0] + 30


def test_memory_does_not_grow_with_a_row_group(tmp_path: Path) -> None:
    peaks = []
    for rows in (10_000, 300_000):
        path = tmp_path / f"{rows}.parquet"
        table = pa.table({"text": [f"{number} " + "nurses " * 20 for number in range(rows)]})
        pq.write_table(table, path, row_group_size=rows, use_dictionary=False)
        peaks.append(peak(READ, str(path)))
    assert peaks[1] < peaks[0] + 30
