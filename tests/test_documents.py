"""Markdown and reStructuredText: their Python is read in order, each block for itself, and fixed where it stands."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import fixture_tools as ft
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asset_lint.baseline import Baseline
from asset_lint.cli import main
from asset_lint.config import build
from asset_lint.engine import FileResult, Mode, run

IMPORTS = "import duckdb\nfrom dagster import AssetExecutionContext, asset\n"
LEAK = """\
@asset
def trips(path: str) -> int:
    connection = duckdb.connect(path)
    return len(connection.execute("SELECT 1").fetchall())
"""
FIXED = """\
@asset
def trips(path: str) -> int:
    with duckdb.connect(path) as connection:
        return len(connection.execute("SELECT 1").fetchall())
"""


def fence(code: str, info: str = "python", prefix: str = "") -> str:
    return "".join(f"{prefix}{line}\n" for line in f"```{info}\n{code}```".split("\n"))


def directive(code: str, name: str = "code-block:: python", indent: str = "   ") -> str:
    return f".. {name}\n\n" + "".join(f"{indent}{line}".rstrip() + "\n" for line in code.splitlines()) + "\n"


def linted(
    text: str, mode: Mode = Mode.CHECK, select: Sequence[str] = ("AL201",), name: str = "guide.md", **settings: Any
) -> FileResult:
    config = build(Path("/nowhere"), None, {"select": tuple(select), **settings})
    (result,) = run(
        [(Path("/nowhere") / name, config)], ft.registry(), mode=mode, jobs=1, stdin=text.encode(),
    )  # fmt: skip
    assert result.error is None, result.error
    return result


def found(text: str, *select: str, name: str = "guide.md", **settings: Any) -> list[tuple[str, int, int]]:
    result = linted(text, select=select or ("AL201",), name=name, **settings)
    return [(each.code, each.span.line, each.span.column) for each in result.shown]


def fixed(text: str, *select: str, name: str = "guide.md") -> str:
    result = linted(text, Mode.FIX, select or ("AL201",), name)
    if result.source is None or result.text is None:
        return text
    return result.source.encode(result.text).decode()


def place(text: str, what: str = "duckdb.connect(") -> tuple[int, int]:
    before = text[: text.rindex(what)]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


# -- where code stands ------------------------------------------------------------------------------------------------

MARKDOWN = {
    "a fence": "# Dagster\n\n" + fence(IMPORTS + LEAK),
    "tildes": f"~~~py\n{IMPORTS}{LEAK}~~~\n",
    "a longer fence": f"````python\n{IMPORTS}{LEAK}````\n",
    "words behind the language": fence(IMPORTS + LEAK, 'python title="trips.py" hl_lines="2"'),
    "attributes": fence(IMPORTS + LEAK, "{.python .annotate}"),
    "a MyST directive": fence(":linenos:\n" + IMPORTS + LEAK, "{code-block} python"),
    "a list": "1. Dagster:\n\n" + fence(IMPORTS + LEAK, prefix="   "),
    "a tab": '=== "Dagster"\n\n' + fence(IMPORTS + LEAK, prefix="    "),
    "a quote": fence(IMPORTS + LEAK, prefix="> "),
    "a fence that is never closed": f"```python\n{IMPORTS}{LEAK}",
    "an indented fragment": "```python\n"
    + "".join(f"    {line}\n" for line in (IMPORTS + LEAK).splitlines())
    + "```\n",
    "CRLF": ("# Dagster\n\n" + fence(IMPORTS + LEAK)).replace("\n", "\r\n"),
}


@pytest.mark.parametrize("shape", MARKDOWN)
def test_a_finding_stands_where_the_reader_sees_it(shape: str) -> None:
    assert found(MARKDOWN[shape]) == [("AL201", *place(MARKDOWN[shape]))]


@pytest.mark.parametrize("shape", MARKDOWN)
def test_a_fix_changes_the_block_alone_and_keeps_its_indentation(shape: str) -> None:
    text = MARKDOWN[shape]
    newline = "\r\n" if "\r\n" in text else "\n"
    line = next(line for line in text.split(newline) if "@asset" in line)
    prefix = line[: line.index("@")]
    expected = newline.join(f"{prefix}{each}" for each in FIXED.splitlines())
    leak = newline.join(f"{prefix}{each}" for each in LEAK.splitlines())
    assert fixed(text) == text.replace(leak, expected)
    assert leak in text


@pytest.mark.parametrize(
    "text",
    [
        fence(IMPORTS + LEAK, "sql"),
        fence(IMPORTS + LEAK, "pycon"),
        fence(IMPORTS + LEAK, ""),
        f"<!--\n{fence(IMPORTS + LEAK)}-->\n",
        fence(IMPORTS) + "\n".join(f"    {line}" for line in LEAK.splitlines()),
        fence(fence(IMPORTS + LEAK), "markdown").replace("```markdown", "````markdown").rstrip("\n") + "`\n",
    ],
    ids=["SQL", "a console", "no language", "a comment", "an indented block", "Markdown in Markdown"],
)
def test_what_is_no_block_of_python_is_left_alone(text: str) -> None:
    assert found(f"Dagster\n\n{text}") == []


@pytest.mark.parametrize(
    "name", ["code-block:: python", "code:: python", "sourcecode:: python3", "code-block:: py", "testcode::"]
)
def test_restructured_text_is_read_and_fixed_too(name: str) -> None:
    text = "Dagster\n=======\n\n" + directive(f"{IMPORTS}\n{LEAK}", name) + "And so on.\n"
    assert found(text, name="guide.rst") == [("AL201", *place(text))]
    assert fixed(text, name="guide.rst") == text.replace(directive(LEAK)[28:], directive(FIXED)[28:])
    with_options = text.replace(f".. {name}\n", f".. {name}\n   :linenos:\n")
    assert found(with_options, name="guide.rst") == [("AL201", *place(with_options))]


# -- how it is read ---------------------------------------------------------------------------------------------------


def test_what_an_earlier_block_imports_and_defines_holds_in_later_ones() -> None:
    text = fence(
        "import duckdb as db\nimport dagster as d\n\ndef opened(path):\n    return db.connect(path)\n"
    ) + fence('@d.asset\ndef trips(path: str) -> int:\n    return opened(path).execute("SELECT 1").fetchone()[0]\n')
    assert found(text) == [("AL201", *place(text, "opened(path).execute"))]


def test_names_that_no_block_imports_mean_what_every_reader_takes_them_for() -> None:
    assert found("Dagster\n\n" + fence(LEAK)) != []
    assert found("Dagster\n\n" + fence(f"from elsewhere import asset\n{LEAK}")) == []
    assert found("Dagster\n\n" + fence(f"from elsewhere import *\n{LEAK}")) == []
    assert found("Dagster\n\n" + fence("def asset(function): ...\n") + fence(LEAK)) == []
    assert found("Airflow\n\n" + fence(LEAK)) == []


def test_a_block_that_defines_a_name_again_means_its_own() -> None:
    helper = "def opened(path):\n    {}\n"
    use = '@asset\ndef trips(path: str) -> int:\n    with opened(path) as c:\n        return c.sql("SELECT 1")\n'
    right, wrong = helper.format("return Spreadsheet(path)"), helper.format("return duckdb.connect(path)")
    text = fence(IMPORTS + right + use) + fence(wrong + use)
    assert found(text, "AL101") == [("AL101", *place(text, 'c.sql("SELECT 1")'))]
    assert found(fence(IMPORTS + wrong) + fence(right + use), "AL101") == []


def test_an_example_is_not_imported() -> None:
    code = (
        f'{IMPORTS}connection = duckdb.connect("warehouse.duckdb")\n\n\n@asset\ndef trips() -> int:\n'
        '    return len(connection.execute("SELECT 1").fetchall())\n'
    )
    assert [each[0] for each in found(code, "AL205", name="assets.py")] == ["AL205"]
    assert found(fence(code), "AL205") == []


def test_assets_of_two_examples_do_not_meet() -> None:
    def writer(name: str) -> str:
        return (
            f'@asset\ndef {name}() -> None:\n    with duckdb.connect("w.duckdb") as c:\n'
            f'        c.execute("CREATE OR REPLACE TABLE {name} AS SELECT 1")\n\n'
        )

    assert [each[0] for each in found(fence(IMPORTS + writer("a") + writer("b")), "AL207")] == ["AL207"]
    assert found(fence(IMPORTS + writer("a")) + fence(writer("b")), "AL207") == []


@pytest.mark.parametrize("code", ["@asset\ndef trips(...):\n    ...\n", "conn = ???\n", ">>> asset\n", "if dagster:\n"])
def test_a_block_that_is_no_python_is_passed_over(code: str) -> None:
    text = fence(IMPORTS) + fence(code) + fence(LEAK)
    assert found(text, "AL000", "AL201") == [("AL201", *place(text))]


def test_a_block_from_the_future_does_not_change_the_others() -> None:
    text = fence(f"{IMPORTS}\n@asset\ndef a(context: AssetExecutionContext): ...\n")
    assert found(text + fence("from __future__ import annotations\n"), "AL803", "AL802", "AL801") == []


def test_three_dots_stand_for_code_that_is_left_out() -> None:
    body = "    with duckdb.connect(path) as conn:\n        {}\n    return 1\n"
    shown = f"@asset\ndef trips(path: str) -> int:\n{body}"
    assert found(fence(IMPORTS + shown.format('conn.execute("CHECKPOINT")')), "AL405", "AL502") != []
    assert found(fence(IMPORTS + shown.format("...")), "AL405", "AL502") == []
    opened = "@asset\ndef trips(path: str) -> int:\n    conn = duckdb.connect(path)\n    {}\n    return 1\n"
    assert found(fence(IMPORTS + opened.format("print(conn)"))) != []
    assert found(fence(IMPORTS + opened.format("..."))) == []


def test_helpers_that_are_shown_nowhere_are_told_once() -> None:
    use = "@asset\ndef {}() -> int:\n    with opened() as c:\n        return c.sql('SELECT 1')\n"
    text = fence(IMPORTS + use.format("a")) + fence("conn = ???\n") + fence(use.format("b"))
    result = linted(text, select=("AL101",))
    assert result.findings == ()
    assert "guide.md calls `opened` and shows no definition" in result.note and "1 block is no Python" in result.note
    known = linted(text, select=("AL101",), known_connections=("opened",))
    assert len(known.findings) == 2 and not known.note


def test_what_an_excerpt_lacks_may_stand_in_the_code_that_it_leaves_out() -> None:
    elided = fence(IMPORTS + LEAK.replace("    return", "    ...\n    return"))
    assert found(elided, "ALL") == []
    stub = fence(IMPORTS + '@asset\ndef trips(context, config) -> int:\n    """Count."""\n    ...\n')
    assert found(stub, "ALL") == []
    whole = fence(IMPORTS + "@asset\ndef trips(context, config) -> int:\n    return 1\n")
    assert [code for code, _, _ in found(whole, "ALL")] == ["AL702"]


def test_what_an_excerpt_shows_is_found() -> None:
    shown = LEAK.replace(
        'return len(connection.execute("SELECT 1").fetchall())', "...\n    return connection.sql('SELECT 1')"
    )
    assert [code for code, _, _ in found(fence(IMPORTS + shown), "ALL")] == ["AL101"]
    later = LEAK.replace("    connection =", "    ...\n    connection =")
    assert [code for code, _, _ in found(fence(IMPORTS + later), "AL201")] == ["AL201"]


@pytest.mark.parametrize(
    "body",
    [
        "return opened().execute('SELECT 1').fetchall()",
        "conn = opened()\n    return conn.sql('SELECT 1').df()",
        "with closing(opened()) as conn:\n        return conn.cursor().execute('SELECT 1').fetchall()",
        "conn = opened()\n    conn = closing(conn)\n    return conn.execute('SELECT 1').fetchall()",
        "return pd.read_sql('SELECT 1', opened())",
        "load(conn=opened())",
        "fill(1, opened())",
        "conn: Any = opened()\n    fill(1, into=conn)",
    ],
)
def test_a_helper_is_told_where_its_result_is_used_as_a_connection(body: str) -> None:
    filling = "def fill(rows, into):\n    into.execute('SELECT 1')\n"
    text = fence(IMPORTS + filling) + fence(f"@asset\ndef a() -> list:\n    {body}\n")
    assert "guide.md calls `opened` and shows no definition" in linted(text).note


@pytest.mark.parametrize(
    "body",
    [
        "return Path('a.csv').read_text()",
        "with patch('requests.get') as get:\n        get.return_value = Mock()",
        "return sha256(b'').hexdigest()",
        "with Session(engine) as session:\n        return session.execute('SELECT 1').fetchall()",
        "rows = read()\n    rows.append(1)\n    fill(rows, conn)\n    return rows",
        "conn = backoff(fn=duckdb.connect, retry_on=(duckdb.IOException,))\n    conn.execute('SELECT 1')",
        "insert(conn, read())",
        "with opened():\n        pass",
    ],
)
def test_a_helper_whose_result_no_rule_would_judge_is_not_told(body: str) -> None:
    filling = "def fill(rows, into):\n    into.execute('SELECT 1')\n"
    text = fence(IMPORTS + filling) + fence(f"@asset\ndef a(conn) -> list:\n    {body}\n")
    assert not linted(text).note


def test_helpers_of_functions_that_are_no_steps_are_not_told() -> None:
    text = fence(IMPORTS) + fence("@fixture\ndef database():\n    opened().execute('SELECT 1')\n")
    assert not linted(text).note


# -- suppressions -----------------------------------------------------------------------------------------------------

OTHER = LEAK.replace("trips", "others")


@pytest.mark.parametrize(
    "comment, left",
    [
        ("<!-- asset-lint: ignore[AL201] shows what is wrong -->", ["others"]),
        ("<!-- asset-lint: ignore -->", ["others"]),
        ("<!-- asset-lint: ignore[unclosed-connection] -->", ["others"]),
        ("<!-- asset-lint: disable[AL201] -->", []),
        ("<!-- asset-lint: file-ignore[AL201] -->", []),
        ("<!-- a word on asset-lint -->", ["trips", "others"]),
    ],
)
def test_a_suppression_may_stand_above_the_fence(comment: str, left: list[str]) -> None:
    text = f"{comment}\n\n" + fence(IMPORTS + LEAK) + fence(OTHER)
    assert [each.function for each in linted(text, select=("AL201", "AL001", "AL002")).findings] == left


def test_a_suppression_of_nothing_is_told_at_its_comment() -> None:
    text = "Dagster\n\n<!-- asset-lint: ignore[AL101] -->\n" + fence(IMPORTS + LEAK)
    assert found(text, "AL001", "AL101") == [("AL001", 3, 6)]
    assert fixed(text, "AL001", "AL101") == text


def test_restructured_text_has_its_own_comments() -> None:
    text = ".. asset-lint: ignore[AL201]\n\n" + directive(IMPORTS + LEAK)
    assert found(text, "AL201", "AL001", name="guide.rst") == []


def test_a_noqa_in_a_block_suppresses() -> None:
    assert found(fence(IMPORTS + LEAK.replace("(path)\n", "(path)  # noqa: AL201\n"))) == []


def test_a_baseline_knows_findings_of_documents(tmp_path: Path) -> None:
    result = linted(fence(IMPORTS + LEAK))
    assert result.source is not None
    empty = Baseline(tmp_path / "known.json")
    known = empty.written(empty.count([(result.source, result.findings)]))
    moved = linted("# A new heading\n\n" + fence(IMPORTS + LEAK))
    assert moved.source is not None and known.divided(moved.source, moved.findings)[0] == []


# -- fixes ------------------------------------------------------------------------------------------------------------


def test_a_fix_imports_where_the_document_does_or_leaves_it_to_the_reader() -> None:
    code = (
        "@asset\ndef a(context: AssetExecutionContext, c: DuckDBPyConnection):\n    return c.execute('SELECT 1').df()\n"
    )
    imports = "from dagster import AssetExecutionContext, asset\nfrom duckdb import DuckDBPyConnection\n"
    explicit = fixed(fence(imports) + fence(code), "AL303")
    assert "import duckdb\n" in explicit.split("```")[1] and "except duckdb.Error" in explicit
    silent = fixed("Dagster\n" + fence(code.replace("DuckDBPyConnection", "duckdb.DuckDBPyConnection")), "AL303")
    assert "import" not in silent and "except duckdb.Error" in silent


def test_a_fix_imports_in_the_first_block_that_imports_not_in_one_that_defines_something() -> None:
    defines, imports = "class Limits(dg.Config):\n    rows: int\n", "import dagster as dg\n"
    head = "@dg.asset\ndef a(context: dg.AssetExecutionContext, c: DuckDBPyConnection):\n"
    use = f"{head}    return c.sql('SELECT 1').df()\n"
    imports += "from duckdb import DuckDBPyConnection\n"
    after = fixed(fence(defines) + fence(imports) + fence(use), "AL303").split("```")
    assert after[1] == f"python\n{defines}" and after[3].startswith("python\nimport dagster as dg\nimport duckdb\n")


prose = st.lists(
    st.sampled_from(
        ["Words.", "", "- a list", "> a quote", "    indented", "`code`", "<!-- x -->", "## Dägster", "\ttab"]
    ),
    max_size=5,
).map("\n".join)
blocks = st.lists(
    st.tuples(st.sampled_from([LEAK, OTHER, "x = 1\n", "y = (\n"]), st.sampled_from(["", "  ", "    ", "\t", "> "])),
    max_size=4,
)


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(prose, blocks, prose, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_nothing_but_blocks_changes_and_what_is_fixed_stays_so(
    before: str, code: list[tuple[str, str]], behind: str, newline: str, bare: bool
) -> None:
    parts = [
        f"{before}\n",
        fence(IMPORTS),
        *(fence(each, prefix=prefix) + f"{behind}\n" for each, prefix in code),
        "Dagster",
    ]
    text = "".join(parts).replace("\n", newline) + ("" if bare else newline)
    after = fixed(text)
    outside = re.compile(r"^([ \t>]*)```python.*?```", re.MULTILINE | re.DOTALL)
    assert outside.sub("", after) == outside.sub("", text)
    assert found(after) == [] and fixed(after) == after


# -- the command line -------------------------------------------------------------------------------------------------


class TestTheCommandLine:
    @pytest.fixture(autouse=True)
    def here(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
        monkeypatch.chdir(tmp_path)
        Path("docs").mkdir()
        Path("docs/guide.md").write_text("# Guide\n\n" + fence(IMPORTS + LEAK, prefix="  "))
        self.captured = capfd

    def run(self, *arguments: str) -> str:
        main(["check", "--isolated", "--select", "AL201", *arguments])
        return self.captured.readouterr().out

    def test_checks_a_folder_of_documents(self) -> None:
        assert self.run("docs", "--output-format", "concise").startswith("docs/guide.md:8:20: AL201 ")

    def test_shows_the_lines_of_the_document(self) -> None:
        assert "8 |       connection = duckdb.connect(path)" in self.run("docs")
        assert "+      with duckdb.connect(path) as connection:" in self.run("docs", "--diff")

    def test_writes_noqas(self) -> None:
        self.run("docs", "--add-noqa")
        assert "      connection = duckdb.connect(path)  # noqa: AL201\n" in Path("docs/guide.md").read_text()

    def test_says_edits_in_places_of_the_document(self) -> None:
        (edit, *_) = json.loads(self.run("docs", "--output-format", "json"))[0]["fix"]["edits"]
        assert edit["location"]["row"] == 8


def test_a_document_without_dagster_is_not_even_read() -> None:
    assert linted(fence(IMPORTS.replace("dagster", "airflow") + LEAK)).source is None


# -- docstrings -------------------------------------------------------------------------------------------------------

DOCTEST = '''\
"""How Dagster is used here."""


def opened() -> None:
    """Open it.

    >>> import duckdb
    >>> from dagster import asset
    >>> @asset
    ... def trips(path: str) -> int:
    ...     connection = duckdb.connect(path)
    ...     return len(connection.execute("SELECT 1").fetchall())
    >>> trips
    <dagster.AssetsDefinition>
    """
'''


class TestDocstrings:
    def found(self, text: str) -> list[tuple[str, int, int]]:
        return found(text, "AL201", name="guide.py", docstring_examples=True)

    def test_are_left_alone_unless_they_are_asked_for(self) -> None:
        assert found(DOCTEST, name="guide.py") == []

    def test_have_findings_where_they_stand(self) -> None:
        assert self.found(DOCTEST) == [("AL201", *place(DOCTEST))]

    def test_are_fixed_behind_their_prompts(self) -> None:
        result = linted(DOCTEST, Mode.FIX, name="guide.py", docstring_examples=True)
        assert result.text == DOCTEST.replace(
            "    ...     connection = duckdb.connect(path)\n    ...     return len(",
            "    ...     with duckdb.connect(path) as connection:\n    ...         return len(",
        )
        assert self.found(result.text) == []

    def test_with_escapes_or_faults_are_passed_over(self) -> None:
        assert self.found(DOCTEST.replace("SELECT 1", "SELECT\\n1")) == []
        assert self.found(DOCTEST.replace(">>> trips\n", ">>> trips(\n")) == []

    def test_may_suppress(self) -> None:
        assert self.found(DOCTEST.replace("connect(path)\n", "connect(path)  # noqa: AL201\n")) == []
