"""A summary for people in Markdown: a comment on a pull request, the summary of a job.

Bounded, since GitHub refuses a comment of more than 65,536 characters. The worst findings come first and are told of in
full as long as there is room.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from asset_lint.finding import Finding, Safety, Span

from .common import Context, by_severity, counted, place
from .safe import visible

LIMIT = 60_000  # bytes of UTF-8; the rest is left to what others write around it
_FOR_LIST = 40_000  # of them for the rules and the table, the rest for the details
_LONG = 300  # characters of one text
_MARKUP = re.compile(r"[\\`*\[\]<>&|~$@]|(?<![^\W_])_|_(?![^\W_])")  # an underscore within a word is none
_LINK = re.compile(r"@|:(?=//)|www(?=\.)", re.IGNORECASE)
_REFERENCE = re.compile(r"[#!$%&~](?=\w)|\bGH(?=-\d)", re.IGNORECASE)  # of issues, labels and the like; not in code
_APART = "\\g<0>\u2060"  # a word joiner shows nothing


def render(findings: Sequence[Finding], context: Context) -> str:
    """The summary: counts by rule, a table of the findings, their details folded away."""
    worst_first = sorted(findings, key=lambda finding: (-finding.severity, finding.order))
    told = f"{counted(len(findings), 'finding')} ({by_severity(findings)})" if findings else "nothing found"
    blocks = [f"### asset-lint: {told}\n"]
    if context.problems:
        blocks.append(_bounded("", [f"- Not done: {_prose(each)}\n" for each in context.problems], "", _FOR_LIST // 4))
    if findings:
        blocks.append(_bounded(_RULES, _rules(worst_first), "", _FOR_LIST // 2))
        blocks.append(_bounded(_FINDINGS, map(_row, worst_first), "", _FOR_LIST - _size(blocks)))
        details = (text for finding in worst_first if (text := _detail(finding, context)))
        blocks.append(_bounded(_DETAILS, details, "\n</details>\n", LIMIT - _size(blocks)))
    return "\n".join(block for block in blocks if block)


_RULES = "| Rule | Severity | Findings |\n| --- | --- | ---: |\n"
_FINDINGS = "| Place | Rule | Finding |\n| --- | --- | --- |\n"
_DETAILS = "<details><summary>Why, and what to do</summary>\n\n"
_MORE = 60  # bytes of the line on what had no room


def _size(blocks: Iterable[str]) -> int:
    return sum(len(block.encode()) + 1 for block in blocks)


def _bounded(head: str, entries: Iterable[str], foot: str, limit: int) -> str:
    """As many of the ``entries`` as fit into ``limit`` bytes, and how many did not; "" if there are none."""
    kept: list[str] = []
    left = limit - len(head) - len(foot) - _MORE
    over = 0
    for entry in entries:
        left -= len(entry.encode())
        if left < 0 or over:
            over += 1
        else:
            kept.append(entry)
    if not kept and not over:
        return ""
    more = f"\n… and {over} more.\n" if over else ""
    return f"{head}{''.join(kept)}{more}{foot}"


def _rules(findings: Sequence[Finding]) -> Iterator[str]:
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.code, []).append(finding)
    for code, of_code in groups.items():
        yield f"| {code} {_text(of_code[0].name)} | {of_code[0].severity} | {len(of_code)} |\n"


def _row(finding: Finding) -> str:
    return f"| {_place(finding.path, finding.span)} | {finding.code} | {_prose(finding.message)} |\n"


def _detail(finding: Finding, context: Context) -> str:
    lines = [f"  - {_place(note.path, note.span)}: {_prose(note.message)}" for note in finding.notes]
    if finding.hint:
        lines.append(f"  - help: {_prose(finding.hint)}")
    fix = finding.fix
    if fix is not None and (fix.safety is not Safety.UNSAFE or context.unsafe_fixes is not False):
        lines.append(f"  - fix ({fix.safety}): {_prose(fix.message)}")
    if not lines:
        return ""
    return "\n".join([f"- {_place(finding.path, finding.span)} {finding.code}", *lines]) + "\n"


def _place(path: str, span: Span) -> str:
    return _code(f"{path}{place(span)}")


def _prose(text: str) -> str:
    """A message: what stands between its backticks is code; where they don't pair, all of it is."""
    pieces = _shortened(text).split("`")
    if len(pieces) % 2 == 0:
        return _code(text)
    return "".join(
        f"<code>{_text(piece)}</code>" if at % 2 else _text(_REFERENCE.sub(_APART, piece))
        for at, piece in enumerate(pieces)
        if piece
    )


def _code(text: str) -> str:
    return f"<code>{_text(_shortened(text))}</code>"


def _shortened(text: str) -> str:
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"


def _text(text: str) -> str:
    """``text`` on one line, for nothing but itself: no markup, no HTML, no link, nobody mentioned."""
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", _LINK.sub(_APART, visible(text)))
