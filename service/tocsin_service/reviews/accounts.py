"""Accounts and their sign-ins. Names are compared, and kept, without case."""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
from collections.abc import Sequence

from sqlalchemy import delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from tocsin_service.reviews import attempts, audit, claims, passwords
from tocsin_service.reviews.models import Role, SignIn, User
from tocsin_service.reviews.passwords import PasswordError

IDLE, ABSOLUTE = 12 * 3_600, 7 * 86_400  # seconds that a sign-in lasts, unused and at all
_NAME, _SUBJECT = 80, 300
_SEEN = 60  # seconds between two writes of when somebody was last here
_RESERVED = ("api", "command line", "somebody")  # who else acts in the audit log


class AccountError(ValueError):
    """Something about an account can't be used or done; ``field`` says what, the message what to change."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


def create(
    session: Session, now: float, name: str, role: Role, password: str | None, subject: str | None = None, once: bool = False
) -> User:
    """Make an account. ``subject`` is who its owner is to an OIDC provider; ``once``: the password has to be changed when it is used.

    Raises
    ------
    AccountError : the name is taken or can't be used, or the password can't.
    """
    name = _name(name)
    if not name or len(name) > _NAME or not name.isprintable():
        raise AccountError("name", f"takes 1 to {_NAME} characters that can be printed")
    if name in _RESERVED:
        raise AccountError("name", "stands for something else in the audit log; choose another")
    if subject is not None and not (0 < len(subject) <= _SUBJECT and subject.isprintable()):
        raise AccountError("subject", f"takes 1 to {_SUBJECT} characters that can be printed")
    kept = None if password is None else _kept(password, name, once)
    user = User(name=name, role=Role(role), password=kept, subject=subject, active=True, created=now, care={})
    session.add(user)
    try:
        session.flush()
    except IntegrityError:
        raise AccountError("name", "is taken, or somebody with that subject has an account") from None
    return user


def everybody(session: Session) -> list[User]:
    """All accounts, by name."""
    return list(session.scalars(select(User).order_by(User.name)))


def find(session: Session, user_id: int) -> User:
    """An account by its number.

    Raises
    ------
    AccountError : there is none.
    """
    user = session.get(User, user_id)
    if user is None:
        raise AccountError("account", "there is no such account")
    return user


def named(session: Session, name: str) -> User | None:
    """An account by its name, however that is written."""
    name = _name(name)
    possible = len(name) <= _NAME and name.isprintable()  # PostgreSQL would stumble over a NUL
    return session.scalars(select(User).where(User.name == name)).first() if possible else None


def exist(session: Session) -> bool:
    """Whether there is any account."""
    return session.scalar(select(User.id).limit(1)) is not None


def generated() -> str:
    """A password for somebody else, to be changed when it is used: about 80 random bits, without characters that look alike."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))


def set_password(session: Session, user_id: int, password: str, once: bool = False) -> None:
    """Give an account another password. Its sign-ins end.

    Raises
    ------
    AccountError : there is no such account, or the password can't be used.
    """
    user = find(session, user_id)
    user.password = _kept(password, user.name, once)
    _end(session, user_id)


def change_password(session: Session, now: float, user_id: int, old: str, new: str) -> bool:
    """Let the owner change it, who must know the old one: false if not, which counts as a failed sign-in.

    Raises
    ------
    AccountError : the new one can't be used.
    TooManyAttempts : the old one was wrong too often.
    """
    user = find(session, user_id)
    attempts.check(session, now, user.name)
    if passwords.verified(user.password, old) is None:
        attempts.failed(session, now, user.name)
        return False
    if passwords.same(old, new):
        raise AccountError("new", "is the old one; choose another")
    set_password(session, user_id, new)
    return True


def set_role(session: Session, user_id: int, role: Role) -> None:
    """Give an account another role. If it loses power, its sign-ins end.

    Raises
    ------
    AccountError : there is no such account, or it is the last admin.
    """
    user, order = find(session, user_id), list(Role)
    if order.index(role) < order.index(Role(user.role)):
        _not_the_last(session, user)
        _end(session, user_id)
    user.role = role


def set_active(session: Session, user_id: int, active: bool) -> None:
    """Switch an account on, or off: its sign-ins end, and what it has open is free.

    Raises
    ------
    AccountError : there is no such account, or it is the last admin.
    """
    user = find(session, user_id)
    if not active:
        _not_the_last(session, user)
        _end(session, user_id)
        claims.release_all(session, user)
    user.active = active


def sign_in(session: Session, now: float, name: str, password: str, address: str) -> str | None:
    """A new sign-in's token, or None: no such account, another password, or switched off; all take as long.

    Raises
    ------
    TooManyAttempts : too many failed lately, from this address or on this name.
    """
    name = _name(name)
    attempts.check(session, now, name, address)
    user = named(session, name)
    kept = passwords.verified(user.password if user else None, password)
    if kept is None or user is None or not user.active:
        attempts.failed(session, now, name, address)
        # What is no account's name may be a password in the wrong field: it is not kept.
        audit.record(session, now, user.name if user else "somebody", "sign-in failed")
        return None
    user.password = kept
    attempts.forget(session, name)
    audit.record(session, now, user.name, "signed in")
    return open_for(session, now, user.id)


def sign_in_subject(session: Session, now: float, subject: str, names: Sequence[str], role: Role | None) -> str | None:
    """A new sign-in's token for somebody whom an OIDC provider vouches for, or None: the account is switched off.

    At the first sign-in an account is made, with ``role``, under the first of ``names`` that is free.

    Raises
    ------
    AccountError : there is no account, and no role to make one with, or the subject can't be used.
    """
    user = session.scalars(select(User).where(User.subject == subject)).first()
    if user is None:
        if role is None:
            raise AccountError("role", "your organisation gives you no role here; ask an admin")
        user = create(session, now, _free(session, names), role, None, subject)
        audit.record(session, now, user.name, "account added", account=user.name, role=role, by="oidc")
    if not user.active:
        audit.record(session, now, user.name, "sign-in failed", by="oidc")
        return None
    audit.record(session, now, user.name, "signed in", by="oidc")
    return open_for(session, now, user.id)


def open_for(session: Session, now: float, user_id: int) -> str:
    """A sign-in for somebody who has shown who they are; returns its token, of which only a hash is kept."""
    ended = select(SignIn.id).where(or_(SignIn.created <= now - ABSOLUTE, SignIn.seen <= now - IDLE)).with_for_update(skip_locked=True)
    session.execute(delete(SignIn).where(SignIn.id.in_(ended)))
    token = secrets.token_urlsafe(32)
    session.add(SignIn(id=_digest(token), user_id=user_id, created=now, seen=now))
    return token


def person(session: Session, now: float, token: str) -> User | None:
    """Whose sign-in it is, if it still lasts and the account is active."""
    found = session.get(SignIn, _digest(token))
    if found is None or found.created <= now - ABSOLUTE or found.seen <= now - IDLE:
        return None
    user = session.get(User, found.user_id)
    return user if user is not None and user.active else None


def stale(session: Session, now: float, token: str) -> bool:
    """Whether it is to be written again that somebody is here: at most once a minute. Free after :func:`person`."""
    found = session.get(SignIn, _digest(token))
    return found is not None and found.seen <= now - _SEEN


def seen(session: Session, now: float, token: str) -> None:
    """Write that somebody is here."""
    session.execute(update(SignIn).where(SignIn.id == _digest(token)).values(seen=now))


def sign_out(session: Session, token: str) -> None:
    """End one sign-in."""
    session.execute(delete(SignIn).where(SignIn.id == _digest(token)))


def must_change(user: User) -> bool:
    """Whether the account's password is one that an admin made."""
    return passwords.for_once(user.password)


def _not_the_last(session: Session, user: User) -> None:
    """Locks the admins' rows, so that two can't demote each other at once."""
    admins = select(User.id).where(User.role == Role.ADMIN, User.active).order_by(User.id).with_for_update()
    if session.scalars(admins).all() == [user.id]:
        raise AccountError("role", "this is the last active admin; make another one first")


def _end(session: Session, user_id: int) -> None:
    session.execute(delete(SignIn).where(SignIn.user_id == user_id))


def _free(session: Session, names: Sequence[str]) -> str:
    """The first name that can be used and is nobody's; else the last with a number."""
    usable = [name for given in names if 0 < len(name := _name(given)) <= _NAME - 5 and name.isprintable() and name not in _RESERVED]
    numbered = [f"{(usable or ['reviewer'])[-1]} {number}" for number in range(2, 1_000)]
    taken = set(session.scalars(select(User.name)))
    return next(name for name in (*usable, *numbered, secrets.token_hex(8)) if name not in taken)


def _kept(password: str, name: str, once: bool) -> str:
    try:
        return passwords.hashed(password, name, once)
    except PasswordError as error:
        raise AccountError("password", str(error)) from None


def _name(given: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", given).casefold().split())


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
