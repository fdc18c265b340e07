"""Which passages go into the queue, in what order, and what may be decided of them. An admin changes it; every version is kept."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from tocsin_model.policy import Thresholds
from tocsin_model.types import Result
from tocsin_service.reviews.models import PolicyVersion

SCORES = ("risk", "asserted_risk", "threat", "incitement", "glorification")
_HOUR = 3_600


class PolicyError(ValueError):
    """A policy can't be used; ``field`` says where."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


@dataclass(frozen=True, slots=True)
class Rule:
    """A passage is queued if ``score`` is at least ``at_least``: a probability, or ``elevated`` or ``high`` for the model's own threshold.

    ``communities``: where it applies; empty for everywhere.
    """

    name: str
    score: str
    at_least: float | str
    communities: tuple[str, ...] = ()

    def holds(self, scores: dict[str, float], community: str | None, thresholds: Thresholds) -> bool:
        """Whether a passage with these scores is queued by it."""
        if self.communities and community not in self.communities:
            return False
        return scores[self.score] >= self.bound(thresholds)

    def bound(self, thresholds: Thresholds) -> float:
        """The least score it holds from."""
        return float({"elevated": thresholds.elevated, "high": thresholds.high}.get(str(self.at_least), self.at_least))


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that can be chosen: what is stored, and what is shown."""

    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class Policy:
    """``boost_hours``: how much longer a passage of risk 0 must have waited to go before one of risk 1; ``double_share`` of the decided
    items are decided once more by somebody else. An exception whose slug is a ``kind`` of the seeds is exported as that kind.
    """

    rules: tuple[Rule, ...] = (Rule("Elevated risk", "risk", "elevated"),)
    boost_hours: float = 72.0
    double_share: float = 0.05
    violations: tuple[Choice, ...] = (
        Choice("threat", "Threat of violence"),
        Choice("incitement", "Incitement to violence"),
        Choice("glorification", "Glorification of violence"),
        Choice("harassment", "Other policy: harassment or hate"),
    )
    exceptions: tuple[Choice, ...] = (
        Choice("reporting", "News or reporting"),
        Choice("counter_speech", "Counter-speech or condemnation"),
        Choice("victim", "Victim or witness telling"),
        Choice("fiction", "Fiction, lyrics or art"),
        Choice("idiom", "Idiom or joke"),
        Choice("game", "Sport or game"),
        Choice("history", "History or education"),
        Choice("legal", "Law or self-defence"),
        Choice("neutral", "Not violent at all"),
    )
    teams: tuple[Choice, ...] = (
        Choice("safety", "Safety desk"),
        Choice("legal", "Legal"),
        Choice("authorities", "Contact with authorities"),
    )

    def why(self, scores: dict[str, float], community: str | None, thresholds: Thresholds) -> list[str]:
        """The names of the rules that queue a passage; none: it is not queued."""
        return [rule.name for rule in self.rules if rule.holds(scores, community, thresholds)]

    def due(self, risk: float, received: float) -> float:
        """What orders the queue, least first."""
        return received - self.boost_hours * _HOUR * risk


def scores_of(result: Result) -> dict[str, float]:
    """The scores that rules are written in."""
    return {"risk": result.risk, "asserted_risk": result.asserted_risk, **{label.value: value for label, value in result.labels.items()}}


def current(session: Session) -> Policy:
    """The policy that holds."""
    latest = session.scalars(select(PolicyVersion).order_by(PolicyVersion.id.desc()).limit(1)).first()
    return Policy() if latest is None else parse(latest.rules)


def adopt(session: Session, policy: Policy, actor: str, now: float) -> None:
    """Let another policy hold from now on; items in the queue stay."""
    session.add(PolicyVersion(at=now, actor=actor, rules=asdict(policy)))


def parse(given: dict[str, Any]) -> Policy:
    """A policy from JSON.

    Raises
    ------
    PolicyError : something is missing, or has a value that can't be used.
    """
    rules = []
    for place, rule in enumerate(given.get("rules", ())):
        where = f"rules[{place}]"
        score, bound = rule.get("score"), rule.get("at_least")
        if score not in SCORES:
            raise PolicyError(f"{where}.score", f"takes one of {', '.join(SCORES)}")
        if bound not in ("elevated", "high") and not (isinstance(bound, int | float) and 0 <= bound <= 1):
            raise PolicyError(f"{where}.at_least", "takes a probability from 0 to 1, elevated or high")
        if not str(rule.get("name", "")).strip():
            raise PolicyError(f"{where}.name", "is empty; reviewers see it as the reason that an item is in the queue")
        rules.append(Rule(str(rule["name"]).strip()[:80], score, bound, tuple(rule.get("communities", ()))))
    default = Policy()
    boost, share = given.get("boost_hours", default.boost_hours), given.get("double_share", default.double_share)
    if not 0 <= boost <= 10_000:
        raise PolicyError("boost_hours", "takes hours from 0 (oldest first) to 10000")
    if not 0 <= share <= 1:
        raise PolicyError("double_share", "takes a share from 0 to 1")
    lists = {
        name: _choices(name, given[name]) if name in given else getattr(default, name) for name in ("violations", "exceptions", "teams")
    }
    return Policy(tuple(rules), float(boost), float(share), **lists)


def _choices(name: str, given: list[dict[str, str]]) -> tuple[Choice, ...]:
    choices = tuple(Choice(one["slug"].strip()[:40], one["name"].strip()[:80]) for one in given)
    if not choices or not all(choice.slug and choice.name for choice in choices):
        raise PolicyError(name, "needs at least one choice, each with a slug and a name")
    if len({choice.slug for choice in choices}) < len(choices):
        raise PolicyError(name, "has the same slug twice")
    return choices
