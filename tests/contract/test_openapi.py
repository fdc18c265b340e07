"""Whatever schemathesis makes up from /openapi.json is answered as /openapi.json says, never with a failure of ours."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import APIOperation
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from tocsin_model import load
from tocsin_service import openapi
from tocsin_service.app import create_app
from tocsin_service.settings import Settings

NATIVE = ("api", "feedback", "health", "items", "openapi")

# Tests are made of the description while this file is read: too early for a fixture.
folder = tempfile.mkdtemp()
app = create_app(Settings(feedback="/dev/null", database_url=f"sqlite:///{folder}/tocsin.db"), load())
schema = schemathesis.openapi.from_wsgi("/openapi.json", app)


@pytest.fixture(scope="module", autouse=True)
def _removed() -> Iterator[None]:
    yield
    app.extensions["tocsin.database"].engine.dispose()
    shutil.rmtree(folder)


# Not schemathesis's own parametrize: it gives all operations one name, of which pytest-xdist runs the first.
OPERATIONS = [found.ok() for found in schema.get_all_operations()]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_answers_follow_the_description(operation: APIOperation) -> None:
    checks = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]

    @given(case=operation.as_strategy())
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    def ask(case: schemathesis.Case) -> None:
        # Schemathesis does not unpack what a WSGI application packed.
        case.call_and_validate(checks=checks, headers={"Accept-Encoding": "identity"})

    ask()


def test_every_operation_is_asked() -> None:
    """All but the description's own address, which schemathesis leaves out."""
    described = {f"{method.upper()} {path}" for path, methods in openapi.describe()["paths"].items() for method in methods}
    assert {operation.label for operation in OPERATIONS} == described - {"GET /openapi.json"}


def test_the_description_names_every_native_address() -> None:
    native = {
        (re.sub(r"<(?:\w+:)?ref>", "{id}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.endpoint.split(".")[0] in NATIVE
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert native - {("/docs", "get")} == {(path, method) for path, methods in openapi.describe()["paths"].items() for method in methods}


def test_a_description_can_be_read_by_people() -> None:
    page = app.test_client().get("/docs").get_data(as_text=True)
    for path in openapi.describe()["paths"]:
        assert path in page
    assert Path(openapi.__file__).with_name("openapi.json").stat().st_size < 60_000
