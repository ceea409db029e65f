"""LibCST's tree in nodes of `ast`: the same as `ast.parse` gives, and more syntax than this Python knows."""

from __future__ import annotations

import ast
import gc
import subprocess
import sys
import warnings

import pytest

from asset_lint.errors import InvalidSyntax
from asset_lint.model.cst_to_ast import lower
from asset_lint.model.lowering import parse
from asset_lint.source import Slice, Source

SINCE_3_11 = (3, 11)
SINCE_3_12 = (3, 12)


def lowered(text: str) -> ast.Module:
    source = Source("module.py", text.encode())
    return lower(Slice(source.text, 0, source.newline, lambda: source.indent, source.span))


def dumped(tree: ast.AST, *, inside_strings: bool = True) -> str:
    """The tree with all places; ``inside_strings=False`` leaves out those within f-strings."""
    if not inside_strings:
        for string in [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]:
            for node in ast.walk(string):
                if node is not string:
                    for name in ("lineno", "col_offset", "end_lineno", "end_col_offset"):
                        node.__dict__.pop(name, None)
    return ast.dump(tree, include_attributes=True, indent=1)


# Every construct that LibCST has a class for, in the places where `ast` counts a bracket, a comma or a space otherwise.
SNIPPETS = {
    "empty": "",
    "comments only": "# a\n\n# b",
    "no newline at the end": "x = 1",
    "carriage returns": "def f():\r\n    x = '''a\r\nb'''\r\n    return x\r\n",
    "tabs and form feeds": "if x:\n\ty = 1\n\x0c\n\tz = 2\n",
    "continuation": "x = a + \\\n    b\nassert x, \\\n    y\n",
    "semicolons": "a; b;\nif x: c; d;\nwhile y:\n    e;\n",
    "names": "é = ñ.ü\nﬁ.ﬁ(ﬁ=ﬁ)  # NFKC\nNone, True, False, ...\n",
    "places behind wide characters": "x = 'é𝔘', f(y), é.z\n",
    "numbers": "0x1F, 1_000, 0o7, 0b1, 1e5, .5, 3j, 10**3\n",
    "strings": "'a', b'b', r'\\d', u'c', rb'\\d', '''d\n''', 'e' \"f\" 'g', b'h' b'i', ('j'\n 'k')\n",
    "escapes": "'\\n\\x41\\N{BULLET}\\\n', b'\\x00\\'', '\\\\'\n",
    "formatted": "f'a{b}c{{d}}', f'', f'x' 'y', 'z' f'{a}' 'w' 'v', f'{a!r:>{b}.{c}f}', rf'\\d{a}\\n', f'{a}{b}'\n",
    "formatted with escapes": "f'\\n{a}\\x41\\'\"\\N{BULLET}}}', f'''it's \"{a}'''\n",
    "formatted debug": "f'{a=}{b = !s}{c = :>3}'\n",
    "tuples": "(), (1,), (1, 2), ((1, 2)), ( ( 3 , ) )\nx = 1, 2,  # end\ny = *a, b\n",
    "displays": "[], [1, *a, (b)], {1, *a}, {}, {1: 2, **a, (b): (c)}\n",
    "comprehensions": "[x for x in y if a if b for z in x], {x for x in y}, {k: v for k, v in z}, (x for x in y)\n",
    "bare generators": "f(x for x in y)\nf ( x for x in y )\nf((x for x in y))\nf(1, (x for x in y))\n",
    "operators": "(a) + b * -c ** ~d // (e @ f) % g << h >> i & j | k ^ l - m / +n\nnot a\n",
    "boolean": "a and b and (c and d) or e or f and not g\n",
    "comparison": "a < b <= c > d >= e == f != g in h not in i is j is not (k)\n",
    "conditional": "(a) if b else (c)\n",
    "walrus": "(x := 1)\nif (n := f()) and [y := 2]: pass\n",
    "calls": "f()(a, *b, c=(d), **e)[0].g\n(f)(  )\nf(a,)\nf(*a, b, *c, d=1, **e, **g)\n",
    "attributes": "(a).b\na . b\na[0].b.c()\n",
    "subscripts": "a[1], a[1, 2], a[1,], a[(1, 2)], a[:], a[1:], a[:2], a[::3], a[1:2:3, ...], a[ b : (c) ]\n",
    "lambdas": "lambda: 0\nlambda x, /, y=1, *a, z, w=(2), **k: (x)\nlambda *, a: a\n",
    "statements": (
        "pass\nreturn\nreturn (a)\nreturn a, *b\nraise\nraise a\nraise a from (b)\nassert (a)\nassert a, (b)\n"
    ),
    "deletion": "del a, (b), c[0], d.e\ndel (a, b)\ndel a,\ndel (a)\n",
    "assignment": (
        "a = b = (c)\n(a), [b, *c] = d\na.b, c[0] = e\n*a, = b\na += (b)\na.b **= c; a[0] //= d; a @= e; a >>= f\n"
    ),
    "annotation": "a: int\na: (int) = (1)\na.b: int = 1, 2\nc[0]: str\n",
    "scopes": "def f():\n    global a, b\n    nonlocal c\n",
    "imports": (
        "import a, b.c as d\n"
        "from . import e\n"
        "from ...f.g import (h, i as j,)\n"
        "from k import *\n"
        "from .. import (  l  )\n"
    ),
    "if": "if a: pass\nelif (b):\n    pass\nelif c: pass\nelse:\n    d;\n",
    "loops": (
        "for x, *y in a, b:\n    continue\nelse: pass\nwhile (a):\n    break\nelse:\n    pass\nfor (x) in *a, b: pass\n"
    ),
    "with": (
        "with a: pass\n"
        "with a as b, (c) as (d, e): pass\n"
        "with (a as b, c as d.e,): pass\n"
        "with (a, b): pass\n"
        "with (a): pass\n"
    ),
    "try": "try: a\nexcept: b\ntry:\n    a\nexcept (B, C) as d:\n    e;\nexcept F: g\nelse: h\nfinally:\n    i\n",
    "functions": (
        "def f(a, /, b: int = 1, *c: (str), d, e: x=2, **g: y) -> (z):\n    '''doc'''\n\n\ndef g(): return 1; pass\n"
    ),
    "keyword only": "def f(*, a, b=1): pass\ndef g(a=1, /, *, b): pass\ndef h(**k): pass\n",
    "decorators": "@a\n@b.c(1)\n# why\n\n@d[0]\nasync def f(): pass\n@e\nclass A: pass\n",
    "classes": (
        "class A: pass\nclass B(): pass\nclass C(A, *b, metaclass=M, **k):\n    x: int = 1\n    def f(self): ...\n"
    ),
    "async": (
        "async def f():\n"
        "    await (a)\n"
        "    async with b as c: pass\n"
        "    async for d in e: pass\n"
        "    else: pass\n"
        "    return [x async for x in y if await z]\n"
    ),
    "yield": (
        "def f():\n"
        "    x = yield\n"
        "    y = (yield )\n"
        "    yield a, b\n"
        "    yield from (c)\n"
        "    (yield)\n"
        "    await (yield d)\n"
    ),
    "match": (
        "match a, b:\n"
        "    case 1: pass\n"
        "    case -1 | 2+3j | 'a' 'b' | None: pass\n"
        "    case (c): pass\n"
        "    case _ if (d): pass\n"
    ),
    "match sequences": (
        "match (a):\n"
        "    case []: pass\n"
        "    case [b, *_]: pass\n"
        "    case (c, * d): pass\n"
        "    case e, f,: pass\n"
        "    case (): pass\n"
        "    case ([g]): pass\n"
        "    case *h, i: pass\n"
    ),
    "match mappings": "match a:\n    case {}: pass\n    case {'b': c, None: d, e.f: 1, **g}: pass\n",
    "match classes": (
        "match a:\n    case B(): pass\n    case b.C(1, (d), e=f, g=(h | i)): pass\n    case (j | k) as l: pass\n"
    ),
}

SNIPPETS_SINCE = {
    "except star": (SINCE_3_11, "try: a\nexcept* (B, C) as d: e\nexcept *F:\n    g\nelse: h\n"),
    "starred index": (SINCE_3_11, "a[*b], a[*b, c], a[c, *b]\ndef f(*args: *Ts): pass\n"),
    "quotes in quotes": (SINCE_3_12, "f'{a['b']}', f'{'\\n'.join(c)}', f'{f'{d}'}'\n"),
    "comments in strings": (SINCE_3_12, "f'''{\n  a  # why\n  .b\n}'''\n"),
}


def compare(text: str) -> None:
    # Before 3.12 places within f-strings are those of a text that Python made up.
    exact = sys.version_info >= SINCE_3_12
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        expected = ast.parse(text)
    assert dumped(lowered(text), inside_strings=exact) == dumped(expected, inside_strings=exact)


@pytest.mark.parametrize("text", SNIPPETS.values(), ids=SNIPPETS)
def test_lowering_gives_what_ast_gives(text: str) -> None:
    compare(text)


@pytest.mark.parametrize(("since", "text"), SNIPPETS_SINCE.values(), ids=SNIPPETS_SINCE)
def test_lowering_gives_what_a_newer_ast_gives(since: tuple[int, int], text: str) -> None:
    if sys.version_info >= since:
        compare(text)
    else:
        assert lowered(text).body


# Newer syntax beside older syntax with the same words in the same places: the nodes must be equal to the last column.
NEWER = {
    "type parameters of a function": (
        "def f[T: (int, str) = int](x: T) -> T: ...",
        "def f                     (x: T) -> T: ...",
    ),
    "variadic type parameters": ("def f[*Ts = *tuple[int], **P](): ...", "def f                        (): ..."),
    "type parameters of a class": ("class A[T](B): ...", "class A   (B): ..."),
    "template string": ("t'a{b!r:>{c}}{{'", "f'a{b!r:>{c}}{{'"),
    "raw template string": ("rt'\\d{b}'", "rf'\\d{b}'"),
}


@pytest.mark.parametrize(("newer", "older"), NEWER.values(), ids=NEWER)
def test_newer_syntax_is_said_in_older_nodes(newer: str, older: str) -> None:
    assert dumped(lowered(newer)) == dumped(lowered(older))


def test_a_type_alias_is_an_assignment() -> None:
    (statement,) = lowered("type X[T] = list[T]\n").body
    assert ast.unparse(statement) == "X = list[T]"
    assert (statement.col_offset, statement.end_col_offset) == (0, 19)


def test_a_lazy_import_is_an_import() -> None:
    plain, named = lowered("lazy import a\nlazy from b import c as d\n").body
    assert ast.unparse(plain) == "import a"
    assert ast.unparse(named) == "from b import c as d"
    assert (named.lineno, named.col_offset) == (2, 0)


@pytest.mark.parametrize("keyword", ["except", "except*"])
def test_exceptions_without_brackets_are_a_tuple(keyword: str) -> None:
    (statement,) = lowered(f"try: a\n{keyword} B, C: d\n").body
    handler = statement.handlers[0]  # type: ignore[attr-defined]
    assert ast.unparse(handler.type) == "(B, C)"
    assert (handler.type.col_offset, handler.type.end_col_offset) == (len(keyword) + 1, len(keyword) + 5)


def test_unpacking_in_comprehensions_is_starred() -> None:
    assert ast.unparse(lowered("[*a for a in b]\n")) == "[*a for a in b]"
    assert ast.unparse(lowered("{**a for a in b}\n")) == "{None: a for a in b}"


def test_names_inside_an_f_string_stand_where_they_are_written() -> None:
    text = "x = f'é{a['b']}' + f'''{\n  c # d\n}'''\n"
    source = Source("module.py", text.encode())
    places = {n.id: source.span_of(n) for n in ast.walk(parse(source)) if isinstance(n, ast.Name)}
    assert {name: text[span.start : span.end] for name, span in places.items()} == {"x": "x", "a": "a", "c": "c"}
    assert (places["c"].line, places["c"].column) == (2, 3)


@pytest.mark.parametrize(
    "text",
    [
        "def f[T](x: T) -> T:\n    return x\n",
        "type X = int\n",
        "try: pass\nexcept A, B: pass\n",
        "x = t'{a}'\n",
        "x = f'{a['b']}'\n",
        "lazy import a\n",
    ],
)
def test_parse_takes_newer_syntax_on_every_python(text: str) -> None:
    assert parse(Source("module.py", text.encode())).body


def test_a_newer_file_keeps_its_encoding_and_newlines() -> None:
    data = "# coding: latin-1\r\ntype X = int\r\né.f(x)\r\n".encode("latin-1")
    source = Source("module.py", data)
    call = parse(source).body[-1]
    span = source.span_of(call)
    assert (source.text[span.start : span.end], span.line, span.column) == ("é.f(x)", 3, 1)


REFUSED = [
    # text, line, column, words: by any Python from 3.10 on
    ("x = 1 2\n", 1, 5, "invalid syntax"),
    ("x = (1,\n\ny = 2\n", 1, 5, "never closed"),
    ("x = '''abc\n\n", 1, 5, "unterminated triple-quoted string"),
    ("if x:\npass\n", 2, 1, "indented block"),
    ("x = 0777\n", 1, 5, "leading zeros"),
    ("é = (]\n", 1, 6, "does not match"),
]


@pytest.mark.parametrize(("text", "line", "column", "words"), REFUSED)
def test_what_no_parser_takes_is_refused_with_pythons_words(text: str, line: int, column: int, words: str) -> None:
    with pytest.raises(InvalidSyntax, match=words) as caught:
        parse(Source("module.py", text.encode()))
    assert caught.value.line == line
    assert caught.value.column in (column, column + 2)  # Pythons differ on the token they point at


@pytest.mark.parametrize(
    ("broken", "column"),
    [("x = 1 2\n", 7), ("x = = 2\n", 5), ("for x in\n    y\n", 7), ("import a as\n", 10)],
)
def test_newer_syntax_is_not_blamed_for_a_later_error(broken: str, column: int) -> None:
    with pytest.raises(InvalidSyntax) as caught:
        parse(Source("module.py", ("lazy import a\nx = t'{a}'\n\n\n" + broken).encode()))
    assert (caught.value.line, caught.value.column) == (5, column)


def test_a_literal_that_only_libcst_takes_is_refused() -> None:
    with pytest.raises(InvalidSyntax):
        parse(Source("module.py", b"x = '\\N{no such character}'\n"))


def test_newer_syntax_that_libcst_cannot_hold_is_refused() -> None:
    # Python 3.14 takes it, LibCST 1.9 trips over it.
    text = "lazy import a\nx = t'a' t'b'\n"
    try:
        assert parse(Source("module.py", text.encode())).body
    except InvalidSyntax as error:
        assert error.line in (1, 2)


@pytest.mark.parametrize("deep", ["(" * 3000 + ")" * 3000, "-" * 3000 + "1", "a" + ".b" * 12_000])
def test_nesting_is_measured_before_libcst_sees_it(deep: str) -> None:
    with pytest.raises(InvalidSyntax, match="too deeply nested"):
        parse(Source("module.py", f"lazy import a\nx = {deep}\n".encode()))


def test_the_garbage_collector_is_as_before() -> None:
    for text in ("x = 1\n", "lazy import a\n", "x = = 1\n"):
        try:
            parse(Source("module.py", text.encode()))
        except InvalidSyntax:
            pass
        assert gc.isenabled()


def test_warnings_of_the_source_are_kept_quiet() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parse(Source("module.py", b"x = '\\d'\n"))
        parse(Source("module.py", b"lazy import a\nx = '\\d' f'\\w{a}'\n"))


def test_libcst_is_imported_only_where_python_refuses() -> None:
    code = (
        "import sys\n"
        "from asset_lint.model.lowering import parse\n"
        "from asset_lint.source import Source\n"
        "parse(Source('a.py', b'x = 1'))\n"
        "print('libcst' in sys.modules)\n"
        "parse(Source('a.py', b'lazy import a'))\n"
        "print('libcst' in sys.modules)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "True"]
