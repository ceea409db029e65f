"""The findings of a file below its name, places aligned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from asset_lint.finding import Finding

from .common import BOLD, Context, by_file
from .concise import title
from .safe import visible_path


def render(findings: Sequence[Finding], context: Context) -> str:
    """The files, separated by empty lines."""
    return "".join("\n".join(_block(path, of_file, context)) + "\n\n" for path, of_file in by_file(findings).items())


def _block(path: str, findings: Sequence[Finding], context: Context) -> Iterator[str]:
    line_width = max(len(str(finding.span.line)) for finding in findings)
    column_width = max(len(str(finding.span.column)) for finding in findings)
    yield context.paint(visible_path(path), BOLD) + ":"
    for finding in findings:
        line, column = str(finding.span.line).rjust(line_width), str(finding.span.column).ljust(column_width)
        cell = f"cell {finding.span.cell}:" if finding.span.cell else ""
        yield f"  {cell}{line}:{column} {title(finding, context)}"
