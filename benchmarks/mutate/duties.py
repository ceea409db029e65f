"""The duties: what an asset says of itself, its log, its metadata, its annotations, is dropped; what it logs is
printed."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from random import Random

from .repository import ASSETS, Candidate, Mutant, Operator
from .text import Splice, Text

ADDING = frozenset({"add_output_metadata", "add_asset_metadata"})
UNTOLD = {"AL302": "for a handler told what it caught by the context alone"}
EVENTS = frozenset({"Output", "MaterializeResult", "AssetMaterialization"})


def _is_asset(candidate: Candidate) -> bool:
    """Whether it is an asset in whose own text a DuckDB connection is opened."""
    return candidate.kind in ASSETS and bool(candidate.openings)


def _looking(candidate: Candidate) -> list[Splice]:
    """A look into a database, as the first thing that an asset does which opened none; nothing where it does."""
    names = {"surroundings", "engine", "ledger"}
    if candidate.kind != "asset" or candidate.openings or candidate.first is None or names & candidate.bound:
        return []
    look = candidate.at_start(
        "import os as surroundings",
        "import duckdb as engine",
        'with engine.connect(surroundings.environ["LEDGER_PATH"], read_only=True) as ledger:',
        '    ledger.execute("SELECT 1").fetchall()',
    )
    return [look]


def _logs(candidate: Candidate) -> list[ast.Expr]:
    """Its statements that log by its context."""
    return [
        node
        for node in candidate.nodes
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Attribute)
        and isinstance(node.value.func.value, ast.Attribute)
        and node.value.func.value.attr == "log"
        and isinstance(node.value.func.value.value, ast.Name)
        and node.value.func.value.value.id == candidate.context
        and candidate.text.stands_alone(node)
    ]


def _uses(candidate: Candidate) -> int:
    """How often it names its context, nested functions included."""
    return sum(isinstance(n, ast.Name) and n.id == candidate.context for n in ast.walk(candidate.node))


def _passed(text: Text, node: ast.AST) -> Splice:
    return Splice(text.start(node), text.end(node), "pass")


def _logger_is_elsewhere(candidate: Candidate) -> bool:
    text = candidate.text.of(candidate.node).replace(f"{candidate.context}.log.", "")
    return bool(re.search(r"(?<![a-z])log(?!i[nc])", text, re.IGNORECASE))


def log_dropped(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """Every log line of the asset goes; the context stays."""
    statements = _logs(candidate)
    rest = [n for n in ast.walk(candidate.node) if isinstance(n, ast.Attribute) and n.attr == "log"]
    if not _is_asset(candidate) or not statements or len(rest) != len(statements) or _hands_on(candidate):
        return
    if not _logger_is_elsewhere(candidate):
        splices = [_passed(candidate.text, s) for s in statements]
        yield candidate.mutant("AL501", "log_dropped", splices, implied=UNTOLD)


def _logged_otherwise(name: str, module: str, written: str) -> Operator:
    """Every log line of the asset goes where Dagster does not record it."""

    def operator(candidate: Candidate, random: Random) -> Iterator[Mutant]:
        for mutant in log_dropped(candidate, random):
            text = candidate.text
            calls = [s.value for s in _logs(candidate) if isinstance(s.value, ast.Call)]
            if all(len(call.args) == 1 and not call.keywords for call in calls):
                splices = [Splice(text.start(c.func), text.end(c.func), written) for c in calls]
                imports = candidate.at_module_level(f"import {module} as _{module}\n")
                yield candidate.mutant(mutant.rule, name, [*splices, imports], implied=UNTOLD)

    return operator


def _hands_on(candidate: Candidate) -> bool:
    """Whether its context goes to anything that may log or add metadata by it."""
    read = sum(
        isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and n.value.id == candidate.context
        for n in ast.walk(candidate.node)
    )
    return read != _uses(candidate)


def metadata_dropped(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """Every call and argument by which the asset adds metadata goes."""
    text = candidate.text
    if not _is_asset(candidate) or _hands_on(candidate):
        return
    splices: list[Splice] = []
    for node in candidate.nodes:
        match node:
            case ast.Expr(value=ast.Call(func=ast.Attribute(attr=name))) if name in ADDING:
                if not text.stands_alone(node):
                    return
                splices.append(_passed(text, node))
            case ast.Call(func=ast.Attribute(attr=name) | ast.Name(id=name)) if name in EVENTS:
                for keyword in node.keywords:
                    if keyword.arg == "metadata":
                        splices.append(Splice(text.start(keyword.value), text.end(keyword.value), "None"))
    added = sum(
        (isinstance(n, ast.Attribute) and n.attr in ADDING) or (isinstance(n, ast.keyword) and n.arg == "metadata")
        for statement in candidate.node.body
        for n in ast.walk(statement)
    )
    if splices and added == len(splices):
        yield candidate.mutant("AL502", "metadata_dropped", splices)


def _without_context(
    candidate: Candidate, name: str, statements: list[ast.Expr], more: list[Splice] | None = None
) -> Iterator[Mutant]:
    """The context goes, and with it the statements that were all of its use."""
    text, arguments = candidate.text, candidate.node.args
    if not (_is_asset(candidate) or more) or candidate.context is None or _uses(candidate) != len(statements):
        return
    if _logger_is_elsewhere(candidate) or arguments.posonlyargs or not arguments.args:
        return
    first = arguments.args[0]
    if first.arg != candidate.context:
        return
    following = arguments.args[1:2] or arguments.kwonlyargs[:1]
    if arguments.kwonlyargs and not arguments.args[1:]:
        return
    end = text.start(following[0]) if following else text.end(first)
    splices = [Splice(text.start(first), end, ""), *(_passed(text, s) for s in statements)]
    yield candidate.mutant("AL405", name, [*splices, *(more or ())], implied=UNTOLD)


def context_dropped(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """The context goes, and the log lines, all that it was used for."""
    yield from _without_context(candidate, "context_dropped", _logs(candidate))


def context_dropped_for_a_look(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """The context goes, and the log lines, where a look into a database is new."""
    logs = _logs(candidate)
    if (look := _looking(candidate)) and candidate.first not in logs:
        yield from _without_context(candidate, "context_dropped_for_a_look", logs, look)


def annotation_dropped(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """The context loses its type."""
    if not _is_asset(candidate) or b"from __future__ import annotations" in candidate.text.data:
        return
    arguments = candidate.node.args
    for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]:
        if argument.arg == candidate.context and argument.annotation is not None:
            end = candidate.text.end(argument.annotation)
            splice = Splice(candidate.text.start(argument), end, argument.arg)
            yield candidate.mutant("AL403", "annotation_dropped", [splice])


def _returns_dropped(candidate: Candidate) -> Splice | None:
    """The return annotation, with its arrow."""
    returns = candidate.node.returns
    if returns is None:
        return None
    end = candidate.text.end(returns)
    begin = candidate.text.data.rfind(b"->", 0, candidate.text.start(returns))
    return Splice(begin, end, "")


def none_dropped(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """An asset that returns nothing no longer says so."""
    returns = candidate.node.returns
    if not _is_asset(candidate) or candidate.kind != "asset" or len(candidate.node.decorator_list) > 1:
        return
    splice = _returns_dropped(candidate)
    if splice is not None and isinstance(returns, ast.Constant) and returns.value is None:
        yield candidate.mutant("AL704", "none_dropped", [splice])


def none_dropped_for_a_look(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """The same, where a look into a database is new."""
    returns, look, splice = candidate.node.returns, _looking(candidate), _returns_dropped(candidate)
    if look and splice is not None and len(candidate.node.decorator_list) == 1:
        if isinstance(returns, ast.Constant) and returns.value is None:
            yield candidate.mutant("AL704", "none_dropped_for_a_look", [splice, *look])


def returns_dropped(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """An asset that gives something no longer says what."""
    gives = candidate.is_generator or any(isinstance(n, ast.Return) and n.value is not None for n in candidate.nodes)
    splice = _returns_dropped(candidate)
    if _is_asset(candidate) and gives and splice is not None and not isinstance(candidate.node.returns, ast.Constant):
        yield candidate.mutant("AL706", "returns_dropped", [splice])


def printed(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A log line is printed instead."""
    statements = [s for s in _logs(candidate) if isinstance(s.value, ast.Call) and not s.value.keywords]
    if statements and "print" not in candidate.bound:
        call = random.choice(statements).value
        assert isinstance(call, ast.Call)
        splice = Splice(candidate.text.start(call.func), candidate.text.end(call.func), "print")
        yield candidate.mutant("AL503", "printed", [splice])


def printed_at_start(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """The function begins with a print."""
    if candidate.first is not None and "print" not in candidate.bound:
        line = random.choice(['print("start")', "print('start', 1, sep=': ', flush=True)"])
        yield candidate.mutant("AL503", "printed_at_start", [candidate.at_start(line)])


DUTY_OPERATORS: dict[str, tuple[Operator, ...]] = {
    "AL403": (annotation_dropped,),
    "AL405": (context_dropped, context_dropped_for_a_look),
    "AL501": (
        log_dropped,
        _logged_otherwise("logged_elsewhere", "logging", '_logging.getLogger("steps").info'),
        _logged_otherwise("warned_instead", "warnings", "_warnings.warn"),
    ),
    "AL502": (metadata_dropped,),
    "AL503": (printed, printed_at_start),
    "AL704": (none_dropped, none_dropped_for_a_look),
    "AL706": (returns_dropped,),
}
