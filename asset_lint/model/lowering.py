"""Source to ``ast``, also where the source is newer than the running Python."""

from __future__ import annotations

import ast
import re

from ..errors import InvalidSyntax
from ..source import Slice, Source, uncollected

__all__ = ["parse"]

# An error in LibCST's tokenizer is one that Python's own sees too, and places better.
_PLACE = re.compile(r"parser error: error at (\d+):(\d+)")
_TOP_LEVEL = re.compile(r"^(?:@|(?!(?:elif|else|except|finally)\b)[^\W\d])", re.MULTILINE)
_LAST_TOKEN = re.compile(r"(?:\w+|\S|)\s*$")


def parse(source: Source) -> ast.Module:
    """The tree of a module, with places as ``ast`` has them.

    Where this Python's own parser refuses, LibCST is asked, and its tree is said in nodes of ``ast``. Raises
    InvalidSyntax where both refuse, with the place (1-based) and words of the one that got further.
    """
    with uncollected():
        try:
            return source.parse()
        except InvalidSyntax as error:
            if not isinstance(error.__cause__, SyntaxError):
                raise
            return _parse_newer(source, error)


def _parse_newer(source: Source, refused: InvalidSyntax) -> ast.Module:
    # Python's parser may have stopped before the text nests too deeply for LibCST's, which dies of it.
    source.check_depth(thorough=True)
    from .cst_to_ast import lower

    whole = Slice(source.text, 0, source.newline, lambda: source.indent, source.span)
    try:
        return lower(whole)
    except InvalidSyntax as error:
        raise _further(source, refused, error.message) from refused
    except RecursionError:
        raise InvalidSyntax("too deeply nested") from refused
    except (SyntaxError, ValueError):  # a literal that no Python takes
        raise refused from None


def _further(source: Source, refused: InvalidSyntax, message: str) -> InvalidSyntax:
    """The error of the parser that got further: what the other stumbled over is then merely newer syntax."""
    found = _PLACE.match(message)
    # A bracket left open and a missing indent show later in the text than where they are.
    if found is None or "never closed" in refused.message or "indent" in refused.message:
        return refused
    line, column = _token_before(source, int(found[1]), int(found[2]))
    starts = (match.start() for match in _TOP_LEVEL.finditer(source.text))
    lines = (source.span(start, start).line for start in starts)
    if refused.line >= max((first for first in lines if first <= line), default=1):
        return refused
    return InvalidSyntax("invalid syntax", line, column)


def _token_before(source: Source, line: int, column: int) -> tuple[int, int]:
    """Where the token starts that LibCST did not expect: it names the place of the one behind it."""
    before = source.line_text(line)[:column]
    while line > 1 and not before.strip():
        line -= 1
        before = source.line_text(line)
    found = _LAST_TOKEN.search(before)
    return line, found.start() + 1 if found else 1
