"""Running rules that are written in SQL: each row that one gives becomes a finding in the file that it names."""

from __future__ import annotations

import os
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from asset_lint.discovery import of_project
from asset_lint.documents import is_document
from asset_lint.errors import ConfigError, InvalidSyntax
from asset_lint.finding import Finding, Span
from asset_lint.source import Source

from .collect import Facts
from .database import FactsDatabase, SqlError

if TYPE_CHECKING:
    from asset_lint.config import Config
    from asset_lint.engine.check import Checker
    from asset_lint.model.project import Project
    from asset_lint.registry.sql import SqlRule

_PLACE = ("column", "end_line", "end_column")


class Judged:
    """What some rules in SQL find in a project, as its files are when this is made.

    The facts are those of every file below the project's folder that the configuration does not leave out.
    Raises ConfigError for a rule whose SQL, or what it gives, can't be used; UsageError where DuckDB isn't installed.
    """

    def __init__(self, rules: Sequence[SqlRule], config: Config, checker: Checker) -> None:
        self._root = str(config.root)
        files = {os.path.abspath(path): (path, config) for path, _ in of_project(config) if not is_document(str(path))}
        for path in checker.overlay:
            absolute = os.path.abspath(path)
            if absolute.startswith(self._root + os.sep) and not is_document(path):
                files[absolute] = (Path(path), config)
        self._projects: dict[str, Project] = {
            absolute: checker.project(str(path), config) for absolute, (path, _) in files.items()
        }
        self._sources: dict[str, Source] = {}
        self._found: dict[str, dict[Finding, None]] = {}
        inner = checker.without_sql()

        def findings() -> list[Finding]:
            return [
                finding
                for absolute, (path, _) in sorted(files.items())
                if (data := self._data(absolute)) is not None
                for finding in inner.check(str(path), data, config).findings
            ]

        facts = Facts([files[absolute] for absolute in sorted(files)], checker, self._name, findings)
        with FactsDatabase(facts.table, f"the rule {rules[0].file}") as database:
            for rule in rules:
                self._judge(rule, database)
        self._seen = {absolute: self._data(absolute) for absolute in files}

    def is_of(self, absolute: str, data: bytes) -> bool:
        """Whether it was made when the file had that content, or knows nothing of the file."""
        return self._seen.get(absolute, data) == data

    def findings(self, absolute: str, path: str) -> list[Finding]:
        """What was found in a file, which is called ``path`` in it."""
        return [replace(finding, path=path) for finding in self._found.get(absolute, ())]

    def _data(self, absolute: str) -> bytes | None:
        try:
            return self._projects[absolute].data(absolute)
        except OSError:
            return None

    def _name(self, absolute: str) -> str:
        return os.path.relpath(absolute, self._root).replace(os.sep, "/")

    # ---- one rule ----------------------------------------------------------------------------------------------------

    def _judge(self, rule: SqlRule, database: FactsDatabase) -> None:
        try:
            answer = database.ask(rule.sql)
        except SqlError as error:
            place = "" if error.line is None else f":{error.line}:{error.column}"
            raise ConfigError(f"{rule.file}{place}: {error.message.expandtabs(2).rstrip()}") from None
        names = [name.lower() for name in answer.columns]
        given = f"it gives {', '.join(names) or 'nothing'}"
        for needed in ("path", "line"):
            if needed not in names:
                raise ConfigError(f"{rule.file}:{rule.first_line}: the SELECT gives no column `{needed}`; {given}")
        for _, name, _, _ in string.Formatter().parse(rule.message):
            if name is not None and name not in names:
                raise ConfigError(f"{rule.file}:{rule.message_line}: the SELECT gives no column `{name}`; {given}")
        for number, row in enumerate(answer.rows, start=1):
            values = dict(zip(names, row, strict=True))

            def refuse(sentence: str, number: int = number) -> NoReturn:
                raise ConfigError(f"{rule.file}:{rule.first_line}: row {number} of its answer: {sentence}")

            absolute = self._file(values["path"], refuse)
            finding = self._finding(rule, values, absolute, refuse)
            self._found.setdefault(absolute, {})[finding] = None

    def _file(self, path: object, refuse: Callable[[str], NoReturn]) -> str:
        if not isinstance(path, str):
            refuse(f"`path` is {_shown(path)}, no text")
        absolute = os.path.normpath(os.path.join(self._root, path))
        if self._projects.get(absolute) is None or self._data(absolute) is None:
            refuse(f"the project has no Python file `{path}`")
        return absolute

    def _finding(
        self, rule: SqlRule, values: Mapping[str, object], absolute: str, refuse: Callable[[str], NoReturn]
    ) -> Finding:
        source = self._source(absolute, refuse)
        span = _span(source, values, refuse)
        return Finding(
            code=rule.code,
            name=rule.name,
            message=rule.message.format(**{name: _shown(value) for name, value in values.items()}),
            severity=rule.severity,
            path=absolute,
            span=span,
            noqa_line=source.noqa_line(span),
            function=self._function(absolute, span.line),
        )

    def _source(self, absolute: str, refuse: Callable[[str], NoReturn]) -> Source:
        if absolute not in self._sources:
            source = Source(absolute, self._data(absolute) or b"")
            try:
                len(source.text)
            except InvalidSyntax:
                refuse(f"the file `{self._name(absolute)}` is no text")
            self._sources[absolute] = source
        return self._sources[absolute]

    def _function(self, absolute: str, line: int) -> str:
        """The function in which a line stands, decorators included; "" for none."""
        module = self._projects[absolute].load(absolute)
        around = [
            each
            for each in (module.functions if module is not None else ())
            if min([each.node.lineno, *(d.lineno for d in each.node.decorator_list)]) <= line
            and line <= (each.node.end_lineno or 0)
        ]
        return max(around, key=lambda each: each.node.lineno).qualified_name if around else ""


def _span(source: Source, values: Mapping[str, object], refuse: Callable[[str], NoReturn]) -> Span:
    """The stretch of a file that a row means: its line without the indentation, where it says no more."""
    line = _number(values, "line", refuse)
    if line is None:
        refuse("`line` is NULL")
    column, end_line, end_column = (_number(values, name, refuse) for name in _PLACE)
    text = _line(source, line, "line", refuse)
    first = column if column is not None else len(text) - len(text.lstrip()) + 1
    last = _line(source, end_line if end_line is not None else line, "end_line", refuse)
    behind = end_column if end_column is not None else len(last.rstrip()) + 1
    for name, value, within in (("column", first, text), ("end_column", behind, last)):
        if value > len(within) + 1:
            refuse(f"`{name}` is {value}, and the line has {len(within)} characters")
    start = source.offset(line, 0) + first - 1
    end = source.offset(end_line if end_line is not None else line, 0) + behind - 1
    if end < start:
        refuse("it ends before it begins")
    return source.span(start, end)


def _line(source: Source, number: int, name: str, refuse: Callable[[str], NoReturn]) -> str:
    if number > (count := source.text.count("\n") + 1) and not source.line_text(number):
        refuse(f"`{name}` is {number}, and the file has {count} lines")
    return source.line_text(number)


def _number(values: Mapping[str, object], name: str, refuse: Callable[[str], NoReturn]) -> int | None:
    value = values.get(name)
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
        refuse(f"`{name}` is {_shown(value)}, no number from 1 on")
    return value if isinstance(value, int) else None


def _shown(value: object) -> str:
    """A value in a message, on one line."""
    if isinstance(value, (list, tuple)):
        return ", ".join(_shown(each) for each in value)
    if value is None or isinstance(value, bool):
        return "NULL" if value is None else str(value).lower()
    return " ".join(str(value).split())
