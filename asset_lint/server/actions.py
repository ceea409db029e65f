"""What an editor offers to do about findings: quick fixes, "fix all", "ignore on this line", "explain"."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress

from lsprotocol import types as lsp

from asset_lint.engine import suppressed
from asset_lint.errors import FixError
from asset_lint.finding import Finding, Safety
from asset_lint.registry import Registry
from asset_lint.source import differences
from asset_lint.suppression import OWN

from .positions import Positions

FIX_ALL = "source.fixAll.asset-lint"
EXPLAIN = "asset-lint.explain"


def quick_fixes(
    uri: str,
    version: int | None,
    positions: Positions,
    findings: Iterable[tuple[Finding, lsp.Diagnostic]],
    registry: Registry,
) -> Iterator[lsp.CodeAction | lsp.Command]:
    """The actions for the findings at hand: first what repairs, then what silences, then what explains."""
    pairs = list(findings)
    for finding, diagnostic in pairs:
        fix = finding.fix
        if fix is not None and fix.safety is not Safety.DISPLAY:
            unsafe = " (unsafe: may change what the code does)" if fix.safety is Safety.UNSAFE else ""
            yield lsp.CodeAction(
                title=f"{finding.code}: {fix.message}{unsafe}",
                kind=lsp.CodeActionKind.QuickFix,
                diagnostics=[diagnostic],
                is_preferred=fix.safety is Safety.SAFE,
                edit=_edit(uri, version, positions.edits(fix.edits)),
            )
    for finding, diagnostic in pairs:
        edits = list(_ignoring(positions, finding, registry))
        if edits:
            yield lsp.CodeAction(
                title=f"{finding.code}: Ignore on this line",
                kind=lsp.CodeActionKind.QuickFix,
                diagnostics=[diagnostic],
                edit=_edit(uri, version, edits),
            )
    for code in dict.fromkeys(finding.code for finding, _ in pairs):
        yield lsp.Command(f"{code}: Explain {registry.pages[code].name}", EXPLAIN, arguments=[code])


def fix_all(uri: str, version: int | None, positions: Positions, text: str | None) -> lsp.CodeAction | None:
    """Everything that fixing makes of a document, as one action; None where it makes nothing of it."""
    if text is None or text == positions.source.text:
        return None
    return lsp.CodeAction(
        title="asset-lint: Fix all that can be fixed",
        kind=lsp.CodeActionKind(FIX_ALL) if FIX_ALL in list(lsp.CodeActionKind) else FIX_ALL,
        edit=_edit(uri, version, list(_changes(positions, text))),
    )


def _ignoring(positions: Positions, finding: Finding, registry: Registry) -> Iterator[lsp.TextEdit]:
    """A noqa on the finding's line, where one may stand."""
    if finding.code in OWN:
        return
    with suppress(FixError):
        text, _ = suppressed(positions.source, [finding], registry, None)
        yield from _changes(positions, text)


def _changes(positions: Positions, text: str) -> Iterator[lsp.TextEdit]:
    source = positions.source
    for start, end, replacement in differences(source.text, text):
        yield lsp.TextEdit(positions.range(source.span(start, end)), replacement)


def _edit(uri: str, version: int | None, edits: list[lsp.TextEdit]) -> lsp.WorkspaceEdit:
    document = lsp.OptionalVersionedTextDocumentIdentifier(uri, version)
    return lsp.WorkspaceEdit(document_changes=[lsp.TextDocumentEdit(document, list(edits))])
