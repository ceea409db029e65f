"""Writing what every DuckDB version in use has, instead of a name that some of them lack."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from asset_lint.model.index import Place

from .results import query_as_relation

if TYPE_CHECKING:
    import libcst as cst

    from asset_lint.model.assets import Function
    from asset_lint.model.members import Member

    from .rewriting import Rewrite

TABLES = frozenset(("arrow", "fetch_arrow_table"))
READERS = frozenset(("arrow", "fetch_record_batch"))


def migrate(rewrite: Rewrite, function: Function, member: Member) -> None:
    """Fetch through a relation what was fetched from the result of ``execute``; limit what was fetched in part."""
    import libcst as cst

    if member.call is None or not isinstance(member.call.node, ast.Call) or member.call.node.keywords:
        rewrite.give_up()
        return
    call = rewrite.node(member.call, cst.Call)
    if member.receiver == "connection":
        _of_execute(rewrite, function, member, call)
    elif member.receiver == "relation" and member.of_call and member.name == "fetchmany" and len(call.args) == 1:
        assert isinstance(call.func, cst.Attribute)
        limited = call.with_changes(func=call.func.with_changes(attr=cst.Name("limit")))
        rewrite.replace(call, cst.Call(cst.Attribute(limited, cst.Name("fetchall"))))
    else:
        rewrite.give_up()


def _of_execute(rewrite: Rewrite, function: Function, member: Member, call: cst.Call) -> None:
    import libcst as cst

    assert isinstance(call.func, cst.Attribute)
    if member.of_execute is None or call.args:
        rewrite.give_up()
        return
    query_as_relation(rewrite, function, member.of_execute)
    if member.name == "pl":
        return
    rewrite.replace(call.func.attr, cst.Name("to_arrow_table"))
    if member.read_out is not None and member.name in READERS:
        rewrite.replace(member.read_out, call)  # a table needs no reading
    elif member.name != "fetch_arrow_table" and not member.takes_either:
        rewrite.give_up()


def rename(rewrite: Rewrite, place: Place, name: str) -> None:
    """Read ``name`` instead of the name that is read at ``place``."""
    import libcst as cst

    rewrite.replace(rewrite.node(place, cst.Attribute).attr, cst.Name(name))


def leave_out(rewrite: Rewrite, place: Place) -> None:
    """Write ``owner`` instead of ``owner.name``."""
    import libcst as cst

    attribute = rewrite.node(place, cst.Attribute)
    rewrite.replace(attribute, attribute.value)
