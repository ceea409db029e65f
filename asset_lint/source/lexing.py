"""What the bare text of a module tells, before any parser has seen it: its encoding, its strings, how deep it nests."""

from __future__ import annotations

import codecs
import re
from bisect import bisect_right
from collections.abc import Iterator

MAX_DEPTH = 500
"""How deep syntax may nest: an upper bound of the height of the tree, see :func:`too_deep`."""

RECURSION_LIMIT = 10_000
"""What ``sys.setrecursionlimit`` must allow for: LibCST alone takes up to seven Python frames for each step."""

_COOKIE = re.compile(rb"^[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)", re.ASCII)
_BLANK = re.compile(rb"^[ \t\f]*(?:#|$)")

# Unterminated strings match too, to the end of their line or of the text: so scanning stays linear.
STRING = (
    r'"""[^"\\]*(?:(?:\\.|"(?!""))[^"\\]*)*(?:""")?'
    r"|'''[^'\\]*(?:(?:\\.|'(?!''))[^'\\]*)*(?:''')?"
    r'|"[^"\\\r\n]*(?:\\(?:\r\n|.)[^"\\\r\n]*)*"?'
    r"|'[^'\\\r\n]*(?:\\(?:\r\n|.)[^'\\\r\n]*)*'?"
)
_JOINED = re.compile(rf"#[^\r\n]*|(?:{STRING})|\\(?:\r\n|\r|\n)", re.DOTALL)


def encoding_of(data: bytes) -> tuple[str, bool]:
    """The encoding that Python would decode ``data`` by, and whether it starts with a byte order mark.

    Raises LookupError (its words are for the user) where the cookie names no encoding or contradicts the mark.
    """
    bom = data.startswith(codecs.BOM_UTF8)
    lines = re.split(rb"\r\n?|\n", data[3:] if bom else data, maxsplit=2)[:2] if b"coding" in data[:2000] else []
    for line in lines:
        if cookie := _COOKIE.match(line):
            name = cookie[1].decode("ascii")
            try:
                codec = codecs.lookup(name)
            except (LookupError, ValueError):
                raise LookupError(f"unknown encoding: {name}") from None
            if bom and codec.name != "utf-8":
                raise LookupError(f"the encoding {name} contradicts the byte order mark")
            return codec.name, bom
        if not _BLANK.match(line):
            break
    return "utf-8", bom


def joined_lines(text: str) -> Iterator[tuple[int, int]]:
    """The stretches of ``text`` that hold several physical lines together, in order: multi-line strings and
    backslash continuations, as (start, end) offsets."""
    if '"""' not in text and "'''" not in text and "\\\n" not in text and "\\\r" not in text:
        return
    for match in _JOINED.finditer(text):
        token = match[0]
        if token[0] != "#" and ("\n" in token or "\r" in token):
            yield match.start(), match.end()


# -- depth ------------------------------------------------------------------------------------------------------------

# A quick look first: every character is dropped but brackets, operators and quotes ("o") and what ends a chain of
# operators ("n"). Then brackets are taken away from the inside out. It errs towards suspicion, never (but for brackets
# inside strings) towards trust, and costs a fiftieth of what `ast` does.
_KINDS = bytes.maketrans(b"([{)]}.+-*/%@&|^~<>\"',=:;", b"((()))ooooooooooooooonnnn")
_NOISE = bytes(set(range(256)) - set(b"([{)]}.+-*/%@&|^~<>\"',=:;"))
_RUN = b"o" * 80
_INNERMOST = re.compile(rb"\([^()]*\)")
_ROUNDS = 24
_RULER = re.compile(rb"[-~+]{200}")
_RARE = ((b"elif", 60), (b"else", 120), (b"lambda", 60), (b" and", 150), (b" or", 150), (b"for ", 150), (b"not not", 5))
_INDENTED = (b"\n" + b" " * 100, b"\n" + b"\t" * 50)


def _plainly_shallow(data: bytes) -> bool:
    if len(data) < MAX_DEPTH:
        return True
    if any(data.count(word) > limit for word, limit in _RARE) or any(space in data for space in _INDENTED):
        return False
    if b"--------" in data or b"~~~~~~~~" in data:
        if _RULER.search(data):
            return False
        data = data.replace(b"--------", b"").replace(b"~~~~~~~~", b"")
    left = data.translate(_KINDS, _NOISE)
    for _ in range(_ROUNDS):
        if _RUN in left:
            return False
        fewer = _INNERMOST.sub(b"o", left)
        if fewer == left:
            return left.count(b"(") < _ROUNDS
        left = fewer
    return False


_TOKEN = re.compile(
    rf"(?P<comment>#[^\r\n]*)|(?P<string>{STRING})|(?P<open>[(\[{{])|(?P<close>[)\]}}])"
    r"|(?P<line>\\?(?:\r\n?|\n)[ \t\f]*)|(?P<word>[^\W\d]\w*)|(?P<compare>[=!<>]=)|(?P<end>[,;:=]|->)|(?P<trail>\.)"
    r"|(?P<operator>\*\*|//|<<|>>|[-+*/%@&|^~<>])",
    re.DOTALL,
)
_BINARY = frozenset({"and", "or", "else", "for"})
_UNARY = frozenset({"not", "await", "yield"})


def too_deep(data: bytes, text: str, *, thorough: bool = False) -> tuple[int, int] | None:
    """The place (1-based line and column) where the syntax nests deeper than MAX_DEPTH, or None.

    ``text`` is ``data`` decoded. Counts from tokens, for no parser may see such a text (LibCST's native one kills the
    process): brackets, chains of operators, calls and attributes, ``elif``, ``lambda``, ``else`` and implicit
    concatenation, summed over the brackets and blocks they stand in. Unless ``thorough``, a quick look at the bytes
    answers first; only strings full of brackets deceive it, and those ``ast`` refuses by itself.
    """
    if not thorough and _plainly_shallow(data):
        return None
    # For each open bracket: [operators, calls and attributes of the operand at hand, lambdas]; then their sums.
    levels = [[0, 0, 0]]
    outside = 0  # the sum of all levels but the innermost
    blocks: list[tuple[int, int]] = [(0, 0)]  # (indentation, how many elif) of each open block
    fresh = True  # at the start of a logical line
    for match in _TOKEN.finditer(text):
        kind = match.lastgroup
        level = levels[-1]
        if kind == "word":
            word = match[0]
            if word == "lambda":
                level[2] += 1
            elif word in _BINARY:
                level[0] += 1
                level[1] = 0
            elif word in _UNARY:
                level[1] += 1
            elif fresh and word == "elif":
                indent, count = blocks[-1]
                blocks[-1] = (indent, count + 1)
            elif fresh and word not in ("else", "except", "finally"):
                blocks[-1] = (blocks[-1][0], 0)
            fresh = False
        elif kind == "open":
            level[1] += 1
            outside += sum(level) + 1
            levels.append([0, 0, 0])
            fresh = False
        elif kind == "close":
            if len(levels) > 1:
                levels.pop()
                outside -= sum(levels[-1]) + 1
            continue
        elif kind == "trail":
            level[1] += 1
        elif kind == "operator":
            level[0] += 1
            level[1] = 0
            fresh = False
        elif kind == "string":
            level[1] += 1
            fresh = False
        elif kind == "compare":
            level[1] = 0
        elif kind == "end":
            level[0] = level[1] = 0
            continue
        elif kind == "line":
            if len(levels) == 1 and match[0][0] != "\\":
                levels[0] = [0, 0, 0]
                following = text[match.end() : match.end() + 1]
                if following not in ("", "#", "\r", "\n"):
                    fresh = True
                    _enter(blocks, len(match[0].lstrip("\r\n")))
            continue
        else:
            continue
        if outside + sum(levels[-1]) + len(blocks) + sum(count for _, count in blocks) > MAX_DEPTH:
            lines = [0, *(end.end() for end in re.finditer(r"\r\n?|\n", text[: match.start()]))]
            line = bisect_right(lines, match.start())
            return line, match.start() - lines[line - 1] + 1
    return None


def _enter(blocks: list[tuple[int, int]], indent: int) -> None:
    while blocks[-1][0] > indent:
        blocks.pop()
    if not blocks or blocks[-1][0] < indent:
        blocks.append((indent, 0))
