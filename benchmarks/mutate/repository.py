"""Where faults can be put: the compute functions of a repository, as far as their text tells."""

from __future__ import annotations

import ast
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from random import Random
from typing import TypeAlias

from .text import FunctionNode, Splice, Text, first_statement, module_nodes, own_nodes

ASSETS = frozenset({"asset", "multi_asset"})
COMPUTE = ASSETS | {"op", "asset_check", "multi_asset_check", "observable_source_asset"}
SKIPPED_FOLDERS = frozenset({"tests", "test", ".venv", "node_modules"})


@dataclass(frozen=True)
class Mutant:
    """A repository with one fault in it.

    ``overrides`` maps changed files to their new bytes. ``expected`` are the functions, as (file, qualified name), in
    one of which the fault must be found; the function "" is the module. ``implied`` says of other rules, by their
    codes, why the fault is one of theirs too.
    """

    rule: str
    operator: str
    repository: Repository
    path: Path
    function: str
    overrides: dict[Path, bytes]
    expected: tuple[tuple[Path, str], ...]
    implied: Mapping[str, str] = field(default_factory=dict)

    @property
    def label(self) -> str:
        """One line that says which mutant it is."""
        return f"{self.rule} {self.operator} {self.path.relative_to(self.repository.root.parent)} {self.function}"


@dataclass(frozen=True)
class Opening:
    """A place where a function opens a DuckDB connection under a name.

    ``holder`` is the ``with`` (of one item) or the assignment; ``path`` is the text of what is opened, fit for
    ``duckdb.connect``; ``raw`` is False for ``<resource>.get_connection()``.
    """

    holder: ast.With | ast.Assign
    call: ast.Call
    name: str
    path: str
    raw: bool


@dataclass(frozen=True)
class Candidate:
    """A compute function that may take a fault; ``kind`` is the last name of its decorator."""

    repository: Repository
    text: Text
    node: FunctionNode
    qualified_name: str
    kind: str
    enclosing: tuple[ast.AST, ...] = field(default=())

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """The nodes of its own body."""
        return list(own_nodes(self.node))

    @cached_property
    def is_generator(self) -> bool:
        return any(isinstance(n, ast.Yield | ast.YieldFrom) for n in self.nodes)

    @cached_property
    def parameters(self) -> dict[str, ast.expr | None]:
        """Its parameters and their annotations."""
        arguments = self.node.args
        return {a.arg: a.annotation for a in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]}

    @cached_property
    def context(self) -> str | None:
        """The name of its context parameter."""
        return next((n for n in self.parameters if n in {"context", "_context"}), None)

    @cached_property
    def first(self) -> ast.stmt | None:
        """Its first statement behind the docstring, if it stands on lines of its own."""
        statement = first_statement(self.node)
        if statement is None or statement.lineno == self.node.lineno or not self.text.stands_alone(statement):
            return None
        return statement

    @cached_property
    def bound(self) -> set[str]:
        """Every name that it, or a function around it, binds."""
        names: set[str] = set()
        for scope in (self.node, *self.enclosing):
            for inner in ast.walk(scope):
                if isinstance(inner, ast.arg):
                    names.add(inner.arg)
                elif isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                    names.add(inner.id)
        return names

    @cached_property
    def openings(self) -> list[Opening]:
        """Where it opens a DuckDB connection, as its own text shows."""
        found = []
        for node in self.nodes:
            match node:
                case ast.With(items=[ast.withitem(context_expr=ast.Call() as call, optional_vars=ast.Name(id=name))]):
                    pass
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call):
                    pass
                case _:
                    continue
            opened = self._opened(call)
            if opened is not None and self.text.stands_alone(node if isinstance(node, ast.Assign) else node.body[0]):
                found.append(Opening(node, call, name, *opened))
        return found

    def _opened(self, call: ast.Call) -> tuple[str, bool] | None:
        match call.func:
            case ast.Attribute(value=ast.Name(id=owner), attr="connect") if owner in self.duckdb_names:
                pass
            case ast.Attribute(value=ast.Name(id=owner), attr="get_connection"):
                field = self.repository.resource_field(self.text, self.parameters.get(owner))
                return (f"{owner}.{field}", False) if field else None
            case _:
                return None
        given = call.args[:1] or [k.value for k in call.keywords if k.arg == "database"]
        if not given or ":memory:" in self.text.of(given[0]):
            return None
        return self.text.of(given[0]), True

    @cached_property
    def duckdb_names(self) -> set[str]:
        """Names of the module ``duckdb`` that this function can use."""
        scopes: list[Iterable[ast.AST]] = [module_nodes(self.text.tree), self.nodes]
        scopes += [own_nodes(e) for e in self.enclosing if isinstance(e, ast.FunctionDef | ast.AsyncFunctionDef)]
        return {
            alias.asname or alias.name
            for scope in scopes
            for node in scope
            if isinstance(node, ast.Import)
            for alias in node.names
            if alias.name == "duckdb"
        } - self.bound

    def mutant(
        self,
        rule: str,
        operator: str,
        splices: list[Splice],
        *others: tuple[Path, str],
        also: dict[Path, bytes] | None = None,
        implied: Mapping[str, str] | None = None,
    ) -> Mutant:
        """The repository with ``splices`` in this file; the fault may be found here or in ``others``."""
        return Mutant(
            rule,
            operator,
            self.repository,
            self.text.path,
            self.qualified_name,
            {self.text.path: self.text.spliced(splices), **(also or {})},
            ((self.text.path, self.qualified_name), *others),
            implied or {},
        )

    # What a fault needs besides itself.

    def at_start(self, *lines: str) -> Splice:
        """``lines`` as the function's first statements (behind its docstring)."""
        assert self.first is not None
        indent = self.text.indent(self.first)
        begin = self.text.line_start(
            min([self.first.lineno, *(d.lineno for d in getattr(self.first, "decorator_list", []))])
        )
        return Splice(begin, begin, "".join(f"{indent}{line}\n" for line in lines))

    def at_module_level(self, text: str) -> Splice:
        """``text`` behind the module's leading imports."""
        last: ast.stmt | None = None
        for statement in self.text.tree.body:
            if statement.lineno >= (self.enclosing[-1] if self.enclosing else self.node).lineno:  # type: ignore[attr-defined]
                break
            is_doc = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
            if isinstance(statement, ast.Import | ast.ImportFrom) or (last is None and is_doc):
                last = statement
        place = self.text.after_line(last) if last is not None else 0
        return Splice(place, place, text)

    def duckdb(self, random: Random, *, module_level: bool = False) -> tuple[str, list[Splice]]:
        """A name of the module ``duckdb`` that is free to use here, and the splices that bind it."""
        if self.duckdb_names and (not module_level or self._imported_at_top("duckdb")):
            return sorted(self.duckdb_names)[0], []
        if not module_level and random.random() < 0.4:
            return "engine", [self.at_start("import duckdb as engine")]
        return "_duckdb", [self.at_module_level("import duckdb as _duckdb\n")]

    def _imported_at_top(self, module: str) -> bool:
        return any(isinstance(n, ast.Import) and any(a.name == module for a in n.names) for n in self.text.tree.body)

    def dagster(self, name: str) -> tuple[str, list[Splice]]:
        """How to write dagster's ``name`` here, and the splices that import it."""
        for node in self.text.tree.body:
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.name == "dagster" and (alias.asname or alias.name) not in self.bound:
                        return f"{alias.asname or alias.name}.{name}", []
            elif isinstance(node, ast.ImportFrom) and node.module == "dagster" and not node.level:
                for alias in node.names:
                    if alias.name == name:
                        return alias.asname or name, []
        return name, [self.at_module_level(f"from dagster import {name}\n")]


Operator: TypeAlias = Callable[[Candidate, Random], Iterator[Mutant]]


class Repository:
    """The Python files of one laid-out repository; each is parsed when it is asked for."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.files = {path: path.read_bytes() for path in sorted(root.rglob("*.py")) if path.is_file()}
        self._texts: dict[Path, Text | None] = {}
        self._tails: dict[str, list[Path]] = defaultdict(list)
        for path in self.files:
            self._tails[path.name].append(path)

    def text(self, path: Path) -> Text | None:
        """One file; None if there is none there, or none that parses."""
        if path not in self._texts:
            try:
                self._texts[path] = Text(path, self.files[path])
            except (KeyError, SyntaxError, ValueError, RecursionError):
                self._texts[path] = None
        return self._texts[path]

    @cached_property
    def binds_io_manager(self) -> bool:
        """Whether it names an IO manager anywhere, or takes over resources of other definitions; what leaves its assets
        may then be meant to."""
        pattern = re.compile(
            rb"""^[^#\n]*(["']io_manager["']\s*:|\bio_manager\s*=|io_manager_key\s*=\s*["']|resources\s*=\s*\w+\.resources\b)""",
            re.MULTILINE,
        )
        return any(pattern.search(data) for data in self.files.values())

    @cached_property
    def sets_executors(self) -> bool:
        """Whether it says anywhere how many steps may run at once."""
        pattern = re.compile(rb"_process_executor|max_concurrent|executor_def")
        return any(pattern.search(data) for data in self.files.values())

    def resource_field(self, text: Text, annotation: ast.expr | None) -> str | None:
        """The field that holds the path of the database, if ``annotation`` names a DuckDB resource.

        That is dagster_duckdb's own, or a class of this repository whose ``get_connection`` is a context manager that
        opens ``duckdb.connect(self.<field>)``.
        """
        name = text.of(annotation).strip("\"'").rpartition(".")[2] if annotation is not None else ""
        for _ in range(3):
            source: Text | None = None
            for node in ast.walk(text.tree):
                if isinstance(node, ast.ImportFrom) and any(a.name == name and a.asname is None for a in node.names):
                    if node.module == "dagster_duckdb" and not node.level:
                        return "database" if name == "DuckDBResource" else None
                    source = source or self.resolve(text.path, node)
                elif isinstance(node, ast.ClassDef) and node.name == name:
                    return _connected_field(text, node)
            if source is None or source is text:
                return None
            text = source
        return None

    def resolve(self, path: Path, node: ast.ImportFrom) -> Text | None:
        """The file that ``from … import`` names, if exactly one of the repository's fits."""
        parts = tuple((node.module or "").split(".")) if node.module else ()
        if node.level:
            base = path.parents[node.level - 1].joinpath(*parts)
            return self.text(base.with_suffix(".py")) or self.text(base / "__init__.py")
        if not parts:
            return None
        module, package = str(Path("/", *parts)) + ".py", str(Path("/", *parts, "__init__.py"))
        found = [file for file in self._tails[f"{parts[-1]}.py"] if str(file).endswith(module)]
        found += [file for file in self._tails["__init__.py"] if str(file).endswith(package)]
        return self.text(found[0]) if len(found) == 1 else None

    def candidates(self) -> Iterator[Candidate]:
        """Its compute functions; functions of tests and copies of one function are left out."""
        seen: set[str] = set()
        for path, data in self.files.items():
            if b"dagster" not in data or SKIPPED_FOLDERS & set(path.relative_to(self.root).parts):
                continue
            text = self.text(path)
            if text is None or path.name.startswith("test_"):
                continue
            functions = list(_functions(text.tree, (), ()))
            known = Counter(names for _, names, _ in functions)
            for node, names, enclosing in functions:
                if known[names] > 1:
                    continue  # a name of two functions, in two branches perhaps, doesn't say which is meant
                kind = next((k for d in node.decorator_list if (k := _last_name(d)) in COMPUTE), None)
                if kind is None:
                    continue
                body = text.of(node)
                if body not in seen:
                    seen.add(body)
                    yield Candidate(self, text, node, ".".join(names), kind, enclosing)


def _functions(
    tree: ast.AST, names: tuple[str, ...], enclosing: tuple[ast.AST, ...]
) -> Iterator[tuple[FunctionNode, tuple[str, ...], tuple[ast.AST, ...]]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node, (*names, node.name), enclosing
            yield from _functions(node, (*names, node.name), (node, *enclosing))
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node, (*names, node.name), (node, *enclosing))
        else:
            yield from _functions(node, names, enclosing)


def named_function(tree: ast.AST, qualified_name: str) -> FunctionNode | None:
    """The first function of that name (``Class.method``, ``outer.inner``)."""
    return next((node for node, names, _ in _functions(tree, (), ()) if ".".join(names) == qualified_name), None)


def _connected_field(text: Text, node: ast.ClassDef) -> str | None:
    for method in node.body:
        if not isinstance(method, ast.FunctionDef) or method.name != "get_connection":
            continue
        if any(_last_name(d) == "contextmanager" for d in method.decorator_list):
            found = re.search(r"\bduckdb\.connect\((?:str\()?self\.(\w+)\)", text.of(method))
            return found.group(1) if found else None
    return None


def _last_name(decorator: ast.expr) -> str:
    if isinstance(decorator, ast.Call):
        decorator = decorator.func
    if isinstance(decorator, ast.Attribute):
        return decorator.attr
    return decorator.id if isinstance(decorator, ast.Name) else ""
