"""AL402, AL404, AL702, AL707, AL708: annotations and names that Dagster refuses or can't resolve, values that nobody
stores."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from random import Random

from .repository import Candidate, Mutant, Operator
from .text import Splice

CONTEXT_TYPES = re.compile(r"(?:\w+\.)?(?:AssetExecutionContext|OpExecutionContext|AssetCheckExecutionContext)")
CHECKS = frozenset(("asset_check", "multi_asset_check"))
CHECKED = frozenset(("asset", "multi_asset", "op", "asset_check", "multi_asset_check"))


def _argument(candidate: Candidate, name: str | None) -> ast.arg | None:
    arguments = candidate.node.args
    listed = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return next((argument for argument in listed if argument.arg == name), None)


def _is_plain(candidate: Candidate) -> bool:
    """Whether Dagster's decorator is all that stands before it, in a module whose annotations are no strings."""
    return (
        candidate.kind in CHECKED
        and len(candidate.node.decorator_list) == 1
        and b"from __future__ import annotations" not in candidate.text.data
    )


def _annotated(candidate: Candidate, argument: ast.arg, annotation: str) -> Splice:
    if argument.annotation is None:
        place = candidate.text.end(argument)
        return Splice(place, place, f": {annotation}")
    return Splice(candidate.text.start(argument.annotation), candidate.text.end(argument.annotation), annotation)


# ---- AL402 -----------------------------------------------------------------------------------------------------------


def context_swapped(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """The context of another kind of function."""
    argument = _argument(candidate, candidate.context)
    if argument is not None and _is_plain(candidate) and candidate.kind != "op":
        wrong = "AssetExecutionContext" if candidate.kind in CHECKS else "AssetCheckExecutionContext"
        written, imports = candidate.dagster(wrong)
        yield candidate.mutant("AL402", "context_swapped", [_annotated(candidate, argument, written), *imports])


def context_optional(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A union with None, or with another context."""
    argument = _argument(candidate, candidate.context)
    if argument is not None and argument.annotation is not None and _is_plain(candidate):
        written = candidate.text.of(argument.annotation)
        if CONTEXT_TYPES.fullmatch(written):
            form = random.choice(["_typing.Optional[{0}]", "_typing.Union[{0}, None]", "{0} | None"])
            imports = candidate.at_module_level("import typing as _typing\n")
            splices = [_annotated(candidate, argument, form.format(written)), imports]
            yield candidate.mutant("AL402", "context_optional", splices)


def context_of_no_kind(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """What is no context at all, or a class derived from one."""
    argument = _argument(candidate, candidate.context)
    if argument is None or not _is_plain(candidate):
        return
    base, imports = candidate.dagster("AssetExecutionContext")
    written, code = random.choice(
        [
            ("_typing.Any", "import typing as _typing\n"),
            ("dict", ""),
            ("object", ""),
            ("_Context", f"\n\nclass _Context({base}):\n    pass\n\n\n"),
        ]
    )
    splices = [_annotated(candidate, argument, written)]
    if code:
        splices += [*(imports if "class" in code else ()), candidate.at_module_level(code)]
    yield candidate.mutant("AL402", "context_of_no_kind", splices)


def asset_called(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """Another asset called with the context, as if it were a function."""
    if candidate.first is None or candidate.context is None or candidate.kind not in CHECKED or candidate.enclosing:
        return
    written, imports = candidate.dagster("asset")
    helper = f'\n\n@{written}\ndef _warm_up(context):\n    context.log.info("warm")\n    return 1\n\n\n'
    splices = [*imports, candidate.at_module_level(helper), candidate.at_start(f"_warm_up({candidate.context})")]
    yield candidate.mutant("AL402", "asset_called", splices)


CONTEXT_TYPE_OPERATORS: tuple[Operator, ...] = (context_swapped, context_optional, context_of_no_kind, asset_called)


# ---- AL404 -----------------------------------------------------------------------------------------------------------


def context_quoted(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """Quotes round the context's annotation."""
    argument = _argument(candidate, candidate.context)
    if argument is not None and argument.annotation is not None and _is_plain(candidate):
        written = candidate.text.of(argument.annotation)
        if CONTEXT_TYPES.fullmatch(written):
            yield candidate.mutant("AL404", "context_quoted", [_annotated(candidate, argument, f'"{written}"')])


def annotations_as_strings(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """The future import in a module with one compute function whose context is annotated."""
    argument = _argument(candidate, candidate.context)
    text = candidate.text
    if argument is None or argument.annotation is None or not _is_plain(candidate) or text.bom:
        return
    others = len(re.findall(rb"^[ \t]*@\w", text.data, re.MULTILINE)) - len(candidate.node.decorator_list)
    if CONTEXT_TYPES.fullmatch(text.of(argument.annotation)) and not others:
        first = text.tree.body[0]
        is_doc = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
        place = text.after_line(first) if is_doc else text.line_start(first.lineno)
        future = Splice(place, place, "from __future__ import annotations\n")
        yield candidate.mutant("AL404", "annotations_as_strings", [future])


def import_guarded(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """The import of a type that only this function's annotations name, for type checkers alone."""
    text = candidate.text
    if candidate.kind not in CHECKED or len(candidate.node.decorator_list) != 1:
        return
    counts = Counter(n.id for n in ast.walk(text.tree) if isinstance(n, ast.Name))
    annotations = [a for a in [*candidate.parameters.values(), candidate.node.returns] if a is not None]
    named = {n.id for a in annotations for n in ast.walk(a) if isinstance(n, ast.Name)}
    mine = Counter(n.id for a in annotations for n in ast.walk(a) if isinstance(n, ast.Name))
    for statement in text.tree.body:
        if not isinstance(statement, ast.Import | ast.ImportFrom) or len(statement.names) != 1:
            continue
        local = statement.names[0].asname or statement.names[0].name
        if local in named and counts[local] == mine[local] and text.stands_alone(statement):
            guarded = f"import typing as _typing\nif _typing.TYPE_CHECKING:\n    {text.of(statement)}"
            place = Splice(text.start(statement), text.end(statement), guarded)
            yield candidate.mutant("AL404", "import_guarded", [place])


def type_for_type_checkers(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A promise of a type that is imported for type checkers alone."""
    if not _is_plain(candidate) or candidate.node.returns is None or candidate.enclosing:
        return
    local, code = random.choice(
        [
            ("_Fraction", "from fractions import Fraction as _Fraction"),
            ("_numbers.Number", "import numbers as _numbers"),
        ]
    )
    returns = candidate.node.returns
    guarded = f"import typing as _typing\nif _typing.TYPE_CHECKING:\n    {code}\n"
    written = f'"{local}"' if random.random() < 0.5 else local
    place = Splice(candidate.text.start(returns), candidate.text.end(returns), written)
    yield candidate.mutant("AL404", "type_for_type_checkers", [place, candidate.at_module_level(guarded)])


ANNOTATION_OPERATORS: tuple[Operator, ...] = (
    context_quoted, annotations_as_strings, import_guarded, type_for_type_checkers,
)  # fmt: skip


# ---- AL702 -----------------------------------------------------------------------------------------------------------


def _with_config(candidate: Candidate, annotation: str) -> Splice | None:
    """One more parameter ``config``."""
    if "config" in candidate.bound or candidate.context is None:
        return None
    argument = _argument(candidate, candidate.context)
    if argument is None or candidate.node.args.kwonlyargs or candidate.node.args.posonlyargs:
        return None
    place = candidate.text.end(argument.annotation or argument)
    return Splice(place, place, f", config{annotation}")


MODEL = "import pydantic as _pydantic\n\n\nclass _Limits(_pydantic.BaseModel):\n    rows: int = 1\n\n\n"
DATACLASS = "import dataclasses as _dc\n\n\n@_dc.dataclass\nclass _Limits:\n    rows: int = 1\n\n\n"
CLASS = "\n\nclass _Limits:\n    rows = 1\n\n\n"


def _config_added(candidate: Candidate, label: str, annotation: str, code: str) -> Iterator[Mutant]:
    if not _is_plain(candidate) or candidate.kind == "multi_asset_check":
        return
    parameter = _with_config(candidate, annotation)
    if parameter is not None:
        splices = [parameter, *([candidate.at_module_level(code)] if code else [])]
        yield candidate.mutant("AL702", label, splices)


def config_untyped(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A config without a type."""
    yield from _config_added(candidate, "config_untyped", "", "")


def config_model(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A config that is a model of pydantic's."""
    yield from _config_added(candidate, "config_model", ": _Limits", MODEL)


def config_dataclass(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A config that is a dataclass, or an ordinary class."""
    yield from _config_added(candidate, "config_dataclass", ": _Limits", random.choice([DATACLASS, CLASS]))


def base_replaced(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """The base class of a config of the module."""
    annotation = candidate.parameters.get("config")
    if not isinstance(annotation, ast.Name) or not _is_plain(candidate):
        return
    uses = Counter(n.id for n in ast.walk(candidate.text.tree) if isinstance(n, ast.Name))
    for node in candidate.text.tree.body:
        if (
            isinstance(node, ast.ClassDef)
            and node.name == annotation.id
            and len(node.bases) == 1
            and uses[node.name] == 1
        ):
            if candidate.text.of(node.bases[0]).rpartition(".")[2] == "Config":
                base = Splice(
                    candidate.text.start(node.bases[0]), candidate.text.end(node.bases[0]), "_pydantic.BaseModel"
                )
                place = candidate.text.line_start(node.lineno)
                imports = Splice(place, place, "import pydantic as _pydantic\n\n\n")
                yield candidate.mutant("AL702", "base_replaced", [base, imports])


CONFIG_OPERATORS: tuple[Operator, ...] = (config_untyped, config_model, config_dataclass, base_replaced)


# ---- AL707 -----------------------------------------------------------------------------------------------------------


def context_renamed(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """The context under another name, wherever it is used."""
    argument = _argument(candidate, candidate.context)
    if argument is None or argument.annotation is None or candidate.kind not in CHECKED:
        return
    if not CONTEXT_TYPES.fullmatch(candidate.text.of(argument.annotation)) or _has_inputs(candidate):
        return
    name = random.choice(["ctx", "_ctx", "asset_context", "exec_ctx"])
    text, old = candidate.text, argument.arg
    body = text.data[text.start(candidate.node) : text.end(candidate.node)]
    if name.encode() in body:
        return
    changed = re.sub(rb"(?<![\w.\"'])" + old.encode() + rb"(?![\w\"'])(?!\s*=(?!=))", name.encode(), body)
    splice = Splice(text.start(candidate.node), text.end(candidate.node), changed.decode().replace("\r\n", "\n"))
    yield candidate.mutant("AL707", "context_renamed", [splice])


def _has_inputs(candidate: Candidate) -> bool:
    return any(
        isinstance(n, ast.keyword) and n.arg in (None, "ins")
        for d in candidate.node.decorator_list
        for n in ast.walk(d)
    )


def _behind_context(candidate: Candidate, name: str) -> int | None:
    """Where a parameter of that name can be put behind an asset's context."""
    if candidate.kind not in ("asset", "multi_asset") or candidate.context is None or _has_inputs(candidate):
        return None
    argument = _argument(candidate, candidate.context)
    if argument is None or name in candidate.bound or candidate.node.args.posonlyargs:
        return None
    return candidate.text.end(argument.annotation or argument)


def context_added(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A second context, under another name."""
    place = _behind_context(candidate, "ctx")
    if place is not None:
        written, imports = candidate.dagster("AssetExecutionContext")
        yield candidate.mutant("AL707", "context_added", [Splice(place, place, f", ctx: {written}"), *imports])


def config_renamed(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A config under another name."""
    place = _behind_context(candidate, "cfg")
    if place is None:
        return
    base, imports = candidate.dagster("Config")
    code = f"\n\nclass _Limits({base}):\n    rows: int = 1\n\n\n"
    splices = [Splice(place, place, ", cfg: _Limits"), *imports, candidate.at_module_level(code)]
    yield candidate.mutant("AL707", "config_renamed", splices)


NAME_OPERATORS: tuple[Operator, ...] = (context_renamed, context_added, config_renamed)
