"""``check --fix --interactive``: each fix is shown, and applied if its reader says so."""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asset_lint.engine import Answer, FileResult, choose, write
from asset_lint.errors import SourceError, UsageError
from asset_lint.finding import Safety
from asset_lint.report import Context, render
from asset_lint.report.common import BOLD, CYAN, GREEN, RED

from . import known
from .diffs import unified
from .terminal import colored, is_terminal
from .terminal import write as show

if TYPE_CHECKING:
    from asset_lint.finding import Finding
    from asset_lint.registry import Registry

_HELP = """\
y - apply this fix
n - leave it
a - apply this fix and all others of this file
d - leave this fix and all others of this file
q - leave this fix and all others
? - print this
"""


def require_terminal() -> None:
    """Raise UsageError where nobody could be asked."""
    if sys.stdin is None or not sys.stdin.isatty() or not is_terminal():
        raise UsageError("--interactive asks what to fix: standard input and output must be a terminal")


def chosen(files: known.Files, registry: Registry, given: Mapping[str, Any]) -> list[FileResult]:
    """The results of all files after the fixes that were wanted, which are written."""
    asker = _Asker(registry)
    failed: dict[str, str] = {}

    def keep(result: FileResult) -> None:
        try:
            write(result)
        except SourceError as error:
            failed[result.path] = str(error)
            asker.quits = True

    results = [
        result
        for group in known.alike(files)
        for result in choose(group, registry, asker, keep, baseline=known.load(group), ignore_noqa=given["ignore_noqa"])
    ]
    return [FileResult(each.path, error=failed[each.path]) if each.path in failed else each for each in results]


class _Asker:
    """Shows a fix and asks."""

    def __init__(self, registry: Registry) -> None:
        self.quits = False
        self.context = Context(lambda path: None, registry.pages, Path.cwd(), "", True, color=colored())

    def __call__(self, finding: Finding, change: FileResult) -> Answer:
        if self.quits:
            return Answer.QUIT
        assert finding.fix is not None and change.source is not None  # that is what is asked about
        show(render("concise", [change.source.shown(finding)], self.context))
        if finding.hint:
            show(f"{self.context.paint('help', BOLD, CYAN)}: {finding.hint}\n")
        show(self._painted(unified(change, safely=True).decode()))
        kind = "unsafe fix" if finding.fix.safety is Safety.UNSAFE else "fix"
        answer = self._answer(f"Apply this {kind} [y,n,a,d,q,?]? ")
        self.quits = answer is Answer.QUIT
        return answer

    def _answer(self, question: str) -> Answer:
        while True:
            show(self.context.paint(question.rstrip(), BOLD, CYAN) + " ")
            line = sys.stdin.readline()
            if not line:  # Ctrl-D
                show("\n")
                return Answer.QUIT
            word = line.strip().lower()[:1]
            if any(word == each.value for each in Answer):
                return Answer(word)
            show(_HELP)

    def _painted(self, diff: str) -> str:
        def paint(match: re.Match[str]) -> str:
            line = match[0]
            head = line.startswith(("---", "+++", "@@"))
            return self.context.paint(line, *((BOLD,) if head else (GREEN,) if line[0] == "+" else (RED,)))

        return re.sub(r"^(?:[-+]|@@).*", paint, diff.rstrip("\n") + "\n", flags=re.MULTILINE)
