"""Annotations of compute functions that Dagster can't resolve when the module is imported: measured on Dagster 1.7 to
1.13.

Dagster resolves every annotation of a compute function against the names of its module. A context's and a config's must
not be strings at all, quoted or by ``from __future__ import annotations``.
"""

from __future__ import annotations

import ast
import builtins
import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asset_lint.source.nodes import all_nodes, nodes_in

from .annotations import parsed
from .assets import Role
from .decorators import Kind
from .index import Class, Imported, Module, Place, is_type_checking

if TYPE_CHECKING:
    from .assets import Function


class Cause(enum.Enum):
    """Why an annotation is not resolved."""

    TYPE_CHECKING = "is imported under `TYPE_CHECKING` only"
    LOCAL = "is a name of the function around it"
    LATER = "is defined further down"
    QUOTED = "is quoted"
    FUTURE = "is a string by `from __future__ import annotations`"


@dataclass(frozen=True, slots=True)
class Guarded:
    """An import under ``if TYPE_CHECKING:``: the block, the statement, which of its names, and what that imports."""

    block: Place
    statement: Place
    index: int
    module: str
    name: str | None
    local: str

    @property
    def alone(self) -> bool:
        """Whether the block holds nothing else."""
        block, statement = self.block.node, self.statement.node
        assert isinstance(block, ast.If) and isinstance(statement, (ast.Import, ast.ImportFrom))
        return len(block.body) == 1 and not block.orelse and len(statement.names) == 1


@dataclass(frozen=True, slots=True)
class Unresolved:
    """One annotation that is not resolved. ``name`` is the one that isn't, "" where it is the whole.

    ``parameter`` is None for the return annotation. ``guards`` are the imports that would have to happen at run time;
    ``movable`` says that they can: no module that they name imports this one. ``code`` is what a quoted one says.
    """

    annotation: Place
    cause: Cause
    name: str
    parameter: ast.arg | None
    guards: tuple[Guarded, ...] = ()
    movable: bool = True
    code: str = ""
    is_config: bool = False


def unresolved_in(function: Function) -> list[Unresolved]:
    """What Dagster can't resolve of a compute function's annotations, in the order of the source."""
    if function.kind in (None, Kind.OBSERVABLE_SOURCE_ASSET):
        return []
    below = function.node.decorator_list
    if function.decorator in below and below[-1] is not function.decorator:
        return []  # another decorator stands between
    return list(_Reader(function).all())


class _Reader:
    def __init__(self, function: Function) -> None:
        self.function = function
        self.module = function.module
        self.seen: set[str] = set()

    def all(self) -> Iterator[Unresolved]:
        roles = {p.name: p.role for p in self.function.parameters}
        for argument in self.function.definition.parameters:
            if argument.annotation is not None and argument.arg in roles:
                yield from self.parameter(argument, argument.annotation, roles[argument.arg])
        if self.function.node.returns is not None:
            yield from self.names(self.function.node.returns, None)

    def parameter(self, argument: ast.arg, node: ast.expr, role: Role) -> Iterator[Unresolved]:
        quoted = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if role in (Role.CONTEXT, Role.CONFIG) and (quoted or self.module.future_annotations):
            guards = tuple(g for name in _names(node) if (g := self.guard(name)) is not None)
            cause = Cause.FUTURE if self.module.future_annotations else Cause.QUOTED
            code = str(node.value).strip() if isinstance(node, ast.Constant) and quoted else ""
            yield Unresolved(
                Place(self.module, node), cause, "", argument, guards, self.movable(guards), code, role is Role.CONFIG
            )
        else:
            yield from self.names(node, argument)

    def names(self, node: ast.expr, argument: ast.arg | None) -> Iterator[Unresolved]:
        for name in _names(node):
            cause = self.cause(name, node)
            if cause is None or name in self.seen:
                continue
            self.seen.add(name)
            guard = self.guard(name) if cause is Cause.TYPE_CHECKING else None
            guards = (guard,) if guard is not None else ()
            yield Unresolved(Place(self.module, node), cause, name, argument, guards, self.movable(guards))

    def cause(self, name: str, node: ast.expr) -> Cause | None:
        """Why a name is unknown to the module when the function is defined, None where it isn't."""
        text = self.module.future_annotations or any(isinstance(n, ast.Constant) for n in all_nodes(node))
        bound = self.module.scope.names.get(name)
        if bound:
            if all(isinstance(b, Imported) and b.type_checking for b in bound):
                return Cause.TYPE_CHECKING
            first, definition = bound[0], self.function.definition
            later = isinstance(first, Class) and first.node.lineno > definition.node.lineno
            return Cause.LATER if text and later and len(bound) == 1 and definition.parent is None else None
        if hasattr(builtins, name) or self.module.star_imports or not text:
            return None
        return Cause.LOCAL if self.function.definition.scope.lookup(name) is not None else None

    def guard(self, name: str) -> Guarded | None:
        """The import under ``if TYPE_CHECKING:`` at the top of the module that binds a name."""
        bound = self.module.scope.names.get(name, ())
        if not bound or not all(isinstance(b, Imported) and b.type_checking for b in bound):
            return None
        return next((guard for guard in guarded_imports(self.module) if guard.local == name), None)

    def movable(self, guards: Sequence[Guarded]) -> bool:
        """Whether importing at run time makes no circle of imports."""
        project = self.function.project
        assert project is not None
        for guard in guards:
            found = project.find(f"{guard.module}.{guard.name}", self.module) if guard.name else None
            found = found or project.find(guard.module, self.module)
            waiting, seen = [found.file] if found is not None else [], set[str]()
            while waiting:
                path = waiting.pop()
                if path == self.module.file:
                    return False
                if path not in seen:
                    seen.add(path)
                    waiting.extend(project.imports(path))
        return True


def guarded_imports(module: Module) -> Iterator[Guarded]:
    """The imports of a module that only type checkers see."""
    for block in module.tree.body:
        if not isinstance(block, ast.If) or not is_type_checking(block.test):
            continue
        for statement in block.body:
            if isinstance(statement, (ast.Import, ast.ImportFrom)):
                for index, alias in enumerate(statement.names):
                    imported = isinstance(statement, ast.ImportFrom)
                    base = module.absolute(statement.module, statement.level) if imported else alias.name  # type: ignore[union-attr]
                    local = alias.asname or alias.name.partition(".")[0]
                    name = alias.name if imported else None
                    yield Guarded(Place(module, block), Place(module, statement), index, base, name, local)


def _names(node: ast.expr) -> list[str]:
    """The names that an annotation reads, quoted parts too, each once."""
    found: dict[str, None] = {}
    waiting: list[ast.AST] = [node]
    while waiting:
        current = waiting.pop()
        if isinstance(current, ast.Name):
            found[current.id] = None
        elif isinstance(current, ast.Constant) and isinstance(current.value, str):
            inner = parsed(current)
            waiting.extend([inner] if inner is not None else ())
        elif not (isinstance(current, ast.Subscript) and _is_literal(current.value)):
            waiting.extend(nodes_in(current))
    return list(found)


def _is_literal(node: ast.expr) -> bool:
    """Whether it is ``Literal``, whose strings are no annotations."""
    return (
        node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    ) == "Literal"
