"""What is sent to the queue: one JSON object to a :class:`Submission`, or a problem that names the field."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tocsin_service.problems import Problem
from tocsin_service.requests import check_storable, parse_flag, parse_ref, parse_text, wrong
from tocsin_service.reviews.fields import (
    LONGEST_CONTEXT,
    MOST_CONTEXT,
    parse_context,
    parse_entry,
    parse_link,
    parse_metadata,
    parse_name,
    parse_time,
)
from tocsin_service.settings import Settings

FIELDS = ("id", "text", "author", "community", "link", "time", "context", "metadata", "always")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Submission:
    """A passage for the queue. ``ref`` is the sender's id, ``written`` when it was said in seconds since 1970, ``context`` what stands
    before it, in reading order: ``{"author", "text"}``. ``always``: it is queued whatever its scores.
    """

    ref: str
    text: str
    author: str | None = None
    community: str | None = None
    link: str | None = None
    written: float | None = None
    context: tuple[dict[str, Any], ...] = ()
    details: dict[str, Any] = field(default_factory=dict)
    source: str = "api"
    always: bool = False


def parse(value: object, settings: Settings, path: str = "", source: str = "api") -> Submission:
    """One item of ``POST /v1/items``; ``path`` is where it stands in the body.

    Raises
    ------
    Problem : names the field, never its value.
    """
    if not isinstance(value, dict):
        raise wrong(path.rstrip(".") or "body", "an object", value)
    for key in value:
        if key not in FIELDS:
            raise Problem("invalid-value", f"There is no such field. The fields are {', '.join(FIELDS)}.", field=path + key[:60])
    ref, text = parse_ref(value, path), parse_text(value, settings, path)
    check_storable(text, path + "text")
    return Submission(
        ref,
        text,
        author=parse_name(value.get("author"), path + "author"),
        community=parse_name(value.get("community"), path + "community"),
        link=parse_link(value.get("link"), path + "link"),
        written=parse_time(value.get("time"), path + "time"),
        context=parse_context(value.get("context"), path + "context"),
        details=parse_metadata(value.get("metadata"), path + "metadata"),
        source=source,
        always=parse_flag(value, path, "always", False),
    )


def foreign(
    source: str,
    text: str,
    key: Sequence[str],
    author: object = None,
    community: object = None,
    link: object = None,
    context: Sequence[object] = (),
    details: dict[str, object] | None = None,
) -> Submission:
    """A passage in another product's format. Its ref is :func:`digest` of ``key``; of the rest, what can't be kept is left out, as those
    who sent it meant it for no queue. The text is not looked at: what can't be stored of it fails when it is stored.
    """
    entries = [_lenient(parse_entry, one[:LONGEST_CONTEXT] if isinstance(one, str) else one) for one in context[-MOST_CONTEXT:]]
    kept = {name: _lenient(parse_name, value) for name, value in (details or {}).items()}
    return Submission(
        digest(source, *key),
        text,
        author=_lenient(parse_name, author),
        community=_lenient(parse_name, community),
        link=_lenient(parse_link, link),
        context=tuple(entry for entry in entries if entry and entry["text"]),
        details={name: value for name, value in kept.items() if value},
        source=source,
    )


def digest(source: str, *key: str) -> str:
    """A ref for a passage that has none: the same parts give the same."""
    return f"{source}:{hashlib.sha256(chr(0).join(key).encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"


def _lenient(read: Callable[[object, str], T], given: object) -> T | None:
    try:
        return read(given, "")
    except Problem:
        return None
