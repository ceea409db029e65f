"""Adding to files that others wrote: as little text as possible, and only where the result can be shown to be right."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any

from asset_lint.config import toml

_REPOS = re.compile(r"^repos:[ \t]*(?:#[^\r\n]*)?(?=\r?\n|\Z)", re.MULTILINE)
_HOOK = re.compile(r"""^[ \t-]*id:[ \t]*["']?asset-lint(?:-fix)?["']?[ \t]*(?:#.*|\r)?$""", re.MULTILINE)


def newline(text: str) -> str:
    """How the lines of ``text`` end."""
    return "\r\n" if "\r\n" in text else "\n"


def with_table(text: str, header: str, body: str) -> str | None:
    """A TOML document with a table more, whose name is ``header`` (with dots); None where that can't be."""
    old = toml.load(text)
    new = copy.deepcopy(old)
    *above, name = header.split(".")
    table = _into(new, above)
    if table is None or name in table:
        return None
    table[name] = toml.load(body)
    return _checked(_appended(text, f"[{header}]\n{body}"), new)


def with_external(text: str, ruff: str) -> str | None:
    """A TOML document whose ruff settings (in the table ``ruff``, "" for all of it) leave our codes alone.

    The same text where they do already; None where it can't be said how.
    """
    old = toml.load(text)
    new = copy.deepcopy(old)
    prefix = f"{ruff}." if ruff else ""
    table = _into(new, [*filter(None, ruff.split(".")), "lint"])
    if table is None:
        return None
    external = table.get("external", [])
    if not isinstance(external, list):
        return None
    if any(isinstance(code, str) and "AL".startswith(code) for code in external):
        return text
    table["external"] = ["AL", *external]
    for changed in _attempts(text, ruff, f"{prefix}lint"):
        if _checked(changed, new) is not None:
            return changed
    return None


def _attempts(text: str, ruff: str, lint: str) -> Iterator[str]:
    ends = newline(text)
    for array in re.finditer(r"""\bexternal["']?[ \t]*=[ \t]*\[(\r?\n[ \t]*|[ \t]*)(?=(\]?))""", text):
        comma = "" if array[2] else "," if "\n" in array[1] else ", "
        inserted = f'{array[1]}"AL"{comma}' if "\n" in array[1] else f'"AL"{comma}'
        yield text[: array.start(1)] + inserted + text[array.start(1) :]
    for header in re.finditer(rf"^\[{re.escape(lint)}\][^\r\n]*(\r?\n|\Z)", text, re.MULTILINE):
        line = f'external = ["AL"]{ends}'
        yield text[: header.end()] + (line if header[1] else f"{ends}{line}") + text[header.end() :]
    if ruff:
        for header in re.finditer(rf"^\[{re.escape(ruff)}\][^\r\n]*\r?\n", text, re.MULTILINE):
            if re.match(r"[^\[]*^lint\.", text[header.end() :], re.MULTILINE):
                yield f'{text[: header.end()]}lint.external = ["AL"]{ends}{text[header.end() :]}'
    yield _appended(text, f'[{lint}]\nexternal = ["AL"]\n')
    if not ruff:
        yield f'lint.external = ["AL"]{ends}{text}'


def _appended(text: str, table: str) -> str:
    ends = newline(text)
    gap = "" if not text.strip() else ends if text.endswith("\n") else 2 * ends
    return text + gap + table.replace("\n", ends)


def _into(document: dict[str, Any], names: list[str]) -> dict[str, Any] | None:
    """The table with that path, made if need be; None where something else has its name."""
    table = document
    for name in names:
        below = table.setdefault(name, {})
        if not isinstance(below, dict):
            return None
        table = below
    return table


def _checked(text: str, expected: dict[str, Any]) -> str | None:
    try:
        return text if toml.load(text) == expected else None
    except ValueError:
        return None


def has_hook(text: str) -> bool:
    """Whether a configuration of pre-commit runs asset-lint already."""
    return _HOOK.search(text) is not None


def with_hook(text: str, entry: str) -> str | None:
    """A configuration of pre-commit with ``entry``, an item of ``repos`` that is not indented, behind the others.

    None where ``repos`` is not a plain list of one item a paragraph, as nearly everybody writes it.
    """
    keys = list(_REPOS.finditer(text))
    if len(keys) != 1 or "\t" in text:
        return None
    ends = newline(text)
    head = text[: keys[0].end()]
    lines = text[keys[0].end() :].removeprefix(ends).split(ends)
    indent: int | None = None
    last = 0  # lines that belong to the list
    for number, line in enumerate(lines, 1):
        bare = line.strip()
        own = len(line) - len(line.lstrip())
        if not bare or (bare.startswith("#") and (indent is None or own <= indent)):
            continue
        if indent is None:
            if not re.match(r" *- +repo *:", line):
                return None
            indent = own
        elif own < indent or (own == indent and not bare.startswith("-")):
            if own or not re.match(r"[\w-]+:", line):
                return None  # neither an item nor the next key: not what it looked like
            break
        elif own == indent and not re.match(r"- +repo *:", bare):
            return None
        last = number
    if indent is None:
        return None
    inserted = [f"{' ' * indent}{line}" for line in entry.splitlines()]
    rest = lines[last:] or [""]
    return head + ends + ends.join([*lines[:last], *inserted, *rest])
