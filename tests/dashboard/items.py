"""Passages in a queue, and what a page shows of one."""

from __future__ import annotations

import html
import json
import re
import time
from typing import Any

from tocsin_model import Classifier
from tocsin_service.reviews import intake
from tocsin_service.reviews.database import Database
from tocsin_service.reviews.intake import Submission
from tocsin_service.reviews.policy import Policy

_TAGS = re.compile(r"<[^>]*>")
_PASSAGE = re.compile(r'<div class="passage words"[^>]*>(.*?)</div>', re.DOTALL)
_SPANS = re.compile(r'name="spans" value="([^"]*)"')


def queued(database: Database, classifier: Classifier, text: str, **of: Any) -> int:
    """Put one passage into the queue; its id."""
    now = time.time()
    submission = Submission(of.pop("ref", text[:40]), text, **of)
    with database.write() as session:
        [taken] = intake.take(
            session, now, [submission], classifier.score([text]), Policy(), classifier.info, classifier.thresholds, always=True
        )
    assert taken.id is not None
    return taken.id


def passage(page: str) -> str:
    """The text of the passage on an item's page, as a browser has it: a bare carriage return would be a line feed."""
    found = _PASSAGE.search(page)
    assert found is not None
    return html.unescape(_TAGS.sub("", found[1].replace("\r\n", "\n").replace("\r", "\n")))


def spans(page: str) -> list[dict[str, Any]]:
    """What the decision form of an item's page sends as its spans."""
    found = _SPANS.search(page)
    assert found is not None
    sent: list[dict[str, Any]] = json.loads(html.unescape(found[1]))
    return sent


def mark(start: int, end: int, label: str = "threat", voice: str = "author", speaker: str | None = None) -> dict[str, Any]:
    """One of those spans, with offsets in code points."""
    return {"start": start, "end": end, "label": label, "voice": voice, "speaker": speaker}
