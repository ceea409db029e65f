"""What an expression is made of that only a run can tell: a partition key, configuration, data read or computed."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING

from asset_lint.source.nodes import all_nodes, called_name

from .index import Assigned, Class, Def, Place, Scope
from .values import Context, Method, Origin, Text

if TYPE_CHECKING:
    from .project import Project
    from .texts import Hole

PARTITION = frozenset(
    """partition_key partition_key_range partition_time_window asset_partition_key_for_output partition_keys
    asset_partition_key_range asset_partitions_time_window_for_output""".split()
)
RUN = frozenset("run_id run retry_number job_name".split())
CLOCKS = frozenset(
    """datetime.datetime datetime.date datetime.time datetime.timedelta time uuid random secrets pandas.Timestamp
    pandas.to_datetime pandas.Timedelta pendulum dateutil arrow requests httpx json.loads json.load yaml.safe_load
    urllib.request boto3 secrets hashlib""".split()
)
FETCHING = frozenset(
    """fetchone fetchall fetchmany fetchdf fetch_df df pl fetchnumpy json iterrows itertuples to_dict to_dicts tolist
    iter_rows to_list unique read readlines read_text""".split()
)
NUMBERS = frozenset("int float len round sum abs count timestamp total_seconds bool ord".split())
TEXT_GIVING = frozenset("str strftime isoformat strip lstrip rstrip lower upper title format join replace".split())
GIVEN = frozenset(("a partition key", "the value of an upstream asset"))
_DEPTH = 6


def source_of(hole: Hole, project: Project) -> str:
    """What a value known only at run time is; "" for constants, numbers, quoted texts, and what can't be told."""
    place = hole.place
    tracer = Tracer(project, place)
    if tracer.definition is None or tracer.is_number(place.node) or tracer.is_quoted(place.node):
        return ""
    for value in hole.values:
        if isinstance(value, Method) and (known := _of_context(value)):
            return known
        if isinstance(value, Text) and not value.handed:
            if value.origin is Origin.UPSTREAM:
                return "a partition key" if tracer.names(place.node) & PARTITION else "the value of an upstream asset"
            if value.origin is Origin.FIELD:
                return "configuration"
            if value.origin is Origin.ENVIRONMENT:
                return "an environment variable"
    if any(isinstance(value, Context) for value in hole.values):
        return ""
    return tracer.source(place.node)


def _of_context(value: Method) -> str:
    current: object = value
    while isinstance(current, Method):
        if current.name in PARTITION:
            return "a partition key"
        if current.name in RUN:
            return "the run's own data"
        current = current.receiver
    return "configuration" if isinstance(current, Text) and current.origin is Origin.FIELD else ""


class Tracer:
    """Follows an expression back through the plain assignments of its function."""

    def __init__(self, project: Project, place: Place) -> None:
        self.names_of = project.names
        self.project = project
        self.definition = place.module.function_around(place.node.lineno)  # type: ignore[attr-defined]
        self.scope: Scope = self.definition.inner if self.definition is not None else place.module.scope

    def names(self, node: ast.AST, depth: int = 0) -> set[str]:
        """The attributes that it reads, through its variables."""
        found: set[str] = set()
        for inner in all_nodes(node):
            if isinstance(inner, ast.Attribute):
                found.add(inner.attr)
            elif isinstance(inner, ast.Name) and depth < _DEPTH:
                for value in self.bound_to(inner.id):
                    found |= self.names(value, depth + 1)
        return found

    def bound_to(self, name: str) -> list[ast.expr]:
        """What a variable of the function, or of one around it, may have been assigned or have been taken out of."""
        known = self.scope.lookup(name)
        if known is None or (holder := known[1].function) is None:
            return []
        found: list[ast.expr] = [b.value for b in known[0] if isinstance(b, Assigned)]
        binding: Sequence[ast.For | ast.AsyncFor | ast.comprehension | ast.Assign] = holder.nodes_of(
            ast.For, ast.AsyncFor, ast.comprehension, ast.Assign
        )
        for node in binding:
            if not isinstance(node, ast.Assign):
                if _binds_name(node.target, name):
                    found.append(node.iter)
            elif any(isinstance(t, (ast.Tuple, ast.List)) and _binds_name(t, name) for t in node.targets):
                found.append(node.value)
        return found

    def is_number(self, node: ast.AST, depth: int = 0) -> bool:
        """Whether it is shown to be a number: nothing that a quote could break."""
        if isinstance(node, ast.Constant):
            return isinstance(node.value, (int, float))
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", None) or getattr(node.func, "attr", "")
            return name in NUMBERS or (name in ("min", "max") and all(self.is_number(a, depth + 1) for a in node.args))
        if isinstance(node, ast.BinOp):
            return self.is_number(node.left, depth + 1) and self.is_number(node.right, depth + 1)
        if isinstance(node, ast.Attribute):
            return self._field_type(node) in ("int", "float", "bool") or node.attr in ("year", "month", "day", "hour")
        if isinstance(node, ast.Name) and depth < _DEPTH:
            if self._annotation(node.id) in ("int", "float", "bool"):
                return True
            bound = self.bound_to(node.id)
            return bool(bound) and all(self.is_number(value, depth + 1) for value in bound)
        return False

    def is_text(self, node: ast.AST, depth: int = 0) -> bool:
        """Whether it is shown to be a ``str``."""
        if isinstance(node, ast.Constant):
            return isinstance(node.value, str)
        if isinstance(node, ast.JoinedStr):
            return True
        if isinstance(node, ast.Call):
            name = called_name(node)
            return name in TEXT_GIVING
        if isinstance(node, ast.Attribute):
            return node.attr in ("partition_key", "run_id") or self._field_type(node) == "str"
        if isinstance(node, ast.Subscript):
            if isinstance(node.slice, ast.Slice):
                return self.is_text(node.value, depth + 1)
            owner = node.value.func if isinstance(node.value, ast.Call) else None
            return isinstance(owner, ast.Attribute) and owner.attr in ("split", "rsplit", "partition", "rpartition")
        if isinstance(node, ast.Name) and depth < _DEPTH:
            if self._annotation(node.id) == "str":
                return True
            bound = self.bound_to(node.id)
            return bool(bound) and all(self.is_text(value, depth + 1) for value in bound)
        return False

    def _annotation(self, name: str) -> str:
        for parameter in self.definition.parameters if self.definition is not None else ():
            if parameter.arg == name and isinstance(parameter.annotation, ast.Name):
                return parameter.annotation.id
        return ""

    def _field_type(self, node: ast.Attribute) -> str:
        """The annotation of a field of a config or resource of the project: ``config.limit``."""
        if not isinstance(node.value, ast.Name):
            return ""
        for parameter in self.definition.parameters if self.definition is not None else ():
            if parameter.arg == node.value.id and parameter.annotation is not None:
                for target in self.names_of.resolve(parameter.annotation, self.scope):
                    field = getattr(target, "fields", {}).get(node.attr)
                    if field is not None and isinstance(field.annotation, ast.Name):
                        return str(field.annotation.id)
        return ""

    def _is_field_of_self(self, node: ast.Attribute) -> bool:
        """``self.table`` in a method of a resource or component, or in a function nested in one."""
        current = self.definition
        while current is not None and current.owner is None:
            current = current.parent
        if current is None or current.owner is None or not current.parameters or not isinstance(node.value, ast.Name):
            return False
        return node.value.id == current.parameters[0].arg and any(
            isinstance(base, Class) and node.attr in base.fields for base in self.names_of.ancestry(current.owner)
        )

    def is_quoted(self, node: ast.AST) -> bool:
        """Whether quotes in it, or in the variables that it is made of, have been doubled, by hand or by a helper that
        does so."""
        todo, seen = [node], set[str]()
        while todo:
            for inner in all_nodes(todo.pop()):
                if isinstance(inner, ast.Call):
                    if _doubles_quotes(inner) or self._calls_what_doubles_quotes(inner):
                        return True
                elif isinstance(inner, ast.Name) and inner.id not in seen:
                    seen.add(inner.id)
                    todo += self.bound_to(inner.id)
        return False

    def _calls_what_doubles_quotes(self, node: ast.Call) -> bool:
        if not isinstance(node.func, (ast.Name, ast.Attribute)):
            return False
        targets = self.names_of.resolve(node.func, self.scope)
        return any(
            any(map(_doubles_quotes, target.every_node_of(ast.Call))) for target in targets if isinstance(target, Def)
        )

    def source(self, node: ast.AST, depth: int = 0) -> str:
        """What run-time value an expression of unknown value is made of, "" if none is shown."""
        if depth > _DEPTH:
            return ""
        if isinstance(node, ast.Name):
            return next((s for v in self.bound_to(node.id) if (s := self.source(v, depth + 1))), "")
        if isinstance(node, (ast.Attribute, ast.Subscript, ast.Starred, ast.Await, ast.FormattedValue)):
            if isinstance(node, ast.Attribute) and node.attr in PARTITION:
                return "a partition key"
            if isinstance(node, ast.Attribute) and self._is_field_of_self(node):
                return "configuration"
            return self.source(node.value, depth + 1)
        if isinstance(node, ast.BinOp):
            return self.source(node.left, depth + 1) or self.source(node.right, depth + 1)
        if isinstance(node, ast.JoinedStr):
            return next((s for v in node.values if (s := self.source(v, depth + 1))), "")
        if isinstance(node, ast.Call):
            return self._of_call(node, depth)
        return ""

    def _of_call(self, node: ast.Call, depth: int) -> str:
        name = self.names_of.external(node.func, self.scope)
        if name and any(name == head or name.startswith(f"{head}.") for head in CLOCKS):
            return "a value computed at run time"
        if isinstance(node.func, ast.Attribute):
            if node.func.attr in FETCHING and not name:
                return "data read at run time"
            return self.source(node.func.value, depth + 1)
        if isinstance(node.func, ast.Name) and node.func.id in ("str", "sorted", "list", "set", "enumerate", "zip"):
            return next((s for a in node.args if (s := self.source(a, depth + 1))), "")
        return ""


def _binds_name(target: ast.AST, name: str) -> bool:
    return any(isinstance(n, ast.Name) and n.id == name for n in all_nodes(target))


def _doubles_quotes(node: ast.Call) -> bool:
    """``text.replace("'", "''")``."""
    match node:
        case ast.Call(func=ast.Attribute(attr="replace"), args=[ast.Constant(value="'"), ast.Constant(value=new)]):
            return new in ("''", "\\'")
    return False
