"""Who may ask and how much: API keys as each client sends them, limits with their headers, request ids.

Without a key file every caller may ask. The page, the description and the health addresses are always open.
"""

from __future__ import annotations

import re
import uuid
from pathlib import Path

from flask import Flask, Response, current_app, g, request

from tocsin_service.keys import Allowance, Key, KeyStore
from tocsin_service.problems import Problem

_GUARDED = ("/v1/", "/v1alpha1/")
_SIGNED = ("/v1/coral",)  # Coral signs its requests instead of sending a key
_REQUEST_ID = re.compile(r"[\w.:-]{1,64}")


def install(app: Flask, path: str) -> None:
    """Guard an application with the keys of a file, if one is named."""
    app.extensions["tocsin.keys"] = KeyStore(Path(path)) if path else None
    app.before_request(_identify)
    app.after_request(_describe)


def spend(passages: int) -> None:
    """Count the passages of this request against its key.

    Raises
    ------
    Problem : 429 with Retry-After, nothing counted.
    """
    key: Key | None = g.get("key")
    if key is None:
        return
    g.allowances = current_app.extensions["tocsin.keys"].spend(key, passages)
    over = [allowance for allowance in g.allowances if allowance.exceeded]
    if over:
        worst = max(over, key=lambda allowance: allowance.resets)
        detail = f"This key may score {worst.limit} passages a {worst.name}. Wait {worst.resets} s, send less, or ask for a larger limit."
        raise Problem("too-many-requests", detail, headers={"Retry-After": str(worst.resets)})


def _identify() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
    store: KeyStore | None = current_app.extensions["tocsin.keys"]
    if store is None or request.method == "OPTIONS" or not request.path.startswith(_GUARDED) or request.path in _SIGNED:
        return
    secret = _secret()
    if not secret:
        raise Problem(
            "unauthorized", "Send an API key: the header X-API-Key, or Authorization: Bearer.", headers={"WWW-Authenticate": "Bearer"}
        )
    key = store.find(secret)
    if key is None:
        raise Problem("unauthorized", "There is no such API key.", headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
    if key.revoked is not None:
        raise Problem("forbidden", "This API key was revoked.")
    g.key = key


def _secret() -> str:
    """Perspective's clients put the key into the address; nothing of ours asks for that, and no log of ours holds an address."""
    if header := request.headers.get("X-API-Key"):
        return header.strip()
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return request.args.get("key", "") if request.path.startswith("/v1alpha1/") else ""


def _describe(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.get("request_id", "")
    allowances: list[Allowance] = g.get("allowances", [])
    if allowances:  # draft-ietf-httpapi-ratelimit-headers
        widths = {"minute": 60, "day": 86_400}
        response.headers["RateLimit-Policy"] = ", ".join(f'"{one.name}";q={one.limit};w={widths[one.name]}' for one in allowances)
        response.headers["RateLimit"] = ", ".join(f'"{one.name}";r={one.left};t={one.resets}' for one in allowances)
    return response
