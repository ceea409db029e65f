"""AL401: an asset that takes an op's context, or hands its own to a function that wants an op's."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from random import Random

from .repository import ASSETS, Candidate, Mutant, Operator
from .text import FunctionNode, Splice, Text

RULE = "AL401"
RIGHT, WRONG = "AssetExecutionContext", "OpExecutionContext"


def _context_annotation(node: FunctionNode, text: Text) -> ast.expr | None:
    """The annotation of a parameter that says exactly ``AssetExecutionContext``, however it is imported."""
    for argument in [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]:
        if argument.annotation is not None and text.of(argument.annotation).rpartition(".")[2] == RIGHT:
            return argument.annotation
    return None


def _is_asset(candidate: Candidate) -> bool:
    return candidate.kind in ASSETS


def _swap(candidate: Candidate, annotation: ast.expr, written: str) -> Splice:
    return Splice(candidate.text.start(annotation), candidate.text.end(annotation), written)


def swapped(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """The annotation swapped, imported as the file imports dagster's other names."""
    annotation = _context_annotation(candidate.node, candidate.text)
    if _is_asset(candidate) and annotation is not None:
        written, imports = candidate.dagster(WRONG)
        yield candidate.mutant(RULE, "swapped", [_swap(candidate, annotation, written), *imports])


def swapped_alias(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """The annotation swapped for the wrong type under another name."""
    annotation = _context_annotation(candidate.node, candidate.text)
    if _is_asset(candidate) and annotation is not None:
        form, written = random.choice(
            [
                (f"from dagster import {WRONG} as StepContext\n", "StepContext"),
                ("import dagster as _dagster\n", f"_dagster.{WRONG}"),
                (f"import dagster as _dagster\n\nStepContext = _dagster.{WRONG}\n", "StepContext"),
            ]
        )
        splices = [_swap(candidate, annotation, written), candidate.at_module_level(form)]
        yield candidate.mutant(RULE, "swapped_alias", splices)


def annotated(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A context without annotation gets the wrong one."""
    if not _is_asset(candidate) or candidate.context is None or candidate.parameters[candidate.context] is not None:
        return
    if b"from __future__ import annotations" in candidate.text.data:
        return  # any annotation of a context is refused there
    arguments = candidate.node.args
    argument = next(
        a for a in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs] if a.arg == candidate.context
    )
    written, imports = candidate.dagster(WRONG)
    place = candidate.text.end(argument)
    yield candidate.mutant(RULE, "annotated", [Splice(place, place, f": {written}"), *imports])


def handed_to_helper(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A new helper that declares the other type is given the asset's context."""
    if not _is_asset(candidate) or candidate.first is None or "_note_start" in candidate.bound:
        return
    if _context_annotation(candidate.node, candidate.text) is None or candidate.context is None:
        return
    written, imports = candidate.dagster(WRONG)
    helper = f'\n\ndef _note_start(step: {written}, what: str) -> None:\n    step.log.info("start of %s", what)\n'
    call = random.choice(['_note_start({0}, "rows")', '_note_start(what="rows", step={0})'])
    splices = [*imports, candidate.at_module_level(helper), candidate.at_start(call.format(candidate.context))]
    yield candidate.mutant(RULE, "handed_to_helper", splices, (candidate.text.path, "_note_start"))


def handed_on(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """The context goes through two calls, the second of which declares the other type."""
    if not _is_asset(candidate) or candidate.first is None or "_note_start" in candidate.bound:
        return
    if _context_annotation(candidate.node, candidate.text) is None or candidate.context is None:
        return
    written, imports = candidate.dagster(WRONG)
    helper = (
        f'\n\ndef _log_start(step: {written}) -> None:\n    step.log.info("start")\n'
        "\n\ndef _note_start(context) -> None:\n    _log_start(context)\n"
    )
    splices = [*imports, candidate.at_module_level(helper), candidate.at_start(f"_note_start({candidate.context})")]
    path = candidate.text.path
    yield candidate.mutant(RULE, "handed_on", splices, (path, "_note_start"), (path, "_log_start"))


def real_helper(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A function of the project that the asset hands its context to declares the other type."""
    text, repository = candidate.text, candidate.repository
    if not _is_asset(candidate) or candidate.context is None or _context_annotation(candidate.node, text) is None:
        return
    called = {
        n.func.id
        for n in candidate.nodes
        if isinstance(n, ast.Call)
        and isinstance(n.func, ast.Name)
        and any(
            isinstance(a, ast.Name) and a.id == candidate.context for a in [*n.args, *(k.value for k in n.keywords)]
        )
    }
    for statement in text.tree.body:
        if isinstance(statement, ast.FunctionDef) and statement.name in called and not statement.decorator_list:
            annotation = _context_annotation(statement, text)
            if annotation is not None:
                written, imports = candidate.dagster(WRONG)
                splices = [_swap(candidate, annotation, written), *imports]
                yield candidate.mutant(RULE, "real_helper", splices, (text.path, statement.name))
        elif isinstance(statement, ast.ImportFrom):
            other = repository.resolve(text.path, statement)
            wanted = {a.name for a in statement.names if (a.asname or a.name) in called}
            for function in other.tree.body if other is not None and other is not text else ():
                if not isinstance(function, ast.FunctionDef) or function.name not in wanted or function.decorator_list:
                    continue
                annotation = _context_annotation(function, other) if other is not None else None
                if other is None or annotation is None:
                    continue
                place = other.after_line(
                    next(s for s in reversed(other.tree.body) if isinstance(s, ast.Import | ast.ImportFrom))
                )
                splices = [
                    Splice(other.start(annotation), other.end(annotation), f"_dagster.{WRONG}"),
                    Splice(place, place, "import dagster as _dagster\n"),
                ]
                also = {other.path: other.spliced(splices)}
                yield candidate.mutant(RULE, "real_imported_helper", [], (other.path, function.name), also=also)


CONTEXT_OPERATORS: tuple[Operator, ...] = (
    swapped,
    swapped_alias,
    annotated,
    handed_to_helper,
    handed_on,
    real_helper,
)
