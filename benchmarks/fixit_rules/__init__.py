"""Five rules for Fixit that look for what asset-lint's AL101, AL102, AL201, AL203 and AL301 look for.

Written for speed as far as Fixit's interface lets one: one batched walk, no scope or qualified-name provider, the
imports tracked by hand. They see one file and no flow of values.
"""

from __future__ import annotations

import libcst as cst
from fixit import LintRule

COMPUTE = frozenset({"asset", "multi_asset", "op", "asset_check", "multi_asset_check", "observable_source_asset"})
RELATIONS = frozenset({"sql", "query", "table", "view", "values", "from_df", "read_csv", "read_parquet", "read_json"})
LAZY = frozenset({"filter", "project", "order", "limit", "aggregate", "join", "union", "distinct"})


class ComputeRule(LintRule):
    """Knows in which compute function the walk stands and what its names hold."""

    def __init__(self) -> None:
        super().__init__()
        self.modules: dict[str, str] = {}
        self.functions: list[bool] = []
        self.connections: list[set[str]] = []
        self.relations: list[set[str]] = []

    def visit_Module(self, node: cst.Module) -> None:
        self.modules = {}

    def visit_Import(self, node: cst.Import) -> None:
        for alias in node.names:
            name = alias.evaluated_name
            self.modules[alias.evaluated_alias or name.partition(".")[0]] = name

    def visit_ImportFrom(self, node: cst.ImportFrom) -> None:
        if node.module is not None and not isinstance(node.names, cst.ImportStar):
            module = cst.helpers.get_full_name_for_node(node.module) or ""
            for alias in node.names:
                self.modules[alias.evaluated_alias or alias.evaluated_name] = f"{module}.{alias.evaluated_name}"

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        self.functions.append(any(self.is_compute(d.decorator) for d in node.decorators))
        self.connections.append(set())
        self.relations.append(set())

    def leave_FunctionDef(self, original_node: cst.FunctionDef) -> None:
        self.functions.pop()
        self.connections.pop()
        self.relations.pop()

    def visit_Assign(self, node: cst.Assign) -> None:
        target = node.targets[0].target
        if self.inside and isinstance(target, cst.Name):
            self.bind(target.value, node.value)

    def visit_WithItem(self, node: cst.WithItem) -> None:
        if self.inside and node.asname is not None and isinstance(node.asname.name, cst.Name):
            self.bind(node.asname.name.value, node.item)

    def bind(self, name: str, value: cst.BaseExpression) -> None:
        if self.is_connection(value):
            self.connections[-1].add(name)
        elif self.is_relation(value):
            self.relations[-1].add(name)

    @property
    def inside(self) -> bool:
        return bool(self.functions) and self.functions[-1]

    def dotted(self, node: cst.BaseExpression) -> str:
        parts: list[str] = []
        while isinstance(node, cst.Attribute):
            parts.append(node.attr.value)
            node = node.value
        if not isinstance(node, cst.Name):
            return ""
        return ".".join([self.modules.get(node.value, ""), *reversed(parts)])

    def is_compute(self, decorator: cst.BaseExpression) -> bool:
        if isinstance(decorator, cst.Call):
            decorator = decorator.func
        module, _, name = self.dotted(decorator).rpartition(".")
        return module == "dagster" and name in COMPUTE

    def opens(self, node: cst.BaseExpression) -> bool:
        if not isinstance(node, cst.Call):
            return False
        if self.dotted(node.func) == "duckdb.connect":
            return True
        return isinstance(node.func, cst.Attribute) and node.func.attr.value == "get_connection"

    def is_connection(self, node: cst.BaseExpression) -> bool:
        if isinstance(node, cst.Name):
            return bool(self.connections) and node.value in self.connections[-1]
        if self.opens(node):
            return True
        if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
            return node.func.attr.value in {"execute", "cursor"} and self.is_connection(node.func.value)
        return False

    def is_relation(self, node: cst.BaseExpression) -> bool:
        if isinstance(node, cst.Name):
            return bool(self.relations) and node.value in self.relations[-1]
        if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
            method, owner = node.func.attr.value, node.func.value
            return (method in RELATIONS and self.is_connection(owner)) or (method in LAZY and self.is_relation(owner))
        return False
