"""One object of a Perspective request, read by the rules of proto3 JSON.

A field may be named in lowerCamelCase or as in the .proto, null is the same as absent, and an unknown name is an error
(protobuf.dev, "ProtoJSON Format"). Errors are worded as Google's JSON reader words them, but never repeat a value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from tocsin_service.compat.perspective_errors import malformed

_LONGEST_NAME = 60
_WANTED = {
    "TYPE_STRING": "send a string",
    "TYPE_BOOL": "send true or false",
    "TYPE_FLOAT": "send a number",
    "TYPE_INT32": "send a whole number",
    "TYPE_LIST": "send a list",
    "TYPE_MESSAGE": "send an object",
}


@dataclass(frozen=True, slots=True)
class Message:
    """The fields that are there, by lowerCamelCase name; ``path`` ends in a dot unless it is empty."""

    values: dict[str, Any]
    path: str

    def text(self, name: str) -> str:
        """A string; empty where absent."""
        return str(self._read(name, str, "TYPE_STRING", ""))

    def flag(self, name: str) -> bool:
        """A boolean; false where absent."""
        return bool(self._read(name, bool, "TYPE_BOOL", False))

    def number(self, name: str) -> int | float | None:
        """A number, or None where absent."""
        given: int | float | None = self._read(name, (int, float), "TYPE_FLOAT", None)
        return given

    def integer(self, name: str) -> int:
        """A whole number; zero where absent."""
        return int(self._read(name, int, "TYPE_INT32", 0))

    def strings(self, name: str) -> tuple[str, ...]:
        """A list of strings; empty where absent."""
        given = self._read(name, list, "TYPE_LIST", [])
        for index, item in enumerate(given):
            _check(item, str, f"{self.path}{name}[{index}]", "TYPE_STRING")
        return tuple(given)

    def child(self, name: str, fields: tuple[str, ...]) -> Message | None:
        """An object, or None where absent."""
        given = self.values.get(name)
        return None if given is None else read(given, self.path + name, fields)

    def children(self, name: str, fields: tuple[str, ...]) -> list[Message]:
        """A list of objects; empty where absent."""
        given = self._read(name, list, "TYPE_LIST", [])
        return [read(item, f"{self.path}{name}[{index}]", fields) for index, item in enumerate(given)]

    def mapping(self, name: str, fields: tuple[str, ...]) -> dict[str, Message]:
        """Objects by name; empty where absent. A null object is an empty one."""
        given = self._read(name, dict, "TYPE_MESSAGE", {})
        return {key: read({} if item is None else item, f"{self.path}{name}.{key[:_LONGEST_NAME]}", fields) for key, item in given.items()}

    def _read(self, name: str, kind: type | tuple[type, ...], wanted: str, default: Any) -> Any:
        given = self.values.get(name)
        return default if given is None else _check(given, kind, self.path + name, wanted)


def read(value: object, path: str, fields: tuple[str, ...]) -> Message:
    """An object that has no other fields than those."""
    given: dict[str, Any] = _check(value, dict, path, "TYPE_MESSAGE")
    values: dict[str, Any] = {}
    for key, item in given.items():
        name = key if key in fields else _camel(key)
        shown = key[:_LONGEST_NAME]
        if name not in fields:
            where = f" at '{path}'" if path else ""
            known = ", ".join(fields)
            message = f'Invalid JSON payload received. Unknown name "{shown}"{where}: Cannot find field. The fields are {known}.'
            raise malformed(message, _join(path, shown))
        if name in values:
            raise malformed(f"Invalid JSON payload received. '{name}' is there twice, in two spellings; send it once.", _join(path, name))
        values[name] = item
    return Message(values, _join(path, ""))


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _camel(name: str) -> str:
    return re.sub(r"_([a-z])", lambda found: found[1].upper(), name)


def _check(value: Any, kind: type | tuple[type, ...], path: str, wanted: str) -> Any:
    # A bool is an int to Python, not to JSON.
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise malformed(f"Invalid value at '{path}' ({wanted}): {_WANTED[wanted]}.", path)
    return value
