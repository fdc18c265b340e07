"""Bytes to a :class:`ScoreRequest`, or a named problem. Nothing below this module sees a request."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NoReturn, TypeVar

from tocsin_model.types import Label
from tocsin_service.problems import Problem
from tocsin_service.settings import Settings

T = TypeVar("T")


class Offsets(StrEnum):
    """Unit of the offsets in an answer: Python's code points, JavaScript's UTF-16 code units, or UTF-8 bytes."""

    CODEPOINT = "codepoint"
    UTF16 = "utf16"
    BYTE = "byte"


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """One passage to score and what to answer with. ``id`` is echoed; ``store``: it goes to the review queue too."""

    text: str
    id: str | int | None = None
    labels: tuple[Label, ...] = tuple(Label)
    spans: bool = True
    sentences: bool = False
    offsets: Offsets = Offsets.CODEPOINT
    store: bool = False


LONGEST_ID = 200  # characters, of what is stored
_FIELDS = ("text", "id", "labels", "spans", "sentences", "offsets", "store")
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")  # PostgreSQL has no place for them


def decode(body: bytes) -> dict[str, Any]:
    """The one JSON object of a body."""
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_no_duplicates, parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise Problem("malformed-json", f"The body is not UTF-8: byte {error.start} can't be decoded. Encode it as UTF-8.") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno} column {error.colno}"
        raise Problem("malformed-json", f"The body stops being JSON at {where}: {error.msg}.") from None
    except RecursionError:
        raise Problem("malformed-json", "The body is nested too deeply; a request needs three levels, and metadata may have 32.") from None
    except ValueError:  # an integer of thousands of digits
        raise Problem("malformed-json", "The body holds a number with too many digits.") from None
    if not isinstance(value, dict):
        raise Problem("wrong-type", f"The body must be a JSON object, not {_json_type(value)}.")
    return value


def parse(value: object, settings: Settings, path: str = "") -> ScoreRequest:
    """One decoded item; ``path`` is where it stands in the body, for the problem's ``field``."""
    if not isinstance(value, dict):
        raise wrong(path.rstrip(".") or "body", "an object", value)
    for key in value:
        if key not in _FIELDS:
            raise Problem("invalid-value", f"There is no such field. The fields are {', '.join(_FIELDS)}.", field=path + key[:60])
    asked = ScoreRequest(
        text=parse_text(value, settings, path),
        id=_id(value, path),
        labels=_labels(value, path),
        spans=parse_flag(value, path, "spans", True),
        sentences=parse_flag(value, path, "sentences", False),
        offsets=_offsets(value, path),
        store=parse_flag(value, path, "store", False),
    )
    if asked.store:
        parse_ref(value, path)
        check_storable(asked.text, path + "text")
    return asked


def parse_batch(value: dict[str, Any], settings: Settings) -> list[ScoreRequest | tuple[object, Problem]]:
    """The items of a batch in order; one that can't be scored is its id and the problem."""
    return parse_items(value, settings, lambda item, path: parse(item, settings, path))


def parse_items(value: dict[str, Any], settings: Settings, read: Callable[[object, str], T]) -> list[T | tuple[object, Problem]]:
    """The items of any batch in order, each by ``read``, which is given where it stands; one that fails is its id and the problem."""
    for key in value:
        if key != "items":
            raise Problem("invalid-value", "There is no such field. A batch has one field, items.", field=key[:60])
    items = value.get("items")
    if "items" not in value:
        raise Problem("invalid-value", "items is required: a list of objects like the body of /v1/score.", field="items")
    if not isinstance(items, list):
        raise wrong("items", "a list", items)
    if len(items) > settings.max_batch_items:
        limit = settings.max_batch_items
        raise Problem("too-large", f"items holds {len(items)} passages; at most {limit} go in one batch. Send several.", field="items")
    parsed: list[T | tuple[object, Problem]] = []
    for index, item in enumerate(items):
        try:
            parsed.append(read(item, f"items[{index}]."))
        except Problem as problem:
            given = item.get("id") if isinstance(item, dict) else None
            parsed.append((given if isinstance(given, str | int) and not isinstance(given, bool) else None, problem))
    return parsed


def parse_text(value: dict[str, Any], settings: Settings, path: str = "") -> str:
    """The passage of an item."""
    if "text" not in value:
        raise Problem("invalid-value", "text is required: the passage to score, a string.", field=path + "text")
    text = value["text"]
    if not isinstance(text, str):
        raise wrong(path + "text", "a string", text)
    if len(text) > settings.max_text_chars:
        most = settings.max_text_chars
        raise Problem("too-large", f"text has {len(text)} characters; the limit is {most}. Cut it into pages.", field=path + "text")
    if not text.strip():
        raise Problem("invalid-value", "text is empty; send at least one character that is not white space.", field=path + "text")
    return text


def parse_ref(value: dict[str, Any], path: str = "") -> str:
    """The id that a stored item is known by: a whole number is stored as text."""
    given = _id(value, path)
    if given is None or given == "":
        raise Problem("invalid-value", "id is required: yours, by which the item is found again.", field=path + "id")
    ref = str(given)
    if len(ref) > LONGEST_ID:
        raise Problem("invalid-value", f"id has {len(ref)} characters; the limit is {LONGEST_ID}.", field=path + "id")
    check_storable(ref, path + "id")
    return ref


def check_storable(text: str, field: str) -> None:
    """Refuse what can't be stored on every database.

    Raises
    ------
    Problem : names the field and the first offset, in code points.
    """
    if found := _UNSTORABLE.search(text):
        what = "a NUL" if found[0] == "\0" else "half of a UTF-16 pair"
        detail = f"The character at offset {found.start()} is {what}, which can't be stored; remove it, or send U+FFFD in its place."
        raise Problem("invalid-value", detail, field=field)


def parse_flag(value: dict[str, Any], path: str, name: str, default: bool) -> bool:
    """True or false."""
    given = value.get(name, default)
    if not isinstance(given, bool):
        raise wrong(path + name, "true or false", given)
    return given


def wrong(field: str, wanted: str, value: object) -> Problem:
    """The problem of a field with another JSON type than the one wanted."""
    return Problem("wrong-type", f"{field} must be {wanted}, not {_json_type(value)}.", field=field)


def _id(value: dict[str, Any], path: str) -> str | int | None:
    given = value.get("id")
    if given is None or (isinstance(given, str | int) and not isinstance(given, bool)):
        return given
    raise wrong(path + "id", "a string, a whole number or null", given)


def _labels(value: dict[str, Any], path: str) -> tuple[Label, ...]:
    given = value.get("labels")
    if given is None:
        return tuple(Label)
    if not isinstance(given, list) or not all(isinstance(label, str) for label in given):
        raise wrong(path + "labels", "a list of strings", given)
    if not given or not set(given) <= set(Label):
        raise Problem("invalid-value", f"labels takes one or more of {', '.join(Label)}.", field=path + "labels")
    return tuple(label for label in Label if label in given)


def _offsets(value: dict[str, Any], path: str) -> Offsets:
    given = value.get("offsets", Offsets.CODEPOINT)
    if not isinstance(given, str):
        raise wrong(path + "offsets", "a string", given)
    if given not in set(Offsets):
        raise Problem("invalid-value", f"offsets takes one of {', '.join(Offsets)}.", field=path + "offsets")
    return Offsets(given)


def _json_type(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "a string", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _no_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        raise Problem("malformed-json", "An object has the same key twice; send each key once.")
    return result


def _no_constant(name: str) -> NoReturn:
    raise Problem("malformed-json", f"{name} is not JSON; send a number or null.")
