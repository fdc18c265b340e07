"""Whatever schemathesis makes up from /openapi.json is answered as /openapi.json says, never with a failure of ours."""

from __future__ import annotations

from pathlib import Path

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance, status_code_conformance

from tocsin_model import load
from tocsin_service import openapi
from tocsin_service.app import create_app
from tocsin_service.settings import Settings

schema = schemathesis.openapi.from_wsgi("/openapi.json", create_app(Settings(feedback="/dev/null"), load()))


@schema.parametrize()
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_answers_follow_the_description(case: schemathesis.Case) -> None:
    checks = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
    # Schemathesis does not unpack what a WSGI application packed.
    case.call_and_validate(checks=checks, headers={"Accept-Encoding": "identity"})


def test_the_description_names_every_native_address() -> None:
    app = create_app(Settings(), load())
    native = {rule.rule for rule in app.url_map.iter_rules() if rule.endpoint.split(".")[0] in ("api", "feedback", "health", "openapi")}
    assert native - {"/docs"} == set(openapi.describe()["paths"])


def test_a_description_can_be_read_by_people() -> None:
    page = create_app(Settings(), load()).test_client().get("/docs").get_data(as_text=True)
    for path in openapi.describe()["paths"]:
        assert path in page
    assert Path(openapi.__file__).with_name("openapi.json").stat().st_size < 60_000
