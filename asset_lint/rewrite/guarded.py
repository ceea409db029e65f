"""Imports under ``if TYPE_CHECKING:``, moved to run time or taken away."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asset_lint.model.index import Place
    from asset_lint.model.resolving import Guarded

    from .rewriting import Rewrite


def import_at_run_time(rewrite: Rewrite, guarded: Guarded, *, near: Place) -> None:
    """Import what ``guarded`` imports at the top of the module instead, under the name that it has."""
    if rewrite.import_name(guarded.module, guarded.name, near=near) != guarded.local:
        rewrite.give_up()
    else:
        drop_guarded(rewrite, guarded)


def drop_guarded(rewrite: Rewrite, guarded: Guarded) -> None:
    """Take one name out of an import under ``if TYPE_CHECKING:``, with the block if it is left empty."""
    import libcst as cst

    statement = guarded.statement.node
    assert isinstance(statement, (ast.Import, ast.ImportFrom))
    if guarded.alone:
        rewrite.remove(guarded.block)
        rewrite.drop_import("typing", "TYPE_CHECKING")
    elif len(statement.names) == 1:
        rewrite.remove(guarded.statement)
    else:
        node = rewrite.node(guarded.statement)
        assert isinstance(node, (cst.Import, cst.ImportFrom)) and not isinstance(node.names, cst.ImportStar)
        names = [alias for index, alias in enumerate(node.names) if index != guarded.index]
        if guarded.index == len(names):
            names[-1] = names[-1].with_changes(comma=node.names[-1].comma)
        rewrite.replace(node, node.with_changes(names=names))
