"""AL201 and AL203 for Fixit."""

from __future__ import annotations

import libcst as cst

from . import ComputeRule


class UnclosedConnection(ComputeRule):
    """A connection is assigned and no ``finally`` of the function closes it."""

    MESSAGE = "the connection is not closed on every way out"

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[dict[str, cst.CSTNode]] = []
        self.finals = 0

    def visit_FunctionDef(self, node: cst.FunctionDef) -> None:
        super().visit_FunctionDef(node)
        self.opened.append({})

    def leave_FunctionDef(self, original_node: cst.FunctionDef) -> None:
        if self.inside:
            for node in self.opened[-1].values():
                self.report(node, self.MESSAGE)
        self.opened.pop()
        super().leave_FunctionDef(original_node)

    def visit_Assign(self, node: cst.Assign) -> None:
        super().visit_Assign(node)
        target = node.targets[0].target
        if self.inside and isinstance(target, cst.Name) and self.opens(node.value):
            self.opened[-1][target.value] = node

    def visit_Finally(self, node: cst.Finally) -> None:
        self.finals += 1

    def leave_Finally(self, original_node: cst.Finally) -> None:
        self.finals -= 1

    def visit_Call(self, node: cst.Call) -> None:
        match node.func:
            case cst.Attribute(value=cst.Name(value=name), attr=cst.Name(value="close")):
                if self.finals and self.opened:
                    self.opened[-1].pop(name, None)

    def visit_Return(self, node: cst.Return) -> None:
        if self.opened and isinstance(node.value, cst.Name):
            self.opened[-1].pop(node.value.value, None)


class HardcodedPath(ComputeRule):
    """``duckdb.connect`` of a literal, or of a constant of the module."""

    MESSAGE = "the database's path is a literal"

    def __init__(self) -> None:
        super().__init__()
        self.constants: set[str] = set()

    def visit_Module(self, node: cst.Module) -> None:
        super().visit_Module(node)
        self.constants = set()

    def visit_Assign(self, node: cst.Assign) -> None:
        super().visit_Assign(node)
        target = node.targets[0].target
        if not self.functions and isinstance(target, cst.Name) and self.is_literal(node.value):
            self.constants.add(target.value)

    def visit_Call(self, node: cst.Call) -> None:
        if not self.inside or not node.args or self.dotted(node.func) != "duckdb.connect":
            return
        if self.is_literal(node.args[0].value):
            self.report(node, self.MESSAGE)

    def is_literal(self, node: cst.BaseExpression) -> bool:
        match node:
            case cst.SimpleString():
                return ":memory:" not in node.value and "md:" not in node.value
            case cst.Name(value=name):
                return name in self.constants
            case cst.FormattedString(parts=parts):
                return all(
                    isinstance(p, cst.FormattedStringText)
                    or (isinstance(p, cst.FormattedStringExpression) and self.is_literal(p.expression))
                    for p in parts
                )
            case cst.Call(func=cst.Name(value="str" | "Path"), args=[cst.Arg(value=value)]):
                return self.is_literal(value)
        return False
