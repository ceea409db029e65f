"""Notebooks and documents in an editor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lsprotocol import types as lsp
from test_notebooks import IMPORTS, LEAK, notebook
from test_server import Client, editor, root

__all__ = ["editor", "root"]

RULES = {"select": ["AL201"]}
FIXED = "    with duckdb.connect(path) as connection:\n"


def edited(text: str, edits: list[Any]) -> str:
    """A text after edits of the protocol."""
    lines = text.split("\n")
    for edit in sorted(edits, key=lambda each: (each.range.start.line, each.range.start.character), reverse=True):
        start, end = edit.range.start, edit.range.end
        last = lines[end.line] if end.line < len(lines) else ""
        new = lines[start.line][: start.character] + edit.new_text + last[end.character :]
        lines[start.line : end.line + 1] = new.split("\n")
    return "\n".join(lines)


async def fixes(client: Client, uri: str, here: lsp.Range) -> dict[str, Any]:
    """The edits of the first quick fix at a place, and of "fix all", and the text that they change."""
    found: list[Any] = await client.actions(uri, here)
    everything: list[Any] = await client.actions(uri, here, ["source.fixAll"])
    (one,), (all_of_it,) = found[0].edit.document_changes, everything[0].edit.document_changes
    assert one.text_document.uri == all_of_it.text_document.uri
    return {"uri": one.text_document.uri, "one": one.edits, "all": all_of_it.edits}


async def test_markdown_is_checked_and_fixed_in_its_blocks(editor: Client, root: Path) -> None:
    await editor.start(root, options=RULES)
    text = f"# Café 🦆\n\n  ```python\n{IMPORTS}\n{LEAK}\n```\n"
    uri = editor.open(root / "guide.md", text)
    (diagnostic,) = await editor.told(uri)
    line = text[: text.index("duckdb.connect(")].count("\n")
    assert (diagnostic.code, diagnostic.range.start) == ("AL201", lsp.Position(line, 17))
    actions = await fixes(editor, uri, diagnostic.range)
    assert edited(text, actions["one"]) == edited(text, actions["all"])
    assert FIXED in edited(text, actions["one"])
    assert "Never leave a DuckDB connection open" in await editor.hover(uri, line, 20)
    titles = [each.title for each in await editor.actions(uri, diagnostic.range)]
    assert "AL201: Ignore on this line" in titles


async def test_a_notebook_is_checked_cell_by_cell(editor: Client, root: Path) -> None:
    await editor.start(root, options=RULES)
    cells = ["# Trips", IMPORTS, LEAK]
    uri = (root / "trips.ipynb").as_uri()
    names = [f"vscode-notebook-cell:{root}/trips.ipynb#{number}" for number in range(3)]
    kinds = [lsp.NotebookCellKind.Markup, lsp.NotebookCellKind.Code, lsp.NotebookCellKind.Code]
    document = lsp.NotebookDocument(uri, "jupyter-notebook", 1, [lsp.NotebookCell(*each) for each in zip(kinds, names)])
    texts = [lsp.TextDocumentItem(name, "python", 1, text) for name, text in zip(names[1:], cells[1:])]
    editor.notebook_document_did_open(lsp.DidOpenNotebookDocumentParams(document, texts))
    (diagnostic,) = await editor.told(names[2], None)
    assert (diagnostic.code, diagnostic.range.start) == ("AL201", lsp.Position(2, 17))
    assert await editor.told(names[1], None) == []
    actions = await fixes(editor, names[2], diagnostic.range)
    assert actions["uri"] == names[2]
    assert FIXED in edited(LEAK, actions["one"])
    change = lsp.NotebookDocumentCellContentChanges(
        lsp.VersionedTextDocumentIdentifier(2, names[2]), [lsp.TextDocumentContentChangeWholeDocument("pass")]
    )
    editor.notebook_document_did_change(
        lsp.DidChangeNotebookDocumentParams(
            lsp.VersionedNotebookDocumentIdentifier(2, uri),
            lsp.NotebookDocumentChangeEvent(cells=lsp.NotebookDocumentCellChanges(text_content=[change])),
        )
    )
    assert await editor.told_again(names[2], []) == []


async def test_a_notebook_opened_as_a_text_has_its_findings_in_the_text(editor: Client, root: Path) -> None:
    await editor.start(root, options=RULES)
    text = json.dumps(notebook(IMPORTS, LEAK), indent=1)
    uri = editor.open(root / "trips.ipynb", text)
    (diagnostic,) = await editor.told(uri)
    line = text[: text.index("duckdb.connect(")].count("\n")
    assert diagnostic.range.start.line == line
    after = edited(text, (await fixes(editor, uri, diagnostic.range))["one"])
    assert FIXED in json.loads(after)["cells"][1]["source"]
