"""The protocol: which requests and notifications there are, and what answers them."""

from __future__ import annotations

import asyncio
import contextlib
import gc
from collections.abc import Iterator, Mapping
from pathlib import Path

from lsprotocol import types as lsp
from pygls.lsp.server import LanguageServer
from pygls.uris import from_fs_path, to_fs_path

from asset_lint.engine.check import Checked
from asset_lint.finding import Finding, Severity
from asset_lint.source import Source
from asset_lint.version import version

from . import pages
from .actions import EXPLAIN, FIX_ALL, Maker
from .notebooks import NOTEBOOKS, content
from .pages import Pages, is_configuration, is_suppression
from .positions import Positions
from .session import Buffer, Session

SOURCE = "asset-lint"
DEBOUNCE = 0.05  # seconds of silence before what is being typed is checked
SETTLED = 0.4  # seconds of silence before all of a long module is checked again
WATCHED = (
    "**/*.py",
    "**/pyproject.toml",
    "**/*asset-lint.toml",
    "**/*.lock",
    "**/requirements*.txt",
    "**/pylock*.toml",
)
_SEVERITIES = {
    Severity.ERROR: lsp.DiagnosticSeverity.Error,
    Severity.WARNING: lsp.DiagnosticSeverity.Warning,
    Severity.INFO: lsp.DiagnosticSeverity.Information,
}
#: Rules whose findings an editor may show faded, or struck through.
_TAGS = {
    "AL001": lsp.DiagnosticTag.Unnecessary,
    "AL703": lsp.DiagnosticTag.Deprecated,
    "AL802": lsp.DiagnosticTag.Deprecated,
}


class Server(LanguageServer):
    """One editor's server. ``session`` is there from the first request on."""

    def __init__(self) -> None:
        super().__init__(
            SOURCE, version(), text_document_sync_kind=lsp.TextDocumentSyncKind.Full, notebook_document_sync=NOTEBOOKS
        )
        self.session = Session()
        self.pages = Pages(self.session.registry)
        self.waiting: asyncio.Task[None] | None = None
        self.pulls = False
        self.refreshes = False
        self.typing = False  # an editor that pulls is shown previews until the typing pauses
        self.related = False
        self.linked = False

    # -- settings ----------------------------------------------------------------------------------------------------

    def configure(self, settings: object) -> None:
        """``configuration`` names a file, every other key is a setting of asset-lint's: ``{"profile": "errors"}``."""
        table = dict(settings) if isinstance(settings, Mapping) else {}
        inner = table.get(SOURCE)
        if isinstance(inner, Mapping):
            table = dict(inner)
        file = table.pop("configuration", None)
        root = self.root()
        path = None if not isinstance(file, str) or not file else (root / file if root else Path(file))
        self.session.configure(table, path)
        self.tell_troubles()

    def root(self) -> Path | None:
        """The first folder of the workspace."""
        folders = [to_fs_path(uri) for uri in self.workspace.folders]
        path = folders[0] if folders and folders[0] else self.workspace.root_path
        return Path(path) if path else None

    # -- documents ---------------------------------------------------------------------------------------------------

    def take(self, uri: str) -> None:
        """Take over what the editor has of a document."""
        document = self.workspace.get_text_document(uri)
        path = to_fs_path(uri)
        if path is not None:
            self.session.open(Buffer(uri, Path(path), document.version, document.source))

    def take_notebook(self, uri: str) -> None:
        """Take over what the editor has of a notebook."""
        notebook = self.workspace.get_notebook_document(notebook_uri=uri)
        path = to_fs_path(uri)
        if notebook is not None and path is not None:
            texts = self.workspace.text_documents  # those of other languages are not sent
            text = content(notebook, lambda cell: texts[cell].source if cell in texts else "")
            cells = tuple(cell.document for cell in notebook.cells)
            self.session.open(Buffer(uri, Path(path), notebook.version, text, cells))

    def drop(self, uri: str) -> None:
        """Forget a document that was closed, and take back what was said of it."""
        buffer = self.session.buffers.get(uri)
        for each in (buffer.cells if buffer else ()) or (uri,):
            self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(each, []))
        self.session.close(uri)

    def positions(self, uri: str) -> Positions | None:
        """The places of a document."""
        source = self.session.source(uri)
        return None if source is None else self.places_of(source)

    def places_of(self, source: Source) -> Positions:
        """The places of a text, in the units that were negotiated."""
        return Positions(source, self.workspace.position_encoding or lsp.PositionEncodingKind.Utf16)

    # -- diagnostics -------------------------------------------------------------------------------------------------

    def diagnostics(self, uri: str, checked: Checked | None = None) -> list[tuple[Finding, lsp.Diagnostic]]:
        """What is found in an open document or cell (or was, in ``checked``); the findings as the engine knows them."""
        positions = self.positions(uri)
        if positions is None:
            return []
        return [(each, self.diagnostic(shown, positions)) for shown, each in self.session.findings(uri, checked)]

    def diagnostic(self, finding: Finding, positions: Positions) -> lsp.Diagnostic:
        """A finding as the protocol says it."""
        tag = _TAGS.get(finding.code)
        return lsp.Diagnostic(
            range=positions.range(finding.span),
            message=finding.message,
            severity=_SEVERITIES[finding.severity],
            code=finding.code,
            code_description=lsp.CodeDescription(self.pages.file(finding.code)) if self.linked else None,
            source=SOURCE,
            tags=[tag] if tag else None,
            related_information=list(self.notes(finding)) if self.related else None,
        )

    def notes(self, finding: Finding) -> Iterator[lsp.DiagnosticRelatedInformation]:
        """The steps of a finding's reasoning, in whatever file they stand."""
        for note in finding.notes:
            uri = from_fs_path(str(Path(note.path).absolute()))
            source = self.session.source_of(Path(note.path).absolute())
            if uri is not None and source is not None:
                place = self.places_of(source).range(note.span)
                yield lsp.DiagnosticRelatedInformation(lsp.Location(uri, place), note.message)

    def schedule(self, *, at_once: bool = False, typed: str | None = None) -> None:
        """Check what is open, as soon as the typing pauses; a later call takes the place of one that is waiting.

        ``typed`` is the document that is being typed in: it is previewed first.
        """
        if self.waiting is not None:
            self.waiting.cancel()
        self.waiting = asyncio.get_running_loop().create_task(self._publish(0 if at_once else DEBOUNCE, typed))

    async def _publish(self, pause: float, typed: str | None) -> None:
        await asyncio.sleep(pause)
        if self.pulls:
            if self.typing:
                await asyncio.sleep(SETTLED - pause)
                self.typing = False
            with contextlib.suppress(Exception):
                await self.workspace_diagnostic_refresh_async(None)
            self.tell_troubles()
            return
        if typed is not None and (preview := self.session.preview(typed)) is not None:
            self.publish(typed, preview)
            await asyncio.sleep(SETTLED - pause)
        for uri in list(self.session.buffers):
            buffer = self.session.buffers.get(uri)
            if buffer is not None:
                for each in buffer.cells or (uri,):
                    self.publish(each)
                self.tell_troubles()
                await asyncio.sleep(0)  # a request or a keystroke may come first

    def publish(self, uri: str, checked: Checked | None = None) -> None:
        """Tell the editor what is found in a document or cell (or was, in ``checked``)."""
        found = [diagnostic for _, diagnostic in self.diagnostics(uri, checked)]
        buffer = self.session.buffers.get(uri)  # None for a cell
        version = buffer.version if buffer else None
        self.text_document_publish_diagnostics(lsp.PublishDiagnosticsParams(uri, found, version))

    def tell_troubles(self) -> None:
        """Say what keeps the server from its work."""
        for sentence in self.session.troubles():
            self.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Error, f"asset-lint: {sentence}"))


def serve() -> None:
    """Speak the protocol on standard input and output until the editor hangs up."""
    gc.enable()
    make().start_io()


def make() -> Server:
    """A server with all its features."""
    server = Server()

    @server.feature(lsp.INITIALIZE)
    def initialize(ls: Server, params: lsp.InitializeParams) -> None:
        document = params.capabilities.text_document
        published = document.publish_diagnostics if document else None
        workspace = params.capabilities.workspace
        ls.pulls = bool(document and document.diagnostic)
        ls.refreshes = bool(workspace and workspace.diagnostics and workspace.diagnostics.refresh_support)
        pulled = document.diagnostic if document else None
        ls.related = bool(
            (published and published.related_information) or (pulled and getattr(pulled, "related_information", False))
        )
        ls.linked = bool(
            (published and published.code_description_support)
            or (pulled and getattr(pulled, "code_description_support", False))
        )
        ls.configure(params.initialization_options)

    @server.feature(lsp.INITIALIZED)
    def initialized(ls: Server, _: lsp.InitializedParams) -> None:
        workspace = ls.client_capabilities.workspace
        watched = workspace.did_change_watched_files if workspace else None
        if watched and watched.dynamic_registration:
            watchers = [lsp.FileSystemWatcher(glob_pattern=pattern) for pattern in WATCHED]
            options = lsp.DidChangeWatchedFilesRegistrationOptions(watchers)
            registration = lsp.Registration("asset-lint-files", lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
            ls.client_register_capability(lsp.RegistrationParams([registration]))

    @server.feature(lsp.TEXT_DOCUMENT_DID_OPEN)
    async def opened(ls: Server, params: lsp.DidOpenTextDocumentParams) -> None:
        ls.take(params.text_document.uri)
        ls.schedule(at_once=True)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CHANGE)
    async def changed(ls: Server, params: lsp.DidChangeTextDocumentParams) -> None:
        ls.take(params.text_document.uri)
        ls.typing = ls.refreshes
        ls.schedule(typed=params.text_document.uri)

    @server.feature(lsp.TEXT_DOCUMENT_DID_SAVE)
    async def saved(ls: Server, params: lsp.DidSaveTextDocumentParams) -> None:
        if is_configuration(params.text_document.uri):
            ls.session.reread()
        ls.schedule(at_once=True)

    @server.feature(lsp.TEXT_DOCUMENT_DID_CLOSE)
    async def closed(ls: Server, params: lsp.DidCloseTextDocumentParams) -> None:
        ls.drop(params.text_document.uri)
        ls.schedule(at_once=True)

    @server.feature(lsp.NOTEBOOK_DOCUMENT_DID_OPEN)
    async def notebook_opened(ls: Server, params: lsp.DidOpenNotebookDocumentParams) -> None:
        ls.take_notebook(params.notebook_document.uri)
        ls.schedule(at_once=True)

    @server.feature(lsp.NOTEBOOK_DOCUMENT_DID_CHANGE)
    async def notebook_changed(ls: Server, params: lsp.DidChangeNotebookDocumentParams) -> None:
        ls.take_notebook(params.notebook_document.uri)
        ls.schedule()

    @server.feature(lsp.NOTEBOOK_DOCUMENT_DID_CLOSE)
    async def notebook_closed(ls: Server, params: lsp.DidCloseNotebookDocumentParams) -> None:
        ls.drop(params.notebook_document.uri)
        ls.schedule(at_once=True)

    @server.feature(lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    async def files_changed(ls: Server, _: lsp.DidChangeWatchedFilesParams) -> None:
        ls.session.reread()
        ls.schedule()

    @server.feature(lsp.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def settings_changed(ls: Server, params: lsp.DidChangeConfigurationParams) -> None:
        ls.configure(params.settings)
        ls.schedule(at_once=True)

    @server.feature(lsp.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    async def folders_changed(ls: Server, _: lsp.DidChangeWorkspaceFoldersParams) -> None:
        ls.session.reread()
        ls.schedule()

    @server.feature(
        lsp.TEXT_DOCUMENT_DIAGNOSTIC,
        lsp.DiagnosticOptions(inter_file_dependencies=True, workspace_diagnostics=False, identifier=SOURCE),
    )
    def diagnose(ls: Server, params: lsp.DocumentDiagnosticParams) -> lsp.RelatedFullDocumentDiagnosticReport:
        uri = params.text_document.uri
        found = [diagnostic for _, diagnostic in ls.diagnostics(uri, ls.session.preview(uri) if ls.typing else None)]
        ls.tell_troubles()
        return lsp.RelatedFullDocumentDiagnosticReport(found)

    @server.feature(
        lsp.TEXT_DOCUMENT_CODE_ACTION,
        lsp.CodeActionOptions([lsp.CodeActionKind.QuickFix, lsp.CodeActionKind.SourceFixAll, FIX_ALL]),
    )
    def actions(ls: Server, params: lsp.CodeActionParams) -> list[lsp.CodeAction | lsp.Command]:
        return list(_actions(ls, params))

    @server.feature(lsp.TEXT_DOCUMENT_HOVER)
    def hover(ls: Server, params: lsp.HoverParams) -> lsp.Hover | None:
        return _hover(ls, params.text_document.uri, params.position)

    @server.command(EXPLAIN)
    def explain(ls: Server, code: str) -> None:
        page = ls.session.registry.find(code)
        window = ls.client_capabilities.window
        if window and window.show_document and window.show_document.support:
            ls.window_show_document(lsp.ShowDocumentParams(ls.pages.file(page.code), take_focus=True))
        else:
            ls.window_show_message(lsp.ShowMessageParams(lsp.MessageType.Info, pages.markdown(page)))

    return server


def _actions(ls: Server, params: lsp.CodeActionParams) -> Iterator[lsp.CodeAction | lsp.Command]:
    uri = params.text_document.uri
    checked = ls.session.check(ls.session.owner(uri)[0])
    if checked is None:
        return
    session, encoding = ls.session, ls.workspace.position_encoding or lsp.PositionEncodingKind.Utf16
    maker = Maker(checked.source, lambda source, text: session.changes(uri, source, text), encoding, session.registry)
    only = params.context.only
    if only is None or lsp.CodeActionKind.QuickFix in only or lsp.CodeActionKind.Empty in only:
        near = [pair for pair in ls.diagnostics(uri) if _touch(pair[1].range, params.range)]
        yield from maker.quick_fixes(near)
    if only is not None and any(FIX_ALL == kind or FIX_ALL.startswith(f"{kind}.") for kind in only):
        result = ls.session.fixed(uri)
        action = maker.fix_all(result.text if result else None)
        if action is not None:
            yield action


def _hover(ls: Server, uri: str, position: lsp.Position) -> lsp.Hover | None:
    positions = ls.positions(uri)
    if positions is None:
        return None
    source = positions.source
    offset = positions.offset(position)
    number, column = source.place(offset)
    line = source.line_text(number)
    if is_configuration(uri) or is_suppression(line, column - 1):
        for start, end, page in ls.pages.named(line):
            if start <= column - 1 <= end:
                place = lsp.Range(positions.position(number, start + 1), positions.position(number, end + 1))
                return lsp.Hover(_markup(pages.markdown(page)), place)
    shown = (finding for finding, _ in ls.session.findings(uri))
    here = [f for f in shown if _holds(positions.range(f.span), position)]
    if not here:
        return None
    innermost = min(here, key=lambda finding: finding.span.end - finding.span.start)
    return lsp.Hover(_markup(ls.pages.of(innermost)), positions.range(innermost.span))


def _markup(text: str) -> lsp.MarkupContent:
    return lsp.MarkupContent(lsp.MarkupKind.Markdown, text)


def _holds(place: lsp.Range, position: lsp.Position) -> bool:
    """Whether a stretch, or its first character, holds a place."""
    end = max((place.end.line, place.end.character), (place.start.line, place.start.character + 1))
    return (place.start.line, place.start.character) <= (position.line, position.character) <= end


def _touch(one: lsp.Range, other: lsp.Range) -> bool:
    def key(position: lsp.Position) -> tuple[int, int]:
        return position.line, position.character

    return key(one.start) <= key(other.end) and key(other.start) <= key(one.end)
