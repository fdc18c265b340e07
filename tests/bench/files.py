"""``tocsin batch`` on JSONL of 10⁴ to 10⁷ rows, and Parquet of 10⁶: rows a second, and the peak memory of all its processes together.

``python tests/bench/files.py --write`` keeps what it measured in tests/bench/files.json, which ``make bench`` shows: the largest file takes
minutes and 9 GB of disk, so it is not measured every time.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), *(str(ROOT / part) for part in ("model", "service", "training"))]
RECORD = Path(__file__).with_suffix(".json")
_OPTION = {"jsonl": "rows", "parquet": "parquet"}
_SHORT, _TIMES = 100_000, 5
_WHY = f"Up to {_SHORT:,} rows the median of {_TIMES} runs, as they take seconds. The rate is without loading the model."
_NOISE = "The machine is shared with others, whose work shows in the rates: compare those of one run."

from tocsin_model import load  # noqa: E402
from tocsin_training import seeds  # noqa: E402
from tocsin_training.splits import held_out  # noqa: E402


def main() -> None:
    """Measure each size, and print or keep the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000, 10_000_000])
    parser.add_argument("--parquet", type=int, nargs="*", default=[1_000_000], metavar="ROWS", help="also from Parquet to Parquet")
    parser.add_argument("--write", action="store_true", help=f"keep the record in {RECORD.name}")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measured = [_measure(Path(folder), rows, kind) for kind in ("jsonl", "parquet") for rows in getattr(chosen, _OPTION[kind])]
    record = {
        "day": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "model": load().info.digest,
        "sizes": measured,
    }
    print("\n".join(table(record)))
    if chosen.write:
        RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def table(record: dict) -> list[str]:
    """A record as Markdown."""
    lines = [
        f"`python tests/bench/files.py --write`, {record['day']}: {record['machine']}, model {record['model'][:19]}.",
        "",
        "| rows of a file | rows/s, all cores | peak memory, all processes |",
        "|---:|---:|---:|",
    ]
    for one in record["sizes"]:
        kind = "Parquet" if one.get("kind") == "parquet" else "JSONL"
        lines.append(f"| {one['rows']:,} {kind} | {one['rate']:,.0f} | {one['peak']:,.0f} MB |")
    return [*lines, "", f"{_WHY} {_NOISE}"]


def _measure(folder: Path, rows: int, kind: str) -> dict[str, float | str]:
    source, target = folder / f"in.{kind}", folder / f"out.{kind}"
    posts = [passage.text for passage in seeds.load() if held_out(passage) and len(passage.text) <= 280]
    # No row twice: one post, and an account that is named once.
    made = ({"id": number, "text": f"@reader{number} {posts[number % len(posts)]}"} for number in range(rows))
    if kind == "parquet":
        _parquet(source, made)
    else:
        with source.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in made)
    found = sorted(_run(source, target) for _ in range(_TIMES if rows <= _SHORT else 1))
    source.unlink()
    rate, peak = found[len(found) // 2]
    return {"kind": kind, "rows": rows, "rate": rate, "peak": peak}


def _run(source: Path, target: Path) -> tuple[float, float]:
    """Rows a second, and megabytes."""
    command = [str(Path(sys.executable).with_name("tocsin")), "batch", str(source), str(target)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as run:
        peak = 0
        while run.poll() is None:
            peak = max(peak, _memory(run.pid))
            time.sleep(0.1)
        summary = run.stderr.read() if run.stderr else ""
    found = re.search(r"\d+ scored, 0 failed.*\((\d+) rows/s\)", summary)
    if found is None:
        raise SystemExit(summary)
    target.unlink()
    return float(found[1]), peak / 1e6


def _parquet(path: Path, made: Iterator[dict[str, object]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetWriter(path, pa.schema([("id", pa.int64()), ("text", pa.string())])) as file:
        while rows := list(islice(made, 10_000)):
            file.write_table(pa.Table.from_pylist(rows, file.schema))


def _memory(ident: int) -> int:
    """Bytes of a process and its children; pages that they share count once."""
    import psutil

    total = 0
    with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
        for one in (psutil.Process(ident), *psutil.Process(ident).children()):
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                total += one.memory_full_info().pss
    return total


if __name__ == "__main__":
    main()
