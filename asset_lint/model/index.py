"""One module of the user's code: its source, its stdlib ``ast``, its scopes, functions and classes.

The model runs on ``ast`` (a tenth of LibCST's cost); LibCST is parsed slice by slice, only where a rule looks at
syntax or a fix changes it. The index enters statements only, never expressions: functions and classes live in bodies.
"""

from __future__ import annotations

import ast
import os
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from asset_lint.source.nodes import Nodes, all_nodes, arguments_of, bodies, handlers_in, is_ellipsis, own_nodes

from ..finding import Span
from ..source import Slice, Source

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
N = TypeVar("N", bound=ast.AST)


DEFINING = re.compile(rb"[ \t]*(?:@|def\b|async[ \t]+def\b)")
NAMING = re.compile(rb"(?:async[ \t]+)?def[ \t]+(?=\w|[\x80-\xff])")


class Module:
    """A parsed module. ``name`` is its dotted import name, its file's stem where it is in no package."""

    def __init__(self, name: str, path: str, source: Source, tree: ast.Module, *, is_package: bool = False) -> None:
        self.name = name
        self.path = path
        self.file = os.path.abspath(path)
        self.folder = os.path.dirname(self.file)
        self.source = source
        self.tree = tree
        self.is_package = is_package
        self.functions: list[Def] = []
        self.classes: list[Class] = []
        self.star_imports: list[str] = []
        self.scope = Scope(self, None, None)
        indexer = _Indexer(self)
        if source.parts:
            indexer.parts(tree.body, source.parts)
        else:
            indexer.body(tree.body, self.scope, None, None, "")

    def span(self, node: ast.AST) -> Span:
        """Where ``node`` stands (decorators are not part of a function)."""
        return self.source.span_of(node)

    def place(self, node: ast.AST) -> Place:
        """``node`` as something a rule can report."""
        return Place(self, node)

    def slice(self, node: ast.AST) -> Slice:
        """The LibCST slice (top-level statement) that holds ``node``; parsed once, on first use."""
        return self.source.slice_at(self.span(node).start)

    def absolute(self, name: str | None, level: int) -> str:
        """The absolute name of what ``from <level dots><name> import …`` names in this module."""
        if not level:
            return name or ""
        parts = self.name.split(".")
        keep = len(parts) - level + (1 if self.is_package else 0)
        return ".".join([*parts[: max(keep, 0)], *([name] if name else [])])

    @cached_property
    def future_annotations(self) -> bool:
        """Whether ``from __future__ import annotations`` makes every annotation a string."""
        return any(
            isinstance(s, ast.ImportFrom) and s.module == "__future__" and any(a.name == "annotations" for a in s.names)
            for s in self.tree.body
        )

    def part_of(self, node: ast.AST) -> int:
        """The part of the module that a node stands in: a document's blocks are examples, each for itself."""
        return bisect_right(self.source.parts, getattr(node, "lineno", 0))

    @cached_property
    def quote(self) -> str:
        """The quote with which most of its strings begin; those of three, or with a quote inside, don't count."""
        single = double = 0
        nodes = all_nodes(self.tree)
        # where the parts of an f-string stand depends on the Python that parses
        parts = {id(part) for node in nodes if isinstance(node, ast.JoinedStr) for part in node.values}
        for node in nodes:
            if id(node) not in parts and isinstance(node, ast.JoinedStr | ast.Constant) and _is_unquoted(node):
                text = self.source.text[self.span(node).start :][:8].lstrip("rRbBuUfFtT")
                single += text[:1] == "'" and text[:3] != "'''"
                double += text[:1] == '"' and text[:3] != '"""'
        return "'" if single > double else '"'

    def mentions(self, name: str) -> int:
        """How often the module's code reads a name; what stands in strings is not counted."""
        return sum(isinstance(node, ast.Name) and node.id == name for node in all_nodes(self.tree))

    def scopes_at(self, *patterns: re.Pattern[bytes]) -> Iterator[tuple[Scope, ast.AST]]:
        """The module and those of its functions in whose own lines a pattern is found, with their scopes.

        Lines that begin a decorator or a definition don't count.
        """
        data = self.source.data
        lines: list[int] = []
        for pattern in patterns:
            line, at = 1, 0
            for match in pattern.finditer(data):
                start = data.rfind(b"\n", 0, match.start()) + 1
                if DEFINING.match(data, start):
                    continue
                line, at = line + data.count(b"\n", at, match.start()), match.start()
                lines.append(line)
        if lines:
            lines.sort()
            yield self.scope, self.tree
            for definition in self.functions:
                at = bisect_left(lines, definition.node.lineno)
                if at < len(lines) and lines[at] <= (definition.node.end_lineno or 0):
                    yield definition.inner, definition.node

    def function_at(self, node: ast.AST) -> Def | None:
        """The definition whose node is ``node``."""
        return self._by_node.get(node)

    def function_around(self, line: int) -> Def | None:
        """The innermost definition that a line stands in."""
        around = [d for d in self.functions if d.node.lineno <= line <= (d.node.end_lineno or 0)]
        return max(around, key=lambda d: d.node.lineno, default=None)

    @cached_property
    def _by_node(self) -> dict[ast.AST, Def]:
        return {d.node: d for d in self.functions}


@dataclass(frozen=True, slots=True)
class Place:
    """A node of a module: what rules report and fixes change."""

    module: Module
    node: ast.AST

    @property
    def span(self) -> Span:
        """Its stretch of the module's text."""
        return self.module.span(self.node)

    def holds(self, other: Place) -> bool:
        """Whether ``other`` is a part of it, or the whole."""
        whole, part = self.span, other.span
        return self.module is other.module and whole.start <= part.start and part.end <= whole.end


@dataclass(frozen=True, slots=True)
class Imported:
    """A name bound by an import: the absolute dotted name it stands for."""

    name: str
    type_checking: bool = False


@dataclass(frozen=True, slots=True)
class Assigned:
    """A name bound by a plain assignment of one expression."""

    value: ast.expr


@dataclass(frozen=True, slots=True)
class Opaque:
    """A name bound by something whose value static reading cannot tell (a loop, a parameter, ``with``, unpacking)."""


@dataclass(eq=False)
class Def:
    """A function definition (or a method, or a nested function)."""

    module: Module
    node: FunctionNode
    qualified_name: str
    scope: Scope  # the scope in which it is defined
    owner: Class | None  # the class whose body it stands in
    parent: Def | None  # the function it is nested in

    @property
    def name(self) -> str:
        """Its bare name."""
        return self.node.name

    @cached_property
    def name_node(self) -> ast.AST:
        """Its name in its definition, which has no node of its own in ``ast``; all of it where that is far away."""
        line = self.module.source.line_text(self.node.lineno).encode()
        match = NAMING.match(line, self.node.col_offset)
        if match is None:
            return self.node
        at, end = match.end(), match.end() + len(self.name.encode())
        line_number = self.node.lineno
        return ast.Name(
            self.name, ast.Load(), lineno=line_number, col_offset=at, end_lineno=line_number, end_col_offset=end
        )

    @cached_property
    def inner(self) -> Scope:
        """The scope of its body: parameters and local names."""
        scope = Scope(self.module, self.scope, self)
        for argument in arguments_of(self.node.args):
            scope.bind(argument.arg, Opaque())
        _Binder(self.module, scope).body(self.node.body)
        return scope

    @cached_property
    def _own(self) -> Nodes:
        return Nodes(own_nodes(self.node))

    @cached_property
    def _every(self) -> Nodes:
        return Nodes(all_nodes(self.node))

    @property
    def nodes(self) -> Sequence[ast.AST]:
        """The nodes of its own body, in the order of the source."""
        return self._own.all

    def nodes_of(self, *kinds: type[N]) -> Sequence[N]:
        """Those of its own nodes that are of one of the classes."""
        return self._own.of(kinds)

    @property
    def every_node(self) -> Sequence[ast.AST]:
        """All nodes of its definition, those of decorators, annotations and nested functions too."""
        return self._every.all

    def every_node_of(self, *kinds: type[N]) -> Sequence[N]:
        """Those of all its nodes that are of one of the classes."""
        return self._every.of(kinds)

    @cached_property
    def is_generator(self) -> bool:
        """Whether its own body yields."""
        return bool(self.nodes_of(ast.Yield, ast.YieldFrom))

    @cached_property
    def elides(self) -> bool:
        """Whether a ``...`` in its body stands for code that isn't shown: in stubs, protocols and documents.

        Elsewhere one in a branch or a handler is another way to write ``pass``.
        """
        if self.module.source.is_document:
            return any(is_ellipsis(statement) for statement in self.nodes_of(ast.Expr))
        return any(is_ellipsis(statement) for statement in self.node.body)

    @cached_property
    def free_names(self) -> frozenset[str]:
        """The names that it, or what is nested in it, reads and that are not its own."""
        read = {n.id for n in self.every_node_of(ast.Name) if isinstance(n.ctx, ast.Load)}
        return frozenset(read - self.inner.names.keys())

    @cached_property
    def parameters(self) -> list[ast.arg]:
        """All parameters in order, ``*args`` and ``**kwargs`` excluded."""
        a = self.node.args
        return [*a.posonlyargs, *a.args, *a.kwonlyargs]

    def __repr__(self) -> str:
        return f"<Def {self.module.name}:{self.qualified_name}>"


@dataclass(eq=False)
class Class:
    """A class definition."""

    module: Module
    node: ast.ClassDef
    qualified_name: str
    scope: Scope
    methods: dict[str, Def]
    assigned: dict[str, ast.expr]  # class-level ``x = value``
    fields: dict[str, ast.AnnAssign]  # class-level ``x: T [= value]``

    @property
    def name(self) -> str:
        """Its bare name."""
        return self.node.name

    def __repr__(self) -> str:
        return f"<Class {self.module.name}:{self.qualified_name}>"


Binding = Imported | Assigned | Opaque | Def | Class


class Scope:
    """Names bound in a module, a class-free function body. Class bodies are no scopes for what is nested in them."""

    def __init__(self, module: Module, parent: Scope | None, function: Def | None) -> None:
        self.module = module
        self.parent = parent
        self.function = function
        self.names: dict[str, list[Binding]] = {}

    def bind(self, name: str, binding: Binding) -> None:
        """Add one binding of ``name``."""
        self.names.setdefault(name, []).append(binding)

    def lookup(self, name: str) -> tuple[list[Binding], Scope] | None:
        """The bindings of ``name`` and the scope that holds them, innermost first."""
        found = self.names.get(name)
        if found:
            return found, self
        return None if self.parent is None else self.parent.lookup(name)


def _is_unquoted(node: ast.JoinedStr | ast.Constant) -> bool:
    """Whether it is a string whose text needs no certain kind of quote around it."""
    texts = [getattr(part, "value", None) for part in (node.values if isinstance(node, ast.JoinedStr) else (node,))]
    return all(not isinstance(text, str) or ("'" not in text and '"' not in text) for text in texts) and (
        isinstance(node, ast.JoinedStr) or isinstance(node.value, str)
    )


class _Binder:
    """Collects what the statements of one scope bind; nested functions are bound, not entered."""

    def __init__(self, module: Module, scope: Scope) -> None:
        self.module = module
        self.scope = scope
        self.type_checking = False

    def body(self, statements: Sequence[ast.stmt]) -> None:
        for statement in statements:
            self.statement(statement)

    def statement(self, node: ast.stmt) -> None:
        kind = type(node)
        if kind is ast.Expr or kind is ast.Return or kind is ast.Pass:
            return
        if kind is ast.Assign:
            for target in node.targets:  # type: ignore[attr-defined]
                self.target(target, node.value)  # type: ignore[attr-defined]
        elif kind is ast.AnnAssign:
            if isinstance(node.target, ast.Name):  # type: ignore[attr-defined]
                value = node.value  # type: ignore[attr-defined]
                if value is not None:
                    self.scope.bind(node.target.id, Assigned(value))  # type: ignore[attr-defined]
        elif isinstance(node, ast.AugAssign):
            self.target(node.target, None)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.name if alias.asname else alias.name.partition(".")[0]
                self.scope.bind(alias.asname or name, Imported(name, self.type_checking))
        elif isinstance(node, ast.ImportFrom):
            base = self.module.absolute(node.module, node.level)
            for alias in node.names:
                if alias.name == "*":
                    self.module.star_imports.append(base)
                else:
                    name = f"{base}.{alias.name}" if base else alias.name
                    self.scope.bind(alias.asname or alias.name, Imported(name, self.type_checking))
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            definition = self.module.function_at(node)
            self.scope.bind(node.name, definition or Opaque())
        elif isinstance(node, ast.ClassDef):
            self.scope.bind(node.name, self.klass(node))
        elif isinstance(node, (ast.For, ast.AsyncFor)):
            self.target(node.target, None)
            self.body(node.body)
            self.body(node.orelse)
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            for item in node.items:
                if item.optional_vars is not None:
                    self.target(item.optional_vars, None)
            self.body(node.body)
        elif isinstance(node, ast.If):
            before = self.type_checking
            self.type_checking = before or is_type_checking(node.test)
            self.body(node.body)
            self.type_checking = before
            self.body(node.orelse)
        elif isinstance(node, ast.While):
            self.body(node.body)
            self.body(node.orelse)
        elif isinstance(node, ast.Match):
            for case in node.cases:
                self.body(case.body)
        elif handlers := handlers_in(node):
            for body in bodies(node):
                self.body(body)
            for handler in handlers:
                if handler.name:
                    self.scope.bind(handler.name, Opaque())
        elif isinstance(node, ast.Try):  # without handlers: only a `finally`
            for body in bodies(node):
                self.body(body)

    def klass(self, node: ast.ClassDef) -> Binding:
        return next((c for c in self.module.classes if c.node is node), Opaque())

    def target(self, target: ast.expr, value: ast.expr | None) -> None:
        if isinstance(target, ast.Name):
            self.scope.bind(target.id, Opaque() if value is None else Assigned(value))
        elif isinstance(target, (ast.Tuple, ast.List)):
            for element in target.elts:
                self.target(element, None)
        elif isinstance(target, ast.Starred):
            self.target(target.value, None)


class _Indexer:
    """Finds every function and class of a module, then binds the module's names."""

    def __init__(self, module: Module) -> None:
        self.module = module

    def body(
        self, statements: Sequence[ast.stmt], scope: Scope, owner: Class | None, parent: Def | None, prefix: str
    ) -> None:
        self.collect(statements, scope, owner, parent, prefix)
        if scope is self.module.scope:
            _Binder(self.module, scope).body(statements)

    def parts(self, statements: Sequence[ast.stmt], firsts: Sequence[int]) -> None:
        """A module in parts: each sees its own names, then those of the parts before it, the nearest first, then the
        others'. The module's scope has the names of all."""
        scope = self.module.scope
        found: list[tuple[list[ast.stmt], Scope]] = []
        for first, end in zip(firsts, [*firsts[1:], None]):
            own = [each for each in statements if first <= each.lineno and (end is None or each.lineno < end)]
            if own:
                scope = Scope(self.module, scope, None)
                found.append((own, scope))
                self.collect(own, scope, None, None, "")
        for own, inner in found:
            _Binder(self.module, inner).body(own)
        _Binder(self.module, self.module.scope).body(statements)

    def collect(
        self, statements: Sequence[ast.stmt], scope: Scope, owner: Class | None, parent: Def | None, prefix: str
    ) -> None:
        for node in statements:
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                definition = Def(self.module, node, prefix + node.name, scope, owner, parent)
                self.module.functions.append(definition)
                if owner is not None:
                    owner.methods.setdefault(node.name, definition)
                if any(
                    isinstance(s, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) or hasattr(s, "body")
                    for s in node.body
                ):
                    self.nested(node, definition, prefix + node.name + ".")
            elif isinstance(node, ast.ClassDef):
                fields = {
                    s.target.id: s for s in node.body if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)
                }
                assigned = {
                    t.id: s.value
                    for s in node.body
                    if isinstance(s, ast.Assign)
                    for t in s.targets
                    if isinstance(t, ast.Name)
                }
                found = Class(self.module, node, prefix + node.name, scope, {}, assigned, fields)
                self.module.classes.append(found)
                self.collect(node.body, scope, found, parent, prefix + node.name + ".")
            else:
                for inner in bodies(node):
                    self.collect(inner, scope, owner, parent, prefix)

    def nested(self, node: FunctionNode, definition: Def, prefix: str) -> None:
        inner = _LazyScope(definition)
        self.collect(node.body, inner, None, definition, prefix)


class _LazyScope(Scope):
    """The scope of a function's body as seen from what is nested in it: bound on first look-up."""

    def __init__(self, definition: Def) -> None:
        super().__init__(definition.module, definition.scope, definition)

    def lookup(self, name: str) -> tuple[list[Binding], Scope] | None:
        assert self.function is not None
        return self.function.inner.lookup(name)


def is_main(test: ast.expr) -> bool:
    """Whether a condition is ``__name__ == "__main__"``."""
    match test:
        case ast.Compare(left=ast.Name(id="__name__"), ops=[ast.Eq()], comparators=[ast.Constant(value="__main__")]):
            return True
    return False


def is_type_checking(test: ast.expr) -> bool:
    """Whether a condition is `TYPE_CHECKING`."""
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )
