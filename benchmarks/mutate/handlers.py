"""AL301: a handler that catches everything and does not raise it again."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from random import Random

from .repository import Candidate, Mutant, Operator
from .text import FunctionNode, Splice, Text, first_statement

RULE = "AL301"
NO_VALUE = {"AL106": "for the handler's way gives None where a value is promised"}
NOTED = ("import logging as _logging", '_logging.error("failed")')


def _widened(name: str, header: str) -> Operator:
    """``except X`` of a handler that raises nothing becomes a bare one, or one of BaseException."""

    def operator(candidate: Candidate, random: Random) -> Iterator[Mutant]:
        text = candidate.text
        for node in candidate.nodes:
            if not isinstance(node, ast.Try) or not node.handlers:
                continue
            handler = node.handlers[-1]
            if handler.type is None or any(isinstance(n, ast.Raise) for s in handler.body for n in ast.walk(s)):
                continue
            bound = handler.name or ""
            if (
                "as" not in header
                and bound
                and any(isinstance(n, ast.Name) and n.id == bound for n in ast.walk(handler))
            ):
                continue
            begin = text.start(handler)
            end = text.data.index(b":", text.end(handler.type))
            written = header.format(name=bound or "error")
            yield candidate.mutant(RULE, name, [Splice(begin, end, written)])

    return operator


def _handling(candidate: Candidate, random: Random) -> tuple[str, ...]:
    ways: list[tuple[str, ...]] = [("pass",), NOTED, ('raise RuntimeError("failed")',)]
    if not candidate.is_generator:
        ways.append(("return None",))
    if candidate.context:
        ways.append((f'{candidate.context}.log.error("failed")',))
    return random.choice(ways)


def _wrapping(text: Text, function: FunctionNode, header: str, *handling: str) -> Splice | None:
    """The function's statements (behind its docstring) in a ``try``."""
    first = first_statement(function)
    if first is None or first.lineno == function.lineno or not text.stands_alone(first):
        return None
    body = function.body[function.body.index(first) :]
    indent = text.indent(first)
    begin = text.line_start(min([first.lineno, *(d.lineno for d in getattr(first, "decorator_list", []))]))
    kept = text.reindented(body, indent, indent + "    ")
    new = f"{indent}try:\n{kept}{indent}{header}:\n" + "".join(f"{indent}    {line}\n" for line in handling)
    return Splice(begin, text.after_line(body[-1]), new)


def _wrapped(name: str, header: str) -> Operator:
    def operator(candidate: Candidate, random: Random) -> Iterator[Mutant]:
        splice = _wrapping(candidate.text, candidate.node, header, *_handling(candidate, random))
        if splice is not None:
            yield candidate.mutant(RULE, name, [splice], implied=NO_VALUE)

    return operator


def raised_sometimes(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """The body in a ``try`` whose bare handler raises again on one path alone."""
    handling = ("if isinstance(error, ValueError):", "    raise", *NOTED)
    if candidate.first is not None:
        splice = _wrapping(candidate.text, candidate.node, "except BaseException as error", *handling)
        if splice is not None:
            yield candidate.mutant(RULE, "raised_sometimes", [splice], implied=NO_VALUE)


def in_called_helper(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """The body of a function of the project that this one calls by its plain name."""
    text, repository = candidate.text, candidate.repository
    called = {n.func.id for n in candidate.nodes if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    called -= candidate.bound
    for statement in text.tree.body:
        if isinstance(statement, ast.FunctionDef) and statement.name in called and not statement.decorator_list:
            splice = _wrapping(text, statement, "except", "pass")
            if splice is not None:
                yield candidate.mutant(RULE, "in_called_helper", [splice], (text.path, statement.name))
        elif isinstance(statement, ast.ImportFrom):
            other = repository.resolve(text.path, statement)
            wanted = {a.name for a in statement.names if (a.asname or a.name) in called}
            if other is None or other is text:
                continue
            for function in other.tree.body:
                if isinstance(function, ast.FunctionDef) and function.name in wanted and not function.decorator_list:
                    splice = _wrapping(other, function, "except", "pass")
                    if splice is not None:
                        also = {other.path: other.spliced([splice])}
                        yield candidate.mutant(RULE, "in_imported_helper", [], (other.path, function.name), also=also)


HANDLER_OPERATORS: tuple[Operator, ...] = (
    _widened("widened_bare", "except"),
    _widened("widened_base", "except BaseException as {name}"),
    _wrapped("wrapped_bare", "except"),
    _wrapped("wrapped_base", "except BaseException"),
    _wrapped("wrapped_tuple", "except (ValueError, BaseException)"),
    raised_sometimes,
    in_called_helper,
)
