"""Which functions are in reach of Dagster: compute functions, and the project functions that one leads to.

Answered for one file at a time and backwards: who mentions this function, and is one of those a compute function or
itself in reach? So ``check a.py`` and ``check .`` agree, and only the modules that import a file are read for it.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING, Any

from asset_lint.source.nodes import all_nodes, own_statements

from .assets import Function
from .decorators import Kind, call_forms, compute_kind
from .index import Class, Def, Imported, Module, Scope
from .values import Instance

if TYPE_CHECKING:
    from .project import Project

HOOKS = frozenset("handle_output load_input setup_for_execution teardown_after_execution yield_for_execution".split())
LIFECYCLE = frozenset(
    """__init__ __enter__ __exit__ __aenter__ __aexit__ __call__ setup_for_execution teardown_after_execution
    handle_output load_input create_resource yield_for_execution get_resource_to_construct build_defs""".split()
)


class Reach:
    """The call graph of one project, read as far as somebody asks."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self._compute: dict[Module, dict[Def, tuple[Kind, ast.expr]]] = {}
        self._references: dict[Def, tuple[frozenset[Def | Class], frozenset[str]]] = {}
        self._reached: dict[Def, str | None] = {}
        self._importers: dict[Module, list[Module]] = {}
        self._mentions: dict[Module, tuple[dict[Def | Class, list[Def]], dict[str, list[Def]]]] = {}

    def compute(self, module: Module) -> dict[Def, tuple[Kind, ast.expr]]:
        """The compute functions of a module."""
        known = self._compute.get(module)
        if known is None:
            known = self._compute[module] = {}
            names = self.project.names
            for definition in module.functions:
                if definition.node.decorator_list and (found := compute_kind(definition, names)):
                    known[definition] = found
            for definition, kind, node in call_forms(module, names):
                if definition.module is module:
                    known.setdefault(definition, (kind, node))
        return known

    def functions(self, module: Module) -> list[Function]:
        """The functions of a module in reach, in the order of the source."""
        compute = self.compute(module)
        found: list[Function] = []
        for definition in module.functions:
            if definition in compute:
                kind, decorator = compute[definition]
                found.append(Function(definition, kind, decorator, definition.qualified_name, self.project))
            elif self._counts(definition) and (leads := self.reached(definition)):
                found.append(Function(definition, None, None, leads, self.project))
        return found

    def _counts(self, definition: Def) -> bool:
        """Whether a project function has anything to do with what this tool is about: it works near DuckDB, takes a
        context, or catches everything."""
        project = self.project
        if project.touches_duckdb(definition.module.file):
            return True
        if project.touches_op_contexts(definition.module.file) and any(
            project.facts.context_types(p.annotation, definition.scope)
            for p in definition.parameters
            if p.annotation is not None
        ):
            return True
        return project.catches_everything(definition.module.file) and any(
            handler.type is None or "BaseException" in ast.dump(handler.type)
            for statement in own_statements(definition.node)
            for handler in getattr(statement, "handlers", ())
        )

    def reached(self, definition: Def) -> str | None:
        """The name of a compute function that leads to ``definition``, None if there is none."""
        if definition in self._reached:
            return self._reached[definition]
        answer = self._reached[definition] = self._search(definition)
        return answer

    def roots(self, definition: Def) -> set[Def]:
        """Every compute function that leads to ``definition``."""
        found: set[Def] = set()
        seen: set[Def] = {definition}
        queue: list[Def] = [definition]
        while queue:
            current = queue.pop()
            if current in self.compute(current.module):
                found.add(current)
                continue
            for caller in (*self.callers(current), *([current.parent] if current.parent else [])):
                if caller not in seen:
                    seen.add(caller)
                    queue.append(caller)
        return found

    def _search(self, definition: Def) -> str | None:
        if bound := self._bound_as(definition):
            return bound
        parent = definition.parent
        if parent is not None and (name := self._is_root(parent)):
            return name
        seen: set[Def] = {definition}
        queue: list[Def] = [definition]
        while queue:
            current = queue.pop()
            for caller in self.callers(current):
                if name := self._is_root(caller) or self._bound_as(caller):
                    return name
                known = self._reached.get(caller)
                if known:
                    return known
                if caller not in seen:
                    seen.add(caller)
                    queue.append(caller)
            if current.parent is not None and current.parent not in seen:
                seen.add(current.parent)
                queue.append(current.parent)
        for other in seen:  # none of these is in reach either: whoever reaches them reaches this one
            self._reached.setdefault(other, None)
        return None

    def _bound_as(self, definition: Def) -> str | None:
        """The resource key under which Dagster itself calls a method: of an IO manager, of a resource's life."""
        owner = definition.owner
        if owner is None or definition.name not in HOOKS:
            return None
        location = self.project.location_of(definition.module.file)
        for key, bound in self.project.facts.bindings(location).items():
            for values in bound:
                if any(isinstance(v, Instance) and owner in self.project.names.ancestry(v.klass) for v in values):
                    return key
        return None

    def _is_root(self, definition: Def) -> str | None:
        current: Def | None = definition
        while current is not None:
            if current in self.compute(current.module):
                return current.qualified_name
            current = current.parent
        return None

    def callers(self, definition: Def) -> Iterator[Def]:
        """The project functions that name ``definition``, or call it as a method."""
        for module in [definition.module, *self.importers(definition.module)]:
            by_target, by_attribute = self.mentions(module)
            yield from by_target.get(definition, ())
            if definition.owner is not None:
                candidates = by_attribute.get(definition.name, ())
                if definition.name in LIFECYCLE:
                    candidates = by_target.get(definition.owner, ())
                for candidate in candidates:
                    if candidate is not definition and self._calls_method(candidate, definition):
                        yield candidate

    def is_called(self, definition: Def) -> bool:
        """Whether a function of the project names it, as far as can be told."""
        return any(caller is not definition for caller in self.callers(definition))

    def mentions(self, module: Module) -> tuple[dict[Def | Class, list[Def]], dict[str, list[Def]]]:
        """The functions of a module by the project functions and classes, and by the attributes, that they name."""
        known = self._mentions.get(module)
        if known is None:
            by_target: dict[Def | Class, list[Def]] = {}
            by_attribute: dict[str, list[Def]] = {}
            for candidate in module.functions:
                targets, attributes = self.references(candidate)
                for target in targets:
                    if target is not candidate:
                        by_target.setdefault(target, []).append(candidate)
                for attribute in attributes:
                    by_attribute.setdefault(attribute, []).append(candidate)
            known = self._mentions[module] = (by_target, by_attribute)
        return known

    def _calls_method(self, caller: Def, method: Def) -> bool:
        owner = method.owner
        assert owner is not None
        targets, _ = self.references(caller)
        if owner in targets or caller.owner is owner:
            return True
        return method.name not in LIFECYCLE and self._bound_to(caller, owner)

    def _bound_to(self, caller: Def, owner: Class) -> bool:
        """Whether a resource of that class is bound where the caller reads ``context.resources``."""
        location = self.project.location_of(caller.module.file)
        _, attributes = self.references(caller)
        for key, bound in self.project.facts.bindings(location).items():
            if key in attributes or any(p.arg == key for p in caller.parameters):
                for values in bound:
                    if any(isinstance(v, Instance) and owner in self.project.names.ancestry(v.klass) for v in values):
                        return True
        return False

    def references(self, definition: Def) -> tuple[frozenset[Def | Class], frozenset[str]]:
        """The project functions and classes that a function names, and the attributes that it reads."""
        known = self._references.get(definition)
        if known is None:
            known = self._references[definition] = self._collect(definition)
        return known

    def _collect(self, definition: Def) -> tuple[frozenset[Def | Class], frozenset[str]]:
        names, targets, attributes = self.project.names, set[Def | Class](), set[str]()
        scope = definition.inner
        roots: list[ast.AST] = list(definition.node.decorator_list)
        roots += [a.annotation for a in definition.parameters if a.annotation is not None]
        roots += [node for node in definition.nodes if node.__class__ is ast.Lambda]
        leading: dict[str, bool] = {}  # each name is looked up once, however often it stands there
        for node in chain(definition.nodes, *map(all_nodes, roots)):
            kind = node.__class__
            if kind is ast.Name:
                name: str = node.id  # type: ignore[attr-defined]
                if name not in leading:
                    leading[name] = _may_lead(name, scope)
                    if leading[name]:
                        targets.update(t for t in names.name(name, scope) if isinstance(t, (Def, Class)))
            elif kind is ast.Attribute:
                attributes.add(node.attr)  # type: ignore[attr-defined]
                base: Any = node
                while base.__class__ is ast.Attribute:
                    base = base.value
                if base.__class__ is ast.Name:
                    name = base.id
                    if leading.get(name, True) and _may_lead(name, scope):
                        targets.update(
                            t
                            for t in names.resolve(node, scope)  # type: ignore[arg-type]
                            if isinstance(t, (Def, Class))
                        )
        owner = definition.owner
        if owner is not None:
            for attribute in attributes & owner.methods.keys():
                targets.add(owner.methods[attribute])
            for base_class in names.ancestry(owner)[1:]:
                if isinstance(base_class, Class):
                    targets.update(m for n, m in base_class.methods.items() if n in attributes)
        return frozenset(targets), frozenset(attributes)

    # ---- who imports whom --------------------------------------------------------------------------------------------

    def importers(self, module: Module) -> list[Module]:
        """The project's modules that import ``module``, directly or through a package that hands it on."""
        known = self._importers.get(module)
        if known is None:
            found: dict[str, None] = {}
            queue, seen = [module.file], {module.file}
            while queue:
                target = queue.pop()
                stem = os.path.basename(target).removesuffix(".py")
                if stem == "__init__":
                    stem = os.path.basename(os.path.dirname(target))
                for candidate in self.project.importing(stem):
                    if candidate not in seen and target in self.project.imports(candidate):
                        seen.add(candidate)
                        found[candidate] = None
                        if candidate.endswith("__init__.py"):
                            queue.append(candidate)
            loaded = (self.project.load(path) for path in sorted(found))
            known = self._importers[module] = [m for m in loaded if m is not None]
        return known


def _may_lead(name: str, scope: Scope) -> bool:
    found = scope.lookup(name)
    return found is not None and any(isinstance(b, (Def, Class, Imported)) for b in found[0])
