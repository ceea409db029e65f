"""Documents that hold Python among other things: Jupyter notebooks, Markdown, reStructuredText.

``virtual``    one module made of a document's code, and the way back from its places and text to the document's
``notebook``   notebooks: their cells, and how changed ones are written into the JSON
``magics``     IPython's own syntax, set aside while a cell is read as Python
"""

from __future__ import annotations

import re

from asset_lint.source import Source

from .virtual import Document

__all__ = ["Document", "is_document", "is_notebook", "source_of", "worth_reading"]

NOTEBOOKS = (".ipynb",)
SUFFIXES = NOTEBOOKS

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
    if is_notebook(path) and worth_reading(data):
        from .notebook import read

        return read(path, data)
    return Source(path, data)
