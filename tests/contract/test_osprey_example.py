"""docs/osprey.md, run against the real server: its function and its rules, with stand-ins for Osprey's own classes.

Osprey is not on PyPI. What stands in for it follows osprey_worker/src/osprey/engine of github.com/roostorg/osprey: udf/base.py and
udf/arguments.py, executor/external_service_utils.py, and for the rules, which are a subset of Python, ast/py_ast.py.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Generic, TypeVar

import pytest
import requests

from tests.conftest import HARMLESS, QUOTED, ROOT, THREAT, Server, start_server
from tocsin_model import Classifier
from tocsin_service.keys import KeyStore

DOCUMENT = (ROOT / "docs" / "osprey.md").read_text(encoding="utf-8")
# A paragraph that begins with a file's name comes before the file.
FILES = dict(re.findall(r"^`([\w/]+\.\w+)`[^\n]*\n\n```\w+\n(.*?)^```$", DOCUMENT, re.MULTILINE | re.DOTALL))
GERMAN = "Ich werde dich töten und dein Haus anzünden."
Argument, Value = TypeVar("Argument"), TypeVar("Value")


# Stand-ins for Osprey


class ExpectedUdfError(Exception):
    """Osprey's ExpectedUdfException."""


class ExternalService(Generic[Argument, Value]): ...


class UDFBase(Generic[Argument, Value]):
    execute_async = False
    category: str | None = None

    def __init__(self, validation_context: object, arguments: object) -> None: ...


@dataclass
class ConstExpr(Generic[Value]):
    name: str
    value: Value
    argument_span: str = "here"

    @classmethod
    def for_default(cls, name: str, value: Value) -> ConstExpr[Value]:
        return cls(name, value)


class ArgumentsBase:
    """As Osprey's: what is not given falls back to the class's own, and constants come wrapped."""

    def __init__(self, **given: Any) -> None:
        hints = type(self).__annotations__
        assert given.keys() <= hints.keys()
        assert {name for name in hints if not hasattr(type(self), name)} <= given.keys()
        for name, value in given.items():
            setattr(self, name, ConstExpr(name, value) if "ConstExpr" in str(hints[name]) else value)


@dataclass
class ExecutionContext:
    """One event's: each text is asked about once."""

    asked: dict[Any, Any] = field(default_factory=dict)

    def get_external_service_accessor(self, service: Any) -> Any:
        def get(key: Any) -> Any:
            if key not in self.asked:
                self.asked[key] = service.get_from_service(key)
            return self.asked[key]

        return SimpleNamespace(get=get)


class ValidationContext:
    def __init__(self) -> None:
        self.errors: list[str] = []

    def add_error(self, message: str, span: object, hint: str) -> None:
        self.errors.append(f"{message}: {hint}")


def mark(hook: Callable[..., Any]) -> Callable[..., Any]:
    """Osprey's @hookimpl_osprey: a mark that pluggy finds."""
    hook.osprey_impl = {}  # type: ignore[attr-defined]
    return hook


MODULES = {
    "osprey.engine.ast_validator.validation_context": {"ValidationContext": ValidationContext},
    "osprey.engine.executor.execution_context": {"ExecutionContext": ExecutionContext, "ExpectedUdfException": ExpectedUdfError},
    "osprey.engine.executor.external_service_utils": {"ExternalService": ExternalService},
    "osprey.engine.udf.arguments": {"ArgumentsBase": ArgumentsBase, "ConstExpr": ConstExpr},
    "osprey.engine.udf.base": {"UDFBase": UDFBase},
    "osprey.worker.adaptor.plugin_manager": {"hookimpl_osprey": mark},
}


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch, server: Server) -> Iterator[Callable[..., Any]]:
    """Execute the document's Python, told where Tocsin is."""
    loaded: list[Any] = []

    def load(url: str = server.url, api_key: str = "") -> Any:
        for path, names in MODULES.items():
            parts = path.split(".")
            for depth in range(1, len(parts) + 1):
                name = ".".join(parts[:depth])
                monkeypatch.setitem(sys.modules, name, sys.modules.get(name) or ModuleType(name))
            vars(sys.modules[path]).update(names)
        monkeypatch.setenv("TOCSIN_URL", url)
        monkeypatch.setenv("TOCSIN_API_KEY", api_key)
        module = ModuleType("tocsin_plugin")
        exec(compile(FILES["tocsin_osprey/tocsin_plugin.py"], "docs/osprey.md", "exec", dont_inherit=True), vars(module))
        loaded.append(module)
        return module

    yield load
    for module in loaded:
        module.tocsin.session.close()


def score(module: Any, text: str, context: ExecutionContext | None = None, **given: str) -> float:
    """What a call in a rule gives."""
    arguments = module.TocsinScoreArguments(text=text, **given)
    value = module.TocsinScore(ValidationContext(), arguments).execute(context or ExecutionContext(), arguments)
    assert type(value) is float
    return value


# The function


@pytest.mark.parametrize("text", [THREAT, HARMLESS, QUOTED, "half \ud83d of a pair", "🔪🔪"], ids=ascii)
def test_the_function_gives_the_native_scores(plugin: Callable[..., Any], server: Server, text: str) -> None:
    module = plugin()
    said = requests.post(server.url + "/v1/score", json={"text": text}, timeout=10).json()
    expected = {"risk": said["risk"], "asserted_risk": said["asserted_risk"], **said["labels"]}
    assert {name: score(module, text, of=name) for name in module.SCORES} == expected
    assert score(module, text) == said["asserted_risk"]


def test_scores_of_one_event_are_one_request(plugin: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    module, context = plugin(), ExecutionContext()
    asked = []
    ask = module.tocsin.get_from_service
    monkeypatch.setattr(module.tocsin, "get_from_service", lambda key: asked.append(key) or ask(key))
    for name in module.SCORES:
        score(module, THREAT, context, of=name)
    assert asked == [THREAT]


def test_a_misspelt_score_is_an_error_of_the_rule(plugin: Callable[..., Any]) -> None:
    module, validation = plugin(), ValidationContext()
    module.TocsinScore(validation, module.TocsinScoreArguments(text=THREAT, of="toxicity"))
    assert validation.errors == ["unknown score: the scores are risk, asserted_risk, threat, incitement, glorification"]


def test_what_has_no_score(plugin: Callable[..., Any]) -> None:
    assert score(plugin("http://127.0.0.1:1"), " \n") == 0
    with pytest.raises(ExpectedUdfError):
        score(plugin(), GERMAN)
    with pytest.raises(requests.ConnectionError) as unreachable:
        score(plugin("http://127.0.0.1:1"), THREAT)
    assert "kill" not in str(unreachable.value)


def test_keys(plugin: Callable[..., Any], tmp_path: Path) -> None:
    store = KeyStore(tmp_path / "keys.sqlite")
    key = store.create("osprey")
    guarded = start_server(tmp_path / "log", "--workers", "1", "--keys", str(store.path))
    try:
        assert score(plugin(guarded.url + "/", key), THREAT) > 0.8
        for wrong in ("", "tocsin_wrong"):
            with pytest.raises(requests.HTTPError, match="401") as refused:
                score(plugin(guarded.url, wrong), THREAT)
            assert "kill" not in str(refused.value)
    finally:
        guarded.stop()


def test_osprey_finds_the_function(plugin: Callable[..., Any]) -> None:
    module = plugin()
    assert module.register_udfs() == [module.TocsinScore]
    assert module.register_udfs.osprey_impl == {}
    project = tomllib.loads(FILES["tocsin_osprey/pyproject.toml"])
    [entry] = project["project"]["entry-points"]["osprey_plugin"].values()
    assert [entry] == project["tool"]["setuptools"]["py-modules"]
    assert f"tocsin_osprey/{entry}.py" in FILES


# The rules


class Missing:
    """A value that could not be had: whatever is made of it is missing too."""

    def __ge__(self, other: object) -> Missing:
        return self

    __lt__ = __ge__


@dataclass
class Event:
    """One event and what the rules make of it; ``errors`` are those that Osprey counts."""

    name: str
    data: dict[str, Any]
    features: dict[str, Any] = field(default_factory=dict)
    effects: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)


def evaluate(module: Any, event: Event) -> Event:
    """Run main.sml on an event."""
    context = ExecutionContext()

    def path(path: str, type: str = "") -> Any:
        found: Any = event.data
        for step in path.removeprefix("$.").split("."):
            found = found[step]
        return found

    def tocsin(**given: Any) -> Any:
        try:
            return score(module, context=context, **given)
        except ExpectedUdfError:
            return Missing()
        except requests.RequestException as error:
            event.errors.append(error)
            return Missing()

    def rule(when_all: list[Any], description: str) -> bool | None:
        return None if any(isinstance(one, Missing) for one in when_all) else all(when_all)

    def when_rules(rules_any: list[bool | None], then: list[tuple[str, dict[str, Any]]]) -> None:
        event.effects.extend(then if any(rules_any) else [])

    def effect(name: str) -> Callable[..., Any]:
        return lambda **given: (name, given)

    def run(name: str) -> None:
        exec(compile(FILES[name], name, "exec"), event.features)  # annotations are not evaluated, as here

    def load(rules: list[str]) -> None:
        assert rules == sorted(rules)
        for name in rules:
            run(name)

    def require(rule: str, require_if: bool) -> None:
        if require_if:
            run(rule)

    event.features.update(Import=load, Require=require, JsonData=path, EntityJson=path, GetActionName=lambda: event.name)
    event.features.update(TocsinScore=tocsin, Rule=rule, WhenRules=when_rules)
    event.features.update(LabelAdd=effect("LabelAdd"), DeclareVerdict=effect("DeclareVerdict"))
    run("main.sml")
    return event


def post(text: str, name: str = "create_post") -> Event:
    return Event(name, {"user_id": "user_1923", "post": {"text": text}})


@pytest.mark.parametrize(
    ("text", "threatens", "quotes"),
    [(THREAT, True, False), (HARMLESS, False, False), (QUOTED, False, True), (GERMAN, None, None), (" ", False, False)],
)
def test_the_rules_tell_an_authors_threat_from_a_quoted_one(
    plugin: Callable[..., Any], text: str, threatens: bool | None, quotes: bool | None
) -> None:
    event = evaluate(plugin(), post(text))
    assert (event.features["AuthorThreatens"], event.features["AuthorQuotesThreat"]) == (threatens, quotes)
    labelled = [("LabelAdd", {"entity": "user_1923", "label": "tocsin_review"}), ("DeclareVerdict", {"verdict": "review"})]
    assert event.effects == (labelled if threatens else [])
    assert event.errors == []


def test_other_events_are_not_scored(plugin: Callable[..., Any]) -> None:
    event = evaluate(plugin("http://127.0.0.1:1"), post(THREAT, name="like_post"))
    assert (event.effects, event.errors) == ([], [])


def test_osprey_fails_open(plugin: Callable[..., Any]) -> None:
    event = evaluate(plugin("http://127.0.0.1:1"), post(THREAT))
    assert event.features["AuthorThreatens"] is None
    assert event.effects == []
    assert event.errors


def test_the_rules_are_in_ospreys_subset_of_python() -> None:
    """What ast/py_ast.py of Osprey transforms, and nothing else."""
    allowed = (
        *(ast.Module, ast.Assign, ast.AnnAssign, ast.Expr, ast.Call, ast.keyword, ast.Name, ast.Load, ast.Store, ast.Constant),
        *(ast.List, ast.Compare, ast.GtE, ast.Lt, ast.Eq, ast.Subscript, ast.JoinedStr, ast.FormattedValue),
    )
    for name in [name for name in FILES if name.endswith(".sml")]:
        for node in ast.walk(ast.parse(FILES[name])):
            assert isinstance(node, allowed), f"{name}: {ast.dump(node)}"
            if isinstance(node, ast.Call):
                assert node.args == []
            elif isinstance(node, ast.Compare):
                assert len(node.ops) == 1
            elif isinstance(node, ast.Expr):
                assert isinstance(node.value, ast.Call)
            elif isinstance(node, ast.FormattedValue):
                assert isinstance(node.value, ast.Name)
                assert node.format_spec is None


def test_the_document_is_whole(classifier: Classifier) -> None:
    assert set(FILES) == {
        *("tocsin_osprey/tocsin_plugin.py", "tocsin_osprey/pyproject.toml"),
        *("main.sml", "models/base.sml", "rules/tocsin.sml", "config/labels.yaml"),
    }
    [label] = re.findall(r"label='(\w+)'", FILES["rules/tocsin.sml"])
    assert f"  {label}:\n    valid_for: [User]" in FILES["config/labels.yaml"]
    assert classifier.thresholds.elevated == pytest.approx(0.8, abs=0.1)
