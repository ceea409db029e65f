"""What importing a module does: connections that it opens and that stay open as long as the process lives."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asset_lint.source.nodes import bodies, nodes_in, own_nodes

from .databases import in_words
from .flow import CLOSERS, Flow, flags_of
from .index import Class, Def, Module, Place, is_main, is_type_checking
from .names import External, Target
from .values import Alternatives, FunctionValue, Instance, Origin, Site, State, Status

if TYPE_CHECKING:
    from .calls import Arguments
    from .project import Project

DEFINES = re.compile(rb"\b(?:Definitions|asset|multi_asset|op|job|graph|sensor|schedule|repository|resource)\b")


@dataclass(frozen=True, slots=True)
class ImportTimeConnection:
    """A connection for writing to a database file that importing a module opens and nothing closes.

    ``file`` is the file in words, "" if the code does not show it; ``steps`` lead down to the call that opens it.
    """

    opened: Place
    module: Module
    file: str
    steps: tuple[tuple[Place, str], ...]


def import_time_connections(module: Module, project: Project) -> list[ImportTimeConnection]:
    """Those of a module that definitions are made in, or that a module of those imports; in the order of the source."""
    if not project.touches_duckdb(module.file) or project.is_test(module.file) or not _may_open(module, project):
        return []
    flow = _Importing(project, module)
    found: dict[ast.AST, ImportTimeConnection] = {}
    for site in flow.left_open():
        configuration = site.configuration
        is_file = site.origin is Origin.LITERAL or (site.origin in (Origin.ENVIRONMENT, Origin.FIELD) and site.file)
        if is_file and configuration.writes and not site.entered:
            connection = ImportTimeConnection(site.opened, module, in_words(site.file), tuple(site.steps))
            found.setdefault(site.opened.node, connection)
    if not found or not is_imported_by_definitions(module, project):
        return []
    return sorted(found.values(), key=lambda connection: connection.opened.span.start)


def is_imported_by_definitions(module: Module, project: Project) -> bool:
    """Whether Dagster imports a module: definitions are made in it, or a module of those imports it, however deep."""
    seen, queue = {module}, [module]
    while queue:
        current = queue.pop()
        if _defines(current, project):
            return True
        for importer in project.facts.reach.importers(current):
            if importer not in seen and not project.is_test(importer.file):
                if current.file in _imported_files(importer, project):
                    seen.add(importer)
                    queue.append(importer)
    return False


def _may_open(module: Module, project: Project) -> bool:
    """Whether the module calls anything outside of its functions that may open a connection: a quick look."""
    for statement in statements_at_import(module.tree):
        for node in _expressions(statement):
            if isinstance(node, ast.Call):
                if isinstance(node.func, ast.Attribute) and "connect" in node.func.attr:
                    return True
                if any(_opens(target, project) for target in project.names.resolve(node.func, module.scope)):
                    return True
    return False


def _opens(target: Target, project: Project) -> bool:
    if isinstance(target, External):
        return target.name.startswith("duckdb.") or target.name.rpartition(".")[2] == "backoff"
    if isinstance(target, Class):
        return any(isinstance(c, Class) and "__init__" in c.methods for c in project.names.ancestry(target))
    return isinstance(target, Def) and project.touches_duckdb(target.module.file)


def _expressions(statement: ast.stmt) -> Iterator[ast.AST]:
    """What a statement evaluates itself when it runs; statements in it are left to themselves."""
    stack: list[ast.AST] = [child for child in nodes_in(statement) if not isinstance(child, ast.stmt)]
    while stack:
        node = stack.pop()
        yield node
        if not isinstance(node, ast.Lambda):
            stack += [child for child in nodes_in(node) if not isinstance(child, ast.stmt)]


def _defines(module: Module, project: Project) -> bool:
    """Whether the module makes definitions: compute functions, or by a call of Dagster's outside of functions."""
    data = module.source.data
    if b"dagster" not in data or not DEFINES.search(data):
        return False
    if project.facts.reach.compute(module):
        return True
    return any(
        isinstance(node, ast.Call) and project.names.external(node.func, module.scope).startswith("dagster.")
        for statement in statements_at_import(module.tree)
        for node in _expressions(statement)
    )


def statements_at_import(tree: ast.AST) -> Iterator[ast.stmt]:
    """The statements that run when a module is imported, not those of its functions."""
    stack: list[ast.stmt] = list(reversed(getattr(tree, "body", [])))
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        if isinstance(node, ast.If) and (is_type_checking(node.test) or is_main(node.test)):
            stack += reversed(node.orelse)
        elif isinstance(node, ast.ClassDef):
            stack += reversed(node.body)
        else:
            stack += reversed([inner for body in bodies(node) for inner in body])


def _imported_files(module: Module, project: Project) -> set[str]:
    """The project's files that importing a module imports directly, packages on the way included."""
    names: set[str] = set()
    for statement in statements_at_import(module.tree):
        if isinstance(statement, ast.Import):
            names.update(alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom):
            base = module.absolute(statement.module, statement.level)
            names.update(f"{base}.{alias.name}" if base else alias.name for alias in statement.names)
    found: set[str] = set()
    for name in names:
        parts = name.split(".")
        for end in range(1, len(parts) + 1):
            if file := project.locate(".".join(parts[:end]), os.path.dirname(module.file)):
                found.add(file)
    return found


class _Importing(Flow):
    """The code of a module outside of its functions."""

    def __init__(self, project: Project, module: Module) -> None:
        super().__init__(project, module.scope, None)
        self.leaks, self.kept = {}, {}
        self.given = frozenset()
        self.flags = flags_of(own_nodes(module.tree))

    def left_open(self) -> list[Site]:
        """The connections that are open once the module is imported."""
        ends = self.block(self.module.tree.body, [State()])
        found: dict[Site, None] = {} if self._closes_something else dict(self.lasting)
        for state in ends:
            for site, status in state.status.items():
                if status is Status.OPEN or (status is Status.HANDED and site.given_away):
                    found[site] = None
        return list(found)

    @property
    def _closes_something(self) -> bool:
        """Whether some object is closed: which connections that object keeps is not followed."""
        return any(
            isinstance(statement, (ast.With, ast.AsyncWith))
            or any(isinstance(node, ast.Attribute) and node.attr in CLOSERS for node in _expressions(statement))
            for statement in statements_at_import(self.module.tree)
        )

    def construct(self, klass: Class, arguments: Arguments, state: State, node: ast.AST) -> Alternatives:
        made = super().construct(klass, arguments, state, node)
        for base in self.names.ancestry(klass):
            if isinstance(base, Class) and (begins := base.methods.get("__init__")):
                self.project_call(FunctionValue(begins, Instance(klass)), arguments, state, node)
                break
        return made
