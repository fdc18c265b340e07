"""Sign-in through an OpenID Connect provider, by Authlib: the code flow with PKCE, state and nonce. Needs ``tocsin[oidc]``."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from importlib.util import find_spec
from typing import Any

from flask import Flask, current_app, session
from werkzeug.wrappers import Response as BaseResponse

from tocsin_service.reviews.models import Role
from tocsin_service.settings import SettingError, Settings

log = logging.getLogger("tocsin")
_ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")  # never "none", if offered
_SECONDS = 10  # that the provider may take for an answer


class ProviderError(Exception):
    """The provider did not let somebody in, or gave no answer that can be trusted; ``away``: it gave none at all."""

    def __init__(self, away: bool = False) -> None:
        super().__init__("the provider does not answer" if away else "the provider did not let this person in")
        self.away = away


class Provider:
    """One OpenID Connect provider."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        from authlib.integrations.flask_client import OAuth  # noqa: PLC0415 an extra

        self.issuer, self.client_id, self.role_claim = settings.oidc_issuer, settings.oidc_client_id, settings.oidc_role_claim
        self.client = OAuth(app).register(
            "oidc",
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret or None,
            server_metadata_url=settings.oidc_issuer.rstrip("/") + "/.well-known/openid-configuration",
            client_kwargs={
                "scope": "openid profile email",
                "code_challenge_method": "S256",
                "default_timeout": _SECONDS,
                **({} if settings.oidc_client_secret else {"token_endpoint_auth_method": "none"}),
            },
        )

    def leave(self, back: str) -> BaseResponse:
        """The way to the provider, which sends the browser on to ``back``.

        Raises
        ------
        ProviderError : it does not answer.
        """
        for key in [key for key in session if key.startswith("_state_")]:
            del session[key]  # what was begun and left would soon be more than a cookie holds
        try:
            self._learn()
            away: BaseResponse = self.client.authorize_redirect(back)
        except Exception as error:
            raise _reason(error) from None
        return away

    def arrive(self) -> dict[str, Any]:
        """The claims about who comes back from the provider, from an ID token that was checked: signature, issuer, audience, time, nonce.

        Raises
        ------
        ProviderError : the answer belongs to no sign-in of this browser, or the provider's token can't be trusted.
        """
        try:
            expected = {"iss": {"essential": True, "value": self._learn()}, "aud": {"essential": True, "value": self.client_id}}
            claims = self.client.authorize_access_token(claims_options=expected).get("userinfo")
        except Exception as error:
            raise _reason(error) from None
        if not claims:
            log.error("sign-in by OIDC failed: the provider gave no ID token")
            raise ProviderError
        return dict(claims)

    def subject(self, claims: Mapping[str, Any]) -> str:
        """Who it is: the same person at every sign-in, and nobody else at any provider."""
        return f"{self.issuer} {claims['sub']}"

    def role(self, claims: Mapping[str, Any]) -> Role | None:
        """The first role that the claims give, the highest if several; None: none, where one is asked for."""
        if not self.role_claim:
            return Role.REVIEWER
        value: Any = claims.get(self.role_claim)
        if value is None:  # nested, as Keycloak's realm_access.roles
            value = claims
            for part in self.role_claim.split("."):
                value = value.get(part) if isinstance(value, Mapping) else None
        given = value if isinstance(value, list) else [value]
        return next((role for role in reversed(Role) if role in given), None)

    def _learn(self) -> str:
        """Read the provider's description once; returns its issuer, which has to be the one that was configured."""
        metadata: dict[str, Any] = self.client.load_server_metadata()
        issuer = str(metadata.get("issuer"))
        if issuer.rstrip("/") != self.issuer.rstrip("/"):
            raise ValueError("the provider names another issuer")
        offered = metadata.get("id_token_signing_alg_values_supported") or []
        metadata["id_token_signing_alg_values_supported"] = [name for name in offered if name in _ALGORITHMS] or ["RS256"]
        return issuer


def install(app: Flask, settings: Settings) -> None:
    """Let an application know its provider, if the settings name one.

    Raises
    ------
    SettingError : ``tocsin[oidc]`` is not installed.
    """
    app.extensions["tocsin.oidc"] = None
    if settings.oidc_issuer:
        if find_spec("authlib") is None or find_spec("requests") is None:
            raise SettingError("TOCSIN_OIDC_ISSUER needs Authlib: pip install 'tocsin[oidc]'")
        app.extensions["tocsin.oidc"] = Provider(app, settings)


def provider() -> Provider | None:
    """The provider of the running application."""
    held: Provider | None = current_app.extensions["tocsin.oidc"]
    return held


def _reason(error: Exception) -> ProviderError:
    """Logged by its kind: an error's text may hold a code or a token."""
    from requests import RequestException  # noqa: PLC0415 an extra

    log.error("sign-in by OIDC failed: %s %.60r", type(error).__name__, getattr(error, "error", ""))
    return ProviderError(away=isinstance(error, RequestException))
