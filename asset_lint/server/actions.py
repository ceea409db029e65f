"""What an editor offers to do about findings: quick fixes, "fix all", "ignore on this line", "explain"."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from lsprotocol import types as lsp

from asset_lint.engine import suppressed
from asset_lint.errors import FixError
from asset_lint.finding import Finding, Fix, Safety
from asset_lint.fixing import apply
from asset_lint.registry import Registry
from asset_lint.source import Source, differences
from asset_lint.suppression import OWN

from .positions import Positions

FIX_ALL = "source.fixAll.asset-lint"
EXPLAIN = "asset-lint.explain"


Change = tuple[str, "int | None", Source, str]
"""URI and version of a text, what it is and what it becomes."""
#: What changes in the editor where a document's code becomes another text.
Changes = Callable[[Source, str], Iterable[Change]]
Found = tuple[Finding, lsp.Diagnostic]


@dataclass(frozen=True, slots=True)
class Maker:
    """Makes the actions for one document, of whose code ``source`` is the text.

    ``changes`` says what changes in the editor; ``encoding`` is that of the protocol's characters.
    """

    source: Source
    changes: Changes
    encoding: lsp.PositionEncodingKind | str
    registry: Registry

    def quick_fixes(self, findings: Iterable[Found]) -> Iterator[lsp.CodeAction | lsp.Command]:
        """The actions for the findings at hand: first what repairs, then what silences, then what explains."""
        pairs = list(findings)
        for finding, diagnostic in pairs:
            fix = finding.fix
            if fix is not None and fix.safety is not Safety.DISPLAY:
                unsafe = " (unsafe: may change what the code does)" if fix.safety is Safety.UNSAFE else ""
                edit = self._fixing(fix)
                if edit is not None:
                    yield lsp.CodeAction(
                        title=f"{finding.code}: {fix.message}{unsafe}",
                        kind=lsp.CodeActionKind.QuickFix,
                        diagnostics=[diagnostic],
                        is_preferred=fix.safety is Safety.SAFE,
                        edit=edit,
                    )
        for finding, diagnostic in pairs:
            edit = self._ignoring(finding)
            if edit is not None:
                yield lsp.CodeAction(
                    title=f"{finding.code}: Ignore on this line",
                    kind=lsp.CodeActionKind.QuickFix,
                    diagnostics=[diagnostic],
                    edit=edit,
                )
        for code in dict.fromkeys(finding.code for finding, _ in pairs):
            yield lsp.Command(f"{code}: Explain {self.registry.pages[code].name}", EXPLAIN, arguments=[code])

    def fix_all(self, text: str | None) -> lsp.CodeAction | None:
        """Everything that fixing makes of the document, as one action; None where it makes nothing of it."""
        if text is None or text == self.source.text:
            return None
        return lsp.CodeAction(
            title="asset-lint: Fix all that can be fixed",
            kind=lsp.CodeActionKind(FIX_ALL) if FIX_ALL in list(lsp.CodeActionKind) else FIX_ALL,
            edit=self._becoming(text),
        )

    def _fixing(self, fix: Fix) -> lsp.WorkspaceEdit | None:
        if self.source.is_document:  # whose text holds more than this code
            with suppress(FixError):
                return self._becoming(apply(self.source.text, [fix]))
            return None
        ((uri, version, source, _),) = self.changes(self.source, self.source.text)
        return _edit([(uri, version, Positions(source, self.encoding).edits(fix.edits))])

    def _ignoring(self, finding: Finding) -> lsp.WorkspaceEdit | None:
        """A noqa on the finding's line, where one may stand."""
        if finding.code in OWN:
            return None
        with suppress(FixError):
            text, _ = suppressed(self.source, [finding], self.registry, None)
            return self._becoming(text) if text != self.source.text else None
        return None

    def _becoming(self, text: str) -> lsp.WorkspaceEdit:
        return _edit(
            (uri, version, list(_changes(Positions(source, self.encoding), new)))
            for uri, version, source, new in self.changes(self.source, text)
        )


def _changes(positions: Positions, text: str) -> Iterator[lsp.TextEdit]:
    source = positions.source
    for start, end, replacement in differences(source.text, text):
        yield lsp.TextEdit(positions.range(source.span(start, end)), replacement)


def _edit(changes: Iterable[tuple[str, int | None, list[lsp.TextEdit]]]) -> lsp.WorkspaceEdit:
    return lsp.WorkspaceEdit(
        document_changes=[
            lsp.TextDocumentEdit(lsp.OptionalVersionedTextDocumentIdentifier(uri, version), list(edits))
            for uri, version, edits in changes
        ]
    )
