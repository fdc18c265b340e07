"""The dashboard with 100,000 items in the queue, on both databases: the median time of every page, over HTTP with two workers on two cores.

``python tests/bench/dashboard.py --write`` keeps what it measured in tests/bench/dashboard.json, which ``make bench`` shows.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import requests

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), *(str(ROOT / part) for part in ("model", "service", "training"))]
RECORD = Path(__file__).with_suffix(".json")

from sqlalchemy import insert  # noqa: E402

from tests.conftest import start_server  # noqa: E402
from tests.postgresql import PostgreSQL  # noqa: E402
from tocsin_model import load  # noqa: E402
from tocsin_service.reviews import accounts, intake, policy  # noqa: E402
from tocsin_service.reviews.database import Database  # noqa: E402
from tocsin_service.reviews.models import Decision, Item, Kind, Role, Status  # noqa: E402
from tocsin_training import seeds  # noqa: E402
from tocsin_training.splits import held_out  # noqa: E402

PASSWORD = "a bell in the harbour"
PEOPLE = ("ana", "bo", "chidi", "dara", "eun")
DAY = 86_400.0


def main() -> None:
    """Fill a queue, ask for every page, print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--waiting", type=int, default=100_000)
    parser.add_argument("--decided", type=int, default=50_000)
    parser.add_argument("--times", type=int, default=15, help="requests a page")
    parser.add_argument("--write", action="store_true", help=f"keep the record in {RECORD.name}")
    chosen = parser.parse_args()
    os.sched_setaffinity(0, set(sorted(os.sched_getaffinity(0))[:2]))  # the databases and the servers too
    medians: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as folder:
        server = PostgreSQL()
        try:
            for name, url in (("SQLite", f"sqlite:///{folder}/tocsin.db"), ("PostgreSQL", server.create())):
                sample = _fill(url, chosen.waiting, chosen.decided)
                medians[name] = _pages(Path(folder), url, sample, chosen.times)
        finally:
            server.stop()
    record = {
        "day": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.machine()}, 2 of {os.cpu_count()} cores, Python {platform.python_version()}",
        "waiting": chosen.waiting,
        "decided": chosen.decided,
        "times": chosen.times,
        "medians": medians,
    }
    print("\n".join(table(record)))
    if chosen.write:
        RECORD.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def table(record: dict[str, Any]) -> list[str]:
    """A record as Markdown."""
    medians = record["medians"]
    lines = [
        f"`python tests/bench/dashboard.py --write`, {record['day']}: {record['machine']}; {record['waiting']:,} items wait,"
        f" {record['decided']:,} are decided; medians of {record['times']} requests.",
        "",
        "| page of the dashboard | " + " | ".join(medians) + " |",
        "|---|" + "---:|" * len(medians),
    ]
    first = next(iter(medians.values()))
    return lines + [f"| {name} | " + " | ".join(f"{1000 * one[name]:.0f} ms" for one in medians.values()) + " |" for name in first]


def _fill(url: str, waiting: int, decided: int) -> int:
    """People, items and decisions; returns the id of an item in the middle of the queue."""
    database, classifier, now = Database(url), load(), time.time()
    posts = [passage.text for passage in seeds.load() if held_out(passage) and len(passage.text) <= 280][:2_000]
    results = classifier.score(posts)
    rules = policy.Policy()
    with database.write() as session:
        users = {name: accounts.create(session, now, name, Role.ADMIN if name == "ana" else Role.REVIEWER, PASSWORD).id for name in PEOPLE}
        submissions = [intake.Submission(f"first-{place}", text) for place, text in enumerate(posts)]
        intake.take(session, now, submissions, results, rules, classifier.info, classifier.thresholds, always=True)
    with database.read() as session:
        rows = [{column.name: getattr(item, column.key) for column in Item.__table__.columns} for item in session.query(Item)]
    rows = [{("details" if name == "metadata" else name): value for name, value in row.items() if name != "id"} for row in rows]

    def items(first: int, count: int, done: bool) -> Iterator[dict[str, Any]]:
        for number in range(first, first + count):
            row = rows[number % len(rows)]
            received = now - (number * 37 % 100_000) / 100_000 * 30 * DAY
            more = {"status": Status.DECIDED, "outcome": Kind.ALLOWED, "reason": "reporting", "decided": received + 3_600} if done else {}
            more |= {"team": "legal"} if done and number % 50 == 0 else {}
            yield (
                row
                | {
                    "ref": f"item-{number}",
                    "author": f"account {number % 9_973}",
                    "community": f"board {number % 41}",
                    "received": received,
                    "due": rules.due(row["risk"], received),
                }
                | more
            )

    for first in range(0, waiting, 5_000):
        with database.write() as session:
            session.execute(insert(Item), list(items(first, min(5_000, waiting - first), False)))
    names = list(users.values())
    for first in range(waiting, waiting + decided, 5_000):
        with database.write() as session:
            made = list(items(first, min(5_000, waiting + decided - first), True))
            ids = session.scalars(insert(Item).returning(Item.id, sort_by_parameter_order=True), made).all()
            given = [
                {
                    "item_id": ident,
                    "user_id": names[ident % len(names)],
                    "at": row["decided"],
                    "kind": row["outcome"],
                    "reason": row["reason"],
                    "labels": [row["label"]] if row["label"] != "none" and ident % 3 else [],
                    "seconds": 5.0 + ident % 60,
                    "final": True,
                }
                for ident, row in zip(ids, made, strict=True)
            ]
            session.execute(insert(Decision), given)
    with database.engine.connect() as connection:
        connection.exec_driver_sql("ANALYZE")
        connection.commit()
    database.engine.dispose()
    return waiting // 2


def _pages(folder: Path, url: str, sample: int, times: int) -> dict[str, float]:
    server = start_server(folder / "log", "--workers", "2", "--database-url", url)
    try:
        with requests.Session() as browser:
            token = _token(browser.get(f"{server.url}/reviews/sign-in").text)
            answer = browser.post(f"{server.url}/reviews/sign-in", {"csrf_token": token, "name": "ana", "password": PASSWORD})
            answer.raise_for_status()
            token = _token(answer.text)

            def get(path: str) -> Callable[[], requests.Response]:
                return lambda: browser.get(server.url + path)

            def post(path: str, **fields: str) -> Callable[[], requests.Response]:
                return lambda: browser.post(server.url + path, {"csrf_token": token, **fields})

            slugs = {"violations": "threat: Threat", "exceptions": "reporting: News", "teams": "safety: Safety"}
            rule = {"rule_name": "Risk", "rule_score": "risk", "rule_at_least": "0.9", "rule_communities": ""}
            draft = {**rule, **slugs, "boost_hours": "72", "double_percent": "5", "days": "30"}
            pages = {
                "queue": get("/reviews"),
                "queue, page 40": get("/reviews?page=40"),
                "queue, one label and band": get("/reviews?label=threat&band=high"),
                "queue, one community": get("/reviews?community=board+7"),
                "queue, one team": get("/reviews?status=all&team=legal"),
                "queue, decided": get("/reviews?status=decided"),
                "text search, a common word": post("/reviews/search", search="kill"),
                "text search, a rare word": post("/reviews/search", search="harbour lamp"),
                "clear the search": post("/reviews/search", search=""),
                "live counts": get("/reviews/counts"),
                "item": get(f"/reviews/items/{sample}"),
                "next item": post("/reviews/next"),
                "insight, queue": get("/reviews/insight?days=90"),
                "insight, agreement": get("/reviews/insight?show=agreement&days=90"),
                "insight, model": get("/reviews/insight?show=model&days=90"),
                "policy": get("/reviews/policy"),
                "policy, a draft tried": post("/reviews/policy", **draft),
                "audit log": get("/reviews/audit"),
                "people": get("/reviews/people"),
                "own settings": get("/reviews/me"),
            }
            return {name: _median(ask, times) for name, ask in pages.items()}
    finally:
        server.stop()


def _median(ask: Callable[[], requests.Response], times: int) -> float:
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        answer = ask()
        taken.append(time.perf_counter() - started)
        answer.raise_for_status()
    return statistics.median(taken)


def _token(page: str) -> str:
    found = re.search(r'name="csrf[-_]token" (?:content|value)="([^"]+)"', page)
    if found is None:
        raise SystemExit("the page has no CSRF token")
    return found[1]


if __name__ == "__main__":
    main()
