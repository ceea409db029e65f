"""The language server, spoken to by a real client over standard input and output."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from lsprotocol import types as lsp
from pygls.lsp.client import LanguageClient

LEAK = """\
import os

import dagster as dg
import duckdb


@dg.asset
def trips(context: dg.AssetExecutionContext) -> int:
    connection = duckdb.connect(os.environ["DUCKDB_DATABASE"])
    context.log.info("counting")
    count = len(connection.execute("SELECT * FROM trips").fetchall())
    connection.close()
    return count
"""
RULES = {"select": ["AL1", "AL201", "AL203", "AL001"]}


class Client(LanguageClient):
    """An editor: it opens documents and remembers what it is told of them."""

    def __init__(self) -> None:
        super().__init__("editor", "1")
        self.published: dict[str, list[lsp.PublishDiagnosticsParams]] = {}
        self.messages: list[str] = []
        self.shown: list[str] = []
        self.news = asyncio.Event()

        @self.feature(lsp.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def publish(params: lsp.PublishDiagnosticsParams) -> None:
            self.published.setdefault(params.uri, []).append(params)
            self.news.set()

        @self.feature(lsp.WINDOW_SHOW_MESSAGE)
        def message(params: lsp.ShowMessageParams) -> None:
            self.messages.append(params.message)
            self.news.set()

        @self.feature(lsp.WINDOW_SHOW_DOCUMENT)
        def show(params: lsp.ShowDocumentParams) -> lsp.ShowDocumentResult:
            self.shown.append(params.uri)
            return lsp.ShowDocumentResult(True)

        @self.feature(lsp.CLIENT_REGISTER_CAPABILITY)
        def register(params: lsp.RegistrationParams) -> None:
            pass

    async def start(
        self, root: Path, *, options: Any = None, encodings: list[str] | None = None, pull: bool = False
    ) -> None:
        """Start the server with one folder open."""
        await self.start_io(sys.executable, "-m", "asset_lint", "server")
        await self.initialize_async(
            lsp.InitializeParams(
                capabilities=lsp.ClientCapabilities(
                    general=lsp.GeneralClientCapabilities(
                        position_encodings=[lsp.PositionEncodingKind(each) for each in encodings or ["utf-16"]]
                    ),
                    text_document=lsp.TextDocumentClientCapabilities(
                        publish_diagnostics=lsp.PublishDiagnosticsClientCapabilities(
                            related_information=True, code_description_support=True
                        ),
                        diagnostic=lsp.DiagnosticClientCapabilities() if pull else None,
                    ),
                    window=lsp.WindowClientCapabilities(show_document=lsp.ShowDocumentClientCapabilities(support=True)),
                    workspace=lsp.WorkspaceClientCapabilities(
                        did_change_watched_files=lsp.DidChangeWatchedFilesClientCapabilities(dynamic_registration=True)
                    ),
                ),
                initialization_options=RULES if options is None else options,
                root_uri=root.as_uri(),
                workspace_folders=[lsp.WorkspaceFolder(root.as_uri(), root.name)],
            )
        )
        self.initialized(lsp.InitializedParams())

    def open(self, path: Path, text: str) -> str:
        """Open a document with a text that need not be the file's."""
        item = lsp.TextDocumentItem(path.as_uri(), "python", 1, text)
        self.text_document_did_open(lsp.DidOpenTextDocumentParams(item))
        return path.as_uri()

    def type(self, uri: str, version: int, text: str) -> None:
        """Change a document."""
        changes: list[Any] = [lsp.TextDocumentContentChangeWholeDocument(text)]
        document = lsp.VersionedTextDocumentIdentifier(version, uri)
        self.text_document_did_change(lsp.DidChangeTextDocumentParams(document, changes))

    async def told(self, uri: str, version: int | None = 1) -> list[lsp.Diagnostic]:
        """The diagnostics of that version of a document, once they are there."""
        while True:
            for params in reversed(self.published.get(uri, [])):
                if params.version == version:
                    return list(params.diagnostics)
            self.news.clear()
            await asyncio.wait_for(self.news.wait(), 20)

    async def told_again(self, uri: str, codes: list[str]) -> list[lsp.Diagnostic]:
        """The newest diagnostics of a document, once they have these codes."""
        while True:
            newest = self.published[uri][-1].diagnostics if uri in self.published else None
            if newest is not None and [each.code for each in newest] == codes:
                return list(newest)
            self.news.clear()
            await asyncio.wait_for(self.news.wait(), 20)

    async def told_of(self) -> str:
        """The newest message to the user, once there is one."""
        while not self.messages:
            self.news.clear()
            await asyncio.wait_for(self.news.wait(), 20)
        return self.messages[-1]

    async def actions(
        self, uri: str, where: lsp.Range, only: list[str] | None = None
    ) -> list[lsp.CodeAction | lsp.Command]:
        """What can be done about a place."""
        context = lsp.CodeActionContext([], only)
        params = lsp.CodeActionParams(lsp.TextDocumentIdentifier(uri), where, context)
        return list(await self.text_document_code_action_async(params) or [])

    async def hover(self, uri: str, line: int, character: int) -> str:
        """What stands in the hover at a place; "" if there is none."""
        params = lsp.HoverParams(lsp.TextDocumentIdentifier(uri), lsp.Position(line, character))
        hover = await self.text_document_hover_async(params)
        return hover.contents.value if hover and isinstance(hover.contents, lsp.MarkupContent) else ""


@pytest_asyncio.fixture
async def editor() -> AsyncIterator[Client]:
    """A client whose server ends with the test."""
    client = Client()
    yield client
    await asyncio.wait_for(client.shutdown_async(None), 20)
    client.exit(None)
    await asyncio.wait_for(client.stop(), 20)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project."""
    (tmp_path / ".git").mkdir()
    return tmp_path


def edited(text: str, action: lsp.CodeAction | lsp.Command) -> str:
    """A text after an action (ASCII, so that units are characters)."""
    assert isinstance(action, lsp.CodeAction)
    assert action.edit is not None
    (change,) = action.edit.document_changes or ()
    assert isinstance(change, lsp.TextDocumentEdit)
    lines = text.splitlines(keepends=True)
    starts = [sum(map(len, lines[:index])) for index in range(len(lines) + 1)]
    for edit in sorted(change.edits, key=lambda each: (-each.range.start.line, -each.range.start.character)):
        start = starts[edit.range.start.line] + edit.range.start.character
        end = starts[edit.range.end.line] + edit.range.end.character
        assert isinstance(edit, lsp.TextEdit)
        text = text[:start] + edit.new_text + text[end:]
    return text


async def test_what_is_typed_is_checked_before_it_is_saved(editor: Client, root: Path) -> None:
    await editor.start(root)
    uri = editor.open(root / "assets.py", LEAK)
    (leak,) = await editor.told(uri)
    assert (leak.code, leak.source, leak.severity) == ("AL201", "asset-lint", lsp.DiagnosticSeverity.Error)
    assert (leak.range.start.line, leak.range.start.character) == (8, 17)
    assert [note.message for note in leak.related_information or ()] != []
    assert leak.code_description is not None
    assert leak.code_description.href.endswith("/unclosed-connection.md")
    editor.type(uri, 2, LEAK.replace("connection.close()", "pass"))
    assert [each.code for each in await editor.told(uri, 2)] == ["AL201"]
    editor.type(uri, 3, LEAK.replace("duckdb.connect", "str"))
    assert await editor.told(uri, 3) == []


async def test_only_the_last_of_quick_keystrokes_is_checked(editor: Client, root: Path) -> None:
    await editor.start(root)
    uri = editor.open(root / "assets.py", LEAK)
    await editor.told(uri)
    for version in range(2, 30):
        editor.type(uri, version, LEAK + "#" * version)
    await editor.told(uri, 29)
    assert len(editor.published[uri]) < 28


async def test_a_changed_helper_changes_what_is_found_where_it_is_used(editor: Client, root: Path) -> None:
    helper = "import duckdb\n\n\ndef opened(path):\n    return duckdb.connect(path)\n"
    text = "import dagster as dg\n\nfrom helpers import opened\n\n\n@dg.asset\ndef rows(path: str):\n"
    text += "    return opened(path).execute('SELECT 1').fetchall()\n"
    (root / "helpers.py").write_text(helper)
    (root / "assets.py").write_text(text)
    await editor.start(root)
    asset = editor.open(root / "assets.py", text)
    await editor.told_again(asset, ["AL201"])
    other = editor.open(root / "helpers.py", helper)
    editor.type(other, 2, "def opened(path):\n    return path\n")
    await editor.told_again(asset, [])
    editor.text_document_did_close(lsp.DidCloseTextDocumentParams(lsp.TextDocumentIdentifier(other)))
    await editor.told_again(asset, ["AL201"])


@pytest.mark.parametrize(("encoding", "units"), [("utf-8", 4), ("utf-16", 2), ("utf-32", 1)])
async def test_places_are_counted_in_the_units_that_were_agreed_on(
    editor: Client, root: Path, encoding: str, units: int
) -> None:
    text = LEAK.replace("    connection = duckdb", "    x = '🦆'; connection = duckdb")
    await editor.start(root, encodings=[encoding])
    (leak,) = await editor.told(editor.open(root / "assets.py", text))
    assert leak.range.start.character == len("    x = '") + units + len("'; connection = ")
    assert "unclosed-connection" in await editor.hover((root / "assets.py").as_uri(), 8, leak.range.start.character)
    assert await editor.hover((root / "assets.py").as_uri(), 8, leak.range.start.character - 1) == ""


async def test_lines_end_where_python_ends_them(editor: Client, root: Path) -> None:
    await editor.start(root)
    text = LEAK.replace('"counting"', '"\x0c\u2028\x85"')
    (leak,) = await editor.told(editor.open(root / "assets.py", text))
    assert leak.range.start.line == 8


async def test_a_quick_fix_repairs_ignores_or_explains(editor: Client, root: Path) -> None:
    await editor.start(root)
    uri = editor.open(root / "assets.py", LEAK)
    (leak,) = await editor.told(uri)
    repair, ignore, explain = await editor.actions(uri, leak.range)
    assert isinstance(repair, lsp.CodeAction)
    assert repair.is_preferred
    assert "with duckdb.connect" in edited(LEAK, repair)
    ignored = edited(LEAK, ignore)
    assert '["DUCKDB_DATABASE"])  # noqa: AL201\n' in ignored
    editor.type(uri, 2, ignored)
    assert await editor.told(uri, 2) == []
    assert isinstance(explain, lsp.Command)
    await editor.workspace_execute_command_async(lsp.ExecuteCommandParams(explain.command, explain.arguments))
    (page,) = editor.shown
    assert page.endswith("unclosed-connection.md")


async def test_fixing_all_makes_what_the_command_line_makes(editor: Client, root: Path) -> None:
    text = LEAK + "\n\n" + LEAK.partition("\n\n\n")[2].replace("trips(", "rides(")
    await editor.start(root)
    uri = editor.open(root / "assets.py", text)
    await editor.told(uri)
    whole = lsp.Range(lsp.Position(0, 0), lsp.Position(0, 0))
    (action,) = await editor.actions(uri, whole, ["source.fixAll.asset-lint"])
    editor.type(uri, 2, edited(text, action))
    assert await editor.told(uri, 2) == []
    assert await editor.actions(uri, whole, ["source.fixAll.asset-lint"]) == []
    assert await editor.actions(uri, whole, ["source.organizeImports"]) == []


async def test_a_hover_shows_the_page_of_a_rule_that_a_comment_or_the_configuration_names(
    editor: Client, root: Path
) -> None:
    await editor.start(root)
    uri = editor.open(root / "assets.py", "x = 1  # noqa: AL201\ny = 'AL201'\n")
    await editor.told(uri)
    assert "# unclosed-connection (AL201)" in await editor.hover(uri, 0, 17)
    assert await editor.hover(uri, 1, 6) == ""
    toml = editor.open(root / "pyproject.toml", '[tool.asset-lint]\nselect = ["bare-except"]\n')
    assert "# bare-except (AL301)" in await editor.hover(toml, 1, 14)


async def test_the_configuration_counts_and_is_watched(editor: Client, root: Path) -> None:
    await editor.start(root, options={})
    (root / "asset-lint.toml").write_text('select = ["AL203"]\n')
    uri = editor.open(root / "assets.py", LEAK)
    assert await editor.told(uri) == []
    (root / "asset-lint.toml").write_text('select = ["AL201"]\n')
    event = lsp.FileEvent((root / "asset-lint.toml").as_uri(), lsp.FileChangeType.Changed)
    editor.workspace_did_change_watched_files(lsp.DidChangeWatchedFilesParams([event]))
    await editor.told_again(uri, ["AL201"])
    (root / "asset-lint.toml").write_text("selct = 1\n")
    editor.workspace_did_change_watched_files(lsp.DidChangeWatchedFilesParams([event]))
    await editor.told_again(uri, [])
    assert "did you mean `select`" in await editor.told_of()


async def test_settings_of_the_editor_win(editor: Client, root: Path) -> None:
    await editor.start(root, options={"select": ["AL203"]})
    uri = editor.open(root / "assets.py", LEAK)
    assert await editor.told(uri) == []
    params = lsp.DidChangeConfigurationParams({"asset-lint": RULES})
    editor.workspace_did_change_configuration(params)
    await editor.told_again(uri, ["AL201"])


async def test_a_client_that_pulls_is_not_pushed_to(editor: Client, root: Path) -> None:
    await editor.start(root, pull=True)
    uri = editor.open(root / "assets.py", LEAK)
    report = await editor.text_document_diagnostic_async(lsp.DocumentDiagnosticParams(lsp.TextDocumentIdentifier(uri)))
    assert isinstance(report, lsp.RelatedFullDocumentDiagnosticReport)
    assert [each.code for each in report.items] == ["AL201"]
    assert editor.published == {}


async def test_a_deleted_file_takes_its_diagnostics_along(editor: Client, root: Path) -> None:
    (root / "helpers.py").write_text("import duckdb\n\n\ndef opened(path):\n    return duckdb.connect(path)\n")
    text = "import dagster as dg\n\nfrom helpers import opened\n\n\n@dg.asset\ndef rows(path: str):\n"
    text += "    return opened(path).execute('SELECT 1').fetchall()\n"
    await editor.start(root)
    uri = editor.open(root / "assets.py", text)
    await editor.told_again(uri, ["AL201"])
    (root / "helpers.py").unlink()
    event = lsp.FileEvent((root / "helpers.py").as_uri(), lsp.FileChangeType.Deleted)
    editor.workspace_did_change_watched_files(lsp.DidChangeWatchedFilesParams([event]))
    await editor.told_again(uri, [])


async def test_broken_code_is_told_of_with_its_place_and_mended_code_is_checked_again(
    editor: Client, root: Path
) -> None:
    await editor.start(root)
    uri = editor.open(root / "assets.py", LEAK.replace("def trips(", "def trips((", 1))
    (broken,) = await editor.told(uri)
    assert broken.code == "AL000"
    editor.type(uri, 2, LEAK)
    assert [each.code for each in await editor.told(uri, 2)] == ["AL201"]
