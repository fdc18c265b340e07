"""Every setting of the service, in one table: read once from the environment, never in a handler."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import urlsplit


class SettingError(ValueError):
    """A setting's value can't be used; names the environment variable and what it takes."""


def _setting(default: Any, help: str) -> Any:
    return field(default=default, metadata={"help": help})


@dataclass(frozen=True, slots=True)
class Settings:
    """Settings with their defaults. ``TOCSIN_`` and the name in capitals is the environment variable."""

    model: str = _setting("", "Folder of the model artifact; empty: the one shipped with the package.")
    host: str = _setting("127.0.0.1", "Address to listen on; 0.0.0.0 for every interface.")
    port: int = _setting(8080, "Port to listen on.")
    workers: int = _setting(0, "Worker processes; 0: one a core.")
    timeout: int = _setting(30, "Seconds a request may take, and a stopping worker has to finish what it started.")
    max_body_bytes: int = _setting(8_388_608, "Largest request body, in bytes.")
    max_text_chars: int = _setting(1_000_000, "Longest passage, in code points.")
    max_batch_items: int = _setting(1_000, "Most passages in one batch request.")
    elevated: float = _setting(0.0, "Least risk of the band `elevated`; 0: the model's own threshold.")
    high: float = _setting(0.0, "Least risk of the band `high`; 0: the model's own threshold.")
    perspective_unknown: str = _setting("error", "Attributes of Perspective that Tocsin doesn't model: error, or omit to leave them out.")
    coral_secret: str = _setting("", "Signing secret of Coral's external moderation phase; empty: /v1/coral is off.")
    keys: str = _setting("", "File of API keys, made with `tocsin keys`; empty: every caller may ask.")
    feedback: str = _setting("", "File that corrections are appended to, as JSON lines; empty: none are kept.")
    database_url: str = _setting(
        "sqlite:///tocsin.db", "The review queue's database: sqlite:///FILE, postgresql://USER:PASSWORD@HOST/NAME, or off."
    )
    store: str = _setting("", "Whose comments go to the review queue too, by its policy: perspective, coral or both, separated by commas.")
    oidc_issuer: str = _setting("", "Address of an OpenID Connect provider that reviewers sign in through; empty: passwords alone.")
    oidc_client_id: str = _setting("", "The client that the provider knows this service as.")
    oidc_client_secret: str = _setting("", "That client's secret; empty for a public client.")
    oidc_role_claim: str = _setting(
        "",
        "Claim with a new account's role: reviewer, lead or admin; who has none stays out. Empty: whom the provider knows is a reviewer.",
    )
    proxies: int = _setting(0, "Reverse proxies in front, whose X-Forwarded-For, -Proto and -Host the dashboard believes.")
    cors_origins: str = _setting("", "Origins whose pages may call the API, separated by commas; * for all, empty for none.")
    log_level: str = _setting("info", "debug, info, warning or error.")

    def stores(self, source: str) -> bool:
        """Whether the comments that come in another product's format go to the review queue."""
        return source in _names(self.store)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the settings table, for the README and ``tocsin serve --help``."""

    name: str
    variable: str
    default: object
    help: str


def table() -> list[Row]:
    """All settings in order."""
    return [Row(item.name, f"TOCSIN_{item.name.upper()}", item.default, item.metadata["help"]) for item in fields(Settings)]


def from_environment(environment: Mapping[str, str] = os.environ, **overrides: str | int | float | None) -> Settings:
    """Settings from ``TOCSIN_*`` variables; overrides that are not None win.

    Raises
    ------
    SettingError : a value of the wrong kind or out of range.
    """
    values: dict[str, Any] = {}
    for row in table():
        given = overrides.get(row.name)
        raw = environment.get(row.variable) if given is None else given
        if raw is None or raw == "":
            continue
        kind: Any = type(row.default)
        try:
            values[row.name] = kind(raw)
        except ValueError:
            raise SettingError(f"{row.variable} must be {'a whole number' if kind is int else 'a number'}, not {raw!r}") from None
    settings = Settings(**values)
    for name in ("max_body_bytes", "max_text_chars", "max_batch_items", "timeout"):
        if getattr(settings, name) <= 0:
            raise SettingError(f"TOCSIN_{name.upper()} must be more than 0")
    for name in ("elevated", "high"):
        if not 0 <= getattr(settings, name) < 1:
            raise SettingError(f"TOCSIN_{name.upper()} must be a probability below 1, or 0 for the model's own")
    _check_sign_in(settings)
    if settings.perspective_unknown not in ("error", "omit"):
        raise SettingError("TOCSIN_PERSPECTIVE_UNKNOWN must be error or omit")
    if not set(_names(settings.store)) <= {"perspective", "coral"}:
        raise SettingError("TOCSIN_STORE takes perspective, coral or both, separated by a comma")
    if settings.store and settings.database_url == "off":
        raise SettingError("TOCSIN_STORE needs a queue: set TOCSIN_DATABASE_URL, or leave it at its default")
    if settings.log_level not in ("debug", "info", "warning", "error"):
        raise SettingError("TOCSIN_LOG_LEVEL must be debug, info, warning or error")
    return settings


def _names(listed: str) -> list[str]:
    return [name for name in (part.strip() for part in listed.split(",")) if name]


def _check_sign_in(settings: Settings) -> None:
    if not 0 <= settings.proxies <= 9:
        raise SettingError("TOCSIN_PROXIES must be from 0 to 9")
    if not settings.oidc_issuer:
        return
    address = urlsplit(settings.oidc_issuer)
    if not address.hostname or (address.scheme != "https" and address.hostname not in ("localhost", "127.0.0.1", "::1")):
        raise SettingError("TOCSIN_OIDC_ISSUER must be an address that starts with https://")
    if not settings.oidc_client_id:
        raise SettingError("TOCSIN_OIDC_CLIENT_ID must be set with TOCSIN_OIDC_ISSUER")
