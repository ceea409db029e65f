"""IPython's own syntax in cells: set aside while they are read as Python, and put back as it was."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from asset_lint.errors import FixError
from asset_lint.source.lexing import STRING

from .virtual import MARK

#: Cell magics whose cells are Python all the same, as ruff has them.
_PYTHON = frozenset("capture debug ipytest prun pypy python python3 time timeit".split())
_TOKEN = re.compile(
    rf"(?P<comment>#[^\n]*)|(?P<string>\w*(?:{STRING}))|(?P<open>[(\[{{])|(?P<close>[)\]}}])|(?P<line>\\?\n)"
    r"|(?P<word>\w+)|(?P<space>[ \t\f]+)|.",
    re.DOTALL,
)
_CELL = re.compile(r"\s*%%(\w+)")
# A line of its own: `%magic`, `!command`, `?name`, `name?`, `/call`, `,quote`, `;quote`.
_WHOLE = re.compile(r"[ \t]*(?:[%!?]|[/,;][^\W\d]|%?[^\W\d][\w.*\[\]]*\?{1,2}[ \t]*(?:#[^\n]*)?(?=\n|\Z))")
_ASSIGNED = re.compile(r"(?P<target>[ \t]*[^\W\d][^\n=#'\"()]*=[ \t]*)(?P<magic>[%!][^\n]*)")
_REST = re.compile(r"(?:[^\n\\]|\\.)*", re.DOTALL)  # the rest of a line, with those that a backslash ties to it
_KEPT = re.compile(rf"^(?P<before>.*?)(?:pass|get_ipython\(\)|)  #{MARK}(?P<number>\d+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Aside:
    """A cell's code as Python, and the lines that were set aside, by their numbers in its text."""

    code: str
    lines: Mapping[str, str] = field(default_factory=dict)

    def back(self, code: str) -> str:
        """``code`` with what was set aside in its place; raises FixError where some of it is gone."""
        found = [match["number"] for match in _KEPT.finditer(code)]
        if found != list(self.lines):
            raise FixError("the change touches a line of IPython's")
        return _KEPT.sub(lambda match: match["before"] + self.lines[match["number"]], code) if found else code


def is_foreign(code: str) -> bool:
    """Whether a cell magic hands the cell to something other than Python."""
    match = _CELL.match(code)
    return match is not None and match[1] not in _PYTHON


def set_aside(code: str) -> Aside:
    """The cell with each piece of IPython's syntax replaced by a statement without a meaning, line by line."""
    kept: dict[str, str] = {}
    out: list[str] = []
    at, depth, fresh = 0, 0, True
    while at < len(code):
        if fresh and depth == 0:
            assigned = _ASSIGNED.match(code, at)
            if _WHOLE.match(code, at) or assigned:
                at = _replace(code, at, assigned, kept, out)
                fresh = False
                continue
        match = _TOKEN.match(code, at)
        assert match is not None
        kind = match.lastgroup
        if kind == "open":
            depth += 1
        elif kind == "close":
            depth = max(depth - 1, 0)
        fresh = kind == "line" and match[0] == "\n"
        out.append(match[0])
        at = match.end()
    return Aside("".join(out), kept)


def _replace(code: str, at: int, assigned: re.Match[str] | None, kept: dict[str, str], out: list[str]) -> int:
    if assigned is not None:
        before, start, statement = assigned["target"], assigned.start("magic"), "get_ipython()"
    else:
        before = code[at : at + len(code[at:]) - len(code[at:].lstrip(" \t"))]
        start, statement = at + len(before), "pass"
    rest = _REST.match(code, start)
    assert rest is not None
    for index, line in enumerate(rest[0].split("\n")):
        number = str(len(kept))
        kept[number] = line
        out.append(f"{before}{statement}  #{MARK}{number}" if not index else f"\n  #{MARK}{number}")
    return rest.end()
