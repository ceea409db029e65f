"""Logical lines and comments of a text, as Python's tokenizer sees them."""

from __future__ import annotations

import re
import tokenize
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

_NEWLINE = re.compile(r"\r\n?|\n")
_CLOSING = frozenset(")]}")
_LAYOUT = frozenset((tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER, tokenize.ENCODING))


@dataclass(frozen=True, slots=True)
class Logical:
    """A logical line: its first and last physical line, and its tokens without comments and layout.

    ``decorator`` says that it is one: what is said above it also holds for the definition below.
    """

    first: int
    last: int
    tokens: tuple[str, ...]

    @property
    def decorator(self) -> bool:
        """Whether it decorates what follows."""
        return self.tokens[:1] == ("@",)

    @property
    def words(self) -> str:
        """Its tokens in one line: the same however it is laid out (breaks, spaces, comments, trailing commas)."""
        tokens = self.tokens
        return " ".join(
            token
            for token, following in zip(tokens, (*tokens[1:], ""), strict=True)
            if token != "," or following not in _CLOSING
        )


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment from its ``#`` on: offset in the text, 1-based line, and whether it has that line to itself."""

    start: int
    line: int
    text: str
    alone: bool


class Lines:
    """All logical lines and comments of a text, in order.

    Of a text that this Python's tokenizer can't read to its end (newer syntax), what comes before that place.
    """

    def __init__(self, text: str) -> None:
        self.logical: list[Logical] = []
        self.comments: list[Comment] = []
        try:
            self._read(text)
        except (tokenize.TokenError, SyntaxError):
            pass
        self._firsts = [each.first for each in self.logical]
        self._lasts = [each.last for each in self.logical]
        self._alone = {each.line for each in self.comments if each.alone}

    def _read(self, text: str) -> None:
        starts = [0, *(match.end() for match in _NEWLINE.finditer(text))]
        first = last = 0
        tokens: list[str] = []
        for token in tokenize.generate_tokens(_lines(text, starts).__next__):
            line, column = token.start
            if token.type == tokenize.COMMENT:
                start = starts[line - 1] + column
                alone = not text[starts[line - 1] : start].strip()
                self.comments.append(Comment(start, line, token.string, alone))
            elif token.type == tokenize.NEWLINE:
                self.logical.append(Logical(first, max(last, line), tuple(tokens)))
                tokens = []
            elif token.type not in _LAYOUT:
                if not tokens:
                    first = line
                tokens.append(token.string)
                last = token.end[0]

    def at(self, line: int) -> Logical | None:
        """The logical line that the physical ``line`` is part of."""
        index = bisect_left(self._lasts, line)
        if index < len(self.logical) and self._firsts[index] <= line:
            return self.logical[index]
        return None

    def below(self, comment: Comment) -> tuple[int, int] | None:
        """The physical lines that a comment which stands alone speaks of, None if there are none.

        They are those of the logical line right below it (other such comments may stand between); below decorators
        those of the definition too.
        """
        line = comment.line + 1
        while line in self._alone:
            line += 1
        index = bisect_left(self._firsts, line)
        if index == len(self.logical) or self._firsts[index] != line:
            return None
        while self.logical[index].decorator and index + 1 < len(self.logical):
            index += 1
        return line, self._lasts[index]


def _lines(text: str, starts: list[int]) -> Iterator[str]:
    """The physical lines, all ended by ``\\n`` for the tokenizer."""
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        yield _NEWLINE.sub("\n", text[start:end])
    while True:
        yield ""
