"""Type annotations, read: dotted names and their parameters, aliases followed."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .index import Class, Scope
from .knowledge import dagster_public_name
from .names import Expression, External

if TYPE_CHECKING:
    from .names import Names

MAX_DEPTH = 8
UNION, NONE, ANYTHING = "union", "none", ""
_GENERIC = {
    "typing.Dict": "builtins.dict", "typing.List": "builtins.list", "typing.Tuple": "builtins.tuple",
    "typing.Set": "builtins.set", "typing.Union": UNION, "types.NoneType": NONE,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Declared:
    """A type that an annotation names.

    ``name`` is dotted (``builtins.int``), "union", "none", or "" for what is not known or may be anything; Dagster's
    own classes are ``dagster.Output`` wherever they are imported from.
    """

    name: str
    arguments: tuple[Declared, ...] = ()

    @property
    def short(self) -> str:
        """As it is written, more or less: ``int``, ``Output[int]``."""
        if self.name == UNION:
            return " | ".join(argument.short for argument in self.arguments)
        bare = {NONE: "None", ANYTHING: "…"}.get(self.name, self.name.rpartition(".")[2])
        return f"{bare}[{', '.join(argument.short for argument in self.arguments)}]" if self.arguments else bare


UNKNOWN = Declared(ANYTHING)


def declared(node: ast.expr | None, scope: Scope, names: Names, depth: int = 0) -> Declared:
    """What an annotation in ``scope`` says."""
    if node is None or depth > MAX_DEPTH:
        return UNKNOWN
    if isinstance(node, ast.Constant):
        if node.value is None:
            return Declared(NONE)
        return declared(parsed(node), scope, names, depth + 1) if isinstance(node.value, str) else UNKNOWN
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        return _union([declared(part, scope, names, depth + 1) for part in (node.left, node.right)])
    if isinstance(node, ast.Subscript):
        head = declared(node.value, scope, names, depth + 1)
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        inner = tuple(declared(part, scope, names, depth + 1) for part in parts)
        if head.name == UNION:
            return _union(list(inner))
        if head.name == "typing.Optional":
            return _union([*inner, Declared(NONE)])
        return Declared(head.name, inner)
    if not isinstance(node, (ast.Name, ast.Attribute)):
        return UNKNOWN
    targets = names.resolve(node, scope)
    if len(targets) == 1:
        target = targets[0]
        if isinstance(target, External):
            public = dagster_public_name(target.name)
            name = f"dagster.{public}" if public else target.name
            return Declared(ANYTHING if name in ("typing.Any", "dagster.Any") else _GENERIC.get(name, name))
        if isinstance(target, Expression):
            return declared(target.value, target.scope, names, depth + 1)
        if isinstance(target, Class):
            return Declared(f"{target.module.name}.{target.name}")
    if not targets and isinstance(node, ast.Name) and scope.lookup(node.id) is None:
        return UNKNOWN if node.id == "object" else Declared(f"builtins.{node.id}")
    return UNKNOWN


def parsed(node: ast.Constant) -> ast.expr | None:
    """The expression that a quoted annotation holds, None where it holds none."""
    try:
        inner = ast.parse(str(node.value).strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError):
        return None
    return None if isinstance(inner, ast.Constant) and isinstance(inner.value, str) else inner


def _union(members: list[Declared]) -> Declared:
    flat = [inner for member in members for inner in (member.arguments if member.name == UNION else (member,))]
    unique = tuple(dict.fromkeys(flat))
    return unique[0] if len(unique) == 1 else Declared(UNION, unique)
