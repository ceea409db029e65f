"""Rules written in SQL: a file with a header of comments, and one SELECT over the project's facts.

What the SELECT gives is wrong. Running it is :mod:`asset_lint.facts.judging`'s business; here a file is read.
"""

from __future__ import annotations

import difflib
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from asset_lint.errors import ConfigError
from asset_lint.finding import Severity

from .pages import Page

OWN_PREFIX = "AL"
CODE = re.compile(r"[A-Z]+[0-9]+")
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_KEY = re.compile(r"--[ \t]?(?P<key>[A-Za-z-]+)[ \t]*:(?P<value>.*)")
_KEYS = ("code", "name", "severity", "message")
_BRACES = "braces that are none of a column's are written `{{` and `}}`"
_CONTINUED = re.compile(r"--(?:[ \t]{4,}|\t)(?P<value>\S.*)")


@dataclass(frozen=True, slots=True)
class SqlRule:
    """A rule in SQL. ``sql`` is the whole file, so that the places in it are the file's; ``message`` may name columns
    in braces, and stands in line ``message_line``; the statement begins in ``first_line``."""

    file: Path
    code: str
    name: str
    severity: Severity
    message: str
    message_line: int
    sql: str
    first_line: int
    doc: str

    @property
    def page(self) -> Page:
        """What can be said of it."""
        body = "\n".join(self.sql.splitlines()[self.first_line - 1 :]).strip()
        text = f"{self.doc or self.message}\n\n## The question\n```sql\n{body}\n```\n"
        return Page(self.code, self.name, self.message, self.severity, text, pack=str(self.file))


def read(file: Path) -> SqlRule:
    """The rule in a file; raises ConfigError, with the place, for one that can't be used."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{file}: the rule cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{file}: the rule is no text in UTF-8") from None
    return _Reader(file, text).rule()


class _Reader:
    def __init__(self, file: Path, text: str) -> None:
        self.file = file
        self.text = text.replace("\r\n", "\n")
        self.values: dict[str, tuple[str, int]] = {}
        self.doc: list[str] = []
        self.first = 0

    def rule(self) -> SqlRule:
        """What the file says."""
        self._header()
        code = self._needed("code", "like `XX001`")
        if not CODE.fullmatch(code):
            self._refuse("code", f"`{code}` is no code: expected capital letters and digits, like `XX001`")
        if code.rstrip("0123456789") == OWN_PREFIX:
            self._refuse("code", f"`{code}`: codes in {OWN_PREFIX} are asset-lint's own; take a prefix of yours")
        name = self.values.get("name", (re.sub(r"[^a-z0-9]+", "-", self.file.stem.lower()).strip("-"), 1))[0]
        if not _NAME.fullmatch(name):
            self._refuse("name", f"`{name}` is no name: expected words with dashes, like `no-orphans`")
        severity = self.values.get("severity", ("warning", 1))[0].lower()
        if severity not in ("error", "warning", "info"):
            self._refuse("severity", f"expected error, warning or info, got `{severity}`")
        message = self._needed("message", "the sentence to report, with `{column}` for a column's value")
        list(self._columns(message))
        if not self.first:
            raise ConfigError(f"{self.file}: there is no SELECT below the header")
        line = self.values["message"][1]
        doc = "\n".join(self.doc).strip()
        return SqlRule(self.file, code, name, Severity[severity.upper()], message, line, self.text, self.first, doc)

    def _header(self) -> None:
        last = ""
        for number, line in enumerate(self.text.split("\n"), start=1):
            stripped = line.strip()
            if stripped and not stripped.startswith("--"):
                self.first = number
                return
            if last and (more := _CONTINUED.fullmatch(stripped)) is not None:
                value, at = self.values[last]
                self.values[last] = f"{value} {more['value'].strip()}".strip(), at
                continue
            last = ""
            match = _KEY.fullmatch(stripped)
            key = match["key"].lower() if match is not None else ""
            if match is not None and key in _KEYS:
                if key in self.values:
                    raise ConfigError(f"{self.file}:{number}: `{key}` stands in the header twice")
                self.values[key], last = (match["value"].strip(), number), key
            elif key and (close := difflib.get_close_matches(key, _KEYS, n=1, cutoff=0.75)):
                raise ConfigError(f"{self.file}:{number}: unknown `{key}` in the header; did you mean `{close[0]}`?")
            else:
                self.doc.append(stripped.removeprefix("--").removeprefix(" "))

    def _needed(self, key: str, what: str) -> str:
        value = self.values.get(key, ("", 1))[0]
        if not value:
            self._refuse(key, f"the header needs a line `-- {key}: …`, {what}")
        return value

    def _columns(self, message: str) -> Iterator[str]:
        """The columns that a message names."""
        try:
            for _, name, spec, conversion in string.Formatter().parse(message):
                if name is not None:
                    if not name.isidentifier() or spec or conversion:
                        self._refuse("message", f"`{{{name}}}` names no column; {_BRACES}")
                    yield name
        except ValueError as error:
            self._refuse("message", f"{error}; {_BRACES}")

    def _refuse(self, key: str, sentence: str) -> None:
        raise ConfigError(f"{self.file}:{self.values.get(key, ('', 1))[1]}: {sentence}")
