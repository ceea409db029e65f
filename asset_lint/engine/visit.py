"""Running rules over the functions of a module: who is called for what, in which order, and what if one raises."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asset_lint.errors import InvalidSyntax, RuleError
from asset_lint.rule import Rule

from .walk import Definitions, Walk, possible

if TYPE_CHECKING:
    from asset_lint.config import Config
    from asset_lint.finding import Finding
    from asset_lint.model.project import Project
    from asset_lint.rule import Function, ImportTimeConnection, Module

Method = Callable[[Any], None]

_PARTS = {
    "visit_connection": "connections",
    "visit_contention": "contentions",
    "visit_overlap": "overlaps",
    "visit_sharing": "sharings",
    "visit_query": "queries",
    "visit_output": "outputs",
    "visit_retry": "retries",
    "visit_handler": "handlers",
    "visit_metadata": "metadata_calls",
    "visit_stale_use": "stale_uses",
    "visit_busy_use": "busy_uses",
    "visit_duckdb_member": "duckdb_members",
}
_OF_IMPORT = "visit_import_time_connection"
_DOMAIN = (_OF_IMPORT, "visit_function", "visit_asset", *_PARTS)


class Plan:
    """Which of some rules are called for what."""

    def __init__(self, rules: Iterable[type[Rule]]) -> None:
        self.rules = sorted(rules, key=lambda rule: rule.code)
        self.domain: dict[str, list[int]] = {
            name: [at for at, rule in enumerate(self.rules) if getattr(rule, name) is not getattr(Rule, name)]
            for name in _DOMAIN
        }
        self.syntax: dict[str, list[int]] = {}
        for at, rule in enumerate(self.rules):
            for name in dir(rule):
                if name.startswith("visit_") and name[6:7].isupper():
                    self.syntax.setdefault(name.removeprefix("visit_"), []).append(at)
        self._walks: dict[frozenset[str], Walk] = {}

    def imported(self, module: Module, project: Project) -> Sequence[ImportTimeConnection]:
        """What its rules are called for of the import of a module."""
        return project.facts.import_time_connections(module) if self.domain[_OF_IMPORT] else ()

    def walk(self, names: Iterable[str]) -> Walk:
        """The walk that visits the LibCST classes called ``names``; raises RuleError where there is none such."""
        key = frozenset(names)
        if key not in self._walks:
            try:
                self._walks[key] = Walk(sorted(key))
            except RuleError as error:
                rules = {self.rules[at].__qualname__ for name in key for at in self.syntax[name]}
                raise RuleError(f"{error} ({', '.join(sorted(rules))})") from None
        return self._walks[key]


@dataclass(slots=True)
class Visited:
    """What rules said of a module. ``problems`` are sentences on rules, or a model, that raised."""

    findings: list[Finding] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def visit(
    plan: Plan,
    module: Module,
    imported: Sequence[ImportTimeConnection],
    functions: Sequence[Function],
    config: Config,
    *,
    gated: bool,
) -> Visited:
    """Run the rules of ``plan`` over what is ``imported`` and over ``functions``; ungated, every function is walked.

    A rule that raises is named in the result and left out from there on; the others go on. Raises InvalidSyntax where
    LibCST refuses what is to be looked at.
    """
    return _Visit(plan, module, config, gated).run(imported, functions)


class _Visit:
    def __init__(self, plan: Plan, module: Module, config: Config, gated: bool) -> None:
        self.plan = plan
        self.module = module
        self.config = config
        self.gated = gated
        self.visited = Visited()
        self.definitions: Definitions | None = None
        self._dutiful: bool | None = None  # whether the function that is visited has duties, once that was asked
        self.rules: list[Rule | None] = []  # None: it raised
        for each in plan.rules:
            try:
                self.rules.append(each(module, config))
            except Exception as error:
                self.visited.problems.append(_sentence(each, error, f"at the start of {module.path}"))
                self.rules.append(None)
        self.made = list(self.rules)
        self.called: dict[str, list[tuple[int, Method]]] = {
            name: [(at, getattr(rule, name)) for at in wanted if (rule := self.rules[at]) is not None]
            for name, wanted in plan.domain.items()
        }

    def run(self, imported: Sequence[ImportTimeConnection], functions: Sequence[Function]) -> Visited:
        self.each(_OF_IMPORT, imported, None)
        for function in functions:
            for rule in self.rules:
                if rule is not None:
                    rule.function = function
            self._dutiful = None
            self.domain(function)
            if self.plan.syntax:
                self.syntax(function)
        for rule in self.made:
            if rule is not None:
                self.visited.findings += rule.findings
        return self.visited

    def domain(self, function: Function) -> None:
        self.each("visit_function", (function,), function)
        if function.is_asset:
            self.each("visit_asset", (function,), function)
        for name, attribute in _PARTS.items():
            if self.called[name]:
                self.each(name, getattr(function, attribute), function)

    def each(self, name: str, values: Iterable[object], function: Function | None) -> None:
        called = self.called[name]
        for value in values:
            for at, method in called:
                self.call(at, method, value, function)

    def syntax(self, function: Function) -> None:
        wanted = self.plan.syntax
        if self.gated:
            wanted = self.worded(function)
        names = possible(wanted, function.node) if self.gated and wanted else list(wanted)
        if not names:
            return
        walk = self.plan.walk(names)
        if self.definitions is None:
            self.definitions = Definitions(self.module)
        for node in walk.below(self.definitions.node(function.node)):
            name = walk.wanted[type(node)]
            for at in wanted[name]:
                self.call(at, getattr(self.made[at], f"visit_{name}"), node, function)

    def worded(self, function: Function) -> dict[str, list[int]]:
        """The LibCST classes that rules want to see, but for rules none of whose words stands in the function."""
        span = self.module.span(function.node)
        text = self.module.source.text[span.start : span.end]
        wanted: dict[str, list[int]] = {}
        for name, rules in self.plan.syntax.items():
            for at in rules:
                words = self.plan.rules[at].words
                if not words or any(word in text for word in words):
                    wanted.setdefault(name, []).append(at)
        return wanted

    def has_duties(self, function: Function) -> bool:
        if self._dutiful is None:
            self._dutiful = function.has_duties if self.config.all_assets else function.is_checklist_asset
        return self._dutiful

    def call(self, at: int, method: Method, value: object, function: Function | None) -> None:
        rule = self.rules[at]
        if rule is None:
            return
        try:
            if rule.duty and not (function is not None and self.has_duties(function)):
                return
            method(value)
        except InvalidSyntax:
            raise
        except Exception as error:
            where = f"in {self.module.path}"
            if function is not None:
                where = f"in `{function.qualified_name}` at {self.module.path}:{function.node.lineno}"
            self.visited.problems.append(_sentence(type(rule), error, where))
            self.rules[at] = None


def _sentence(rule: type[Rule], error: Exception, where: str) -> str:
    return f"the rule {rule.code} ({rule.name}) raised {what(error)} {where}"


def what(error: BaseException) -> str:
    """An exception in a few words, with the place in the code that raised it."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    text = str(error)
    return f"{type(error).__name__}{': ' if text else ''}{text}{place}"
