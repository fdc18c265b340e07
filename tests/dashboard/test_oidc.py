"""Signing in through an organisation: a provider of its own process, walked as a browser would, and one that forges."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
import requests
from flask import Flask, jsonify, request
from flask.testing import FlaskClient
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from joserfc.jws import JWSRegistry
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from tests.dashboard.forms import PASSWORD, enter
from tocsin_model import Classifier
from tocsin_service.app import create_app
from tocsin_service.reviews import accounts, audit
from tocsin_service.reviews.database import Database
from tocsin_service.reviews.models import Role, User
from tocsin_service.settings import Settings, from_environment

_CLIENT = {"oidc_client_id": "tocsin", "oidc_client_secret": "between us two and nobody else, ever"}
_PEOPLE = (
    {"sub": "1", "preferred_username": "Ana", "email": "ana@id.example", "roles": ["staff", "lead", "reviewer"]},
    {"sub": "2", "preferred_username": "ben", "realm_access": {"roles": ["admin"]}},
    {"sub": "3", "email": "cleo@id.example", "roles": "staff"},
)


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """The address of a provider that knows three people."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    known = [option for person in _PEOPLE for option in ("--user-claims", json.dumps(person))]
    command = [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(port), *known]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    for _ in range(200):
        try:
            requests.get(f"{url}/.well-known/openid-configuration", timeout=2)
            break
        except requests.ConnectionError:
            assert process.poll() is None, "the provider stopped"
            time.sleep(0.05)
    yield url
    process.terminate()
    process.wait(20)


@pytest.fixture
def browse(classifier: Classifier, database: Database) -> Callable[..., FlaskClient]:
    def make(issuer: str, **settings: Any) -> FlaskClient:
        return create_app(Settings(oidc_issuer=issuer, **{**_CLIENT, **settings}), classifier, database).test_client()

    return make


def leave(client: FlaskClient, back: str = "/reviews/me") -> str:
    """The address at the provider that the browser is sent to."""
    sent = client.get("/reviews/sign-in/oidc", query_string={"back": back})
    assert sent.status_code == 302, sent.text
    assert sent.location is not None
    return sent.location


def consent(address: str, sub: str = "1", **form: str) -> str:
    """Where the provider sends the browser back to, with its query."""
    answer = requests.post(address, data={"sub": sub, **form}, allow_redirects=False, timeout=5)
    back = urlsplit(answer.headers["Location"])
    return f"{back.path}?{back.query}"


def walk(client: FlaskClient, sub: str = "1") -> TestResponse:
    return client.get(consent(leave(client), sub))


def everybody(database: Database) -> list[User]:
    with database.read() as session:
        return accounts.everybody(session)


def test_the_whole_way_in_and_again(browse: Callable[..., FlaskClient], issuer: str, database: Database) -> None:
    client = browse(issuer)
    assert 'href="/reviews/sign-in/oidc?back=' in client.get("/reviews/sign-in").text
    back = walk(client)
    assert (back.status_code, back.location) == (303, "/reviews/me")
    page = client.get("/reviews/me")
    assert page.status_code == 200
    assert "You sign in through your organisation" in page.text
    [ana] = everybody(database)
    assert (ana.name, ana.role, ana.password, ana.subject) == ("ana", Role.REVIEWER, None, f"{issuer} 1")
    assert walk(browse(issuer)).status_code == 303
    assert len(everybody(database)) == 1
    with database.read() as session:
        assert [event["action"] for event in audit.export(session)] == ["account added", "signed in", "signed in"]


def test_what_the_provider_is_asked(browse: Callable[..., FlaskClient], issuer: str) -> None:
    """State, nonce, and a proof key that only its hash is told of; the secret stays here."""
    client = browse(issuer)
    first, second = (parse_qs(urlsplit(leave(client)).query) for _ in range(2))
    assert first["code_challenge_method"] == ["S256"]
    assert first["redirect_uri"] == ["http://localhost/reviews/sign-in/oidc/callback"]
    assert set(first["scope"][0].split()) == {"openid", "profile", "email"}
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name][0]) >= 20
        assert first[name] != second[name]
    assert "client_secret" not in first


@pytest.mark.parametrize(
    ("claim", "roles"),
    [
        ("", [Role.REVIEWER] * 3),
        ("roles", [Role.LEAD, None, None]),
        ("realm_access.roles", [None, Role.ADMIN, None]),
        ("email", [None] * 3),
    ],
)
def test_a_claim_says_what_a_new_account_may(
    browse: Callable[..., FlaskClient], issuer: str, database: Database, claim: str, roles: list[Role | None]
) -> None:
    """Without a claim everybody is a reviewer; with one, who has no role in it stays out."""
    for sub, role in zip("123", roles, strict=True):
        answer = walk(browse(issuer, oidc_role_claim=claim), sub)
        assert answer.status_code == (303 if role else 403)
        assert role or "gives you no role here" in answer.text
    assert sorted(user.role for user in everybody(database)) == sorted(role for role in roles if role)


def test_an_account_keeps_the_role_that_an_admin_gave_it(browse: Callable[..., FlaskClient], issuer: str, database: Database) -> None:
    walk(browse(issuer, oidc_role_claim="roles"))
    with database.write() as session:
        accounts.set_role(session, everybody(database)[0].id, Role.REVIEWER)
    assert walk(browse(issuer, oidc_role_claim="roles")).status_code == 303
    assert everybody(database)[0].role == Role.REVIEWER


def test_an_account_that_is_off_stays_out(browse: Callable[..., FlaskClient], issuer: str, database: Database) -> None:
    walk(browse(issuer))
    with database.write() as session:
        accounts.set_active(session, everybody(database)[0].id, False)
    client = browse(issuer)
    answer = walk(client)
    assert (answer.status_code, "switched off" in answer.text) == (403, True)
    assert client.get("/reviews/me").status_code == 303


def test_a_name_at_the_provider_opens_nobody_elses_account(browse: Callable[..., FlaskClient], issuer: str, database: Database) -> None:
    with database.write() as session:
        accounts.create(session, time.time(), "ana", Role.ADMIN, PASSWORD)
    walk(browse(issuer))
    assert [(user.name, user.role) for user in everybody(database)] == [("ana", Role.ADMIN), ("ana@id.example", Role.REVIEWER)]


def test_an_answer_that_this_browser_did_not_ask_for_is_refused(
    browse: Callable[..., FlaskClient], issuer: str, database: Database
) -> None:
    """Another browser's answer, a made-up state, none, and the same answer twice."""
    mine, other = browse(issuer), browse(issuer)
    leave(mine)
    answer = consent(leave(other))
    for path in (answer, answer.replace("state=", "state=x"), answer.partition("&state=")[0], "/reviews/sign-in/oidc/callback"):
        refused = mine.get(path)
        assert refused.status_code == 403
        assert "did not let you in" in refused.text
    assert everybody(database) == []
    assert other.get(answer).status_code == 303
    assert other.get(answer).status_code == 403


def test_a_token_with_another_nonce_is_refused(browse: Callable[..., FlaskClient], issuer: str, database: Database) -> None:
    client = browse(issuer)
    parts = urlsplit(leave(client))
    query = {name: values[0] for name, values in parse_qs(parts.query).items()} | {"nonce": "of another sign-in"}
    assert client.get(consent(parts._replace(query=urlencode(query)).geturl())).status_code == 403
    assert everybody(database) == []


def test_who_declines_stays_out(browse: Callable[..., FlaskClient], issuer: str, caplog: pytest.LogCaptureFixture) -> None:
    client = browse(issuer)
    answer = client.get(consent(leave(client), action="deny"))
    assert answer.status_code == 403
    assert "OAuthError 'access_denied'" in caplog.text


def test_a_provider_that_is_away_is_said(browse: Callable[..., FlaskClient]) -> None:
    client = browse("http://127.0.0.1:1")
    answer = client.get("/reviews/sign-in/oidc")
    assert (answer.status_code, "does not answer" in answer.text) == (502, True)
    assert client.get("/reviews/sign-in").status_code == 200


def test_passwords_work_beside_it(browse: Callable[..., FlaskClient], issuer: str, database: Database) -> None:
    with database.write() as session:
        accounts.create(session, time.time(), "ana", Role.REVIEWER, PASSWORD)
    assert enter(browse(issuer), "ana").status_code == 303


def test_many_beginnings_fit_into_the_cookie(browse: Callable[..., FlaskClient], issuer: str) -> None:
    client = browse(issuer)
    for _ in range(20):
        leave(client)
    held = client.get_cookie("tocsin", path="/reviews")
    assert held is not None
    assert len(held.value) < 3_000
    assert walk(client).status_code == 303


class Forger:
    """A provider that issues whatever ID token it is told to."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2_048, {"kid": "1"})
        self.named: str | None = None
        self.token: Callable[[dict[str, Any]], str | None] = self.signed
        self.claims: dict[str, Any] = {}
        app = Flask("forger")
        app.add_url_rule("/.well-known/openid-configuration", view_func=self.describe)
        app.add_url_rule("/keys", view_func=lambda: jsonify({"keys": [self.key.as_dict(private=False)]}))
        app.add_url_rule("/token", view_func=self.issue, methods=["POST"])
        self.server = make_server("127.0.0.1", 0, app)
        self.url = f"http://127.0.0.1:{self.server.port}"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.05,))
        self.thread.start()

    def describe(self) -> Any:
        return jsonify(
            issuer=self.named or self.url,
            authorization_endpoint=f"{self.url}/authorize",
            token_endpoint=f"{self.url}/token",
            jwks_uri=f"{self.url}/keys",
            id_token_signing_alg_values_supported=["RS256", "HS256", "none"],
        )

    def issue(self) -> Any:
        assert request.form["code_verifier"]
        token = self.token(self.claims)
        return jsonify({"access_token": "x", "token_type": "Bearer", **({"id_token": token} if token else {})})

    def signed(self, claims: dict[str, Any]) -> str:
        return jwt.encode({"alg": "RS256", "kid": "1"}, claims, self.key)

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def forger() -> Iterator[Forger]:
    made = Forger()
    yield made
    made.close()


def _unsigned(claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "none"}, claims, OctKey.generate_key(), registry=JWSRegistry(algorithms=["none"]))


def _by_secret(claims: dict[str, Any]) -> str:
    return jwt.encode(
        {"alg": "HS256"}, claims, OctKey.import_key("between us two and nobody else, ever"), registry=JWSRegistry(algorithms=["HS256"])
    )


def _by_anybody(claims: dict[str, Any]) -> str:
    return jwt.encode({"alg": "RS256", "kid": "1"}, claims, RSAKey.generate_key(2_048, {"kid": "1"}))


@pytest.mark.parametrize(
    ("changed", "forge", "status"),
    [
        ({}, None, 303),
        ({"aud": ["tocsin"]}, None, 303),
        ({"aud": "another client"}, None, 403),
        ({"aud": "another client", "azp": "tocsin"}, None, 403),
        ({"iss": "https://evil.example"}, None, 403),
        ({"exp": 1_000_000_000}, None, 403),
        ({"nonce": None}, None, 403),
        ({"sub": None}, None, 403),
        ({}, _unsigned, 403),
        ({}, _by_secret, 403),
        ({}, _by_anybody, 403),
        ({}, lambda _: None, 403),
        ({}, lambda _: "not a token", 403),
    ],
)
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")  # of a token without signature: to be refused, not warned of
def test_a_token_that_cant_be_trusted_is_refused(
    browse: Callable[..., FlaskClient],
    forger: Forger,
    database: Database,
    changed: dict[str, Any],
    forge: Callable[[dict[str, Any]], str | None] | None,
    status: int,
) -> None:
    client = browse(forger.url)
    asked = {name: values[0] for name, values in parse_qs(urlsplit(leave(client)).query).items()}
    now = int(time.time())
    claims = {"iss": forger.url, "aud": "tocsin", "sub": "1", "iat": now, "exp": now + 60, "nonce": asked["nonce"], **changed}
    forger.claims = {name: value for name, value in claims.items() if value is not None}
    forger.token = forge or forger.signed
    answer = client.get("/reviews/sign-in/oidc/callback", query_string={"code": "x", "state": asked["state"]})
    assert answer.status_code == status
    assert len(everybody(database)) == (status == 303)


def test_a_provider_that_names_another_issuer_is_refused(browse: Callable[..., FlaskClient], forger: Forger) -> None:
    forger.named = "https://evil.example"
    assert browse(forger.url).get("/reviews/sign-in/oidc").status_code == 403


@pytest.mark.parametrize(
    ("environment", "named"),
    [
        ({"TOCSIN_OIDC_ISSUER": "http://id.example", "TOCSIN_OIDC_CLIENT_ID": "x"}, "TOCSIN_OIDC_ISSUER must be an address"),
        ({"TOCSIN_OIDC_ISSUER": "id.example", "TOCSIN_OIDC_CLIENT_ID": "x"}, "TOCSIN_OIDC_ISSUER must be an address"),
        ({"TOCSIN_OIDC_ISSUER": "https://id.example"}, "TOCSIN_OIDC_CLIENT_ID must be set"),
        ({"TOCSIN_PROXIES": "-1"}, "TOCSIN_PROXIES must be"),
    ],
)
def test_a_setting_that_cant_be_used_is_named(environment: dict[str, str], named: str) -> None:
    with pytest.raises(ValueError, match=named):
        from_environment(environment)


def test_what_is_not_installed_is_named(classifier: Classifier, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tocsin_service.dashboard.oidc.find_spec", lambda _: None)
    with pytest.raises(ValueError, match=r"tocsin\[oidc\]"):
        create_app(Settings(oidc_issuer="https://id.example", **_CLIENT), classifier, database)
