"""Comments that keep findings from being reported, and findings about such comments.

``# noqa: AL201`` (as in ruff), ``# asset-lint: ignore[AL201] reason`` at the end of a logical line or right above it,
``# asset-lint: disable[AL201]`` to ``enable[AL201]``, ``# asset-lint: file-ignore[AL201]``. Names may stand for codes;
no brackets mean every rule. AL000 can't be suppressed, AL001 and AL002 only by a comment that names them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING

from asset_lint.finding import Finding, Fix, Safety, Suppressed
from asset_lint.registry import INVALID_SYNTAX, UNKNOWN_CODE, UNUSED_SUPPRESSION, Page, Registry, Selection, closest

from .comments import Directive, Form, Named, is_foreign, read
from .lines import Lines

if TYPE_CHECKING:
    from asset_lint.source import Source

__all__ = ["OWN", "Form", "Lines", "Suppressions", "mentions"]

_OURS = re.compile(rb"#[ \t]*asset-lint[ \t]*:")
#: The codes that are the tool's own.
OWN = frozenset((INVALID_SYNTAX, UNUSED_SUPPRESSION, UNKNOWN_CODE))


def mentions(data: bytes, registry: Registry) -> bool:
    """Whether a file's bytes may hold a comment that :meth:`Suppressions.complaints` speaks of."""
    if b"asset-lint" in data and _OURS.search(data):
        return True
    if b"noqa" not in data.lower():
        return False
    codes = b"|".join(sorted(prefix.encode() for prefix in registry.prefixes))
    return re.search(rb"[nN][oO][qQ][aA][ \t]*:[^\r\n]*?\b(?:" + codes + rb")[0-9]", data) is not None


def _may_suppress(data: bytes) -> bool:
    return b"asset-lint" in data or b"noqa" in data.lower()


class Suppressions:
    """The suppressions of one file; it remembers which of them were of use, and what they suppressed."""

    def __init__(self, source: Source, registry: Registry) -> None:
        self.source = source
        self.registry = registry
        self.directives: list[Directive] = []
        self.suppressed: list[Suppressed] = []
        if _may_suppress(source.data):
            lines = Lines(source.text)
            self.directives = read(source.text, lines, registry)
        self._working = [each for each in self.directives if not each.problem]

    def kept(self, findings: Iterable[Finding]) -> list[Finding]:
        """The findings that nothing suppresses."""
        return [finding for finding in findings if not self._suppresses(finding, named_only=False)]

    def complaints(self, selection: Selection, *, complete: bool) -> list[Finding]:
        """AL001 and AL002, after :meth:`kept` has seen every finding of the codes in ``selection``.

        ``complete`` says that all these rules came to their end; else none can be called unused.
        """
        found: list[Finding] = []
        for directive in self.directives:
            if UNKNOWN_CODE in selection.codes:
                found += self._unknown(directive)
            if UNUSED_SUPPRESSION in selection.codes and complete and not directive.problem:
                found += self._unused(directive, selection)
        return [finding for finding in found if not self._suppresses(finding, named_only=True)]

    def named(self, form: Form) -> list[Directive]:
        """The comments of a form that name codes."""
        return [each for each in self._working if each.form is form and each.named]

    # -- what is suppressed -------------------------------------------------------------------------------------------

    def _suppresses(self, finding: Finding, *, named_only: bool) -> bool:
        code = finding.code
        if code == INVALID_SYNTAX:
            return False

        def speaks(directive: Directive) -> bool:
            return directive.names(code) or not (directive.named or named_only)

        line = finding.span.line
        found = [
            directive
            for directive in self._working
            if speaks(directive)
            and (
                directive.form is Form.FILE_IGNORE
                or (directive.form is Form.IGNORE and directive.first <= line <= directive.last)
                or (directive.form is Form.NOQA and directive.first in (line, finding.noqa_line))
            )
        ]
        found += self._disabled(speaks, lambda directive: directive.first <= line)
        for directive in found:
            directive.used.add(code)
        if found:
            reason = next((directive.reason for directive in found if directive.reason), "")
            self.suppressed.append(Suppressed(finding, commented=True, reason=reason))
        return bool(found)

    def _disabled(self, speaks: Callable[[Directive], bool], before: Callable[[Directive], bool]) -> list[Directive]:
        """The ranges that are open behind all the directives for which ``before`` holds."""
        disabled: list[Directive] = []
        for directive in self._working:
            if directive.form in (Form.DISABLE, Form.ENABLE) and before(directive) and speaks(directive):
                if directive.form is Form.DISABLE:
                    disabled.append(directive)
                else:
                    disabled.clear()
        return disabled

    def _ends(self, enable: Directive, code: str) -> bool:
        """Whether an ``enable`` ends a range of ``code``; of any range, where ``code`` is ""."""

        def speaks(other: Directive) -> bool:
            return not other.named or other.names(code)

        if code:
            return bool(self._disabled(speaks, lambda other: other.start < enable.start))
        codes = [
            each.code for other in self._working if other.form is Form.DISABLE for each in other.named if each.code
        ]
        bare = self._disabled(lambda other: not other.named, lambda other: other.start < enable.start)
        return bool(bare) or any(self._ends(enable, code) for code in codes)

    # -- what is wrong with suppressions ------------------------------------------------------------------------------

    def _unused(self, directive: Directive, selection: Selection) -> Iterator[Finding]:
        if not directive.named:
            if directive.form is Form.ENABLE:
                idle = not self._ends(directive, "")
            else:
                # what a rule that didn't run would have said is unknown
                idle = not directive.used and selection.codes >= self.registry.pages.keys()
            if idle and directive.form is not Form.NOQA:
                yield self._finding(UNUSED_SUPPRESSION, directive, f"{_what(directive)} has no effect", ())
            return
        unused = [each for each in directive.named if self._is_unused(each, directive, selection)]
        if unused:
            why = "disabled here" if directive.form is Form.ENABLE else f"reported {_where(directive)}"
            message = f"unused suppression: {_codes(unused)} {'is' if len(unused) == 1 else 'are'} not {why}"
            yield self._finding(UNUSED_SUPPRESSION, directive, message, unused)

    def _is_unused(self, each: Named, directive: Directive, selection: Selection) -> bool:
        if not each.code or each.code in OWN or each.code not in selection.codes:
            return False
        if directive.form is Form.ENABLE:
            return not self._ends(directive, each.code)
        return each.code not in directive.used

    def _unknown(self, directive: Directive) -> Iterator[Finding]:
        if directive.problem:
            message = f"unreadable suppression: {directive.problem}"
            yield self._finding(UNKNOWN_CODE, directive, message, None)
            return
        unknown = [
            each
            for each in directive.named
            if each.code == INVALID_SYNTAX or (not each.code and not is_foreign(each.text, self.registry))
        ]
        if unknown:
            first = unknown[0]
            if first.code:
                message = f"`{first.text}` cannot be suppressed"
            else:
                message = f"unknown code in suppression: {_codes(unknown)}{closest(first.text, self.registry.names())}"
            yield self._finding(UNKNOWN_CODE, directive, message, unknown)

    def _finding(self, code: str, directive: Directive, message: str, dropped: Collection[Named] | None) -> Finding:
        page: Page = self.registry.pages[code]
        fix = None
        if dropped is not None:
            edits = directive.without(self.source, dropped)
            left = len(directive.named) > len(dropped)
            fix = Fix(f"remove {_codes(dropped)}" if left else "remove the suppression", Safety.SAFE, edits)
        return Finding(
            code=code,
            name=page.name,
            message=message,
            severity=page.severity,
            path=self.source.path,
            span=self.source.span(directive.start, directive.end),
            noqa_line=directive.comment.line,
            fix=fix,
        )


def _codes(named: Iterable[Named]) -> str:
    return ", ".join(f"`{each.text}`" for each in named)


def _what(directive: Directive) -> str:
    return "this `enable`" if directive.form is Form.ENABLE else f"this `{directive.form.value}`"


def _where(directive: Directive) -> str:
    match directive.form:
        case Form.FILE_IGNORE:
            return "in this file"
        case Form.DISABLE:
            return "below"
        case _:
            return "here"
