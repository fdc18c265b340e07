"""Which part of the queue a request is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qsl

from flask import request
from flask import session as cookie

from tocsin_service.problems import Problem
from tocsin_service.reviews.queue import Filters, QueueError, parse

_SEARCH = "search"  # kept with the sign-in: words of passages belong in no address


def asked() -> Filters:
    """The filters of the address, and the words looked for.

    Raises
    ------
    Problem : 422, a filter has a value that can't be used.
    """
    return _parsed(request.args)


def posted() -> Filters:
    """The same of a form, which sends the query that its page had.

    Raises
    ------
    Problem : 422, a filter has a value that can't be used.
    """
    return _parsed(dict(parse_qsl(request.form.get("query", ""))))


def look_for(words: str) -> None:
    """Look for these words in the passages from now on; none: for any.

    Raises
    ------
    QueueError : there is no word among them.
    """
    found = parse({"search": words}).search
    if found:
        cookie[_SEARCH] = found
    else:
        cookie.pop(_SEARCH, None)


def _parsed(given: Mapping[str, str]) -> Filters:
    try:
        filters = parse({name: value for name, value in given.items() if name != "search"})
    except QueueError as error:
        raise Problem("invalid-value", f"The filter {error}.", field=error.field) from None
    return replace(filters, search=cookie.get(_SEARCH, ""))
