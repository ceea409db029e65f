"""The nodes of a tree, and the import statements of a file, as quick ways find them that most of a check rests on."""

from __future__ import annotations

import ast
from pathlib import Path

import fixture_tools as ft
import pytest

from asset_lint.model.project import Project
from asset_lint.source.nodes import all_nodes

ASIDE = (ast.expr_context, ast.boolop, ast.operator, ast.unaryop, ast.cmpop)
SYNTAX = """\
async def f(a, /, b: int = 1, *args: str, c, d=2, **named) -> None:
    global g
    {**a, 'k': [x async for x in b if x]}, f'{a!r:>{b}}', a[1:2, ...], (y := -a)
    async with a as (b, c): await (yield)
    match a:
        case {"k": [1, *rest], **others} | C(x=None) if a is not b: del a
    try: raise a from b
    except* E as e: assert not e, "no"
    else: lambda *, z=1: z if z < 2 <= 3 else (yield from a)
"""


def trees() -> list[ast.Module]:
    files = sorted(ft.FIXTURES.rglob("*.py"))[::40]
    texts = [file.read_bytes() for file in files]
    found = []
    for text in [SYNTAX.replace("except*", "except").encode(), *texts]:
        try:
            found.append(ast.parse(text))
        except SyntaxError:  # some are written for a newer Python
            continue
    return found


def test_every_node_is_found_but_operators_and_contexts() -> None:
    parsed = trees()
    assert len(parsed) > 20
    for tree in parsed:
        wanted = [node for node in ast.walk(tree) if not isinstance(node, ASIDE)]
        assert [id(node) for node in all_nodes(tree)] == [id(node) for node in wanted]


@pytest.mark.parametrize(
    "text, statements",
    [
        ("import a, b.c as d\n", [("", "", "a, b.c as d")]),
        ("\ufefffrom .a import b\r\n  from . import (c,\r\n d)\r\n", [(".a", "b", ""), (".", "(c,\r\n d)", "")]),
        ("x = 1\rimport a\ry = 2\r", [("", "", "a")]),
        ("important = 1  # import this\n'import that'\nfrom x import(y)\n", [("x", "(y)", "")]),
        ("from a import (b,  # import c\n c); import d\nimport e", [("a", "(b,  # import c\n c)", ""), ("", "", "e")]),
    ],
)  # fmt: skip
def test_import_statements_are_read_off_the_bytes(
    tmp_path: Path, text: str, statements: list[tuple[str, str, str]]
) -> None:
    file = tmp_path / "module.py"
    file.write_bytes(text.encode())
    found = Project(tmp_path).import_statements(str(file))
    assert [tuple(part.decode() for part in each) for each in found] == statements
