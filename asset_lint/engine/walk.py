"""One pass over the LibCST nodes of functions, calling only what wants to be called.

LibCST's own visitors look at every comma and every space (two thirds of all nodes) and cost a hundred times as much.
Here the types of the nodes' fields say which fields can lead to a node of a wanted class; no other is looked at.
"""

from __future__ import annotations

import ast
import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from asset_lint.errors import RuleError

if TYPE_CHECKING:
    import libcst as cst

    from asset_lint.model.index import Def, Module

Node = type["cst.CSTNode"]

# Where the order of the fields is not the order of the text.
_ORDER: Mapping[str, tuple[str, ...]] = {
    "Arg": ("star", "keyword", "equal", "value"),
    "ClassDef": ("decorators", "name", "type_parameters", "bases", "keywords", "body"),
    "ExceptHandler": ("type", "name", "body"),
    "ExceptStarHandler": ("type", "name", "body"),
    "FunctionDef": ("decorators", "asynchronous", "name", "type_parameters", "params", "returns", "body"),
    "IfExp": ("body", "test", "orelse"),
    "ImportFrom": ("relative", "module", "names"),
    "MatchCase": ("pattern", "guard", "body"),
    "Parameters": ("posonly_params", "posonly_ind", "params", "star_arg", "kwonly_params", "star_kwarg"),
}

# The classes of `ast` that are sure to be there where LibCST has a node of the class; of others nothing is known.
_STATEMENTS: Mapping[str, tuple[str, ...]] = {
    "AnnAssign": ("AnnAssign",),
    "Assert": ("Assert",),
    "Assign": ("Assign",),
    "AugAssign": ("AugAssign",),
    "ClassDef": ("ClassDef",),
    "Del": ("Delete",),
    "ExceptHandler": ("ExceptHandler",),
    "ExceptStarHandler": ("ExceptHandler",),
    "For": ("For", "AsyncFor"),
    "Global": ("Global",),
    "If": ("If",),
    "Import": ("Import",),
    "ImportFrom": ("ImportFrom",),
    "Match": ("Match",),
    "Nonlocal": ("Nonlocal",),
    "Raise": ("Raise",),
    "Return": ("Return",),
    "Try": ("Try",),
    "TryStar": ("TryStar",),
    "While": ("While",),
    "With": ("With", "AsyncWith"),
}
_EXPRESSIONS: Mapping[str, tuple[str, ...]] = {
    "Await": ("Await",),
    "BinaryOperation": ("BinOp",),
    "BooleanOperation": ("BoolOp",),
    "Call": ("Call",),
    "Comparison": ("Compare",),
    "Dict": ("Dict",),
    "DictComp": ("DictComp",),
    "FormattedString": ("JoinedStr",),
    "GeneratorExp": ("GeneratorExp",),
    "IfExp": ("IfExp",),
    "Lambda": ("Lambda",),
    "ListComp": ("ListComp",),
    "NamedExpr": ("NamedExpr",),
    "Set": ("Set",),
    "SetComp": ("SetComp",),
    "Subscript": ("Subscript",),
    "Yield": ("Yield", "YieldFrom"),
}


class Walk:
    """Visits the nodes of the classes called ``names`` below a node.

    Raises RuleError for a name that is no LibCST class whose nodes stand in functions.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.wanted: dict[Node, str] = {}
        kinds = _kinds()
        for name in names:
            kind = kinds.get(name)
            if kind is None:
                raise RuleError(f"`visit_{name}` is never called: LibCST has no class `{name}`")
            if kinds["FunctionDef"] not in _fields_towards(frozenset((kind,))):
                raise RuleError(f"`visit_{name}` is never called: no function holds a `{name}`")
            self.wanted[kind] = name
        self._fields = _fields_towards(frozenset(self.wanted))

    def below(self, root: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """``root`` and the wanted nodes below it, in the order of the text; functions defined in it are left out."""
        function = _kinds()["FunctionDef"]
        fields, wanted = self._fields, self.wanted
        stack: list[Any] = [root]
        while stack:
            node = stack.pop()
            kind = type(node)
            names = fields.get(kind)
            if names is None or (kind is function and node is not root):
                continue
            if kind in wanted:
                yield node
            for name in names:
                value = getattr(node, name)
                if isinstance(value, (list, tuple)):
                    stack.extend(reversed(value))
                else:
                    stack.append(value)


class Definitions:
    """The LibCST nodes of a module's functions."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._defs: list[tuple[int, Def]] = [(module.span(each.node).start, each) for each in module.functions]
        self._found: dict[ast.AST, cst.FunctionDef] = {}

    def node(self, function: ast.FunctionDef | ast.AsyncFunctionDef) -> cst.FunctionDef:
        """The node of a function; raises InvalidSyntax where LibCST refuses its slice."""
        import libcst as cst

        if function not in self._found:
            part = self._module.slice(function)
            defs = [each.node for start, each in self._defs if part.start <= start < part.end]
            nodes = list(_functions_of(part.module))
            # Both trees have the same functions in the same order; looking for each by its place costs far more.
            if [each.name for each in defs] == [each.name.value for each in nodes]:
                self._found.update(zip(defs, nodes, strict=True))
            else:
                self._found[function] = part.node(self._module.span(function), cst.FunctionDef)
        return self._found[function]


def _functions_of(root: cst.CSTNode) -> Iterator[cst.FunctionDef]:
    import libcst as cst

    function = cst.FunctionDef
    fields = _fields_towards(frozenset[Node]((function,)))
    stack: list[Any] = [root]
    while stack:
        node = stack.pop()
        names = fields.get(type(node))
        if names is None:
            continue
        if type(node) is function:
            yield node
        for name in names:
            value = getattr(node, name)
            if isinstance(value, (list, tuple)):
                stack.extend(reversed(value))
            else:
                stack.append(value)


def possible(names: Iterable[str], function: ast.AST) -> list[str]:
    """Those of the LibCST classes called ``names`` that can have a node in the function, as far as ``ast`` shows."""
    names = list(names)
    statements_only = all(name in _STATEMENTS or name not in _EXPRESSIONS for name in names)
    nodes = _statements(function) if statements_only else ast.walk(function)
    present = {type(node).__name__ for node in nodes}
    gates = ((name, _STATEMENTS.get(name) or _EXPRESSIONS.get(name)) for name in names)
    return [name for name, gate in gates if gate is None or not present.isdisjoint(gate)]


def _statements(function: ast.AST) -> Iterator[ast.AST]:
    """The statements, handlers and cases below a function."""
    stack = [function]
    while stack:
        node = stack.pop()
        yield node
        for name in ("body", "handlers", "orelse", "finalbody", "cases"):
            below = getattr(node, name, None)
            if isinstance(below, list):
                stack.extend(below)


@cache
def _kinds() -> Mapping[str, Node]:
    """Every class of nodes by its name."""
    import libcst as cst

    return {
        name: value
        for name, value in vars(cst).items()
        if isinstance(value, type) and issubclass(value, cst.CSTNode) and value.__name__ == name
    }


@cache
def _field_types() -> Mapping[Node, Mapping[str, frozenset[Node]]]:
    """For each class its fields that hold nodes, in the order of the text, and the classes that stand in each."""
    kinds = _kinds().values()

    @cache
    def concrete(base: Node) -> frozenset[Node]:
        return frozenset(kind for kind in kinds if base in kind.__mro__)  # issubclass asks ABCs a lot more

    found: dict[Node, Mapping[str, frozenset[Node]]] = {}
    for kind in kinds:
        hints = get_type_hints(kind)
        names = [*_ORDER.get(kind.__name__, ()), *(each.name for each in dataclasses.fields(kind))]
        fields = {name: frozenset[Node]().union(*map(concrete, _classes_in(hints[name]))) for name in names}
        found[kind] = {name: types for name, types in fields.items() if types}
    return found


def _classes_in(hint: object) -> Iterator[Node]:
    import libcst as cst

    if isinstance(hint, type) and issubclass(hint, cst.CSTNode):
        yield hint
    for inner in get_args(hint):
        yield from _classes_in(inner)


@cache
def _fields_towards(wanted: frozenset[Node]) -> Mapping[Node, Sequence[str]]:
    """The fields to look at on the way to ``wanted``, last one first; classes that don't lead there are missing."""
    leading = set(wanted)
    types = _field_types()
    while True:
        more = {
            kind
            for kind, fields in types.items()
            if kind not in leading and any(not leading.isdisjoint(below) for below in fields.values())
        }
        if not more:
            break
        leading |= more
    return {
        kind: [name for name, below in reversed(list(types[kind].items())) if not leading.isdisjoint(below)]
        for kind in leading
    }
