"""The fields of what is sent to the queue: checked so that both databases can keep them, and pages can show them.

Each function takes what was sent and where it stands in the body, and raises a Problem that names the place and never the value.
"""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from tocsin_service.problems import Problem
from tocsin_service.requests import check_storable, wrong

LONGEST_NAME, LONGEST_LINK = 200, 2_000  # characters, as in models.py
MOST_CONTEXT, LONGEST_CONTEXT = 20, 20_000  # entries, characters of one
MOST_METADATA, DEEPEST_METADATA = 16_384, 32  # bytes of JSON, levels
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.ASCII)
_FIRST, _LAST = (datetime(year, 1, 1, tzinfo=UTC).timestamp() for year in (1, 9999))  # what can be shown as a date


def parse_link(given: object, where: str) -> str | None:
    """An address that a page may link to."""
    link = _string(given, where, LONGEST_LINK)
    if link is None:
        return None
    try:
        parts = urlsplit(link)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and link.isprintable() and " " not in link
    except ValueError:
        good = False
    if not good:
        raise Problem("invalid-value", "A link is an address that begins with http:// or https:// and holds no white space.", field=where)
    return link


def parse_name(given: object, where: str) -> str | None:
    """A name or an id of somebody or something."""
    return _string(given, where, LONGEST_NAME)


def _string(given: object, where: str, longest: int) -> str | None:
    """A string that can be stored; blank is the same as absent."""
    if given is None:
        return None
    if not isinstance(given, str):
        raise wrong(where, "a string or null", given)
    if len(given) > longest:
        raise Problem("invalid-value", f"It has {len(given)} characters; the limit is {longest}.", field=where)
    check_storable(given, where)
    return given if given.strip() else None


def parse_time(given: object, where: str) -> float | None:
    """Seconds since 1970, of RFC 3339 or of themselves."""
    if given is None:
        return None
    if not isinstance(given, str | int | float) or isinstance(given, bool):
        raise wrong(where, "a string (RFC 3339), a number (seconds since 1970) or null", given)
    seconds = _seconds(given) if isinstance(given, str) else given
    if seconds is None:
        raise Problem("invalid-value", "A time is RFC 3339 with its zone, like 2026-03-01T12:00:00Z, or seconds since 1970.", field=where)
    if not _FIRST <= seconds <= _LAST:  # NaN and infinity too
        raise Problem("invalid-value", "The time is not in the years 1 to 9998; seconds since 1970 are no milliseconds.", field=where)
    return float(seconds)


def _seconds(given: str) -> float | None:
    if not _TIME.fullmatch(given.upper()):
        return None
    try:
        return datetime.fromisoformat(given.upper()).timestamp()
    except ValueError:
        return None


def parse_context(given: object, where: str) -> tuple[dict[str, Any], ...]:
    """Entries of ``author`` and ``text``, of which a string is one without an author."""
    if given is None or given == "":
        return ()
    entries = [given] if isinstance(given, str) else given
    if not isinstance(entries, list):
        raise wrong(where, "a string, a list or null", given)
    if len(entries) > MOST_CONTEXT:
        raise Problem("invalid-value", f"It has {len(entries)} entries; the limit is {MOST_CONTEXT}: send the nearest.", field=where)
    return tuple(parse_entry(entry, where if isinstance(given, str) else f"{where}[{place}]") for place, entry in enumerate(entries))


def parse_entry(given: object, where: str) -> dict[str, Any]:
    """One entry of a context."""
    if isinstance(given, str):
        return {"author": None, "text": _string(given, where, LONGEST_CONTEXT) or ""}
    if not isinstance(given, dict):
        raise wrong(where, "a string, or an object of author and text", given)
    for key in given:
        if key not in ("author", "text"):
            raise Problem("invalid-value", "There is no such field. The fields are author, text.", field=f"{where}.{key[:60]}")
    if not isinstance(given.get("text"), str):
        raise wrong(where + ".text", "a string", given.get("text"))
    return {
        "author": parse_name(given.get("author"), where + ".author"),
        "text": _string(given["text"], where + ".text", LONGEST_CONTEXT) or "",
    }


def parse_metadata(given: object, where: str) -> dict[str, Any]:
    """An object that both databases keep as it is."""
    if given is None:
        return {}
    if not isinstance(given, dict):
        raise wrong(where, "an object or null", given)
    _check_json(given, where, where, DEEPEST_METADATA)
    size = len(json.dumps(given, ensure_ascii=False, separators=(",", ":")).encode())
    if size > MOST_METADATA:
        raise Problem("invalid-value", f"It has {size} bytes as JSON; the limit is {MOST_METADATA}.", field=where)
    return given


def _check_json(value: object, where: str, top: str, depth: int) -> None:
    """Refuse what one of the databases can't keep as JSON; ``where`` is cut where keys are long."""
    if depth < 0:
        raise Problem("invalid-value", f"It is nested more than {DEEPEST_METADATA} levels deep.", field=top)
    if isinstance(value, str):
        check_storable(value, where)
    elif isinstance(value, float) and not math.isfinite(value):
        raise Problem("invalid-value", "It is too large a number.", field=where)
    elif isinstance(value, dict):
        for key, item in value.items():
            inner = f"{where}.{key[:60]}"
            check_storable(key, inner)
            _check_json(item, inner, top, depth - 1)
    elif isinstance(value, list):
        for place, item in enumerate(value):
            _check_json(item, f"{where}[{place}]", top, depth - 1)
