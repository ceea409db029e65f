"""Lines put into the ``with`` block of a function that holds a connection."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from random import Random
from textwrap import dedent

from .repository import ASSETS, Candidate, Mutant, Opening, Operator
from .text import Splice


def blocks(candidate: Candidate) -> Iterator[tuple[Opening, ast.With, str]]:
    """``with`` blocks that hold a connection to a file, with the indentation of their body."""
    for opening in candidate.openings:
        holder = opening.holder
        if isinstance(holder, ast.With) and holder.body[0].lineno > holder.lineno:
            yield opening, holder, candidate.text.indent(holder.body[0])


def asks_plainly(candidate: Candidate) -> bool:
    """Whether all its SQL stands written where it is asked: no other text may commit, drop or write anything."""
    return all(
        isinstance(node.args[0], ast.Constant)
        for node in candidate.nodes
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args
        and node.func.attr in ("execute", "sql", "query", "executemany")
    )  # fmt: skip


def counts_the_unnamed(candidate: Candidate) -> bool:
    """Whether it counts the rows of a table whose name is known at run time alone: any table may be meant."""
    return bool(
        re.search(r"\bcount\s*\([^()]*\)[^'\"{}]*\bFROM\s+\{", candidate.text.of(candidate.node), re.IGNORECASE)
    )


def keeps_to_itself(candidate: Candidate) -> bool:
    """Whether it does nothing with its connections but call their methods: no other code gets hold of one."""
    names = {opening.name for opening in candidate.openings}
    called = {id(n.value) for n in ast.walk(candidate.node) if isinstance(n, ast.Attribute)}
    return not any(
        isinstance(n, ast.Name) and n.id in names and isinstance(n.ctx, ast.Load) and id(n) not in called
        for n in ast.walk(candidate.node)
    )


def inside(candidate: Candidate, block: ast.With, indent: str, *lines: str) -> Splice:
    """Lines at the start of a block."""
    first = block.body[0]
    begin = candidate.text.line_start(min([first.lineno, *(d.lineno for d in getattr(first, "decorator_list", []))]))
    return Splice(begin, begin, "".join(f"{indent}{line}\n" if line else "\n" for line in lines))


def bound_by(code: str) -> set[str]:
    """The names that ``code`` binds."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(code)):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.FunctionDef(name=name):
                names.add(name)
            case ast.alias(name=name, asname=other):
                names.add(other or name)
    return names


def inserted(rule: str, name: str, code: str, helper: str = "", *, in_assets: bool = False) -> Operator:
    """``code`` at the start of a ``with``; ``CONN`` stands for the connection, ``helper`` goes to module level."""
    code = dedent(code).strip("\n")
    helper = f"\n\n{dedent(helper).strip()}\n\n\n" if helper else ""

    def operator(candidate: Candidate, random: Random) -> Iterator[Mutant]:
        if (in_assets and candidate.kind not in ASSETS) or bound_by(f"{code}\n{helper}") & candidate.bound:
            return
        for opening, block, indent in blocks(candidate):
            splices = [inside(candidate, block, indent, *code.replace("CONN", opening.name).splitlines())]
            others = []
            if helper:
                splices.append(candidate.at_module_level(helper))
                others = [(candidate.text.path, function) for function in functions_of(helper)]
            yield candidate.mutant(rule, name, splices, *others)

    return operator


def functions_of(code: str) -> list[str]:
    """The functions of ``code``, by their qualified names."""
    found = []
    for node in ast.parse(code).body:
        if isinstance(node, ast.FunctionDef):
            found.append(node.name)
        elif isinstance(node, ast.ClassDef):
            found += [f"{node.name}.{inner.name}" for inner in node.body if isinstance(inner, ast.FunctionDef)]
    return found
