"""Prometheus metrics. Numbers only: no text, no ids, no label with unbounded values.

Under several gunicorn workers the counters live in files that ``tocsin serve`` names in PROMETHEUS_MULTIPROC_DIR before anything is
imported, and every worker's page shows the sum.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from tocsin_model.classifier import ModelInfo
from tocsin_model.types import Result

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_SCORES = tuple(step / 20 for step in range(1, 21))


class Metrics:
    """The metrics of one application; ``registry`` is its own, so that two applications in one process don't meet."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        here = self.registry
        self.requests = Counter("tocsin_requests", "HTTP requests.", ["endpoint", "method", "status"], registry=here)
        self.seconds = Histogram("tocsin_request_seconds", "Time to answer a request.", ["endpoint"], buckets=_SECONDS, registry=here)
        self.passages = Counter("tocsin_passages", "Passages scored.", ["band"], registry=here)
        self.scores = Histogram("tocsin_score", "Scores given.", ["label"], buckets=_SCORES, registry=here)
        self.items = Counter("tocsin_items", "Passages sent to the review queue.", ["status"], registry=here)
        self.model = Gauge(
            "tocsin_model_info", "The loaded model; always 1.", ["name", "version", "digest"], multiprocess_mode="max", registry=here
        )

    def loaded(self, info: ModelInfo) -> None:
        """Record which model is loaded."""
        self.model.labels(info.name, info.version, info.digest).set(1)

    def observe(self, results: Iterable[Result]) -> None:
        """Count scored passages."""
        for result in results:
            self.passages.labels(result.band.value).inc()
            self.scores.labels("risk").observe(result.risk)
            self.scores.labels("asserted_risk").observe(result.asserted_risk)
            for label, value in result.labels.items():
                self.scores.labels(label.value).observe(value)

    def page(self) -> tuple[bytes, str]:
        """The exposition text and its content type."""
        registry = self.registry
        if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry), CONTENT_TYPE_LATEST
