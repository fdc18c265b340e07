"""Where an item stands after what was decided of it.

``waiting`` → violates or allowed: ``decided``; or ``second`` if it was drawn for double review, then ``decided`` if somebody else decides
the same, else ``disputed`` until a lead decides. Escalated: ``escalated`` until a lead decides. Skipped: where it was.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from tocsin_service.reviews.models import Decision, Item, Kind, Status


@dataclass(frozen=True, slots=True)
class Standing:
    """The columns of an item that follow from its decisions. ``team`` and ``imminent`` stay when what was escalated is decided; who
    passes it on to another team doesn't end the danger.
    """

    status: str = Status.WAITING.value
    outcome: str | None = None
    reason: str | None = None
    team: str | None = None
    imminent: bool = False
    decided: float | None = None

    @classmethod
    def of(cls, item: Item) -> Standing:
        """As it is stored."""
        return cls(item.status, item.outcome, item.reason, item.team, item.imminent, item.decided)

    def apply(self, item: Item) -> None:
        """Store it, and let go of the item."""
        item.status, item.outcome, item.reason = self.status, self.outcome, self.reason
        item.team, item.imminent, item.decided = self.team, self.imminent, self.decided
        item.claimed_by = item.claimed_until = None

    def after(self, decision: Decision) -> Standing:
        """With one decision more."""
        if decision.kind == Kind.SKIPPED:
            return self
        if decision.kind == Kind.ESCALATED:
            return replace(self, status=Status.ESCALATED.value, team=decision.reason, imminent=self.imminent or decision.imminent)
        if decision.final:
            return replace(self, status=Status.DECIDED.value, outcome=decision.kind, reason=decision.reason, decided=decision.at)
        return replace(self, status=(Status.SECOND if self.status == Status.WAITING else Status.DISPUTED).value)


def replay(decisions: Iterable[Decision]) -> Standing:
    """Where an item stands after these decisions, oldest first, none of them undone."""
    standing = Standing()
    for decision in decisions:
        standing = standing.after(decision)
    return standing


def settles(kind: Kind, item: Item, before: Iterable[Decision], double_share: float) -> bool:
    """Whether a decision of this kind is final, after those before it."""
    if kind not in (Kind.VIOLATES, Kind.ALLOWED):
        return False
    if item.status == Status.WAITING:
        return not drawn(item.id, double_share)
    if item.status == Status.SECOND:
        return all(decision.kind in (kind, Kind.SKIPPED) for decision in before)
    return True


def drawn(item_id: int, share: float) -> bool:
    """Whether an item is among those decided twice: chance decides, the same way each time."""
    return int.from_bytes(hashlib.sha256(f"double review of {item_id}".encode()).digest()[:8]) < share * 2**64
