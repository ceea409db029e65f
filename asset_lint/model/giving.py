"""What a compute function gives Dagster: nothing, or the values of its returns, and who takes them."""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from asset_lint.source.nodes import all_nodes

from .assets import Role
from .decorators import Kind
from .handlers import ends_of
from .knowledge import dagster_public_name
from .pydata import data_of
from .pykinds import PyKind
from .storage import Storage, storage_of
from .values import ANY

if TYPE_CHECKING:
    from .assets import Function

TYPES = {
    PyKind.FRAME: ("pandas", "DataFrame"),
    PyKind.POLARS_FRAME: ("polars", "DataFrame"),
    PyKind.ARROW_TABLE: ("pyarrow", "Table"),
    PyKind.LIST: ("", "list"),
    PyKind.DICT: ("", "dict"),
    PyKind.INT: ("", "int"),
    PyKind.FLOAT: ("", "float"),
    PyKind.STR: ("", "str"),
    PyKind.BOOL: ("", "bool"),
}
_DECIDED = frozenset(("dagster_type", "output_required"))  # what a decorator may say of the value itself


class Giving:
    """What one compute function gives."""

    def __init__(self, function: Function) -> None:
        assert function.project is not None
        self._function = function
        self._project = function.project

    @cached_property
    def returns(self) -> Sequence[ast.Return]:
        """Its ``return`` statements, in the order of the source."""
        return self._function.nodes(ast.Return)

    @cached_property
    def nothing(self) -> bool:
        """Whether every path through it that does not raise ends without a value, and nothing else makes one."""
        if self._function.definition.is_generator or self.altered:
            return False
        ends_by_raising = not self.returns and isinstance(self._function.node.body[-1], ast.Raise)
        return not ends_by_raising and all(_is_none(node.value) for node in self.returns)

    @cached_property
    def altered(self) -> bool:
        """Whether something else than its body may decide what Dagster gets: another decorator, an argument of
        Dagster's own."""
        decorators, decorator = self._function.node.decorator_list, self._function.decorator
        if any(other is not decorator for other in decorators) or decorator is None:
            return True
        return any(isinstance(node, ast.keyword) and node.arg in _DECIDED for node in all_nodes(decorator))

    @cached_property
    def known_type(self) -> tuple[str, str] | None:
        """Module ("" for the builtins) and name of the type that it gives on every path; None where that isn't known.

        A context manager that swallows errors would let it give nothing as well: with one there is no knowing.
        """
        body = self._function.node.body
        if self.several or self.altered or self._function.definition.is_generator or "end" in ends_of(body):
            return None
        if any(isinstance(node, ast.Attribute) and node.attr == "suppress" for node in self._function.nodes()):
            return None
        types = {self._type_of(node.value) for node in self.returns}
        return types.pop() if len(types) == 1 else None

    def _type_of(self, value: ast.expr | None) -> tuple[str, str] | None:
        if value is None:
            return None
        if isinstance(value, ast.Call):
            external = self._project.names.external(value.func, self._function.definition.inner)
            if dagster_public_name(external) == "MaterializeResult":
                return "dagster", "MaterializeResult"
        found = [data_of(each) for each in self._function.run.values.get(value, ANY)]
        kinds = {kind for data in found if data is not None for kind in data.kinds}
        return TYPES.get(kinds.pop()) if len(kinds) == 1 and None not in found else None

    @property
    def several(self) -> bool:
        """Whether it may have several outputs: Dagster then refuses ``-> None``."""
        return self._function.kind is Kind.MULTI_ASSET

    @cached_property
    def stored_as_usual(self) -> bool:
        """Whether what stores its value is known: Dagster's default, or a library's IO manager."""
        return storage_of(self._function) is Storage.FAILS

    @cached_property
    def taken(self) -> bool:
        """Whether another compute function of its code location may take its value as a parameter."""
        names = self._keys()
        project, own = self._project, self._function.definition
        pattern = re.compile(rb"\b(?:" + b"|".join(re.escape(name.encode()) for name in sorted(names)) + rb")\b")
        for path in project.matching(pattern, project.location_of(self._function.module.file)):
            module = project.load(path) if b"dagster" in project.data(path) else None
            if module is None:
                continue
            for function in project.functions(module):
                if function.is_compute and function.definition is not own and _takes(function, names):
                    return True
        return False

    def _keys(self) -> set[str]:
        """The names by which others may speak of its asset."""
        names = {self._function.name}
        if self._function.decorator is not None:
            for node in all_nodes(self._function.decorator):
                if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
                    names.add(node.value)
        return names


def _is_none(value: ast.expr | None) -> bool:
    return value is None or (isinstance(value, ast.Constant) and value.value is None)


def _takes(function: Function, names: set[str]) -> bool:
    """Whether one of its inputs has one of ``names``, or is mapped to it by ``ins``."""
    if any(p.role is Role.UPSTREAM and p.name in names for p in function.parameters):
        return True
    mapped = [
        node.value
        for node in all_nodes(function.decorator or ast.Pass())
        if isinstance(node, ast.keyword) and node.arg == "ins"
    ]
    return any(
        (isinstance(part, ast.Constant) and part.value in names) or (isinstance(part, ast.Name) and part.id in names)
        for value in mapped
        for part in all_nodes(value)
    )
