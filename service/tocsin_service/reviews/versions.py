"""Every policy there was, with what each changed."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from tocsin_service.reviews import audit, policy
from tocsin_service.reviews.models import PolicyVersion
from tocsin_service.reviews.policy import Choice, Policy, Rule


class Outdated(Exception):
    """Somebody adopted another policy in the meantime."""


@dataclass(frozen=True, slots=True)
class Version:
    """A policy that was adopted; ``changes`` from the one before, in words."""

    id: int
    at: float
    actor: str
    policy: Policy
    changes: tuple[str, ...]


def latest(session: Session) -> int:
    """The id of the version that holds; 0: nobody changed the one that Tocsin begins with."""
    return session.scalar(select(PolicyVersion.id).order_by(PolicyVersion.id.desc()).limit(1)) or 0


def history(session: Session, most: int = 50) -> list[Version]:
    """The versions, the latest first."""
    rows = session.scalars(select(PolicyVersion).order_by(PolicyVersion.id.desc()).limit(most + 1)).all()
    policies = [policy.parse(row.rules) for row in rows]
    if len(rows) <= most:
        policies.append(Policy())  # what the first one changed
    return [
        Version(row.id, row.at, row.actor, policies[place], tuple(changes(policies[place + 1], policies[place])))
        for place, row in enumerate(rows[:most])
    ]


def adopt(session: Session, draft: Policy, actor: str, now: float, base: int) -> None:
    """Let a draft of version ``base`` hold from now on, and record it.

    Raises
    ------
    Outdated : another version holds by now.
    """
    if latest(session) != base:
        raise Outdated
    changed = changes(policy.current(session), draft)
    policy.adopt(session, draft, actor, now)
    audit.record(session, now, actor, "policy adopted", changes=changed)


def changes(old: Policy, new: Policy) -> list[str]:
    """What differs, in words; nothing if they are the same."""
    found = _listed("rule", [_rule(rule) for rule in old.rules], [_rule(rule) for rule in new.rules])
    if old.boost_hours != new.boost_hours:
        found.append(f"boost {old.boost_hours:g} → {new.boost_hours:g} hours")
    if old.double_share != new.double_share:
        found.append(f"read twice {old.double_share:.1%} → {new.double_share:.1%}")
    for name, before, after in (
        ("policy", old.violations, new.violations),
        ("exception", old.exceptions, new.exceptions),
        ("team", old.teams, new.teams),
    ):
        found += _listed(name, [_choice(one) for one in before], [_choice(one) for one in after])
    return found


def _listed(name: str, old: list[str], new: list[str]) -> list[str]:
    found = [f"{name} removed: {one}" for one in old if one not in new] + [f"{name} added: {one}" for one in new if one not in old]
    return found if found or old == new else [f"order of {name} list changed"]


def _rule(rule: Rule) -> str:
    bound = rule.at_least if isinstance(rule.at_least, str) else f"{rule.at_least:g}"
    return f"{rule.name}: {rule.score} ≥ {bound}" + (f" in {', '.join(rule.communities)}" if rule.communities else "")


def _choice(choice: Choice) -> str:
    return f"{choice.name} ({choice.slug})"
