"""From a score to a decision: bands. Scores never depend on this module, so a deployment may change it freely."""

from __future__ import annotations

from dataclasses import dataclass

from tocsin_model.types import Band


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Least ``risk`` of the two upper bands, 0 < elevated <= high < 1; ``labels`` (by label) decide which spans are marked."""

    elevated: float
    high: float
    labels: tuple[float, float, float]

    def __post_init__(self) -> None:
        if not 0 < self.elevated <= self.high < 1:
            raise ValueError(f"thresholds must satisfy 0 < elevated <= high < 1, not elevated={self.elevated}, high={self.high}")

    def band(self, risk: float) -> Band:
        """The band a risk falls in; a threshold belongs to the band above it."""
        if risk >= self.high:
            return Band.HIGH
        return Band.ELEVATED if risk >= self.elevated else Band.LOW
