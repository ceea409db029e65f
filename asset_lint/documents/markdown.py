"""The blocks of Python in Markdown: fenced ones, in lists, quotes and tabs too."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .prose import Block, Piece, remark

_PYTHON = frozenset(("python", "py", "python3", "py3"))
_FENCE = re.compile(
    r"(?P<prefix>[ \t]*(?:(?:>|[-*+]|\d{1,9}[.)])[ \t]+|>)*[ \t]*)(?P<fence>`{3,}|~{3,})(?P<info>[^\r\n]*)"
)
_CLOSING = re.compile(r"[ \t>]*(?P<fence>`{3,}|~{3,})[ \t]*$")
_COMMENT = re.compile(r"[ \t>]*<!--[ \t]*(?P<text>.*?)[ \t]*(?:-->|$)")
_OPTION = re.compile(r"[ \t]*:[\w-]+:")
_WORD = re.compile(r"\{?[ \t]*\.?(?P<word>[\w-]+)\}?[ \t]*(?P<rest>[^\r\n]*)")
_DIRECTIVES = frozenset(("code-block", "code-cell", "code", "sourcecode"))


def pieces(lines: Sequence[str]) -> Iterator[Piece]:
    """The blocks of Python and the remarks to us, in order."""
    at = 0
    while at < len(lines):
        line = lines[at].rstrip("\r\n")
        opening = _FENCE.match(line)
        if opening is None or (opening["fence"][0] == "`" and "`" in opening["info"]):
            comment = _COMMENT.match(line)
            if comment is not None:
                yield from remark(at, comment.start("text"), comment["text"])
                while "-->" not in lines[at][comment.start("text") if comment else 0 :] and at + 1 < len(lines):
                    at, comment = at + 1, None
            at += 1
            continue
        end = _end(lines, at + 1, opening["fence"])
        first = at + 1
        if _is_python(opening["info"]):
            while first < end and "{" in opening["info"] and _OPTION.match(lines[first]):
                first += 1
            yield Block(first, end, re.sub(r"[^\s>]", " ", opening["prefix"]))
        at = end + 1


def _end(lines: Sequence[str], at: int, fence: str) -> int:
    """The line that closes a fence, behind the last one where none does."""
    while at < len(lines):
        closing = _CLOSING.match(lines[at].rstrip("\r\n"))
        if closing is not None and closing["fence"].startswith(fence):
            return at
        at += 1
    return at


def _is_python(info: str) -> bool:
    match = _WORD.match(info.strip())
    if match is None:
        return False
    word = match["word"].lower()
    if info.strip().startswith("{") and word in _DIRECTIVES:
        return match["rest"].strip().lower() in _PYTHON
    return word in _PYTHON
