"""Passwords: which will do, and how they are kept: Argon2id with the library's parameters.

What is kept of a password that an admin made starts with ``once:``; it has to be changed when it is used.
"""

from __future__ import annotations

import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST, LONGEST = 12, 1_024  # characters
_ONCE = "once:"
_hasher = PasswordHasher()


class PasswordError(ValueError):
    """A password won't do; says what to change."""


def hashed(password: str, name: str, once: bool = False) -> str:
    """What is kept of a password of the account ``name``.

    Raises
    ------
    PasswordError : too short, too long, or little more than the name.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise PasswordError(f"takes {SHORTEST} to {LONGEST} characters; a few words that don't belong together are easy to keep")
    folded = password.casefold()
    if name in folded and sum(char.isalnum() for char in folded.replace(name, "")) < 4:
        raise PasswordError("is little more than the account's name; choose something nobody can guess")
    return (_ONCE if once else "") + _hasher.hash(_prepared(password))


def verified(kept: str | None, password: str) -> str | None:
    """What to keep from now on if it is the password, which another hash is if the parameters changed; None if it is not.

    Takes the time of one hash even if nothing is kept.
    """
    given = _prepared(password)
    if kept is None:
        _hasher.hash(given)
        return None
    stored = kept.removeprefix(_ONCE)
    try:
        _hasher.verify(stored, given)
    except (VerificationError, InvalidHashError):
        return None
    return (_ONCE if for_once(kept) else "") + _hasher.hash(given) if _hasher.check_needs_rehash(stored) else kept


def for_once(kept: str | None) -> bool:
    """Whether it is a password that has to be changed."""
    return kept is not None and kept.startswith(_ONCE)


def same(one: str, other: str) -> bool:
    """Whether two are one password."""
    return _prepared(one) == _prepared(other)


def _prepared(password: str) -> bytes:
    """The same characters are the same bytes, however a keyboard composes them."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")
