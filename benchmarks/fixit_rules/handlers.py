"""AL301 for Fixit."""

from __future__ import annotations

import libcst as cst

from . import ComputeRule


class BareExcept(ComputeRule):
    """A bare ``except`` that raises nothing."""

    MESSAGE = "catches everything"

    def visit_ExceptHandler(self, node: cst.ExceptHandler) -> None:
        if not self.inside:
            return
        if node.type is not None and not (isinstance(node.type, cst.Name) and node.type.value == "BaseException"):
            return
        for statement in node.body.body:
            if isinstance(statement, cst.SimpleStatementLine) and isinstance(statement.body[-1], cst.Raise):
                return
        self.report(node, self.MESSAGE)
