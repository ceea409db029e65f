"""The names that a fix may write: what is imported and can be seen at a place, else what a new import is called."""

from __future__ import annotations

import ast
import contextlib
import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import TYPE_CHECKING

from asset_lint.errors import InvalidSyntax
from asset_lint.finding import Edit
from asset_lint.source import Source, differences
from asset_lint.source.nodes import nodes_in

from .headers import Added, Header, without
from .scopes import Import, Scope, bindings, globals_used, made_global, scopes_at

if TYPE_CHECKING:
    from asset_lint.model.index import Module

_WRITTEN = {"duckdb": "DuckDB", "dagster": "Dagster", "dagster_duckdb": "DagsterDuckDB", "pandas": "Pandas"}
_ABBREVIATED = {"pandas": "pd", "polars": "pl", "pyarrow": "pa"}  # as everybody imports them
_WORD = re.compile(r"[^\W\d]\w*")

_Target = tuple[str, "str | None"]  # (module, None) for a module, (module, name) for something in it


class Imports:
    """The imports of one module and those that a fix adds to them or takes away."""

    def __init__(self, module: Module) -> None:
        self._module = module
        self._source = module.source
        self._tree = module.tree
        self._added: dict[_Target, list[Added]] = {}
        self._dropped: list[_Target] = []
        self._limit = 1 << 60

    def name(self, module: str, name: str | None, offset: int, taken: Iterable[str] = ()) -> str:
        """What to write at ``offset`` for ``name`` of ``module`` (None: for the module itself).

        ``taken`` are names that the fix gives to the functions around the place. Where nothing that is imported can be
        used, an import is added.
        """
        scopes = scopes_at(self._tree, self._source, offset)
        if name is not None and (found := self._visible((module, name), scopes, offset, taken)):
            return found
        if found := self._visible((module, None), scopes, offset, taken):
            return f"{found}.{name}" if name else found
        head, _, tail = module.rpartition(".")
        if name is None and head and (found := self._visible((head, tail), scopes, offset, taken)):
            return found
        if name is not None and module in _ABBREVIATED:
            return f"{self.name(module, None, offset, taken)}.{name}"
        hidden = {bound for scope in scopes[:-1] for bound, _, _ in bindings(scope)}.union(taken)
        for added in self._added.get((module, name), ()):
            if added.local.partition(".")[0] not in hidden:
                return added.local
        added = next(item for item in _proposals(module, name) if self._is_free(item, hidden))
        self._added.setdefault((module, name), []).append(added)
        self._limit = min(self._limit, self._statement_line(offset))
        return added.local

    def is_free(self, name: str, offset: int) -> bool:
        """Whether a new local name at ``offset`` collides with nothing that can be seen there."""
        scopes = scopes_at(self._tree, self._source, offset)
        bound = {other for scope in scopes for other, _, _ in bindings(scope)}
        return (
            name not in bound
            and not self._is_used(name)
            and not any(added.local == name for several in self._added.values() for added in several)
        )

    def drop(self, module: str, name: str | None) -> None:
        """Stop importing ``name`` of ``module`` if the fix leaves no use of it."""
        self._dropped.append((module, name))

    def edits(self, others: Iterable[Edit]) -> tuple[Edit, ...]:
        """The edits of the import block; ``others`` are the fix's other edits, which tell what is still used."""
        header = Header(self._source, self._tree, self._module.absolute, self._package, self._limit)
        before = header.text
        for added in sorted(
            (item for several in self._added.values() for item in several), key=lambda item: item.local
        ):
            header.add(added)
        if self._dropped:
            changed = [edit for edit in others if edit.span.start >= header.length]
            text = self._source.text[header.length :]
            for edit in sorted(changed, reverse=True):
                start, end = edit.span.start - header.length, edit.span.end - header.length
                text = text[:start] + edit.text + text[end:]
            for module, name in self._dropped:
                if not _is_used(self._local(module, name), header.text, text):
                    header.drop(module, name)
        return tuple(Edit(self._source.span(start, end), text) for start, end, text in differences(before, header.text))

    # -- what is there ------------------------------------------------------------------------------------------------

    def _visible(self, target: _Target, scopes: list[Scope], offset: int, taken: Iterable[str]) -> str | None:
        """What an import that has run before the code at ``offset`` calls ``target``, if nothing hides it there."""
        hidden = self._made_global.union(taken)
        for scope in scopes:
            bound = self._bound(scope)
            for local, alias, statement in self._direct_imports(scope):
                root = local.partition(".")[0]
                if (
                    self._target(alias, statement, whole=True) == target
                    and root not in hidden
                    and self._source.span_of(statement).end <= self._start(scope, offset)
                    and len({self._target(other, parent) for other, parent in bound[root]}) == 1
                ):
                    return local
            hidden |= set(bound)
        return None

    def _start(self, scope: Scope, offset: int) -> int:
        """The start of the statement of ``scope``'s own body that holds the place."""
        for statement in scope.body if isinstance(scope.body, list) else ():
            parts = (statement, *getattr(statement, "decorator_list", ()))
            start = min(self._source.span_of(part).start for part in parts)
            if start <= offset < self._source.span_of(statement).end:
                return start
        return -1

    def _direct_imports(self, scope: Scope) -> Iterator[tuple[str, ast.alias, Import]]:
        body = scope.body if isinstance(scope.body, list) else []
        for statement in body if isinstance(scope, ast.Module) else _surely_run(body):
            if isinstance(statement, (ast.Import, ast.ImportFrom)):
                for alias in statement.names:
                    if alias.name != "*":
                        yield alias.asname or alias.name, alias, statement

    def _target(self, node: ast.AST, parent: Import | None, *, whole: bool = False) -> tuple[object, str | None]:
        """What a binding stands for; without ``whole``, ``import a.b`` stands for ``a``, which it binds."""
        if not isinstance(node, ast.alias) or parent is None:
            return node, None
        if isinstance(parent, ast.ImportFrom):
            return self._module.absolute(parent.module, parent.level), node.name
        return (node.name if whole or node.asname else node.name.partition(".")[0]), None

    def _bound(self, scope: Scope) -> dict[str, list[tuple[ast.AST, Import | None]]]:
        found: dict[str, list[tuple[ast.AST, Import | None]]] = {}
        for name, node, statement in bindings(scope):
            found.setdefault(name, []).append((node, statement))
        return found

    @cached_property
    def _made_global(self) -> frozenset[str]:
        return made_global(self._tree)

    def _local(self, module: str, name: str | None) -> str:
        for local, alias, statement in self._direct_imports(self._tree):
            if self._target(alias, statement, whole=True) == (module, name):
                return local.partition(".")[0]
        return ""

    # -- what is new --------------------------------------------------------------------------------------------------

    def _is_free(self, added: Added, hidden: set[str]) -> bool:
        """Whether the module may bind the new name: it isn't hidden at the place and means nothing else anywhere."""
        local = added.local.partition(".")[0]
        if local in hidden or local in self._made_global:
            return False
        if any(
            other.local.partition(".")[0] == local and (other.module, other.name) != (added.module, added.name)
            for several in self._added.values()
            for other in several
        ):
            return False
        bound = self._bound(self._tree).get(local)
        if bound is None:
            return not self._is_used(local)
        meant = (added.module, added.name) if added.name or added.alias else (local, None)
        return all(self._target(node, parent) == meant for node, parent in bound)

    def _is_used(self, name: str) -> bool:
        return name in self._source.text and name in globals_used(self._tree)

    def _statement_line(self, offset: int) -> int:
        return self._source.place(max(self._start(self._tree, offset), 0))[0]

    @property
    def _package(self) -> str:
        return self._module.name.partition(".")[0]


def without_orphans(text: str, removed: Iterable[str]) -> str:
    """``text`` without the leading imports of names that stood in the ``removed`` pieces of code and are now unused.

    Two fixes that each take away one of a name's two uses can't know that its import is left over.
    """
    words = {word for piece in removed for word in _WORD.findall(piece)}
    used = _used_names(text) if words else None
    if used is None:
        return text
    while True:
        source = Source.of_text(text)
        for statement in ast.parse(text).body:
            if not isinstance(statement, (ast.Import, ast.ImportFrom)):
                continue
            if isinstance(statement, ast.ImportFrom) and statement.module == "__future__":
                continue
            for index, alias in enumerate(statement.names):
                local = alias.asname or alias.name.partition(".")[0]
                if local in words and local not in used:
                    fewer = without(source, statement, index)
                    if fewer != text:
                        break
            else:
                continue
            text = fewer
            break
        else:
            return text


def _is_used(local: str, header: str, text: str) -> bool:
    """Whether code behind the imports in ``header``, or these themselves, may use the name."""
    word = re.compile(rf"\b{re.escape(local)}\b")
    if not word.search(text) and len(word.findall(header)) < 2:
        return False  # its import alone speaks of it; to parse would cost far more
    used = _used_names(header + text)
    return used is None or local in used


def _used_names(text: str) -> frozenset[str] | None:
    """The names that the code or its strings (quoted annotations, ``__all__``) use; None if it doesn't parse."""
    try:
        nodes: list[ast.AST] = [Source.of_text(text).parse()]
    except InvalidSyntax:
        return None
    used: set[str] = set()
    while nodes:
        node = nodes.pop()
        if isinstance(node, ast.Name):
            used.add(node.id)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 300:
            with contextlib.suppress(InvalidSyntax):
                nodes.append(Source.of_text(node.value.strip()).parse())
        nodes.extend(nodes_in(node))
    return frozenset(used)


def _proposals(module: str, name: str | None) -> Iterator[Added]:
    """Ways to import it: under its own name, then under longer and longer ones."""
    if name is None and module in _ABBREVIATED:
        yield Added(module, None, _ABBREVIATED[module])
    yield Added(module, name)
    root, tail = module.partition(".")[0], module.rpartition(".")[2]
    if name is None:
        alias = f"{tail}_module"
    elif name[:1].isupper():
        alias = _WRITTEN.get(root, root.title().replace("_", "")) + name
    else:
        alias = f"{root}_{name}"
    yield Added(module, name, alias)
    number = 2
    while True:
        yield Added(module, name, f"{alias}_{number}")
        number += 1


def _surely_run(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements that have run where what is behind them is reached: also those of a ``try`` left otherwise."""
    for statement in body:
        ends = [handler.body[-1] for handler in statement.handlers] if isinstance(statement, ast.Try) else []
        if isinstance(statement, ast.Try) and all(isinstance(end, (ast.Return, ast.Raise)) for end in ends):
            yield from statement.body
        else:
            yield statement
