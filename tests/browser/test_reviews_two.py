"""Two reviewers in two browsers at once, over both databases: an item is one person's, and nothing of what they do is lost in silence."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from tests.browser.desk import Desk, Reviewer
from tests.conftest import THREAT

ITEMS = 20


def test_two_never_get_the_same_item(desk: Desk, ana: Reviewer, ben: Reviewer) -> None:
    """They press the key at the same moment, until nothing is left: from the queue, and each decision brings the next item."""
    refs = desk.send("race", {f"race-{number}": f"{THREAT} {number}" for number in range(ITEMS)})
    together = Barrier(2)

    def work(person: Reviewer) -> list[str]:
        had = []
        for place in range(ITEMS):
            if place == 0:
                person.on("race")
            together.wait(30)
            with person.turning():
                if place == 0:
                    person.press("n")
                else:
                    person.control("\ue007")
            if person.browser.title.startswith("Done"):
                together.abort()
                break
            had.append(person.ref)
            person.press("v1")
        return had
