"""AL101 and AL102 for Fixit."""

from __future__ import annotations

import libcst as cst

from . import ComputeRule


class ReturnedRelation(ComputeRule):
    """A relation is returned from a compute function."""

    MESSAGE = "a relation leaves the asset"

    def visit_Return(self, node: cst.Return) -> None:
        if self.inside and node.value is not None and self.is_relation(node.value):
            self.report(node, self.MESSAGE)


class ReturnedConnection(ComputeRule):
    """A connection is returned from a compute function."""

    MESSAGE = "a connection leaves the asset"

    def visit_Return(self, node: cst.Return) -> None:
        if self.inside and node.value is not None and self.is_connection(node.value):
            self.report(node, self.MESSAGE)
