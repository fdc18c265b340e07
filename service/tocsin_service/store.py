"""From a scored passage into the review queue, for every address that stores; and what is said where the queue can't be reached.

The queue is an extra: nothing of it is imported before a passage is to be stored.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Response, current_app

from tocsin_model import Classifier
from tocsin_model.types import Result
from tocsin_service import requests
from tocsin_service.problems import Problem
from tocsin_service.reviews.submissions import Submission
from tocsin_service.state import State

if TYPE_CHECKING:
    from tocsin_service.reviews.database import Database
    from tocsin_service.reviews.intake import Outcome
    from tocsin_service.reviews.policy import Policy

log = logging.getLogger("tocsin")
_RETRY = {"Retry-After": "5"}


@dataclass(frozen=True, slots=True)
class Queue:
    """The queue with the policy that holds."""

    state: State
    database: Database
    policy: Policy

    def take(self, classifier: Classifier, submissions: Sequence[Submission], results: Sequence[Result]) -> list[Outcome]:
        """Queue what policy asks for; see :func:`tocsin_service.reviews.intake.take`.

        Raises
        ------
        Problem : 503, as the database does not answer.
        """
        from tocsin_service.reviews import intake  # noqa: PLC0415 an extra

        with reached(), self.database.write() as session:
            outcomes = intake.take(session, time.time(), submissions, results, self.policy, classifier.info, classifier.thresholds)
        for outcome in outcomes:
            self.state.metrics.items.labels(outcome.status).inc()
        return outcomes


def opened() -> Queue:
    """The queue of the running application, before anything is scored and charged for.

    Raises
    ------
    Problem : 503, as there is none, or its database does not answer.
    """
    held = database()
    from tocsin_service.reviews import policy  # noqa: PLC0415 an extra

    with reached(), held.read() as session:
        return Queue(current_app.extensions["tocsin"], held, policy.current(session))


def database() -> Database:
    """The database of the running application.

    Raises
    ------
    Problem : 503, as there is none.
    """
    held: Database | None = current_app.extensions.get("tocsin.database")
    if held is None:
        raise Problem(
            "reviews-off", "This service keeps no queue: its operator has turned it off, or not installed it. Nothing was stored."
        )
    return held


@contextmanager
def reached() -> Iterator[None]:
    """Turn a database that does not answer into a problem, and log why."""
    from tocsin_service.reviews.database import DatabaseError  # noqa: PLC0415 an extra

    try:
        yield
    except DatabaseError as error:
        log.error("no database: %s", error)  # noqa: TRY400 it says all, and never holds a passage
        raise Problem(
            "database-down", "The queue's database does not answer, so nothing was stored or changed. Ask again.", headers=_RETRY
        ) from None


def later(response: Response, classifier: Classifier, submission: Submission, result: Result) -> None:
    """Queue a passage after its sender has the answer: one of another product's clients, which could mend nothing here.

    What goes wrong is logged and counted, and the answer stays what it is.
    """
    app = current_app._get_current_object()  # type: ignore[attr-defined]

    def take() -> None:
        state: State = app.extensions["tocsin"]
        try:
            requests.check_storable(submission.text, "text")
            with app.app_context():
                opened().take(classifier, [submission], [result])
        except Exception as error:
            # An exception's own text may quote the passage.
            why = error.detail if isinstance(error, Problem) else type(error).__name__
            log.error("a passage from %s was not queued: %s", submission.source, why)  # noqa: TRY400
            state.metrics.items.labels("failed").inc()

    response.call_on_close(take)
