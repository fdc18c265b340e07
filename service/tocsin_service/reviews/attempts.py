"""Failed sign-ins are limited, by name and by address. What is kept is a hash, for a quarter of an hour."""

from __future__ import annotations

import hashlib
import math
from ipaddress import ip_address, ip_network

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from tocsin_service.reviews.models import Attempt

WINDOW = 900  # seconds
PER_NAME, PER_ADDRESS = 10, 50


class TooManyAttempts(Exception):
    """No more attempts for now. ``retry_after``: in how many seconds the next one is let in."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"too many failed attempts; try again in {retry_after} s")
        self.retry_after = retry_after


def check(session: Session, now: float, name: str, address: str = "") -> None:
    """Whether another attempt is let in. Until this transaction ends, others on the same name or address wait, so that none slips by.

    Raises
    ------
    TooManyAttempts : not now.
    """
    for what, most in _limits(name, address):
        if session.get_bind().dialect.name == "postgresql":  # on SQLite there is one writer anyway
            session.execute(select(func.pg_advisory_xact_lock(int.from_bytes(bytes.fromhex(what)[:8], signed=True))))
        recent = select(Attempt.at).where(Attempt.what == what, Attempt.at > now - WINDOW).order_by(Attempt.at.desc()).limit(most)
        times = session.scalars(recent).all()
        if len(times) == most:
            raise TooManyAttempts(max(1, math.ceil(times[-1] + WINDOW - now)))


def failed(session: Session, now: float, name: str, address: str = "") -> None:
    """Count a failure, and forget those that count no longer."""
    old = select(Attempt.id).where(Attempt.at <= now - WINDOW).with_for_update(skip_locked=True)  # those that another deletes now
    session.execute(delete(Attempt).where(Attempt.id.in_(old)))
    session.add_all(Attempt(what=what, at=now) for what, _ in _limits(name, address))


def forget(session: Session, name: str) -> None:
    """Its owner came in: a name's failures count no longer. The address's still do, lest an account of one's own resets them."""
    session.execute(delete(Attempt).where(Attempt.what == _limits(name, "")[0][0]))


def _limits(name: str, address: str) -> list[tuple[str, int]]:
    """What is counted, and up to how much; always in this order, so that two never wait for each other."""
    named = [(_hash(f"name:{name}"), PER_NAME)]
    return [(_hash(f"address:{_network(address)}"), PER_ADDRESS), *named] if address else named


def _network(address: str) -> str:
    """An IPv6 address as its /64, which is what one household or machine is given."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((parsed, 64), strict=False)) if parsed.version == 6 else address


def _hash(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
