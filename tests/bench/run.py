"""``make bench``: passages a second on one core beside peers in the same run, growth with length, start-up, memory."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before numpy: everything here is one core

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), *(str(ROOT / part) for part in ("model", "service", "training"))]

from tests.bench import dashboard, files, peers, plot  # noqa: E402
from tocsin_model import Classifier, load  # noqa: E402
from tocsin_training import seeds  # noqa: E402
from tocsin_training.splits import held_out  # noqa: E402

_PRICE = 0.05  # dollars a core-hour
_START = """
import time; started = time.perf_counter()
from tocsin_model import load
classifier = load()
classifier.score(["I will kill you."])
first = time.perf_counter() - started
import json
peak = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM:"))
classifier.score(["Ich werde morgen mit meiner Mutter in die Stadt gehen."])  # another language loads its detector
later = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM:"))
print(json.dumps([first, peak / 1024, later / 1024]))
"""


def main() -> None:
    """Measure and print; with ``--write`` also into docs/performance.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--write", action="store_true", help="write docs/performance.md")
    parser.add_argument("--seconds", type=float, default=2.0, help="least time a measurement takes")
    chosen = parser.parse_args()
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    passages = [passage.text for passage in seeds.load() if held_out(passage)]
    posts = [text for text in passages if len(text) <= 280][:1_000]
    articles = [" ".join(passages[start : start + 25]) for start in range(0, len(passages) - 25, 25)][:60]
    classifier = load()
    lines = [
        "# Performance",
        "",
        f"`python tests/bench/run.py --write`, which is `make bench` written down: one core of {platform.machine()} ({os.cpu_count()} cores seen), Python {platform.python_version()}, model {classifier.info.digest[:19]}.",
        "Every row was measured in one run on the same texts; the ratio is Tocsin's rate with spans over the row's."
        f" Costs are of ${_PRICE:.2f} a core-hour, about what clouds ask for one; yours scales them all."
        " The encoders have random weights, as speed needs no others, and read the whole text as all rows do: a long one in windows of 512 word pieces."
        " Row (a) is the peer of our own code: the same sentences and the same features, from an analyzer in Python through scikit-learn's HashingVectorizer and logistic regression, so its ratio is what that code gains, not what a smaller model saves.",
    ]
    for title, texts in ((f"{len(posts)} short posts", posts), (f"{len(articles)} long articles", articles)):
        picture = ROOT / "docs" / "pictures" / f"speed-{title.split()[1]}.svg" if chosen.write else None
        lines += ["", *_table(title, texts, classifier, chosen.seconds, picture)]
        if picture is not None:
            lines += ["", f"![{title}: passages a second](pictures/{picture.name})"]
    lines += ["", *_growth(classifier, posts)]
    lines += ["", *_start()]
    os.sched_setaffinity(0, cores)
    scaling = [sys.executable, str(Path(__file__).with_name("scaling.py"))]
    lines += ["", subprocess.run(scaling, capture_output=True, text=True, check=True).stdout.rstrip()]
    if files.RECORD.exists():
        lines += ["", *files.table(json.loads(files.RECORD.read_text(encoding="utf-8")))]
    if dashboard.RECORD.exists():
        lines += ["", *dashboard.table(json.loads(dashboard.RECORD.read_text(encoding="utf-8")))]
    text = "\n".join(lines) + "\n"
    print(text)
    if chosen.write:
        (ROOT / "docs" / "performance.md").write_text(text, encoding="utf-8")


def _table(title: str, texts: Sequence[str], classifier: Classifier, seconds: float, picture: Path | None) -> list[str]:
    words = [len(text.split()) for text in texts]
    scorers: dict[str, peers.Scorer | None] = {
        "Tocsin, spans and speakers": classifier.score,
        "Tocsin, scores only": lambda batch: classifier.score(batch, spans=False),
        "(a) scikit-learn, same features, no spans": peers.same_features(classifier),
        "scikit-learn, word TF-IDF, no spans": peers.tfidf(texts),
        "(b) fastText, word 1- and 2-grams, no spans": peers.fasttext(texts),
        "(c) BERT-base-sized encoder": peers.encoder(12, 768, 12, words),
        "(c) MiniLM-sized encoder": peers.encoder(6, 384, 12, words),
        "(d) finding the words by regular expression": peers.tokens_only,
    }
    rates = {name: _rate(score, texts, seconds) for name, score in scorers.items() if score is not None}
    ours = rates["Tocsin, spans and speakers"]
    head = f"| {title}, {sum(words) / len(texts):.0f} words each | passages/s | Tocsin is | a million costs |"
    rows = [head, "|---|---:|---:|---:|"]
    for name in scorers:
        rate = rates.get(name)
        rows.append(f"| {name} | {rate:,.1f} | {ours / rate:,.2f}× | {_cost(rate)} |" if rate else f"| {name} | not installed | | |")
    if picture is not None:
        plot.bars(picture, f"{title}: passages a second on one core", rates)
    return rows


def _cost(rate: float) -> str:
    dollars = _PRICE / 3600 * 1e6 / rate
    return f"${dollars:.2g}" if dollars >= 0.0001 else "under $0.0001"


def _rate(score: peers.Scorer, texts: Sequence[str], seconds: float) -> float:
    score(texts[:8])
    best, spent, rounds = float("inf"), 0.0, 0
    slow = time.perf_counter()
    score(texts[:16])
    part = texts if (time.perf_counter() - slow) * len(texts) / 16 < 30 else texts[:64]  # an encoder needs no thousand texts to be timed
    while spent < seconds or rounds < 2:
        started = time.perf_counter()
        score(part)
        took = time.perf_counter() - started
        best, spent, rounds = min(best, took), spent + took, rounds + 1
        if spent > 60:
            break
    return len(part) / best


def _growth(classifier: Classifier, posts: Sequence[str]) -> list[str]:
    whole = (" ".join(posts) + " ") * 20
    shapes = {
        "ordinary text": whole,
        "one word": "a" * 1_100_000,
        "no sentence end": "and then we walked on and on " * 40_000,
        "only opening quotation marks": "“ " * 550_000,
        "dangerous sentences": "I will kill you, he said. " * 45_000,
    }
    sizes = (1_000, 10_000, 100_000, 1_000_000)
    rows = ["| µs a character, by length | " + " | ".join(f"{size:,}" for size in sizes) + " |", "|---|" + "---:|" * len(sizes)]
    for name, text in shapes.items():
        cells = []
        for size in sizes:
            best = min(_timed(classifier, text[:size]) for _ in range(3))
            cells.append(f"{best / size * 1e6:.2f}")
        rows.append(f"| {name} | " + " | ".join(cells) + " |")
    return rows


def _timed(classifier: Classifier, text: str) -> float:
    started = time.perf_counter()
    classifier.score([text])
    return time.perf_counter() - started


def _start() -> list[str]:
    runs = []
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", _START],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONPATH": str(ROOT / "model")},
        )
        runs.append(json.loads(done.stdout))
    first, memory, later = min(run[0] for run in runs), max(run[1] for run in runs), max(run[2] for run in runs)
    size = sum(path.stat().st_size for path in (ROOT / "model" / "artifact").iterdir()) / 1e6
    return [
        "| start and size | |",
        "|---|---:|",
        f"| import to first score | {first:.2f} s |",
        f"| memory after it | {memory:.0f} MB |",
        f"| memory once a doubtful language was met | {later:.0f} MB |",
        f"| artifact | {size:.1f} MB |",
    ]


if __name__ == "__main__":
    main()
