"""The blocks of Python in reStructuredText: what stands under ``.. code-block:: python`` and its like."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from .prose import Block, Piece, remark, trimmed

_DIRECTIVE = re.compile(
    r"(?P<indent>[ \t]*)\.\.[ \t]+(?:(?:code-block|code|sourcecode)::[ \t]*(?:python3?|py3?)|testcode::[^\r\n]*)[ \t]*$"
)
_COMMENT = re.compile(r"[ \t]*\.\.[ \t]+(?P<text>asset-lint[ \t]*:.*)$")
_OPTION = re.compile(r"[ \t]*:[\w-]+:")
_SPACE = re.compile(r"[ \t]*")


def pieces(lines: Sequence[str]) -> Iterator[Piece]:
    """The blocks of Python and the remarks to us, in order."""
    at = 0
    while at < len(lines):
        line = lines[at].rstrip("\r\n")
        if comment := _COMMENT.match(line):
            yield from remark(at, comment.start("text"), comment["text"])
        directive = _DIRECTIVE.match(line)
        at += 1
        if directive is None:
            continue
        while at < len(lines) and _OPTION.match(lines[at]):
            at += 1
        while at < len(lines) and not lines[at].strip():
            at += 1
        first, indent = at, directive["indent"]
        prefixes: list[str] = []
        while at < len(lines):
            text = lines[at].rstrip("\r\n")
            space = _SPACE.match(text)
            assert space is not None
            if text.strip():
                if len(space[0]) <= len(indent):
                    break
                prefixes.append(space[0])
            at += 1
        if prefixes:
            yield Block(first, trimmed(lines, first, at), min(prefixes, key=len))
