"""Whether an expression is evaluated exactly once whenever its statement is."""

from __future__ import annotations

import libcst as cst

from asset_lint.source import Slice


def is_run_once(part: Slice, statement: cst.CSTNode, expression: cst.BaseExpression) -> bool:
    """Whether evaluating ``expression`` right before ``statement`` instead does the same: it is always evaluated, once,
    and belongs to the statement itself, not to a block or a clause of it."""
    match statement:
        case cst.SimpleStatementLine(body=[_]):
            holders: tuple[cst.CSTNode, ...] = (statement.body[0],)
        case cst.If(test=test):
            holders = (test,)
        case cst.For(iter=iterable, asynchronous=None):
            holders = (iterable,)
        case cst.With(items=[first, *_]):
            holders = (first,)
        case cst.Match(subject=subject):
            holders = (subject,)
        case _:
            return False
    return any(_runs_once(part, holder, expression) for holder in holders)


def _runs_once(part: Slice, node: cst.CSTNode, expression: cst.BaseExpression) -> bool:
    if node is expression:
        return True
    match node:
        case cst.Lambda() | cst.GeneratorExp() | cst.Assert() | cst.NamedExpr():
            return False
        case cst.IfExp(test=test):
            inside: tuple[cst.CSTNode, ...] = (test,)
        case cst.BooleanOperation(left=left):
            inside = (left,)
        case cst.Comparison(left=left, comparisons=[first, *_]):
            inside = (left, first)
        case cst.ListComp(for_in=clause) | cst.SetComp(for_in=clause) | cst.DictComp(for_in=clause):
            inside = (clause.iter,)
        case _:
            inside = tuple(node.children)
    start, end = part.extent(expression)
    for child in inside:
        try:
            child_start, child_end = part.extent(child)
        except KeyError:
            continue
        if child_start <= start and end <= child_end and _runs_once(part, child, expression):
            return True
    return False
