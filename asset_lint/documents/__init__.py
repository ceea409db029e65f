"""Documents that hold Python among other things: Jupyter notebooks, Markdown, reStructuredText.

``virtual``    one module made of a document's code, and the way back from its places and text to the document's
``notebook``   notebooks: their cells, and how changed ones are written into the JSON
``magics``     IPython's own syntax, set aside while a cell is read as Python
``prose``      documents for people: their blocks, and how changed ones are written back
``markdown``, ``restructured``   where the blocks stand
``unshown``    helpers that stand for connections and are shown nowhere
``docstrings``  the examples in a module's docstrings
"""

from __future__ import annotations

import re

from asset_lint.source import Source

from .virtual import Document

__all__ = ["Document", "is_document", "is_notebook", "source_of", "worth_reading"]

NOTEBOOKS = (".ipynb",)
MARKDOWN = (".md", ".markdown")
SUFFIXES = (*NOTEBOOKS, *MARKDOWN, ".rst")

_ABOUT = re.compile(rb"[dD]agster|DAGSTER")


def is_document(path: str) -> bool:
    """Whether a file is read as a document; everything else is Python."""
    return path.endswith(SUFFIXES)


def is_notebook(path: str) -> bool:
    """Whether a file is a Jupyter notebook."""
    return path.endswith(NOTEBOOKS)


def worth_reading(data: bytes) -> bool:
    """Whether a document can hold anything to report: one that never names Dagster defines no assets."""
    return b"agster" in data or _ABOUT.search(data) is not None


def source_of(path: str, data: bytes) -> Source:
    """The Python of the file ``path`` with the content ``data``: a document's is drawn together into one module.

    Raises InvalidSyntax for a notebook that is none.
    """
    if not is_document(path) or not worth_reading(data):
        return Source(path, data)
    if is_notebook(path):
        from .notebook import read

        return read(path, data)
    from .prose import document, lines_of

    if path.endswith(MARKDOWN):
        from .markdown import pieces
    else:
        from .restructured import pieces
    lines = lines_of(data) or ()
    return document(path, data, lines, list(pieces(lines)))
