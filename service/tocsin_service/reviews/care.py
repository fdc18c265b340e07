"""How a reviewer wants to be spared, and how much they saw today. Both are the person's own: nobody else is shown them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from tocsin_service.reviews.models import Event, Item, User

MOST_PAUSE = 240
_DAY = 86_400


class CareError(ValueError):
    """A setting can't be used; ``field`` says which."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


@dataclass(frozen=True, slots=True)
class Care:
    """``blur``: a passage is blurred until it is revealed; ``grey``: no colours; ``mask``: the words that weigh most are hidden;
    ``pause_minutes``: how often a pause is proposed, 0 for never.
    """

    blur: bool = True
    grey: bool = False
    mask: bool = False
    pause_minutes: int = 45


def parse(form: Mapping[str, str]) -> Care:
    """The settings of a form, in which a box that is not ticked is absent.

    Raises
    ------
    CareError : the pause is no whole number, or out of range.
    """
    given = form.get("pause_minutes", "").strip()
    try:
        pause = int(given)
    except ValueError:
        pause = -1
    if not 0 <= pause <= MOST_PAUSE:
        raise CareError("pause_minutes", f"takes whole minutes from 0 (never) to {MOST_PAUSE}")
    return Care("blur" in form, "grey" in form, "mask" in form, pause)


def from_user(user: User) -> Care:
    """What an account keeps; the defaults where it keeps nothing."""
    return Care(**{name: user.care.get(name, default) for name, default in asdict(Care()).items()})


def keep(session: Session, user_id: int, care: Care) -> None:
    """Store the settings with the account."""
    session.execute(update(User).where(User.id == user_id).values(care=asdict(care)))


def heavy_today(session: Session, now: float, user: User) -> int:
    """How many items of the band ``high`` this person opened since midnight UTC, whether or not they decided them."""
    midnight = now - now % _DAY
    # A list that is made once: joined, SQLite would go through all items first.
    opened = select(Event.item_id).where(Event.at >= midnight, Event.actor == user.name, Event.action == "viewed")
    return session.scalar(select(func.count()).select_from(Item).where(Item.id.in_(opened), Item.band == "high")) or 0
