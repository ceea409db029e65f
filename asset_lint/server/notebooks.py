"""Notebooks as editors speak of them: cells that are documents by themselves, put together as the file would be."""

from __future__ import annotations

import json
from collections.abc import Callable

from lsprotocol import types as lsp

NOTEBOOKS = lsp.NotebookDocumentSyncOptions(
    [lsp.NotebookDocumentFilterWithCells([lsp.NotebookCellLanguage("python")], "jupyter-notebook")], save=False
)


def content(notebook: lsp.NotebookDocument, text_of: Callable[[str], str]) -> str:
    """The notebook as its file would have it, but for what has nothing to do with code."""
    cells: list[dict[str, object]] = [
        {
            "cell_type": "code" if cell.kind == lsp.NotebookCellKind.Code else "markdown",
            "metadata": {},
            "source": text_of(cell.document) if cell.kind == lsp.NotebookCellKind.Code else "",
        }
        for cell in notebook.cells
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, ensure_ascii=False)
