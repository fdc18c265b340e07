"""The tables. Times are seconds since 1970 in UTC; offsets are code points, half open.

A change here needs a migration in ``migrations/versions``; a test compares the two.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, ClassVar

from sqlalchemy import JSON, BigInteger, Double, ForeignKey, Index, Integer, MetaData, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
Key = BigInteger().with_variant(Integer(), "sqlite")


_NEVER_AGAIN = {"sqlite_autoincrement": True}  # a number that the audit log names is never given to another row
_ESCALATED = text("team IS NOT NULL")


class Status(StrEnum):
    """Where an item stands. ``SECOND`` waits for another reviewer, ``DISPUTED`` for a lead, as the two disagree; ``ERASED`` will never be
    decided, while what is erased later stays ``DECIDED``.
    """

    WAITING = "waiting"
    SECOND = "second"
    DISPUTED = "disputed"
    ESCALATED = "escalated"
    DECIDED = "decided"
    ERASED = "erased"


FOR_LEADS = (Status.ESCALATED, Status.DISPUTED)


class Kind(StrEnum):
    """What a reviewer decided."""

    VIOLATES = "violates"
    ALLOWED = "allowed"
    ESCALATED = "escalated"
    SKIPPED = "skipped"


class Role(StrEnum):
    """What an account may do; each may also do what those before it may."""

    REVIEWER = "reviewer"
    LEAD = "lead"
    ADMIN = "admin"


class Base(DeclarativeBase):
    """All tables."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {dict[str, Any]: Json, list[Any]: Json, float: Double}


class User(Base):
    """An account. ``password`` is an Argon2 hash, after ``once:`` if it has to be changed; null where OIDC knows the ``subject``."""

    __tablename__ = "users"
    __table_args__ = (_NEVER_AGAIN,)
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    name: Mapped[str] = mapped_column(String(80), unique=True)
    role: Mapped[str] = mapped_column(String(10))
    password: Mapped[str | None] = mapped_column(String(200))
    subject: Mapped[str | None] = mapped_column(String(300), unique=True)
    active: Mapped[bool] = mapped_column(default=True)
    created: Mapped[float]
    care: Mapped[dict[str, Any]] = mapped_column(default=dict)


class SignIn(Base):
    """A session. ``id`` is the SHA-256 of the token in the cookie."""

    __tablename__ = "sign_ins"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    created: Mapped[float]
    seen: Mapped[float]


class Attempt(Base):
    """A failed sign-in: what its rate is limited by. ``what`` is the SHA-256 of a name or of an address."""

    __tablename__ = "attempts"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    what: Mapped[str] = mapped_column(String(64))
    at: Mapped[float]
    __table_args__ = (Index(None, "what", "at"),)


class Item(Base):
    """A passage that waits for a reviewer, or was decided.

    ``ref`` is the sender's id. ``due`` orders the queue, least first: the time received, less what its risk is worth. ``why`` names the
    rules that queued it. ``result`` holds ``spans`` and ``language`` as in ``POST /v1/score``; ``voice`` and ``label`` are those of the
    riskiest span, else ``none``. ``context`` is what stands around the passage: ``[{"author", "text"}]``. After erasure ``erased`` is set,
    and text, author, link, context, details and spans are gone.
    """

    __tablename__ = "items"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    ref: Mapped[str] = mapped_column(String(200), unique=True)
    source: Mapped[str] = mapped_column(String(20))
    text: Mapped[str | None] = mapped_column(Text)
    author: Mapped[str | None] = mapped_column(String(200))
    community: Mapped[str | None] = mapped_column(String(200))
    link: Mapped[str | None] = mapped_column(String(2000))
    written: Mapped[float | None]
    context: Mapped[list[Any]] = mapped_column(default=list)
    details: Mapped[dict[str, Any]] = mapped_column(default=dict)
    received: Mapped[float]
    due: Mapped[float]
    risk: Mapped[float]
    asserted_risk: Mapped[float]
    threat: Mapped[float]
    incitement: Mapped[float]
    glorification: Mapped[float]
    band: Mapped[str] = mapped_column(String(10))
    label: Mapped[str] = mapped_column(String(15))
    voice: Mapped[str] = mapped_column(String(10))
    result: Mapped[dict[str, Any]]
    model: Mapped[str] = mapped_column(String(80))
    why: Mapped[list[Any]] = mapped_column(default=list)
    status: Mapped[str] = mapped_column(String(10))
    outcome: Mapped[str | None] = mapped_column(String(10))
    reason: Mapped[str | None] = mapped_column(String(40))
    team: Mapped[str | None] = mapped_column(String(40))
    imminent: Mapped[bool] = mapped_column(default=False)
    decided: Mapped[float | None]
    claimed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    claimed_until: Mapped[float | None]
    erased: Mapped[float | None]
    __table_args__ = (
        # These two answer a page of the queue and its numbers by themselves: what is filtered by is in them.
        Index("ix_items_queue", "status", "due", "id", "band", "label", "voice", "community", "received"),
        Index("ix_items_facets", "status", "band", "label", "voice", "community", "received"),
        Index(None, "author", "received"),
        Index(None, "community", "status", "due"),
        Index(None, "claimed_by"),
        Index(None, "decided"),
        Index(None, "received"),
        Index(None, "team", sqlite_where=_ESCALATED, postgresql_where=_ESCALATED),
        _NEVER_AGAIN,
    )


class Decision(Base):
    """What one person decided of one item. Never changed; ``undone`` is when it was taken back.

    ``reason`` is the policy, the exception or the team. ``labels`` and ``spans`` are the passage as the reviewer sees it:
    ``[{"start", "end", "label", "voice", "speaker"}]``. ``seconds`` is how long the item was open. ``final``: it settled the item.
    ``overruled``: it was somebody else who took it back.
    """

    __tablename__ = "decisions"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("items.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    at: Mapped[float]
    kind: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str | None] = mapped_column(String(40))
    imminent: Mapped[bool] = mapped_column(default=False)
    note: Mapped[str] = mapped_column(Text, default="")
    labels: Mapped[list[Any]] = mapped_column(default=list)
    spans: Mapped[list[Any]] = mapped_column(default=list)
    seconds: Mapped[float] = mapped_column(default=0.0)
    final: Mapped[bool] = mapped_column(default=False)
    undone: Mapped[float | None]
    overruled: Mapped[bool] = mapped_column(default=False)
    __table_args__ = (Index(None, "item_id", "user_id"), Index(None, "user_id", "at"), Index(None, "at"), _NEVER_AGAIN)


class ScoreDay(Base):
    """How many passages got a score in a hundredth on a day: of everything sent to the queue, queued or not; the passages aren't kept.

    ``model`` is the digest; ``score`` as in a rule; ``day`` counts from 1970-01-01 in UTC; ``bin`` 0 to 99.
    """

    __tablename__ = "score_days"
    model: Mapped[str] = mapped_column(String(80), primary_key=True)
    score: Mapped[str] = mapped_column(String(15), primary_key=True)
    day: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    bin: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    count: Mapped[int] = mapped_column(BigInteger)


class View(Base):
    """A saved view: the filters of the queue under a name; ``shared`` with everybody."""

    __tablename__ = "views"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str] = mapped_column(String(80))
    query: Mapped[str] = mapped_column(String(1000))
    shared: Mapped[bool] = mapped_column(default=False)
    __table_args__ = (UniqueConstraint("user_id", "name"),)


class PolicyVersion(Base):
    """A queue policy, see ``policy.Policy``; the latest holds. Never changed."""

    __tablename__ = "policies"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    at: Mapped[float]
    actor: Mapped[str] = mapped_column(String(80))
    rules: Mapped[dict[str, Any]]


class Event(Base):
    """The audit log. Rows can be added and never changed or removed: the database itself refuses. ``detail`` never holds a passage."""

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(Key, primary_key=True)
    at: Mapped[float] = mapped_column(index=True)
    actor: Mapped[str] = mapped_column(String(80))
    action: Mapped[str] = mapped_column(String(40))
    item_id: Mapped[int | None] = mapped_column(Key, index=True)
    detail: Mapped[dict[str, Any]] = mapped_column(default=dict)


class Secret(Base):
    """What the service has to remember between starts: the key that signs cookies."""

    __tablename__ = "secrets"
    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[str] = mapped_column(String(200))
