"""Jupyter notebooks: checked cell by cell, fixed without touching anything else."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import fixture_tools as ft
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from asset_lint.cli import main
from asset_lint.config import build
from asset_lint.documents import source_of
from asset_lint.engine import FileResult, Mode, run

IMPORTS = "import duckdb\nimport pandas as pd\nfrom dagster import AssetExecutionContext, asset"
LEAK = """\
@asset
def trips(context: AssetExecutionContext, path: str) -> pd.DataFrame:
    connection = duckdb.connect(path)
    return connection.execute("SELECT 'é' AS word").df()"""


def notebook(*cells: str | dict[str, Any], **metadata: Any) -> dict[str, Any]:
    def cell(source: str | dict[str, Any]) -> dict[str, Any]:
        whole = {"cell_type": "code", "execution_count": 1, "metadata": {}, "outputs": [{"text": ["caf\u00e9"]}]}
        return source if isinstance(source, dict) else {**whole, "source": source.splitlines(keepends=True)}

    return {"cells": [cell(each) for each in cells], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def linted(
    data: bytes, folder: Path, mode: Mode = Mode.CHECK, select: Sequence[str] = ("AL000", "AL201")
) -> FileResult:
    config = build(folder, None, {"select": tuple(select)})
    (result,) = run([(folder / "n.ipynb", config)], ft.registry(), mode=mode, jobs=1, stdin=data)
    assert result.error is None, result.error
    return result


def found(
    document: dict[str, Any], folder: Path, select: Sequence[str] = ("AL000", "AL201")
) -> list[tuple[str, int, int]]:
    result = linted(json.dumps(document).encode(), folder, select=select)
    return [(each.code, each.span.cell, each.span.line) for each in result.shown]


def fixed(data: bytes, folder: Path, select: Sequence[str] = ("AL201",)) -> bytes:
    result = linted(data, folder, Mode.FIX, select)
    assert result.source is not None and result.text is not None
    return result.source.encode(result.text)


def test_a_finding_stands_in_its_cell_as_jupyter_counts_them(tmp_path: Path) -> None:
    text = {"cell_type": "markdown", "metadata": {}, "source": ["# Trips\n"]}
    assert found(notebook(text, IMPORTS, LEAK), tmp_path) == [("AL201", 3, 3)]


def test_an_import_of_an_earlier_cell_holds_in_later_ones(tmp_path: Path) -> None:
    assert found(notebook("import duckdb as db", "import dagster as dg", """\
@dg.asset
def trips(path: str) -> int:
    return db.connect(path).execute("SELECT 1").fetchone()[0]"""), tmp_path) == [("AL201", 3, 3)]  # fmt: skip


@pytest.mark.parametrize(
    "magic",
    [
        "%load_ext sql",
        "!pip install duckdb",
        "!pip install \\\n  duckdb",
        "trips?",
        "?trips",
        "files = !ls data",
        "rows = %sql SELECT 1",
        "%%time",
        "if True:\n    %matplotlib inline",
        'text = """\n%not magic\n"""\n!ls',
    ],
)
def test_magics_are_passed_over_and_come_out_as_they_were(magic: str, tmp_path: Path) -> None:
    document = notebook(IMPORTS, f"{magic}\n{LEAK}")
    lines = magic.count("\n") + 1
    assert found(document, tmp_path) == [("AL201", 2, 3 + lines)]
    after = json.loads(fixed(json.dumps(document).encode(), tmp_path))
    assert "".join(after["cells"][1]["source"]).startswith(f"{magic}\n@asset\n")
    assert "with duckdb.connect(path)" in "".join(after["cells"][1]["source"])


@pytest.mark.parametrize("indent", ["    ", "\t", "  "])
def test_a_cell_may_be_indented_as_ipython_allows(indent: str, tmp_path: Path) -> None:
    lines = [f"{indent}{line}\n" for line in LEAK.splitlines()]
    text = "".join(
        [*lines[:3], f'{indent}    print("""\n', "flush left\n", '""")\n', "\n", f"{indent}    %time\n", *lines[3:]]
    )
    document = notebook(IMPORTS, text)
    assert found(document, tmp_path) == [("AL201", 2, 3)]
    (finding,) = linted(json.dumps(document).encode(), tmp_path).shown
    assert finding.span.column == len(f"{indent}    connection = ") + 1
    after = "".join(json.loads(fixed(json.dumps(document).encode(), tmp_path))["cells"][1]["source"])
    assert f"{indent}    with duckdb.connect(path) as connection:\n" in after
    assert after.startswith("".join(lines[:2])) and "\nflush left\n" in after


def test_what_is_wrong_in_an_indented_cell_is_said_at_its_place(tmp_path: Path) -> None:
    document = notebook(IMPORTS, "    x = 1\n    y = )\n")
    (finding,) = linted(json.dumps(document).encode(), tmp_path).shown
    assert (finding.code, finding.span.line, finding.span.column) == ("AL000", 2, 9)
    assert "indent" not in finding.message


@pytest.mark.parametrize("magic", ["%%sql", "%%bash", "%%writefile trips.py", "%%html"])
def test_a_cell_of_another_language_is_none_of_ours(magic: str, tmp_path: Path) -> None:
    assert found(notebook(IMPORTS, f"{magic}\n{LEAK}\n((("), tmp_path) == []


def test_a_cell_that_is_no_python_is_said_so_and_the_others_are_checked(tmp_path: Path) -> None:
    assert found(notebook(IMPORTS, "x = 1\ny = (", LEAK), tmp_path) == [("AL000", 2, 2), ("AL201", 3, 3)]


@pytest.mark.parametrize("content", [b'{"cells": dagster', b'["dagster"]', b"dagster", b'{"cells": [1], "dagster": 1}'])
def test_what_is_no_notebook_is_said_to_be_none(content: bytes, tmp_path: Path) -> None:
    assert [each.code for each in linted(content, tmp_path).shown] == ["AL000"]


@pytest.mark.parametrize(
    "metadata", [{"kernelspec": {"language": "R"}}, {"language_info": {"name": "scala"}}], ids=["kernel", "language"]
)
def test_a_notebook_in_another_language_has_nothing_to_check(metadata: dict[str, Any], tmp_path: Path) -> None:
    assert found(notebook(IMPORTS, LEAK, "((", **metadata), tmp_path) == []


def test_a_notebook_without_dagster_is_not_even_read(tmp_path: Path) -> None:
    assert linted(b'{"cells": nonsense about duckdb', tmp_path).findings == ()


def test_a_noqa_in_a_cell_suppresses(tmp_path: Path) -> None:
    quiet = LEAK.replace("(path)\n", "(path)  # noqa: AL201\n")
    assert found(notebook(IMPORTS, quiet), tmp_path) == []


LAYOUTS = {
    "jupyter": {"indent": 1, "ensure_ascii": False},
    "escaped": {"indent": 1, "ensure_ascii": True},
    "wide": {"indent": 4, "ensure_ascii": False, "sort_keys": True},
    "tabs": {"indent": "\t", "ensure_ascii": False},
    "one line": {"ensure_ascii": False},
    "tight": {"separators": (",", ":")},
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("end", ["", "\n"], ids=["bare", "newline"])
def test_a_fix_keeps_the_layout_of_the_file(layout: str, end: str, tmp_path: Path) -> None:
    document = notebook(IMPORTS, LEAK, "print('é')")

    def written(content: dict[str, Any]) -> bytes:
        return (json.dumps(content, **LAYOUTS[layout]) + end).encode()  # type: ignore[arg-type]

    after = fixed(written(document), tmp_path)
    expected = json.loads(after)
    assert expected["cells"][1]["source"] != document["cells"][1]["source"]
    assert after == written(expected)
    expected["cells"][1]["source"] = document["cells"][1]["source"]
    assert expected == document


def test_a_source_in_one_string_stays_one(tmp_path: Path) -> None:
    document = notebook(IMPORTS, LEAK)
    document["cells"][1]["source"] = LEAK
    after = json.loads(fixed(json.dumps(document).encode(), tmp_path))
    assert "with duckdb.connect(path) as connection:\n" in after["cells"][1]["source"]


def test_a_fix_imports_beside_the_imports_of_an_earlier_cell(tmp_path: Path) -> None:
    document = notebook("import pandas as pd\nfrom dagster import AssetExecutionContext, asset", """\
from duckdb import connect

@asset
def trips(context: AssetExecutionContext, path: str) -> pd.DataFrame:
    with connect(path) as connection:
        return connection.execute("SELECT * FROM trips").df()""")  # fmt: skip
    after = json.loads(fixed(json.dumps(document).encode(), tmp_path, ["AL303"]))
    assert "import duckdb" in "".join(after["cells"][0]["source"])
    assert "except duckdb.Error" in "".join(after["cells"][1]["source"])


_pieces = st.sampled_from(
    ["x = 'é\\n\"'", "%matplotlib inline", "!ls", "# nothing", "", "y = 1  ", "name?", "\tz", "((", "\r\n"]
)


@settings(max_examples=40, deadline=None, derandomize=True, database=None)
@given(st.lists(_pieces, max_size=4), st.lists(_pieces, max_size=4), st.booleans(), st.sampled_from([None, 1, 3]))
def test_nothing_but_the_sources_of_cells_changes(
    before: list[str], behind: list[str], escaped: bool, indent: int | None
) -> None:
    document = notebook(*before, IMPORTS, LEAK, *behind)
    data = json.dumps(document, ensure_ascii=escaped, indent=indent).encode()
    after = fixed(data, Path("/nowhere"))
    changed = json.loads(after)
    assert "with duckdb.connect(path)" in "".join(changed["cells"][len(before) + 1]["source"])
    changed["cells"][len(before) + 1]["source"] = document["cells"][len(before) + 1]["source"]
    assert changed == document
    assert after.startswith(data[: data.index(b"trips(context")])
    assert source_of("n.ipynb", after).encode(source_of("n.ipynb", after).text) == after


class TestTheCommandLine:
    def run(self, *arguments: str) -> str:
        main(["check", "--isolated", "--select", "AL201", *arguments])
        return self.capsys.readouterr().out

    @pytest.fixture(autouse=True)
    def here(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
        monkeypatch.chdir(tmp_path)
        self.capsys = capfd
        Path("n.ipynb").write_text(json.dumps(notebook(IMPORTS, LEAK), indent=1, ensure_ascii=False) + "\n")

    def test_finds_notebooks_in_folders(self) -> None:
        assert self.run("--output-format", "concise").startswith("n.ipynb:cell 2:3:18: AL201 ")

    def test_shows_the_lines_of_the_cell(self) -> None:
        output = self.run()
        assert "--> n.ipynb:cell 2:3:18 (error)" in output
        assert "3 |     connection = duckdb.connect(path)" in output

    def test_says_cell_and_line_in_json_and_the_files_own_line_where_cells_are_unknown(self) -> None:
        (finding,) = json.loads(self.run("--output-format", "json"))
        assert (finding["cell"], finding["location"]["row"]) == (2, 3)
        line = 1 + next(
            number for number, text in enumerate(Path("n.ipynb").read_text().split("\n")) if "duckdb.connect" in text
        )
        (result,) = json.loads(self.run("--output-format", "sarif"))["runs"][0]["results"]
        region = result["locations"][0]["physicalLocation"]["region"]
        assert (region["startLine"], region["startColumn"]) == (line, 5 + 1 + 17)
        command = self.run("--output-format", "github")
        assert f"line={line}," in command and "n.ipynb:cell 2:3:18: AL201" in command

    def test_shows_what_would_change_cell_by_cell(self) -> None:
        output = self.run("--diff")
        assert "--- n.ipynb:cell 2\n+++ n.ipynb:cell 2\n" in output
        assert "+    with duckdb.connect(path) as connection:" in output

    def test_writes_noqas(self) -> None:
        self.run("--add-noqa")
        assert "duckdb.connect(path)  # noqa: AL201" in Path("n.ipynb").read_text()
        assert "AL201" not in self.run("--output-format", "concise")
