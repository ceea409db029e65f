"""Whether an expression is evaluated exactly once whenever its statement is."""

from __future__ import annotations

import libcst as cst

from .surgery import Surgery

_PURE = frozenset("bool dict float int len list max min round set sorted str sum tuple".split())


def is_run_once(surgery: Surgery, statement: cst.CSTNode, expression: cst.BaseExpression) -> bool:
    """Whether evaluating ``expression`` right before ``statement`` instead does the same: it is always evaluated, once,
    before anything else that may have an effect, and belongs to the statement itself, not to a block or a clause of it.
    """
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
    return any(_runs_once(surgery, holder, expression) for holder in holders)


def _runs_once(surgery: Surgery, node: cst.CSTNode, expression: cst.BaseExpression) -> bool:
    if node is expression:
        return True
    match node:
        case cst.Lambda() | cst.GeneratorExp() | cst.Assert() | cst.NamedExpr():
            return False
        case cst.Assign(value=inner) | cst.AnnAssign(value=inner) if inner is not None:
            inside: tuple[cst.CSTNode, ...] = (inner,)
        case cst.IfExp(test=test):
            inside = (test,)
        case cst.BooleanOperation(left=left):
            inside = (left,)
        case cst.Comparison(left=left, comparisons=[first, *_]):
            inside = (left, first)
        case cst.ListComp(for_in=clause) | cst.SetComp(for_in=clause) | cst.DictComp(for_in=clause):
            inside = (clause.iter,)
        case _:
            inside = tuple(node.children)
    start, end = surgery.part.extent(expression)
    for child in inside:
        try:
            child_start, child_end = surgery.part.extent(child)
        except KeyError:
            continue
        if child_start <= start and end <= child_end and _runs_once(surgery, child, expression):
            return True
        if child_end <= start and _has_effect(surgery, child):
            return False
    return False


def _has_effect(surgery: Surgery, node: cst.CSTNode) -> bool:
    """Whether to evaluate it may do something that what comes later depends on."""
    node = surgery.current(node)
    match node:
        case cst.Lambda():
            return False
        case cst.Await() | cst.Yield() | cst.NamedExpr():
            return True
        case cst.Call(func=func) if not (isinstance(func, cst.Name) and func.value in _PURE):
            return True
    return any(_has_effect(surgery, child) for child in node.children)
