"""A LibCST tree said in nodes of the stdlib's ``ast``, for source that this Python's own parser is too old for.

The nodes are those that ``ast.parse`` of the newest Python gives, places included, but for what the model has no use
of: type parameters are dropped, ``type X = …`` is an assignment, a t-string is a ``JoinedStr``, ``lazy import`` an
``import``, and where this Python has no ``TryStar`` an ``except*`` is an ``except``.
"""

from __future__ import annotations

import ast
import warnings

from ...errors import InvalidSyntax
from ...source import Slice
from .statements import Statements

__all__ = ["lower"]


def lower(parsed: Slice) -> ast.Module:
    """The module that ``parsed`` (a slice that is the whole text) holds.

    Raises InvalidSyntax where LibCST refuses it, SyntaxError or ValueError for a literal that no Python takes.
    """
    try:
        module = parsed.module
    except (InvalidSyntax, RecursionError):
        raise
    except Exception as error:
        # LibCST's nodes check themselves, and trip over what its parser has let through (`t"" t""`).
        raise SyntaxError(f"not understood by LibCST: {error}") from error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # invalid escapes are not ours to report
        return Statements(parsed.text, parsed.offsets).module(module)
