"""What an asset tells of its work beside its value: whether it adds metadata, and what there is to tell."""

from __future__ import annotations

import ast
import enum
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from asset_lint.source.nodes import all_nodes, called_name, handlers_in, own_nodes

from .decorators import Kind
from .index import Class, Def, Place
from .knowledge import dagster_public_name
from .pydata import data_of
from .pykinds import FRAMES, PyKind
from .values import ANY, UNKNOWN, Result

if TYPE_CHECKING:
    from .assets import Function
    from .queries import Query

ADDING = frozenset(("add_output_metadata", "add_asset_metadata"))
EVENTS = frozenset("Output DynamicOutput MaterializeResult AssetMaterialization".split())
PLAIN = frozenset((PyKind.BOOL, PyKind.INT, PyKind.FLOAT, PyKind.STR))


class Told(enum.Enum):
    """What there is to tell of."""

    FRAME = "a frame with rows and columns"
    ROWS = "a list"
    VALUE = "a plain value"
    TABLE = "a table of the database"
    COUNT = "a table whose rows are counted"


@dataclass(frozen=True)
class Subject:
    """What an asset can tell of its work, and where.

    ``value`` is the expression (of a TABLE: the connection), ``statement`` the one that it is told before (of what is
    given) or after. ``event`` is the ``Output`` or ``MaterializeResult`` that ``value`` is given in.
    """

    kind: Told
    statement: Place
    value: Place
    given: bool  # it is what the asset gives, not something it works with
    frame: PyKind | None = None
    columns_are_texts: bool = False
    event: Place | None = None
    table: str = ""
    counted: str = ""  # the variable that holds the number of rows of the table
    output: str = ""  # of which of several outputs

    @property
    def name(self) -> str:
        """The variable that holds it, "" if none does."""
        return self.value.node.id if isinstance(self.value.node, ast.Name) else ""

    @property
    def verb(self) -> str:
        """What the asset does with it."""
        if not self.given:
            return "Read"
        return "Returning" if isinstance(self.statement.node, ast.Return) else "Yielding"

    @property
    def is_sure(self) -> bool:
        """Whether telling it asks nothing new and can't fail: it is a frame that the asset gives."""
        return self.kind is Told.FRAME and self.given


# ---- metadata ------------------------------------------------------------------------------------------------------


def adds_no_metadata(function: Function) -> bool:
    """Whether it is shown that neither the function nor what it calls adds any metadata to its materialization."""
    if any(call.way.describes_asset and call.adds for call in function.metadata_calls):
        return False
    if function.logs.given_away or _yields_unknown(function):
        return False
    empty = {id(call.place.node.func) for call in function.metadata_calls if not call.adds}  # type: ignore[attr-defined]
    return not any(_adds(node) and id(getattr(node, "func", node)) not in empty for node in _all_nodes(function))


def _yields_unknown(function: Function) -> bool:
    """Whether it gives events that are not its own: whatever they hold."""
    for node in function.nodes():
        if isinstance(node, ast.YieldFrom) or (isinstance(node, ast.Yield) and node.value is not None):
            assert node.value is not None
            if UNKNOWN in function.run.values.get(node.value, ANY):
                return True
    return False


def _all_nodes(function: Function) -> Iterator[ast.AST]:
    """The nodes of a function, of what is nested in it, and of the project functions that they lead to."""
    assert function.project is not None
    reach = function.project.facts.reach
    yield from (node for statement in function.node.body for node in all_nodes(statement))
    seen: set[Def | Class] = {function.definition}
    nested = [d for d in function.module.functions if _is_inside(d, function.definition)]
    queue: list[Def | Class] = [function.definition, *nested]
    seen.update(nested)
    while queue:
        current = queue.pop()
        targets: list[Def | Class]
        if isinstance(current, Class):
            targets = list(current.methods.values())
        else:
            if current is not function.definition and current not in nested:
                if current in reach.compute(current.module):
                    continue  # another asset: named in `deps`, not called
                yield from own_nodes(current.node)
            targets = list(reach.references(current)[0])
        for target in targets:
            if target not in seen:
                seen.add(target)
                queue.append(target)


def _is_inside(definition: Def, outer: Def) -> bool:
    current = definition.parent
    while current is not None and current is not outer:
        current = current.parent
    return current is outer


def _adds(node: ast.AST) -> bool:
    """Whether it may add metadata, by its looks."""
    if isinstance(node, ast.Attribute):
        return node.attr in ADDING
    if not isinstance(node, ast.Call):
        return False
    name = called_name(node)
    if name not in EVENTS:
        return False
    given = [keyword for keyword in node.keywords if keyword.arg in ("metadata", None)]
    if any(not (isinstance(keyword.value, ast.Dict) and not keyword.value.keys) for keyword in given):
        return True
    return name != "MaterializeResult" and len(node.args) > 2


# ---- what there is to tell -------------------------------------------------------------------------------------------


def subjects_of(function: Function) -> list[Subject]:
    """What a function can best tell of its work: what it gives, else the table that it fills, else the frame that it
    reads. Several only where it gives several."""
    given = list(_given(function))
    if len(given) == 1 and given[0] is not None and _is_text(function, given[0]) and (counted := _count(function)):
        return [counted]  # the text says only where the data is
    if given:
        return given if all(given) else []  # type: ignore[return-value]
    other = _table(function) or _worked_on(function)
    return [other] if other is not None else []


def _given(function: Function) -> Iterator[Subject | None]:
    """What it gives, None for what there is nothing to tell of."""
    statements = list(_straight(function.node.body))
    if function.definition.is_generator:
        yields = [n for n in function.nodes() if isinstance(n, (ast.Yield, ast.YieldFrom))]
        exits = [(s, s.value.value) for s in statements if isinstance(s, ast.Expr) and isinstance(s.value, ast.Yield)]
        if len(exits) == len(yields):
            yield from (_subject(function, s, value) for s, value in exits if value is not None)
        return
    last = next((s for s in reversed(statements) if isinstance(s, ast.Return)), None)
    if last is None or last.value is None:
        return
    names = _output_names(function)
    if len(names) < 2:
        if (found := _subject(function, last, last.value)) is not None:
            yield found
    elif isinstance(last.value, ast.Tuple) and len(last.value.elts) == len(names):
        for name, element in zip(names, last.value.elts):
            found = _subject(function, last, element)
            yield replace(found, output=name) if found is not None and found.event is None else None
    else:
        yield None


def _output_names(function: Function) -> list[str]:
    """The names of the outputs of a ``multi_asset``, as far as its decorator lists them."""
    found: list[str] = []
    for node in all_nodes(function.decorator or ast.Pass()) if function.kind is Kind.MULTI_ASSET else ():
        if isinstance(node, ast.keyword) and node.arg in ("outs", "specs"):
            listed = node.value.keys if isinstance(node.value, ast.Dict) else getattr(node.value, "elts", ())
            found += [e.value if isinstance(e, ast.Constant) and isinstance(e.value, str) else "?" for e in listed]
    return found


def _subject(function: Function, statement: ast.stmt, value: ast.expr) -> Subject | None:
    event = None
    if isinstance(value, ast.Call) and (name := _event_name(function, value)):
        event = Place(function.module, value)
        inner = next((k.value for k in value.keywords if k.arg == "value"), None)
        if inner is None and name == "Output" and value.args and not isinstance(value.args[0], ast.Starred):
            inner = value.args[0]
        if inner is None:
            return None
        value = inner
    values = function.run.values.get(value, ANY)
    found = [data_of(v) for v in values]
    kinds = frozenset(kind for data in found if data is not None for kind in data.kinds)
    if not kinds or None in found:
        return None
    told = (
        Told.FRAME if kinds <= FRAMES and len(kinds) == 1
        else Told.ROWS if kinds == {PyKind.LIST}
        else Told.VALUE if kinds <= PLAIN and not isinstance(value, ast.Constant)
        else None
    )  # fmt: skip
    if told is None:
        return None
    frame = next(iter(kinds)) if told is Told.FRAME else None
    texts = frame is not PyKind.FRAME or all(isinstance(v, Result) for v in values)
    place = Place(function.module, value)
    return Subject(told, Place(function.module, statement), place, True, frame, texts, event)


def _straight(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that every run without an error passes, in order: those of ``with`` and ``try`` blocks too."""
    for statement in body:
        yield statement
        if isinstance(statement, (ast.With, ast.AsyncWith)):
            yield from _straight(statement.body)
        elif handlers_in(statement):
            yield from _straight(statement.body)  # type: ignore[attr-defined]
            yield from _straight(statement.orelse)  # type: ignore[attr-defined]


def _event_name(function: Function, call: ast.Call) -> str:
    assert function.project is not None
    external = function.project.names.external(call.func, function.definition.inner)
    name = dagster_public_name(external) or ""
    return name if name in ("Output", "MaterializeResult") else ""


def _table(function: Function) -> Subject | None:
    """The table that the function fills, where its last statement on that connection does it."""
    made = [query for query in function.queries if query.is_own and query.method == "execute" and _fills(query)]
    if not made or function.definition.is_generator:
        return None
    query = made[-1]
    call = query.call.node
    statement = next((s for s in _straight(function.node.body) if isinstance(s, ast.Expr) and s.value is call), None)
    if statement is None or not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return None
    connection, tables = call.func.value, {_fills(other) for other in made}
    if not isinstance(connection, ast.Name) or len(tables) != 1:
        return None
    table = tables.pop()
    counted = _counted(function, table, statement)
    later = [q for q in function.queries if q.site is query.site and q.place.span.start > query.place.span.start]
    if later and not counted:
        return None
    told_after = statement if counted is None else counted[0]
    return Subject(
        Told.TABLE, Place(function.module, told_after), Place(function.module, connection), False,
        table=table, counted=counted[1] if counted else "",
    )  # fmt: skip


def _fills(query: Query) -> str:
    """The one table that a query is shown to fill, "" if there is none."""
    if not query.complete or len(query.statements) != 1:
        return ""
    statement = query.statements[0]
    if statement.own_holes or statement.is_temporary or not (statement.makes or statement.keyword == "INSERT"):
        return ""
    targets = statement.makes or statement.writes
    if statement.keyword == "CREATE" and (statement.if_not_exists or not _holds_query(statement.text)):
        return ""
    return str(targets[0]) if len(targets) == 1 and targets[0].is_known and _is_plain(str(targets[0])) else ""


def _holds_query(text: str) -> bool:
    words = text.upper().split()
    return "TABLE" in words[:4] and "AS" in words


def _counted(function: Function, table: str, after: ast.stmt) -> tuple[ast.stmt, str] | None:
    """The statement that counts the rows of ``table``, and the variable that it binds to their number."""
    for statement in _straight(function.node.body):
        if (
            isinstance(statement, ast.Assign)
            and statement.lineno > after.lineno
            and len(statement.targets) == 1
            and isinstance(statement.targets[0], ast.Name)
        ):
            for node in all_nodes(statement.value):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    words = node.value.lower().split()
                    if words[:3] == ["select", "count(*)", "from"] and words[3:] == [table.lower()]:
                        return statement, statement.targets[0].id
    return None


def _is_text(function: Function, subject: Subject) -> bool:
    assert isinstance(subject.value.node, ast.expr)
    found = [data_of(value) for value in function.run.values.get(subject.value.node, ANY)]
    return subject.event is None and all(data is not None and data.kinds == {PyKind.STR} for data in found)


def _count(function: Function) -> Subject | None:
    """The number of rows of the one table that the function counts, on every run and all of them."""
    found: list[Subject] = []
    for statement in _straight(function.node.body):
        match statement:
            case ast.Assign(
                targets=[ast.Name(id=name) as target],
                value=ast.Subscript(
                    value=ast.Call(func=ast.Attribute(value=ast.Call() as call, attr="fetchone")),
                    slice=ast.Constant(value=0),
                ),
            ):
                table = next((_all_of(query) for query in function.queries if query.call.node is call), "")
                if table:
                    places = Place(function.module, statement), Place(function.module, target)
                    found.append(Subject(Told.COUNT, *places, False, table=table, counted=name))
    return found[0] if len(found) == 1 else None


def _all_of(query: Query) -> str:
    """The table all of whose rows a query counts, "" if it asks something else."""
    if not query.complete or len(query.variants) != 1 or query.variants[0].holes:
        return ""
    match query.variants[0].render().split():
        case [select, count, source, table] if f"{select} {count} {source}".lower() == "select count(*) from":
            return table if _is_plain(table) else ""
    return ""


def _is_plain(table: str) -> bool:
    """Whether a table's name needs no quotes, neither in SQL nor in Python."""
    return all(part.isidentifier() for part in table.split("."))


def _is_short(function: Function, value: ast.expr) -> bool:
    """Whether a query bounds how many rows this has (it counts, or has a LIMIT): their number tells nothing."""
    asked = [query for query in function.queries if any(held.place.node is value for held in query.held)]
    return any(
        statement.can_be_empty is False or (statement.tree is not None and statement.tree.args.get("limit") is not None)
        for query in asked
        for statement in query.last_statements
    )


def _worked_on(function: Function) -> Subject | None:
    """The one frame that every run reads; the rows of one of several would say little of the whole."""
    found: list[Subject] = []
    for statement in _straight(function.node.body):
        if not (
            isinstance(statement, ast.Assign)
            and len(statement.targets) == 1
            and isinstance(statement.targets[0], ast.Name)
        ):
            continue
        values = function.run.values.get(statement.value, ANY)
        kinds = {data.kinds for v in values if (data := data_of(v)) is not None}
        if _is_short(function, statement.value):
            continue
        if len(values) == 1 and isinstance(values[0], Result) and kinds and (only := kinds.pop()) <= FRAMES:
            place = Place(function.module, statement.targets[0])
            found.append(
                Subject(Told.FRAME, Place(function.module, statement), place, False, next(iter(only)), True)
            )  # fmt: skip
    return found[0] if len(found) == 1 else None
