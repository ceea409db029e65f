"""The walk over LibCST nodes: it must see what LibCST's own visitors see, in the order of the text."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import libcst as cst
import pytest

from asset_lint.engine.walk import Definitions, Walk, possible
from asset_lint.errors import RuleError
from asset_lint.model.index import Module
from asset_lint.source import Source

PACKAGE = Path(__file__).parents[1] / "asset_lint"
EXAMPLE = '''
@first(x)
@second
async def f(a, /, b: int = 1, *args, c=[d for d in e if d], **kwargs) -> None:
    """Text."""
    global g
    assert a, "b"
    del a[0], b.c
    x = y = {1: 2, **z}, {3, *q}, [4, *r], (5,)
    x += -1 if not a and b or c < d is e else lambda p, *q, r=1: p
    n: int = (yield)
    async with a as b, c: pass
    async for i in j:
        continue
    else:
        pass
    for i, *k in j: break
    while (w := v): await w
    try:
        import os.path as path, sys
        from . import *
        from ..a import (b as c)
    except (A, B) as error:
        raise error from None
    except C:
        raise
    else:
        return
    finally:
        f"{a!r:>{width}}" "text" b"bytes" 1.0 2j ... @ m
    class K(Base, metaclass=M):
        nonlocal_ = {i: j for i in k}
        def method(self): return self.x[1:2, ::3, ...]
    def inner(): return inner
    match a:
        case [1, *rest] | {"k": v, **more} | Point(x=0) if a: pass
        case -1 | None | "s" as t: pass
        case _: pass
    print(*a, *[i async for i in j], *(k for k in {l for l in m}), sep="", **b)
    yield from x; nonlocal_
'''.replace('"bytes" 1.0 2j ... @ m', '"bytes"; 1.0, 2j, ... @ m').replace('"text" b', '"text"; b')


@cache
def module(path: Path | None) -> Module:
    source = Source("m.py", EXAMPLE.encode()) if path is None else Source.read(path)
    tree = source.parse()
    source.cut(tree)
    return Module("m", "m.py", source, tree)


SAMPLES = [None, *sorted(PACKAGE.rglob("source/*.py")), *sorted(PACKAGE.rglob("config/*.py"))]
sample = pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name if path else "example")


def all_below(root: cst.FunctionDef) -> Iterator[cst.CSTNode]:
    """Every node as LibCST itself finds it, nested functions left out."""
    yield root
    stack = list(root.children)
    while stack:
        node = stack.pop()
        if not isinstance(node, cst.FunctionDef):
            yield node
            stack.extend(node.children)


def functions(held: Module) -> Iterator[tuple[ast.AST, cst.FunctionDef]]:
    definitions = Definitions(held)
    for each in held.functions:
        yield each.node, definitions.node(each.node)


@sample
def test_functions_are_found_in_both_trees(path: Path | None) -> None:
    held = module(path)
    for function, node in functions(held):
        assert isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
        assert held.source.span_of_cst(node) == held.span(function)


@sample
def test_every_node_of_every_class_is_seen(path: Path | None) -> None:
    for _, root in functions(module(path)):
        expected: dict[str, set[int]] = {}
        for node in all_below(root):
            expected.setdefault(type(node).__name__, set()).add(id(node))
        for name, nodes in expected.items():
            assert {id(node) for node in Walk([name]).below(root)} == nodes
        everything = [id(node) for node in Walk(expected).below(root)]
        assert len(everything) == len(set(everything))
        assert set(everything) == set().union(*expected.values())


@sample
def test_nodes_come_in_the_order_of_the_text(path: Path | None) -> None:
    held = module(path)
    names = ["Name", "Call", "Attribute", "SimpleString", "Param", "Arg", "Return", "Decorator", "Annotation", "IfExp"]
    for _, root in functions(held):
        starts = [held.source.span_of_cst(node).start for node in Walk(names).below(root)]
        assert starts == sorted(starts)


@sample
def test_a_class_that_has_a_node_is_never_ruled_out(path: Path | None) -> None:
    held = module(path)
    for function, root in functions(held):
        there = {type(node).__name__ for node in all_below(root)} - {"FunctionDef"}
        for name in there:
            assert possible([name], function) == [name]
        assert possible(sorted(there), function) == sorted(there)


def test_a_class_that_has_no_node_is_ruled_out_by_the_tree_of_the_standard_library() -> None:
    function = ast.parse("def f():\n    return g(1)\n").body[0]
    assert possible(["ExceptHandler", "Call", "With", "Lambda", "Return", "Arg"], function) == ["Call", "Return", "Arg"]
    assert possible(["ExceptHandler", "With", "Return"], function) == ["Return"]


def test_functions_of_one_name_are_told_apart() -> None:
    text = "if a:\n    def f(): return 1\nelse:\n    def f(): return 2\n\n    class f:\n        def f(self): pass\n"
    source = Source("m.py", text.encode())
    held = Module("m", "m.py", source, source.parse())
    places = [held.source.span_of_cst(node).line for _, node in functions(held)]
    assert places == [2, 4, 7]


@pytest.mark.parametrize(
    ("name", "complaint"),
    [("Cal", "no class `Cal`"), ("If_test", "no class `If_test`"), ("Module", "no function holds")],
)
def test_a_class_that_is_never_met_is_refused(name: str, complaint: str) -> None:
    with pytest.raises(RuleError, match=complaint):
        Walk(["Call", name])
