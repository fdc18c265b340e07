"""The policy: looked at, tried, adopted."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from tests.dashboard.forms import csrf
from tests.reviews.rows import decision, item, person
from tests.reviews.test_drift import scored
from tocsin_model import Classifier
from tocsin_service.dashboard import policy_form
from tocsin_service.dashboard.policy_form import LISTS, read, shown, typed
from tocsin_service.reviews import audit, drift, policy
from tocsin_service.reviews.database import Database
from tocsin_service.reviews.models import Kind, Role
from tocsin_service.reviews.policy import Choice, Policy, PolicyError, Rule

DRAFT = Policy(
    (Rule("Sure", "risk", 0.123456789, ("docks", 'a "b" & <c>')), Rule("High", "threat", "high")),
    boost_hours=36.5,
    double_share=0.07,
    teams=(Choice("night", "Night: desk"),),
)


def send(client: FlaskClient, path: str, pairs: list[tuple[str, str]], **more: str) -> TestResponse:
    """A form as a browser sends it, names repeated."""
    form = MultiDict([("csrf_token", csrf(client, "/reviews/policy")), *pairs, *more.items()])
    return client.post(path, data=form, headers={"Accept": "text/html"})


def adopt_form(page: str) -> list[tuple[str, str]]:
    """The fields of the form that adopts, as a browser reads them."""
    form = page[page.index('action="/reviews/policy/adopt"') :]
    found = re.findall(
        r'<input type="hidden" name="([^"]+)" value="([^"]*)">|<textarea name="([^"]+)" hidden>\n(.*?)</textarea>',
        form[: form.index("</form>")],
        re.DOTALL,
    )
    return [(one or other, html.unescape(value or text)) for one, value, other, text in found if (one or other) != "csrf_token"]


@pytest.mark.parametrize("given", [Policy(), DRAFT, Policy(rules=())])
def test_the_fields_say_the_policy_and_nothing_else(given: Policy) -> None:
    assert read(shown(given)) == given
    assert read(typed(MultiDict(shown(given).pairs()))) == given


@pytest.mark.parametrize(
    ("field", "value", "named", "says"),
    [
        ("rule_name", "", "rules[0].name", "is empty"),
        ("rule_name", "x" * 81, "rules[0].name", "81 characters"),
        ("rule_name", "a\x00b", "rules[0].name", "can't be shown"),
        ("rule_score", "toxicity", "rules[0].score", "takes one of"),
        ("rule_at_least", "1.2", "rules[0].at_least", "from 0 to 1"),
        ("rule_at_least", "nan", "rules[0].at_least", "from 0 to 1"),
        ("rule_at_least", "low", "rules[0].at_least", "elevated, high"),
        ("rule_communities", "y" * 201, "rules[0].communities", "201 characters"),
        ("boost_hours", "soon", "boost_hours", "hours from 0"),
        ("boost_hours", "1e9", "boost_hours", "to 10000"),
        ("double_percent", "101", "double_percent", "to 100"),
        ("violations", "threat Threat", "violations", "line 1"),
        ("violations", "ok: Fine\nToo Big: Name", "violations", "line 2"),
        ("exceptions", " \n", "exceptions", "is empty"),
        ("teams", "a: A\na: B", "teams", "twice"),
        ("teams", "a: " + "z" * 81, "teams", "81 characters"),
    ],
)
def test_what_cant_be_read_is_named(field: str, value: str, named: str, says: str) -> None:
    form = MultiDict(shown(Policy()).pairs())
    form[field] = value
    with pytest.raises(PolicyError, match=says) as caught:
        read(typed(form))
    assert caught.value.field == named


def test_blank_rules_and_those_to_be_removed_are_left_out() -> None:
    pairs = shown(DRAFT).pairs()
    blank = [("rule_name", ""), ("rule_score", "risk"), ("rule_at_least", " "), ("rule_communities", "")]
    assert read(typed(MultiDict([*pairs, *blank, ("remove", "0")]))).rules == DRAFT.rules[1:]


def test_more_rules_than_anybody_reads_are_refused() -> None:
    with pytest.raises(PolicyError, match="there may be 50"):
        read(shown(replace(Policy(), rules=DRAFT.rules * 26)))


def test_a_draft_is_tried_then_adopted_as_it_was_tried(admin: FlaskClient, database: Database, classifier: Classifier) -> None:
    high = classifier.thresholds.high
    with database.write() as session:
        ana = person(session, "ana")
        for risk, kind in ((high, Kind.VIOLATES), (high - 0.01, Kind.VIOLATES), (high - 0.01, Kind.ALLOWED)):
            decision(session, item(session, risk=risk), ana, kind, at=time.time(), final=True)
        drift.count(session, time.time(), [scored(0.97)] * 12, classifier.info.digest)
    draft = Policy(rules=(Rule("High", "risk", "high"),), double_share=0.5)
    answer = send(admin, "/reviews/policy", shown(draft).pairs(), days="7")
    assert answer.status_code == 200
    assert "Of 3 settled items the draft would queue 1 fewer violations and 1 fewer items that were allowed." in answer.text
    assert re.search(r"Violations missed</th><td>0</td><td>1</td><td>\+1<", answer.text)
    assert re.search(r"Decisions a day</th><td>13</td><td>18<", answer.text)
    assert "rule removed: Elevated risk: risk ≥ elevated" in answer.text
    with database.read() as session:
        assert policy.current(session) == Policy()
    answer = send(admin, "/reviews/policy/adopt", adopt_form(answer.text))
    assert (answer.status_code, answer.location) == (303, "/reviews/policy")
    with database.read() as session:
        assert policy.current(session) == draft
        assert [event["actor"] for event in audit.export(session) if event["action"] == "policy adopted"] == ["ada"]
    page = admin.get("/reviews/policy").text
    assert "rule added: High: risk ≥ high" in page
    assert 'value="High"' in page


def test_what_is_adopted_survives_the_form_whatever_it_holds(admin: FlaskClient, database: Database) -> None:
    tried = send(admin, "/reviews/policy", shown(DRAFT).pairs()).text
    assert "<c>" not in tried
    send(admin, "/reviews/policy/adopt", adopt_form(tried))
    with database.read() as session:
        assert policy.current(session) == DRAFT


def test_a_lead_looks_and_tries_and_can_not_adopt(lead: FlaskClient, database: Database) -> None:
    page = send(lead, "/reviews/policy", shown(DRAFT).pairs()).text
    assert "An admin can adopt it" in page and "/reviews/policy/adopt" not in page
    assert send(lead, "/reviews/policy/adopt", shown(DRAFT).pairs(), base="0").status_code == 403
    with database.read() as session:
        assert policy.current(session) == Policy()


def test_a_reviewer_may_not_see_it(reviewer: FlaskClient) -> None:
    assert reviewer.get("/reviews/policy").status_code == 403


def test_a_draft_of_a_policy_that_was_replaced_is_not_adopted(
    admin: FlaskClient, signed_in: Callable[[str, Role], FlaskClient], database: Database
) -> None:
    eve = signed_in("eve", Role.ADMIN)
    mine, theirs = (adopt_form(send(who, "/reviews/policy", shown(DRAFT).pairs()).text) for who in (admin, eve))
    assert send(eve, "/reviews/policy/adopt", theirs).status_code == 303
    answer = send(admin, "/reviews/policy/adopt", mine)
    assert answer.status_code == 409
    assert "Somebody adopted another policy" in answer.text
    with database.read() as session:
        assert len([event for event in audit.export(session) if event["action"] == "policy adopted"]) == 1


@pytest.mark.parametrize("path", ["/reviews/policy", "/reviews/policy/adopt"])
def test_a_mistake_is_shown_at_its_field_and_what_was_typed_stays(admin: FlaskClient, path: str) -> None:
    fields = replace(shown(DRAFT), boost_hours="soon & later")
    answer = send(admin, path, fields.pairs(), base="0")
    assert answer.status_code == 422
    assert "Hours that risk is worth: takes hours from 0 to 10000" in answer.text
    assert re.search(r'id="boost_hours"[^>]*value="soon &amp; later"[^>]*aria-invalid="true"', answer.text)
    assert 'value="Sure"' in answer.text


def test_a_mistake_in_a_rule_names_the_rule(admin: FlaskClient) -> None:
    rows = shown(DRAFT).rows
    answer = send(admin, "/reviews/policy", replace(shown(DRAFT), rows=(rows[0], replace(rows[1], at_least="7"))).pairs())
    assert "Rule 2, at least: takes elevated, high, or a probability" in answer.text
    assert re.search(r'name="rule_at_least" value="7"[^>]*aria-invalid="true"', answer.text)


@pytest.mark.parametrize("base", ["", "x", "-1", "9" * 40])
def test_a_base_that_is_no_number_is_refused(admin: FlaskClient, base: str) -> None:
    assert send(admin, "/reviews/policy/adopt", shown(DRAFT).pairs(), base=base).status_code == 422


def test_a_form_with_nothing_in_it_is_a_mistake_and_no_failure(admin: FlaskClient) -> None:
    assert send(admin, "/reviews/policy", []).status_code == 422


def test_every_list_has_a_field(admin: FlaskClient) -> None:
    page = admin.get("/reviews/policy").text
    assert all(f'<label for="{name}">' in page for name in LISTS)
    assert policy_form.LISTS == LISTS


@pytest.mark.parametrize(("hours", "says"), [(72.0, "less than 50 hours"), (0.0, "the oldest comes first")])
def test_the_boost_is_explained_by_an_example(admin: FlaskClient, database: Database, hours: float, says: str) -> None:
    with database.write() as session:
        policy.adopt(session, Policy(boost_hours=hours), "ada", time.time())
    assert says in admin.get("/reviews/policy").text
