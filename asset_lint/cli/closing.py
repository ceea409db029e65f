"""The lines that close a run, and its statistics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from asset_lint.finding import Finding
from asset_lint.report.common import CYAN, Context, by_severity, counted

MANY = 50  # from so many findings on, a run tells how to begin


def closing(findings: Sequence[Finding], fixed: int | None, context: Context) -> str:
    """What was found, and what can be done about it; ``fixed`` is None where no repairs were asked for."""
    return "".join(f"{line}\n" for line in _closing(findings, fixed, context))


def _closing(findings: Sequence[Finding], fixed: int | None, context: Context) -> Iterator[str]:
    total = len(findings) + (fixed or 0)
    if not total:
        if not context.problems:
            yield "All checks passed!"
        return
    severities = f" ({by_severity(findings)})" if findings else ""
    if fixed:
        yield f"Found {counted(total, 'finding')} ({fixed} fixed, {len(findings)} remaining)."
    else:
        yield f"Found {counted(total, 'finding')}{severities}."
    # what --fix leaves behind of these would not come to rest: repeating the advice would not help
    fixable = 0 if fixed is not None else sum(context.applicable(finding.fix) for finding in findings)
    hidden = sum(context.hidden(finding.fix) for finding in findings)
    option = "`--fix --unsafe-fixes`"
    star = f"[{context.paint('*', CYAN)}]"
    if fixable and hidden:
        more = f"{counted(hidden, 'unsafe fix')} available with {option}"
        yield f"{star} {fixable} fixable with `--fix` ({more})."
    elif fixable:
        yield f"{star} {fixable} fixable with `--fix`."
    elif hidden:
        yield f"{counted(hidden, 'unsafe fix')} available with {option}."
    if len(findings) >= MANY:
        assets = len({(finding.path, finding.function) for finding in findings if finding.function})
        beginning = "start with `--profile errors` or a baseline (`asset-lint baseline write`)"
        yield f"{counted(len(findings), 'finding')} in {counted(assets, 'asset')}; {beginning}."


def repaired(fixed: int, hidden: int, *, would: bool) -> str:
    """What ``--fix-only`` did, or what ``--diff`` would."""
    more = f" ({counted(hidden, 'additional fix')} available with `--unsafe-fixes`)" if hidden else ""
    if fixed:
        return f"{'Would fix' if would else 'Fixed'} {counted(fixed, 'finding')}{more}.\n"
    more = more.replace("additional ", "")
    return f"No findings {'would be ' if would else ''}fixed{more}.\n" if hidden else ""


def statistics(findings: Sequence[Finding], context: Context, *, as_json: bool) -> str:
    """How often each rule found something, the most frequent first."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.code, []).append(finding)
    ordered = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    rows = [(code, of_code, sum(context.applicable(finding.fix) for finding in of_code)) for code, of_code in ordered]
    if as_json:
        import json

        entries = [
            {
                "code": code,
                "name": of_code[0].name,
                "count": len(of_code),
                "fixable": fixable == len(of_code),
                "fixable_count": fixable,
            }
            for code, of_code, fixable in rows
        ]
        return json.dumps(entries, indent=2) + "\n"
    any_fixable = any(fixable for _, _, fixable in rows)
    width = max((len(str(len(of_code))) for _, of_code, _ in rows), default=0)
    lines = []
    for code, of_code, fixable in rows:
        sign = "*" if fixable == len(of_code) else "-" if fixable else " "
        mark = f"[{context.paint(sign, CYAN) if fixable else sign}] " if any_fixable else ""
        lines.append(f"{len(of_code):>{width}}\t{code}\t{mark}{of_code[0].name}\n")
    return "".join(lines)
