"""What an application holds while it runs."""

from __future__ import annotations

from dataclasses import dataclass

from tocsin_model import Classifier
from tocsin_service.metrics import Metrics
from tocsin_service.problems import Problem
from tocsin_service.settings import Settings


@dataclass(frozen=True, slots=True)
class State:
    """Settings, metrics, and a classifier or the reason that there is none."""

    settings: Settings
    metrics: Metrics
    classifier: Classifier | None
    reason: str

    def require_classifier(self) -> Classifier:
        """The classifier, or the problem that ends the request with 503."""
        if self.classifier is None:
            raise Problem("model-not-loaded", self.reason, headers={"Retry-After": "10"})
        return self.classifier
