"""AL106, AL107: results that fail their annotation's check, metadata that Dagster does not take."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from random import Random

from .repository import Candidate, Mutant, Operator
from .text import Splice

PANDAS = "import pandas as _pandas\n"
FRAME = "_pandas.DataFrame({'n': [1, 2], 'name': ['a', None]})"

#: Expressions that give what Dagster refuses, and the import that they need.
REFUSED = (
    (f"{FRAME}['n'].sum()", PANDAS),
    (f"{FRAME}.isnull().sum().sum()", PANDAS),
    (f"({FRAME}['n'] > 1).any()", PANDAS),
    (f"round({FRAME}['n'].mean(), 2)", PANDAS),
    (f"{FRAME}.shape", PANDAS),
    (f"{FRAME}.head()", PANDAS),
    ("_decimal.Decimal('1.5')", "import decimal as _decimal\n"),
    ("_datetime.datetime.now()", "import datetime as _datetime\n"),
    ("_datetime.date.today()", "import datetime as _datetime\n"),
    ("{'a', 'b'}", ""),
    ("set('ab')", ""),
    ("(1, 2)", ""),
)
NESTED = tuple(each for each in REFUSED if "mean()" not in each[0] and "shape" not in each[0] and each[0] != "(1, 2)"
               and "['n'].sum()" not in each[0])  # fmt: skip
WRAPPED = (
    ("int", f"{FRAME}['n'].count()", PANDAS),
    ("int", "1.5", ""),
    ("float", f"{FRAME}['n'].sum()", PANDAS),
    ("float", "len('abc')", ""),
    ("text", "len('abc')", ""),
    ("bool", f"({FRAME}['n'] > 1).all()", PANDAS),
    ("json", "{'day': _datetime.date.today()}", "import datetime as _datetime\n"),
)
WAYS = frozenset(("add_output_metadata", "MaterializeResult", "Output", "AssetCheckResult", "AssetMaterialization"))


def _displays(candidate: Candidate) -> Iterator[ast.Dict]:
    """Metadata that is written down as a dict where it is added."""
    for node in candidate.nodes:
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            given = [k.value for k in node.keywords if k.arg == "metadata"]
            given += node.args[:1] if name == "add_output_metadata" else []
            if name in WAYS:
                yield from (each for each in given if isinstance(each, ast.Dict) and each.keys)


def _first_entry(candidate: Candidate, display: ast.Dict, entry: str) -> Splice:
    place = candidate.text.start(display) + 1
    return Splice(place, place, f"{entry}, ")


def _imported(candidate: Candidate, code: str) -> list[Splice]:
    return [candidate.at_module_level(code)] if code else []


def entry_added(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """One more entry in metadata that are there."""
    for display in _displays(candidate):
        value, needs = random.choice(REFUSED)
        splices = [_first_entry(candidate, display, f'"extra": {value}'), *_imported(candidate, needs)]
        yield candidate.mutant("AL107", "entry_added", splices)


def entry_nested(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """The same inside of a list or dict."""
    for display in _displays(candidate):
        value, needs = random.choice(NESTED)
        form = random.choice(['"extra": [{0}]', '"extra": {{"inner": {0}}}', '"extra": [1, {{"inner": [{0}]}}]'])
        splices = [_first_entry(candidate, display, form.format(value)), *_imported(candidate, needs)]
        yield candidate.mutant("AL107", "entry_nested", splices)


def entry_wrapped(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A wrapper of Dagster's around a value of another type."""
    for display in _displays(candidate):
        wrapper, value, needs = random.choice(WRAPPED)
        written, imports = candidate.dagster("MetadataValue")
        splices = [_first_entry(candidate, display, f'"extra": {written}.{wrapper}({value})'), *imports]
        yield candidate.mutant("AL107", "entry_wrapped", [*splices, *_imported(candidate, needs)])


def built_up(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """Metadata put together in a variable first."""
    if candidate.first is None or candidate.context is None or "_facts" in candidate.bound:
        return
    value, needs = random.choice(REFUSED)
    lines = random.choice(
        [
            ["_facts = {}", f'_facts["extra"] = {value}'],
            ['_facts = {"step": "start"}', f"_facts.update(extra={value})"],
            [f"_extra = {value}", '_facts = dict(extra=_extra, step="start")'],
        ]
    )
    call = f"{candidate.context}.add_output_metadata(_facts)"
    splices = [candidate.at_start(*lines, call), *_imported(candidate, needs)]
    yield candidate.mutant("AL107", "built_up", splices)


def call_added(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A call that adds metadata, as the first thing that the function does."""
    if candidate.first is not None and candidate.context is not None:
        value, needs = random.choice(REFUSED)
        form = random.choice(['{{"extra": {0}}}', 'metadata={{"extra": {0}, "step": 1}}', "dict(extra={0})"])
        call = f"{candidate.context}.add_output_metadata({form.format(value)})"
        yield candidate.mutant("AL107", "call_added", [candidate.at_start(call), *_imported(candidate, needs)])


def error_added(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """The exception itself as metadata, on the way of an error."""
    if candidate.first is None or candidate.context is None or "_error" in candidate.bound:
        return
    lines = [
        "try:",
        "    int('1')",
        "except ValueError as _error:",
        f'    {candidate.context}.add_output_metadata({{"error": _error}})',
        "    raise",
    ]
    yield candidate.mutant("AL107", "error_added", [candidate.at_start(*lines)])


def conversion_dropped(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """The ``int()`` or ``float()`` round an aggregate of a pandas frame that the function itself makes."""
    frames = {
        target.id
        for node in candidate.nodes
        if isinstance(node, ast.Assign)
        and re.search(
            r"\bpd\.(?:DataFrame|read_csv|read_parquet)\(|\.(?:df|fetchdf)\(\)$", candidate.text.of(node.value)
        )
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for display in _displays(candidate):
        for value in display.values:
            if not isinstance(value, ast.Call) or getattr(value.func, "id", "") not in ("int", "float", "bool"):
                continue
            inner = candidate.text.of(value.args[0]) if value.args else ""
            named = re.match(r"\w+", inner)
            if named and named[0] in frames and re.search(r"\.(?:sum|mean|any|all|count)\(\)$", inner):
                place = Splice(candidate.text.start(value), candidate.text.end(value), inner)
                yield candidate.mutant("AL107", "conversion_dropped", [place])


METADATA_OPERATORS: tuple[Operator, ...] = (
    entry_added,
    entry_nested,
    entry_wrapped,
    call_added,
    built_up,
    error_added,
    conversion_dropped,
)


# ---- results ---------------------------------------------------------------------------------------------------------


def _is_typed_alone(candidate: Candidate) -> bool:
    """Whether the annotation alone says the type of its one output."""
    decorators = candidate.node.decorator_list
    call = decorators[-1] if decorators else None
    keywords = {k.arg for k in call.keywords} if isinstance(call, ast.Call) else set()
    return (
        candidate.kind in ("asset", "op")
        and len(decorators) == 1
        and not candidate.is_generator
        and not keywords & {None, "dagster_type", "out", "outs", "ins"}
    )


def _promising(candidate: Candidate, annotation: str) -> Splice:
    """The function with another return annotation."""
    node, text = candidate.node, candidate.text
    if node.returns is not None:
        return Splice(text.start(node.returns), text.end(node.returns), annotation)
    before = text.data[: text.start(node.body[0])]
    head = [match.end() for match in re.finditer(rb"\)[ \t]*(?=:)", before)][-1]
    return Splice(head, head, f" -> {annotation}")


def _leaving(candidate: Candidate, *values: str) -> Splice:
    """An early way out that gives a value."""
    return candidate.at_start("if len(__name__) > 500:", *(f"    {line}" for line in values))


WRONG_RESULTS = (
    ("int", f"return {FRAME}['n'].sum()", PANDAS),
    ("int", f"return {FRAME}.isnull().sum().sum()", PANDAS),
    ("bool", f"return ({FRAME}['n'] > 1).any()", PANDAS),
    ("float", "return len(__name__)", ""),
    ("float", "return _decimal.Decimal('1.5')", "import decimal as _decimal\n"),
    ("int", "return None", ""),
    ("str", f"return {FRAME}", PANDAS),
)


def result_of_another_kind(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """Another promise, and a way out that does not keep it."""
    if not _is_typed_alone(candidate) or candidate.first is None or _gives_something(candidate):
        return
    promise, line, needs = random.choice(WRONG_RESULTS)
    splices = [_promising(candidate, promise), _leaving(candidate, line), *_imported(candidate, needs)]
    yield candidate.mutant("AL106", "result_of_another_kind", splices)


def nothing_returned(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A promise where nothing is returned."""
    stub = all(isinstance(s, ast.Pass | ast.Raise) or isinstance(getattr(s, "value", None), ast.Constant)
               for s in candidate.node.body)  # fmt: skip
    if _is_typed_alone(candidate) and not _gives_something(candidate) and not stub:
        ends = not isinstance(candidate.node.body[-1], ast.Raise | ast.While)
        if ends:
            promise = random.choice(["int", "str", "dict", "bool"])
            yield candidate.mutant("AL106", "nothing_returned", [_promising(candidate, promise)])


def _gives_something(candidate: Candidate) -> bool:
    """Whether it returns what would break a new promise at other places too."""
    return any(isinstance(n, ast.Return) for n in candidate.nodes)


def none_for_a_frame(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A way out with nothing where a DataFrame is promised."""
    returns = candidate.node.returns
    if _is_typed_alone(candidate) and candidate.first is not None and returns is not None:
        if candidate.text.of(returns) in ("pd.DataFrame", "pl.DataFrame"):
            line = random.choice(["return None", "return"])
            yield candidate.mutant("AL106", "none_for_a_frame", [_leaving(candidate, line)])


def bare_for_a_result(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A bare frame where a result is promised."""
    returns = candidate.node.returns
    if _is_typed_alone(candidate) and candidate.first is not None and returns is not None:
        written = candidate.text.of(returns)
        if re.fullmatch(r"(?:dg\.|dagster\.)?(?:MaterializeResult|Output(?:\[.*\])?)", written):
            splices = [_leaving(candidate, f"return {FRAME}"), *_imported(candidate, PANDAS)]
            yield candidate.mutant("AL106", "bare_for_a_result", splices)


def union_promised(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A union in the place of the promise."""
    returns = candidate.node.returns
    if _is_typed_alone(candidate) and returns is not None and candidate.text.of(returns) != "None":
        if isinstance(returns, ast.Name | ast.Attribute):
            written = f"_typing.Union[{candidate.text.of(returns)}, bytes]"
            place = Splice(candidate.text.start(returns), candidate.text.end(returns), written)
            imports = candidate.at_module_level("import typing as _typing\n")
            yield candidate.mutant("AL106", "union_promised", [place, imports])


def value_for_none(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A value where none is promised."""
    returns = candidate.node.returns
    if _is_typed_alone(candidate) and candidate.first is not None and returns is not None:
        if isinstance(returns, ast.Constant) and returns.value is None:
            value, needs = random.choice([(FRAME, PANDAS), ("1", ""), ("'done'", ""), ("[1, 2]", "")])
            splices = [_leaving(candidate, f"return {value}"), *_imported(candidate, needs)]
            yield candidate.mutant("AL106", "value_for_none", splices)


def passed_by_numpy(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """numpy's bool as the outcome of a check."""
    for node in candidate.nodes:
        if isinstance(node, ast.Call) and candidate.text.of(node.func).rpartition(".")[2] == "AssetCheckResult":
            for keyword in node.keywords:
                if keyword.arg == "passed":
                    written = random.choice([f"({FRAME}['n'] > 1).all()", f"{FRAME}['n'].isnull().sum() == 0"])
                    place = Splice(candidate.text.start(keyword.value), candidate.text.end(keyword.value), written)
                    yield candidate.mutant("AL106", "passed_by_numpy", [place, *_imported(candidate, PANDAS)])


RESULT_OPERATORS: tuple[Operator, ...] = (
    result_of_another_kind,
    nothing_returned,
    none_for_a_frame,
    bare_for_a_result,
    union_promised,
    value_for_none,
    passed_by_numpy,
)
