"""What a name stands for, without following values: imports, aliases, re-exports, definitions.

Scopes are respected; a name bound to several things stands for all of them. Data flow (parameters, branches, results
of calls) is the business of :mod:`.flow`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .index import Assigned, Binding, Class, Def, Imported, Module, Scope

if TYPE_CHECKING:
    from .decorators import Kind
    from .project import Project

MAX_DEPTH = 12  # steps through aliases and re-exports


@dataclass(frozen=True, slots=True)
class External:
    """A dotted name of a library: ``duckdb.connect``."""

    name: str


@dataclass(frozen=True, slots=True)
class Expression:
    """A name that a project module assigns: the value and the scope in which it must be read."""

    value: ast.expr
    scope: Scope


Target = External | Def | Class | Module | Expression


class Names:
    """Follows names through the modules of one project."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._cache: dict[tuple[int, str], tuple[Target, ...]] = {}
        self._external: dict[tuple[ast.expr, Scope], str] = {}
        self.wrappers: dict[Def, Kind | None] = {}  # project decorators by the kind of compute function they make

    def resolve(self, node: ast.expr, scope: Scope, depth: int = 0) -> tuple[Target, ...]:
        """Everything that a name or dotted name in ``scope`` may stand for; empty where it can't be told.

        Assignments are followed as long as they are names themselves; other values come back as
        :class:`Expression`.
        """
        if depth > MAX_DEPTH:
            return ()
        if isinstance(node, ast.Name):
            return self.name(node.id, scope, depth)
        if isinstance(node, ast.Attribute):
            found: list[Target] = []
            for target in self.resolve(node.value, scope, depth + 1):
                found.extend(self.attribute(target, node.attr, depth))
            return tuple(dict.fromkeys(found))
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return self.text(node.value, scope, depth)
        return ()

    def text(self, annotation: str, scope: Scope, depth: int = 0) -> tuple[Target, ...]:
        """A quoted annotation."""
        try:
            node = ast.parse(annotation.strip(), mode="eval").body
        except (SyntaxError, ValueError, RecursionError):
            return ()
        return () if isinstance(node, ast.Constant) else self.resolve(node, scope, depth + 1)

    def name(self, name: str, scope: Scope, depth: int = 0) -> tuple[Target, ...]:
        """Everything that ``name`` may stand for in ``scope``."""
        found = scope.lookup(name)
        if found is None:
            module = scope.module
            for star in module.star_imports:
                if targets := self.dotted(f"{star}.{name}", module, depth + 1):
                    return targets
            return ()
        bindings, holder = found
        key = (id(holder), name)
        cached = self._cache.get(key)
        if cached is None:
            self._cache[key] = ()  # a cycle of aliases ends here
            cached = tuple(dict.fromkeys(t for b in bindings for t in self._binding(b, holder, depth)))
            self._cache[key] = cached
        return cached

    def _binding(self, binding: Binding, holder: Scope, depth: int) -> Iterator[Target]:
        if isinstance(binding, Imported):
            yield from self.dotted(binding.name, holder.module, depth + 1)
        elif isinstance(binding, (Def, Class)):
            yield binding
        elif isinstance(binding, Assigned):
            value = binding.value
            if isinstance(value, (ast.Name, ast.Attribute)):
                followed = self.resolve(value, holder, depth + 1)
                if followed:
                    yield from followed
                    return
            yield Expression(value, holder)

    def dotted(self, name: str, importer: Module, depth: int = 0) -> tuple[Target, ...]:
        """An absolute dotted name as ``importer`` sees it: a project's module, what is in it, or a library's name."""
        if depth > MAX_DEPTH:
            return ()
        module = self.project.find(name, importer)
        if module is not None:
            return (module,)
        head, _, tail = name.rpartition(".")
        if head:
            owner = self.project.find(head, importer)
            if owner is not None:
                return self.attribute(owner, tail, depth)
            if self.project.is_local(name, importer):
                found: list[Target] = []
                for target in self.dotted(head, importer, depth + 1):
                    if not isinstance(target, External):
                        found.extend(self.attribute(target, tail, depth + 1))
                return tuple(found)
        return (External(name),)

    def attribute(self, target: Target, name: str, depth: int = 0) -> tuple[Target, ...]:
        """``target.name``."""
        if isinstance(target, External):
            return (External(f"{target.name}.{name}"),)
        if isinstance(target, Module):
            inside = (
                self.name(name, target.scope, depth + 1) if name in target.scope.names or target.star_imports else ()
            )
            if inside:
                return inside
            child = self.project.find(f"{target.name}.{name}", target)
            return (child,) if child is not None else ()
        if isinstance(target, Class):
            method = target.methods.get(name)
            if method is not None:
                return (method,)
            if name in target.assigned:
                return (Expression(target.assigned[name], target.scope),)
            annotated = target.fields.get(name)
            if annotated is not None and annotated.value is not None:
                return (Expression(annotated.value, target.scope),)
            found: list[Target] = []
            for base in self.bases(target):
                if isinstance(base, Class) and depth < MAX_DEPTH:
                    found.extend(self.attribute(base, name, depth + 1))
            return tuple(found)
        return ()

    def bases(self, klass: Class) -> tuple[Target, ...]:
        """What a class's direct bases stand for (``Generic[T]`` by its head)."""
        found: list[Target] = []
        for base in klass.node.bases:
            head = base.value if isinstance(base, ast.Subscript) else base
            found.extend(self.resolve(head, klass.scope))
        return tuple(found)

    def ancestry(self, klass: Class) -> list[Target]:
        """The class, its project bases and the libraries' classes they end in, nearest first."""
        order: list[Target] = []
        queue: list[Target] = [klass]
        while queue:
            item = queue.pop(0)
            if item in order:
                continue
            order.append(item)
            if isinstance(item, Class):
                queue.extend(self.bases(item))
        return order

    def external(self, node: ast.expr | None, scope: Scope) -> str:
        """The one library name that ``node`` stands for, else ""."""
        if node is None:
            return ""
        known = self._external.get((node, scope))
        if known is None:
            names = {t.name for t in self.resolve(node, scope) if isinstance(t, External)}
            known = self._external[node, scope] = names.pop() if len(names) == 1 else ""
        return known
