"""AL701, AL703, AL705 and AL708: dependencies said twice, models called by old names, resources of no type, upstreams
without a value."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from random import Random

from .repository import ASSETS, Candidate, Mutant, Operator
from .text import Splice


def _added(candidate: Candidate, name: str, annotation: str = "") -> Splice | None:
    """One more parameter behind the others; None where that is not plain."""
    arguments = candidate.node.args
    if name in candidate.bound or len(candidate.node.decorator_list) != 1:
        return None
    if arguments.kwonlyargs or arguments.posonlyargs or arguments.vararg or arguments.kwarg or arguments.defaults:
        return None
    if not arguments.args:
        text = candidate.text
        head = re.compile(rb"def\s+\w+\s*\(").search(text.data, text.starts[candidate.node.lineno - 1])
        return Splice(head.end(), head.end(), f"{name}{annotation}") if head else None
    last = arguments.args[-1]
    place = candidate.text.end(last.annotation or last)
    return Splice(place, place, f", {name}{annotation}")


def _with_keyword(candidate: Candidate, written: str, *unless: str | None) -> Splice | None:
    """One more keyword of the decorator of an asset; None where it has one of ``unless``."""
    (decorator,) = candidate.node.decorator_list if len(candidate.node.decorator_list) == 1 else (None,)
    if candidate.kind != "asset" or decorator is None or candidate.enclosing:
        return None
    text = candidate.text
    end = text.end(decorator)
    if not isinstance(decorator, ast.Call):
        return Splice(end, end, f"({written})")
    if decorator.args or {k.arg for k in decorator.keywords} & {None, *unless}:
        return None
    head = text.end(decorator.func)
    place = head + text.data[head:end].index(b"(") + 1
    return Splice(place, place, f"{written}, " if decorator.keywords else written)


PRICES = "\n\n@{0}\ndef price_list():\n    return [1, 2]\n\n\n"

# ---- AL701 -----------------------------------------------------------------------------------------------------------


def _declared(name: str, deps: str, takes_value: bool = True) -> Operator:
    """A new asset of the module in ``deps``, and as a parameter where ``takes_value``."""

    def operator(candidate: Candidate, random: Random) -> Iterator[Mutant]:
        keyword = _with_keyword(candidate, f"deps={deps}", "deps", "ins", "non_argument_deps")
        parameter = _added(candidate, "price_list")
        if keyword is None or parameter is None or b"price_list" in candidate.text.data:
            return
        decorator, imports = candidate.dagster("asset")
        needs = [*imports, candidate.at_module_level(PRICES.format(decorator))]
        if "AssetKey" in deps:
            written, more = candidate.dagster("AssetKey")
            keyword, needs = keyword._replace(text=keyword.text.replace("AssetKey", written)), [*more, *needs]
        yield candidate.mutant("AL701", name, [keyword, *([parameter] if takes_value else []), *needs])

    return operator


def parameter_declared_too(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """An asset of the module that is a parameter already goes into ``deps`` too."""
    if len(candidate.node.decorator_list) != 1 or candidate.enclosing:
        return
    for other in candidate.text.tree.body:
        if isinstance(other, ast.FunctionDef) and other.name in candidate.parameters and other is not candidate.node:
            written = [candidate.text.of(d) for d in other.decorator_list]
            if len(written) == 1 and re.fullmatch(r"@?(dg\.|dagster\.)?asset(\(group_name=[^,()]*\))?", written[0]):
                keyword = _with_keyword(candidate, f'deps=["{other.name}"]', "deps", "ins", "non_argument_deps")
                if keyword is not None:
                    yield candidate.mutant("AL701", "parameter_declared_too", [keyword])


TWICE_OPERATORS: tuple[Operator, ...] = (
    parameter_declared_too,
    _declared("declared_twice", "[price_list]"),
    _declared("declared_by_name_too", '["price_list"]'),
    _declared("declared_by_key_too", '[AssetKey("price_list")]'),
    _declared("declared_bare", "price_list", takes_value=False),
    _declared("declared_as_text", '"price_list"', takes_value=False),
)

# ---- AL703 -----------------------------------------------------------------------------------------------------------

CONFIG = "\n\nclass _Limits({0}):\n    rows: int = 1\n\n\n"
MODEL = "\n\nimport pydantic as _pydantic\n\n\nclass _Limits(_pydantic.BaseModel):\n    rows: int = 1\n\n\n"
CALLS = (
    "{0}.dict()",
    "{0}.json()",
    "{0}.copy()",
    "list({0}.dict(exclude_none=True))",
    '{0}.copy(update={{"rows": 2}})',
)


def called_of_config(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """An old call of a new config."""
    parameter = _added(candidate, "config", ": _Limits") if candidate.kind in ASSETS else None
    if parameter is None or candidate.first is None or "_limits" in candidate.bound:
        return
    base, imports = candidate.dagster("Config")
    call = candidate.at_start(f"_limits = {random.choice(CALLS).format('config')}")
    splices = [parameter, call, *imports, candidate.at_module_level(CONFIG.format(base))]
    yield candidate.mutant("AL703", "called_of_config", splices)


def _called(name: str, *lines: str) -> Operator:
    """An old call of a new model of pydantic's."""

    def operator(candidate: Candidate, random: Random) -> Iterator[Mutant]:
        if candidate.first is None or {"_limits", "_each"} & candidate.bound:
            return
        call = random.choice(CALLS)
        start = candidate.at_start(*(line.replace("CALL", call.format("_each")) for line in lines))
        yield candidate.mutant("AL703", name, [start, candidate.at_module_level(MODEL)])

    return operator


def new_name_dropped(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """``model_dump`` of a config becomes ``dict`` again."""
    for node in candidate.nodes:
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id="config") as owner, attr="model_dump") as called):
                if candidate.parameters.get("config") is not None:
                    splice = Splice(candidate.text.end(owner), candidate.text.end(called), ".dict")
                    yield candidate.mutant("AL703", "new_name_dropped", [splice])


OLD_CALL_OPERATORS: tuple[Operator, ...] = (
    called_of_config,
    _called("called_of_model", "_each = _Limits(rows=3)", "_limits = CALL"),
    _called("called_of_each", "_limits = [CALL for _each in [_Limits(rows=1), _Limits(rows=2)]]"),
    _called("parsed", '_limits = _Limits.parse_obj({"rows": 4})'),
    new_name_dropped,
)

# ---- AL705 -----------------------------------------------------------------------------------------------------------


def resource_added(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """One more resource, of no type of its own."""
    written, imports = candidate.dagster("ConfigurableResource")
    parameter = _added(candidate, "warehouse", f": {written}")
    if parameter is not None and candidate.kind in ASSETS:
        yield candidate.mutant("AL705", "resource_added", [parameter, *imports])


def type_dropped(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A resource that was typed as dagster_duckdb's own is typed as the base of all."""
    for node in candidate.node.args.args:
        if node.annotation is not None and candidate.text.of(node.annotation).endswith("DuckDBResource"):
            written, imports = candidate.dagster("ConfigurableResource")
            place = Splice(candidate.text.start(node.annotation), candidate.text.end(node.annotation), written)
            if len(candidate.node.decorator_list) == 1:
                yield candidate.mutant("AL705", "type_dropped", [place, *imports])


def imported_by_another_name(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """The same under a name of the module's own."""
    parameter = _added(candidate, "warehouse", ": _AnyResource")
    if parameter is not None and candidate.kind in ASSETS:
        imports = candidate.at_module_level("from dagster import ConfigurableResource as _AnyResource\n")
        yield candidate.mutant("AL705", "imported_by_another_name", [parameter, imports])


TYPELESS_OPERATORS: tuple[Operator, ...] = (resource_added, type_dropped, imported_by_another_name)

# ---- AL708 -----------------------------------------------------------------------------------------------------------


def _valueless(name: str, promise: str, body: str) -> Operator:
    """The value of a new asset that stores none is taken, where no IO manager is bound."""

    def operator(candidate: Candidate, random: Random) -> Iterator[Mutant]:
        parameter = _added(candidate, "levels_table")
        if parameter is None or candidate.kind not in ASSETS or candidate.repository.binds_io_manager:
            return
        if any(isinstance(d, ast.Call) and {k.arg for k in d.keywords} & {None, "ins"}
               for d in candidate.node.decorator_list):  # fmt: skip
            return
        decorator, imports = candidate.dagster("asset")
        if "{0}" in promise:
            written, more = candidate.dagster("MaterializeResult")
            imports = [*imports, *more]
        else:
            written = ""
        code = f"\n\n@{decorator}\ndef levels_table() -> {promise}:\n    {body}\n\n\n".format(written)
        yield candidate.mutant("AL708", name, [parameter, *imports, candidate.at_module_level(code)])

    return operator


def table_taken_for_value(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """An asset of the module that says ``-> None`` becomes a parameter of another one."""
    if candidate.kind not in ASSETS or candidate.repository.binds_io_manager or candidate.enclosing:
        return
    for other in candidate.text.tree.body:
        if not isinstance(other, ast.FunctionDef) or other.name in candidate.bound or other is candidate.node:
            continue
        written = [candidate.text.of(d) for d in other.decorator_list]
        nothing = isinstance(other.returns, ast.Constant) and other.returns.value is None
        if (
            nothing
            and len(written) == 1
            and re.fullmatch(r"(dg\.|dagster\.)?asset(\(group_name=[^,()]*\))?", written[0])
        ):
            parameter = _added(candidate, other.name)
            if parameter is not None and not _names(candidate, other.name):
                yield candidate.mutant("AL708", "table_taken_for_value", [parameter])


def _names(candidate: Candidate, name: str) -> bool:
    """Whether the function or its decorators name the other asset already."""
    node, text = candidate.node, candidate.text
    return name in text.data[text.start(node) : text.end(node)].decode()


VALUELESS_OPERATORS: tuple[Operator, ...] = (
    table_taken_for_value,
    _valueless("promises_none", "None", 'assert len("levels") == 6'),
    _valueless("promises_a_result", "{0}", 'return {0}(metadata={{"rows": 1}})'),
)
