"""Checking one file: gate, tree, rules, suppressions, baseline."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from asset_lint.config import targets
from asset_lint.documents import Document, is_document, source_of
from asset_lint.documents import worth_reading as is_about_dagster
from asset_lint.errors import AssetLintError, InvalidSyntax
from asset_lint.finding import Finding, Safety, Span, Suppressed
from asset_lint.model.project import Project
from asset_lint.registry import INVALID_SYNTAX, Registry, Selection
from asset_lint.source import Source
from asset_lint.suppression import Suppressions, mentions

from .visit import Plan, visit, what

if TYPE_CHECKING:
    from asset_lint.baseline import Baseline, Key
    from asset_lint.config import Config
    from asset_lint.facts.judging import Judged

#: What a file speaks of that must parse; what is wrong with others is other tools' business.
_ABOUT = re.compile(rb"dagster|duckdb", re.IGNORECASE)


Versions = tuple[str, ...] | None
_NAMED = 4  # names that a note tells


@dataclass(frozen=True, slots=True)
class Checked:
    """``findings`` are what is to be reported, ``problems`` are sentences on what kept a rule from its end.

    ``note`` says what could not be read of a document. ``known`` is what the baseline knows of the rest; None where
    that can't be said of all of the file. ``suppressed`` is what comments and the baseline keep silent.
    """

    source: Source
    findings: tuple[Finding, ...] = ()
    problems: tuple[str, ...] = ()
    note: str = ""
    known: tuple[Key, ...] | None = ()
    suppressed: tuple[Suppressed, ...] = ()


class Checker:
    """Checks files, one at a time; what it learns of their projects it keeps.

    ``gated=False`` parses and walks every file: slower, and by promise equal. ``overlay`` is the content of
    files, by path, for which the disk does not say the truth. ``sql=False`` leaves out the rules in SQL. ``only`` is
    the one file that is looked at without being imported, where not all of a project's are to be.
    """

    def __init__(
        self,
        registry: Registry,
        *,
        gated: bool = True,
        ignore_noqa: bool = False,
        baseline: Baseline | None = None,
        overlay: Mapping[str, bytes] | None = None,
        sql: bool = True,
        only: str | None = None,
    ) -> None:
        self.registry = registry
        self.gated = gated
        self.ignore_noqa = ignore_noqa
        self.baseline = baseline
        self.overlay = overlay or {}
        self.sql = sql
        self.only = None if only is None else os.path.abspath(only)
        self._judged: dict[int, tuple[Judged, ...]] = {}
        self._projects: dict[tuple[int, Versions, Versions], Project] = {}
        self._targets: dict[tuple[int, str], tuple[Versions, Versions]] = {}
        self._plans: dict[frozenset[str], Plan] = {}
        self._fixes: dict[int, _FixPolicy] = {}

    def check(self, path: str, data: bytes, config: Config, within: Sequence[range] | None = None) -> Checked:
        """What is wrong in the file ``path`` with the content ``data``; of its functions in those that begin
        ``within`` some lines, if any are given.

        Raises RuleError for a rule that could never be called.
        """
        if is_document(path) and not is_about_dagster(data):
            return Checked(Source(path, data))
        try:
            source = source_of(path, data)
        except InvalidSyntax as error:
            source = Source(path, data)
            return Checked(source, (self._invalid(source, error),), known=None)
        data = source.data
        selection = self.registry.selection(config, Path(path))
        project = self.project(path, config)
        worth = source.is_document or project.worth_reading(path, data)
        findings: list[Finding] = []
        suppressed: list[Suppressed] = []
        problems: list[str] = []
        if worth or not self.gated:
            try:
                module = project.module(path, source)
                plan = self._plan(selection, config, path)
                functions = project.functions(module)
                if within is not None:
                    functions = [each for each in functions if any(each.node.lineno in lines for lines in within)]
                imported = [] if source.is_document else plan.imported(module, project)  # nobody imports a document
                if functions or imported:
                    module.source.cut(module.tree)
                    visited = visit(plan, module, imported, functions, config, gated=self.gated)
                    findings, problems = visited.findings, visited.problems
            except InvalidSyntax as error:
                if _ABOUT.search(data):
                    return Checked(source, (self._invalid(source, error),), known=None)
            except AssetLintError:
                raise
            except Exception as error:
                problems.append(f"asset-lint itself failed on {path}: {what(error)}")
        if config.sql_rules:
            if self.sql:
                findings += self._of_sql(path, data, config)
            else:
                selection = replace(selection, codes=selection.codes - self.registry.sql.keys())
        if not self.ignore_noqa and (findings or not self.gated or mentions(data, self.registry)):
            findings, suppressed = self._unsuppressed(source, findings, selection, complete=not problems)
        if config.docstring_examples and b">>>" in data and is_about_dagster(data) and not source.is_document:
            findings += self._in_docstrings(source, selection, config, problems)
        findings = [self._policy(config).judge(each) for each in findings if selection.reports(each)]
        suppressed = [each for each in suppressed if selection.reports(each.finding)]
        known: list[Key] = []
        if self.baseline is not None and findings:
            all_of_them = findings
            findings, known = self.baseline.divided(source, all_of_them)
            new = {id(each) for each in findings}
            suppressed += [Suppressed(each, commented=False, known=True) for each in all_of_them if id(each) not in new]
        note = ""
        if isinstance(source, Document):
            findings = [replace(f, fix=None) if f.fix and not source.allows(f.fix) else f for f in findings]
            findings += [self._invalid(source, fault) for fault in source.faults]
            note = _unread(source, config)
        whole = not problems and all(each.code != INVALID_SYNTAX for each in findings)
        in_order = tuple(sorted(findings, key=lambda each: each.order))
        return Checked(source, in_order, tuple(problems), note, tuple(known) if whole else None, tuple(suppressed))

    def _in_docstrings(
        self, source: Source, selection: Selection, config: Config, problems: list[str]
    ) -> list[Finding]:
        """What is found in the examples of a module's docstrings, as findings of the module."""
        from asset_lint.documents.docstrings import in_module, read

        examples = read(source)
        if examples is None:
            return []
        project = self.project(source.path, config)
        module = project.module(examples.path, examples)
        examples.cut(module.tree)
        plan = self._plan(selection, config, source.path)
        visited = visit(plan, module, [], project.functions(module), config, gated=self.gated)
        problems += visited.problems
        kept = visited.findings
        if not self.ignore_noqa:
            kept, _ = self._unsuppressed(examples, kept, selection, complete=not visited.problems)
        return [in_module(each, examples, source) for each in kept]

    def judge(self, config: Config) -> None:
        """Run the rules in SQL of a configuration on its project as it is; raises ConfigError, UsageError."""
        if id(config) not in self._judged:
            self._judged[id(config)] = (self._judge(config),) if self.registry.running_sql(config) else ()

    def _judge(self, config: Config) -> Judged:
        from asset_lint.facts.judging import Judged

        return Judged(self.registry.running_sql(config), config, self)

    def _of_sql(self, path: str, data: bytes, config: Config) -> list[Finding]:
        """What the rules in SQL find in a file; they are asked again where its content is another by now."""
        self.judge(config)
        absolute = os.path.abspath(path)
        for judged in self._judged[id(config)]:
            if judged.is_of(absolute, data):
                return judged.findings(absolute, path)
        if not self._judged[id(config)]:
            return []
        first, latest = self._judged[id(config)][0], self._judge(config)
        self._judged[id(config)] = (first, latest)
        return latest.findings(absolute, path)

    def without_sql(self) -> Checker:
        """One that knows what this one knows, and leaves out the rules in SQL, and the baseline."""
        other = Checker(self.registry, gated=self.gated, overlay=self.overlay, sql=False)
        other._projects, other._targets = self._projects, self._targets
        return other

    def lay_over(self, path: str, data: bytes) -> None:
        """From now on, the file has that content, whatever the disk says."""
        self.overlay = {**self.overlay, path: data}
        for project in self._projects.values():
            if project.may_hold(path):
                with suppress(InvalidSyntax):  # the last content that parsed is as good as can be
                    project.module(path, source_of(path, data))

    def _overlay_of(self, project: Project) -> Iterator[tuple[str, bytes]]:
        """What of the overlay a project can see."""
        return ((path, data) for path, data in self.overlay.items() if project.may_hold(path))

    def restore(self, path: str, data: bytes, config: Config) -> None:
        """Let the project see the file as it was, after other contents of it have been checked."""
        self.project(path, config).module(path, source_of(path, data))

    def is_heavy(self, path: str, data: bytes, config: Config) -> bool:
        """Whether checking the file takes more than a look at its bytes."""
        if is_document(path):
            return is_about_dagster(data)
        project = self.project(path, config)
        return not self.gated or project.worth_reading(path, data) or mentions(data, self.registry)

    def project(self, path: str, config: Config) -> Project:
        """The project that the file belongs to, as its configuration and targets have it."""
        folder = os.path.dirname(os.path.abspath(path))
        duckdb, dagster = self._versions(folder, config)
        key = (id(config), duckdb, dagster)
        project = self._projects.get(key)
        if project is None:
            project = self._projects[key] = Project(
                config.root,
                config.src,
                known_connections=config.known_connections,
                duckdb_versions=duckdb,
                dagster_versions=dagster,
                gated=self.gated,
                only=self.only,
            )
            for other, data in self._overlay_of(project):
                with suppress(InvalidSyntax):  # whoever checks that file will say so
                    project.module(other, source_of(other, data))
        return project

    def _versions(self, folder: str, config: Config) -> tuple[Versions, Versions]:
        """The versions of DuckDB and of Dagster that code in ``folder`` may meet; None: all."""
        key = (id(config), folder)
        if key not in self._targets:
            duckdb = config.target_duckdb or targets.find("duckdb", Path(folder), config.root)
            dagster = config.target_dagster or targets.find("dagster", Path(folder), config.root)
            self._targets[key] = (_known(duckdb, targets.DUCKDB), _known(dagster, targets.DAGSTER))
        return self._targets[key]

    def _unsuppressed(
        self, source: Source, findings: list[Finding], selection: Selection, *, complete: bool
    ) -> tuple[list[Finding], list[Suppressed]]:
        try:
            suppressions = Suppressions(source, self.registry)
        except InvalidSyntax:
            return findings, []  # a file that isn't worth reading may be anything
        kept = suppressions.kept(findings)
        return kept + suppressions.complaints(selection, complete=complete), suppressions.suppressed

    def _plan(self, selection: Selection, config: Config, path: str) -> Plan:
        if selection.codes not in self._plans:
            self._plans[selection.codes] = Plan(self.registry.select(config, Path(path)))
        return self._plans[selection.codes]

    def _policy(self, config: Config) -> _FixPolicy:
        if id(config) not in self._fixes:
            self._fixes[id(config)] = _FixPolicy(config, self.registry)
        return self._fixes[id(config)]

    def _invalid(self, source: Source, error: InvalidSyntax) -> Finding:
        page = self.registry.pages[INVALID_SYNTAX]
        return Finding(
            code=page.code,
            name=page.name,
            message=error.message,
            severity=page.severity,
            path=source.path,
            span=_place(source, error.line, error.column),
            noqa_line=error.line,
        )


def _unread(document: Document, config: Config) -> str:
    """What of a document could not be judged, in a sentence."""
    unknown = [name for name in document.unknown if name not in config.known_connections]
    if not unknown:
        return ""
    names = ", ".join(f"`{name}`" for name in unknown[:_NAMED]) + (" …" if len(unknown) > _NAMED else "")
    it = "what it gives was not checked" if len(unknown) == 1 else "what they give was not checked"
    told = f"{document.path} calls {names} and shows no definition: {it} (see `known-connections`)"
    if document.passed_over:
        count = document.passed_over
        told += f"; {count} {'block is' if count == 1 else 'blocks are'} no Python"
    return told


def _known(target: targets.Target, known: tuple[targets.Version, ...]) -> Versions:
    return None if target == targets.ANY else tuple(".".join(map(str, v)) for v in target.versions(known))


class _FixPolicy:
    """What the configuration makes of fixes: which are offered, and how safe they count."""

    def __init__(self, config: Config, registry: Registry) -> None:
        self.config = config
        self.fixable = registry.decide(config.fixable, config.unfixable, ("fixable", "unfixable"))
        safe, unsafe = config.extend_safe_fixes, config.extend_unsafe_fixes
        self.safe = registry.decide(safe, unsafe, ("extend-safe-fixes", "extend-unsafe-fixes"))
        self.unsafe = registry.decide(unsafe, (), ("extend-unsafe-fixes", "")) - self.safe

    def judge(self, finding: Finding) -> Finding:
        fix = finding.fix
        if fix is None:
            return finding
        if finding.code not in self.fixable:
            return replace(finding, fix=None)
        if fix.safety is Safety.UNSAFE and finding.code in self.safe:
            return replace(finding, fix=replace(fix, safety=Safety.SAFE))
        if fix.safety is Safety.SAFE and finding.code in self.unsafe:
            return replace(finding, fix=replace(fix, safety=Safety.UNSAFE))
        return finding


def _place(source: Source, line: int, column: int) -> Span:
    try:
        start = source.offset(line, 0)
        end = len(source.text)
    except InvalidSyntax:  # there is no text
        return Span(0, 0, line, column, line, column)
    offset = min(start + column - 1, end)
    return source.span(offset, offset)
