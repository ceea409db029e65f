"""Helpers that open a connection for others and promise to close it: context managers, resources with a life cycle."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from asset_lint.source.nodes import all_nodes, own_nodes

from .index import Class, Def
from .knowledge import dagster_public_name
from .names import External

if TYPE_CHECKING:
    from .facts import Facts

MANAGERS = frozenset(("contextlib.contextmanager", "contextlib.asynccontextmanager"))
TEARDOWN = frozenset(("teardown_after_execution", "yield_for_execution"))
PLAIN_BASES = frozenset(("abc.ABC", "typing.Generic", "typing.Protocol", "pydantic.BaseModel", "builtins.object"))


def lends(definition: Def, facts: Facts) -> bool:
    """Whether it is a context manager into which the errors of its users' blocks are thrown.

    Dagster takes a resource up again as if nothing had happened, whatever the asset raised: ``yield_for_execution``
    and ``@resource`` functions are none.
    """
    decorators = facts.decorators(definition)
    return (
        bool(MANAGERS & decorators)
        and definition.is_generator
        and definition.name != "yield_for_execution"
        and not any(dagster_public_name(name) == "resource" for name in decorators)
    )


def is_never_torn_down(definition: Def, attribute: str, facts: Facts) -> bool:
    """Whether a resource's ``setup_for_execution`` keeps in ``self.<attribute>`` what nothing closes in the end."""
    owner = definition.owner
    if owner is None or definition.name != "setup_for_execution":
        return False
    for base in facts.names.ancestry(owner):
        if isinstance(base, External):
            if base.name not in PLAIN_BASES and dagster_public_name(base.name) is None:
                return False  # a library's class may close what it finds
        elif not isinstance(base, Class) or TEARDOWN & base.methods.keys() or _has_unknown_base(base, facts):
            return False
        else:
            for method in base.methods.values():
                if _closes(method, attribute) and (method.name.startswith("__") or facts.reach.is_called(method)):
                    return False
    return True


def _has_unknown_base(klass: Class, facts: Facts) -> bool:
    heads = (base.value if isinstance(base, ast.Subscript) else base for base in klass.node.bases)
    return any(not facts.names.resolve(head, klass.scope) for head in heads)


def _closes(method: Def, attribute: str) -> bool:
    """Whether a method closes ``self.<attribute>``, or holds it in a ``with``."""
    for node in own_nodes(method.node):
        if isinstance(node, ast.Attribute) and node.attr in ("close", "__exit__"):
            if isinstance(node.value, ast.Attribute) and node.value.attr == attribute:
                return True
        elif isinstance(node, ast.withitem):
            if any(isinstance(n, ast.Attribute) and n.attr == attribute for n in all_nodes(node.context_expr)):
                return True
    return False
