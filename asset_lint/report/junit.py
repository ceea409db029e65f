"""JUnit's XML, as ruff writes it: a suite per file, a failed case per finding.

Of the published grammars the one of Jenkins' xUnit plugin (junit-10.xsd) is kept to, with three additions of ruff's:
the line and column of a case, and its severity as a property.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import escape, quoteattr

from asset_lint.finding import Finding

from .common import Context, by_file, place
from .safe import visible, visible_path

_PACKAGE = "org.asset-lint"


def render(findings: Sequence[Finding], context: Context) -> str:
    """One document. What could not be checked is an error in it, a run that found nothing a passed case."""
    files = by_file(findings).items()
    suites = [_suite(path, [_failed(finding) for finding in each], failures=len(each)) for path, each in files]
    if context.problems:
        erred = [_erred(problem) for problem in context.problems]
        suites.append(_suite("asset-lint", erred, errors=len(erred)))
    if not suites:
        suites.append(_suite("asset-lint", [_case("No errors found", "asset-lint", "")]))
    failures, errors = len(findings), len(context.problems)
    counts = f'tests="{failures + errors or 1}" failures="{failures}" errors="{errors}"'
    body = "\n".join(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="asset-lint" {counts}>\n{body}\n</testsuites>\n'


def _suite(name: str, cases: Sequence[str], *, failures: int = 0, errors: int = 0) -> str:
    counts = f'tests="{len(cases)}" failures="{failures}" errors="{errors}"'
    return "\n".join([f'  <testsuite name={_attribute(name)} {counts} package="{_PACKAGE}">', *cases, "  </testsuite>"])


def _failed(finding: Finding) -> str:
    span = finding.span
    cell = f"cell {span.cell}, " if span.cell else ""
    text = "\n".join([f"{cell}line {span.line}, col {span.column}, {_text(finding.message)}", *_more(finding)])
    return _case(
        f"{_PACKAGE}.{finding.code}",
        os.path.splitext(finding.path)[0],
        f'      <properties>\n        <property name="severity" value="{finding.severity}"/>\n      </properties>\n'
        f"      <failure message={_attribute(finding.message)}>{text}</failure>\n",
        f' line="{span.physical.line}" column="{span.physical.column}"',
    )


def _more(finding: Finding) -> Iterator[str]:
    for note in finding.notes:
        yield f"{_text(visible_path(note.path))}{place(note.span)}: {_text(note.message)}"
    if finding.hint:
        yield f"help: {_text(finding.hint)}"


def _erred(problem: str) -> str:
    return _case("could not be checked", "asset-lint", f"      <error message={_attribute(problem)}/>\n")


def _case(name: str, group: str, inner: str, place: str = "") -> str:
    start = f"    <testcase name={_attribute(name)} classname={_attribute(group)}{place}"
    return f"{start}>\n{inner}    </testcase>" if inner else f"{start}/>"


def _attribute(text: str) -> str:
    return quoteattr(_allowed(text))


def _text(text: str) -> str:
    return escape(_allowed(text))


def _allowed(text: str) -> str:
    """Without what XML 1.0 has no way to write: :func:`visible` leaves two such characters."""
    return visible(text).replace("\ufffe", "\ufffd").replace("\uffff", "\ufffd")
