"""More cores, what each adds in memory, and HTTP beside in-process: ``python tests/bench/scaling.py``; the fastest of three runs, start-up left out."""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import active_children, get_context
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), *(str(ROOT / part) for part in ("model", "service", "training"))]

from tests.conftest import start_server  # noqa: E402
from tocsin_model import load  # noqa: E402
from tocsin_training import seeds  # noqa: E402
from tocsin_training.splits import held_out  # noqa: E402

CLASSIFIER = load()
POSTS = [passage.text for passage in seeds.load() if held_out(passage) and len(passage.text) <= 280][:1_000]
ROUNDS = 24  # of all posts, shared out


def main() -> None:
    """Print both tables as Markdown."""
    cores = len(os.sched_getaffinity(0))
    print("| processes | passages/s | efficiency | memory a process |\n|---:|---:|---:|---:|")
    single = 0.0
    for count in range(1, cores + 1):
        before = {process.pid for process in active_children()}
        with get_context("fork").Pool(count) as pool:
            pool.map(_score, range(count))
            rate = ROUNDS * len(POSTS) / _best(lambda pool=pool: pool.map(_score, range(ROUNDS), chunksize=1))
            memory = statistics.mean(_memory(process.pid) for process in active_children() if process.pid not in before)
        single = single or rate
        print(f"| {count} | {rate:,.0f} | {rate / single / count:.2f} | {memory / 1e6:.0f} MB |")
    inside = 4 * len(POSTS) / _best(lambda: [_score(turn) for turn in range(4)])
    print(f"\n| one worker | passages/s | of in-process |\n|---|---:|---:|\n| in process, spans | {inside:,.0f} | 1.00 |")
    with tempfile.TemporaryDirectory() as folder:
        server = start_server(Path(folder) / "log", "--workers", "1")
        try:
            _post(server.url)
            with ThreadPoolExecutor(2) as clients:
                over = 4 * len(POSTS) / _best(lambda: list(clients.map(_post, [server.url] * 4)))
        finally:
            server.stop()
    print(f"| HTTP batches of 1,000, spans | {over:,.0f} | {over / inside:.2f} |")


def _memory(pid: int | None) -> int:
    """Bytes of a process by themselves, and its part of the pages that it shares with others, such as the model's."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith("Pss:"))


def _best(task: Callable[[], object]) -> float:
    """Seconds of the fastest of three: others use the machine too."""
    times = []
    for _ in range(3):
        started = time.perf_counter()
        task()
        times.append(time.perf_counter() - started)
    return min(times)


def _score(_: int) -> int:
    return len(CLASSIFIER.score(POSTS))


def _post(url: str) -> int:
    body = json.dumps({"items": [{"text": text} for text in POSTS]}).encode()
    request = urllib.request.Request(url + "/v1/score/batch", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return len(json.load(answer)["results"])


if __name__ == "__main__":
    main()
