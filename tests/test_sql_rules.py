"""Rules written in SQL: their rows are findings like all others; what is wrong with one is told with its place."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

import pytest

from asset_lint.cli import main
from asset_lint.server.session import Buffer, Session

ASSETS = """\
import os

import dagster as dg
import duckdb
from dagster_duckdb import DuckDBResource


@dg.asset(group_name="sales")
def orders(context: dg.AssetExecutionContext, warehouse: DuckDBResource) -> None:
    with warehouse.get_connection() as conn:
        conn.execute("CREATE OR REPLACE TABLE orders AS FROM 'orders.csv'")


@dg.asset
def orphan(context: dg.AssetExecutionContext, warehouse: DuckDBResource) -> None:
    with warehouse.get_connection() as conn:
        conn.execute("CREATE OR REPLACE TABLE orphans AS FROM 'orphans.csv'")
"""
RULE = """\
-- code: XX001
-- name: grouped-assets
-- severity: error
-- message: `{asset}` has no group: nobody feels responsible for it. Give it a `group_name=`
--
-- Never leave an asset without a group.

SELECT * FROM assets WHERE group_name IS NULL
"""
Check = Callable[..., list[str]]


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two assets and one rule of its own; it is the working directory."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "asset-lint.toml").write_text('sql-rules = ["rules/*.sql"]\n')
    (tmp_path / "assets.py").write_text(ASSETS)
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "groups.sql").write_text(RULE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_rule(sql: str, message: str = "found", code: str = "XX001") -> None:
    """Replace the rule by one with that SELECT, which begins in line 3."""
    Path("rules/groups.sql").write_text(f"-- code: {code}\n-- message: {message}\n{sql}\n", encoding="utf-8")


@pytest.fixture
def check(capsys: pytest.CaptureFixture[str]) -> Check:
    """The lines of a check, by default with the rule alone."""

    def run(*arguments: str, select: str = "XX", status: int = 1) -> list[str]:
        assert main(["check", "-q", "--output-format", "concise", "--select", select, *arguments]) == status
        return capsys.readouterr().out.splitlines()

    return run


def refusal(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What a check says that can't be done."""
    assert main(["check", "-q", *arguments]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err


class TestItsRows:
    def test_are_findings_where_they_say(self, check: Check) -> None:
        assert check() == [
            "assets.py:15:5: XX001 `orphan` has no group: nobody feels responsible for it. Give it a `group_name=`"
        ]

    def test_may_name_no_more_than_path_and_line(self, check: Check, capsys: pytest.CaptureFixture[str]) -> None:
        write_rule("SELECT path, 17 AS line FROM assets LIMIT 1")
        assert check() == ["assets.py:17:9: XX001 found"]
        main(["check", "-q", "--output-format", "json", "--select", "XX"])
        (finding,) = json.loads(capsys.readouterr().out)
        assert finding["end_location"] == {"row": 17, "column": 78}
        assert finding["function"] == "orphan"
        assert finding["name"] == "groups"
        assert finding["severity"] == "warning"

    def test_fill_the_message_on_one_line(self, check: Check) -> None:
        write_rule(
            "SELECT path, line, list_sort(list(asset)) AS all_of, NULL AS none, 'a\nb' AS text, 2 AS n "
            "FROM assets WHERE line = 9 GROUP BY ALL",
            message="{all_of}; {none}; {text}; {n}; {{plain}}",
        )
        assert check() == ["assets.py:9:1: XX001 orders; NULL; a b; 2; {plain}"]

    def test_that_are_equal_are_one_finding(self, check: Check) -> None:
        write_rule("SELECT 'assets.py' AS path, 9 AS line FROM range(5)")
        assert len(check()) == 1

    def test_may_come_of_what_other_rules_find(self, check: Check) -> None:
        write_rule("SELECT * FROM findings WHERE severity = 'warning'", message="{code} again")
        lines = check(select="XX,AL6,AL5")
        other = [line.split()[1] for line in lines if "XX001" not in line]
        assert other
        assert sorted(line.split()[2] for line in lines if "XX001" in line) == sorted(other)

    def test_are_the_same_whichever_files_are_checked(self, check: Check, project: Path) -> None:
        (project / "more.py").write_text("import dagster as dg\n\n\n@dg.asset\ndef third() -> None: ...\n")
        write_rule("SELECT a.*, (SELECT count(*) FROM assets) AS n FROM assets a", message="one of {n}")
        everything = check()
        assert everything == [*check("assets.py"), *check("more.py")]
        assert {line.rpartition(" ")[2] for line in everything} == {"3"}

    def test_are_found_in_what_an_editor_holds(
        self, check: Check, project: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        text = ASSETS.replace('@dg.asset(group_name="sales")', "@dg.asset")
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))
        assert [line.split(":")[1] for line in check("--stdin-filename", "assets.py", "-")] == ["9", "15"]

    def test_may_stand_in_a_file_that_is_about_something_else(self, check: Check, project: Path) -> None:
        (project / "plain.py").write_text("x = 1\n\ny = 2\n")
        write_rule("SELECT 'plain.py' AS path, 3 AS line")
        assert check() == ["plain.py:3:1: XX001 found"]

    def test_are_as_many_with_one_process_as_with_several(self, project: Path, check: Check) -> None:
        for number in range(40):
            (project / f"more_{number}.py").write_text(ASSETS)
        write_rule("SELECT * FROM assets")
        assert check("-j", "1") == check("-j", "3")


class TestItIsARuleAsAllOthersAre:
    def test_its_findings_decide_on_the_exit_status(self, check: Check) -> None:
        assert check("--fail-on", "error", status=1)
        write_rule("SELECT * FROM assets")
        assert check("--fail-on", "error", status=0)

    @pytest.mark.parametrize("word", ["XX001", "XX", "X", "grouped-assets"])
    def test_code_prefix_and_name_select_it(self, word: str, check: Check) -> None:
        assert len(check(select=word)) == 1

    def test_it_can_be_ignored(self, check: Check) -> None:
        assert check("--ignore", "XX001", select="XX,AL000", status=0) == []
        assert check("--per-file-ignores", "assets.py:grouped-assets", status=0) == []

    def test_it_runs_by_its_severity_where_nothing_is_selected(self, capsys: pytest.CaptureFixture[str]) -> None:
        main(["check", "-q", "--output-format", "concise", "--profile", "errors"])
        assert "XX001" in capsys.readouterr().out

    @pytest.mark.parametrize("comment", ["noqa: XX001", "asset-lint: ignore[grouped-assets] a reason", "noqa"])
    def test_comments_suppress_it(self, comment: str, check: Check, project: Path) -> None:
        text = ASSETS.replace("def orphan(", "def orphan(  # " + comment + "\n    ")
        (project / "assets.py").write_text(text)
        assert check(select="XX,AL001,AL002", status=0) == []

    def test_a_suppression_of_it_that_is_of_no_use_is_told(self, check: Check, project: Path) -> None:
        (project / "assets.py").write_text(ASSETS.replace("import os\n", "import os  # noqa: XX001\n"))
        assert [line.split()[1] for line in check(select="XX,AL001")] == ["AL001", "XX001"]

    def test_a_baseline_knows_it(self, check: Check, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["baseline", "write", "-q"]) == 0
        assert check(status=0) == []

    def test_add_noqa_writes_its_code(self, check: Check, project: Path) -> None:
        assert main(["check", "-q", "--select", "XX", "--add-noqa"]) == 0
        assert "  # noqa: XX001\n" in (project / "assets.py").read_text()
        assert check(select="XX,AL001", status=0) == []

    @pytest.mark.parametrize("shape", ["full", "concise", "json", "github", "sarif"])
    def test_every_format_tells_it(self, shape: str, capsys: pytest.CaptureFixture[str]) -> None:
        main(["check", "-q", "--select", "XX", "--output-format", shape])
        assert "XX001" in capsys.readouterr().out

    def test_it_has_a_page(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["rule", "XX001"]) == 0
        page = capsys.readouterr().out
        assert page.startswith(
            "# grouped-assets (XX001)\n\nSeverity: error.\n\nNever leave an asset without a group.\n"
        )
        assert "```sql\nSELECT * FROM assets WHERE group_name IS NULL\n```" in page
        assert main(["rules"]) == 0
        assert "XX001  grouped-assets" in capsys.readouterr().out

    def test_fixing_leaves_what_it_finds_and_what_suppresses_it(self, project: Path, check: Check) -> None:
        faulty = (
            ASSETS.replace("def orphan(", "def orphan(  # noqa: XX001\n    ")
            + "\n\n@dg.asset\ndef last() -> None:\n    conn = duckdb.connect(os.environ['DB'])\n"
            "    conn.execute('CREATE OR REPLACE TABLE t AS SELECT 1')\n    conn.close()\n"
        )
        (project / "assets.py").write_text(faulty)
        left = check("--fix", "--unsafe-fixes", select="XX,AL001,AL201,AL202")
        assert [line.split()[1] for line in left] == ["XX001"]
        text = (project / "assets.py").read_text()
        assert "# noqa: XX001" in text
        assert "with duckdb.connect" in text

    def test_an_editor_knows_its_code_and_does_not_run_it(self, project: Path) -> None:
        text = ASSETS.replace("def orphan(", "def orphan(  # noqa: XX001\n    ")
        session = Session({"select": ["XX", "AL001", "AL002"]})
        session.open(Buffer("file:///assets.py", project / "assets.py", 1, text))
        assert session.findings("file:///assets.py") == []
        assert session.problems == []


class TestWhatIsWrongWithOneIsTold:
    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("-- message: m\nSELECT 1", "groups.sql:1: the header needs a line `-- code: …`"),
            ("-- code: XX001\nSELECT 1", "groups.sql:1: the header needs a line `-- message: …`"),
            ("-- code: xx1\n-- message: m\nSELECT 1", "groups.sql:1: `xx1` is no code"),
            ("\n-- code: AL999\n-- message: m\nSELECT 1", "groups.sql:2: `AL999`: codes in AL are asset-lint's own"),
            (
                "-- code: XX1\n-- severity: bad\n-- message: m\nSELECT 1",
                "groups.sql:2: expected error, warning",
            ),
            ("-- code: XX1\n-- name: No Way\n-- message: m\nSELECT 1", "groups.sql:2: `No Way` is no name"),
            ("-- code: XX1\n-- mesage: m\nSELECT 1", "groups.sql:2: unknown `mesage` in the header; did you mean"),
            ("-- code: XX1\n-- code: XX2\n-- message: m\nSELECT 1", "groups.sql:2: `code` stands in the header twice"),
            ("-- code: XX1\n-- message: {a.b}\nSELECT 1", "groups.sql:2: `{a.b}` names no column"),
            ("-- code: XX1\n-- message: {a\nSELECT 1", "groups.sql:2: expected '}'"),
            ("-- code: XX1\n-- message: m\n", "groups.sql: there is no SELECT below the header"),
        ],
    )
    def test_in_its_header(self, text: str, said: str, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (project / "rules" / "groups.sql").write_text(text)
        assert said in refusal(capsys)

    @pytest.mark.parametrize(
        ("sql", "said"),
        [
            ("SELEC 1", "groups.sql:3:1: Parser Error"),
            ("SELECT path,\n  lin FROM assets", "groups.sql:4:3: Binder Error"),
            ("SELECT 1 AS path, 1 AS line; SELECT 2", "groups.sql: expected one statement, got 2"),
            ("SELECT path FROM assets", "groups.sql:3: the SELECT gives no column `line`; it gives path"),
            ("SELECT line FROM assets", "groups.sql:3: the SELECT gives no column `path`; it gives line"),
            ("SELECT 'no.py' AS path, 1 AS line", "row 1 of its answer: the project has no Python file `no.py`"),
            ("SELECT '../x.py' AS path, 1 AS line", "the project has no Python file `../x.py`"),
            ("SELECT NULL AS path, 1 AS line", "`path` is NULL, no text"),
            ("SELECT path, 0 AS line FROM assets", "`line` is 0, no number from 1 on"),
            ("SELECT path, 'x' AS line FROM assets", "`line` is x, no number from 1 on"),
            ("SELECT path, 900 AS line FROM assets", "`line` is 900, and the file has 18 lines"),
            ("SELECT path, line, 99 AS column FROM assets", "`column` is 99, and the line has"),
            ("SELECT path, 9 AS line, 4 AS end_line FROM assets", "it ends before it begins"),
            ("COPY assets TO 'x.csv'", "Permission Error"),
            ("SELECT * FROM 'assets.py'", "groups.sql:3"),
        ],
    )
    def test_in_its_sql_and_its_rows(self, sql: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
        write_rule(sql)
        assert said in refusal(capsys)

    def test_in_a_column_that_the_message_names(self, capsys: pytest.CaptureFixture[str]) -> None:
        write_rule("SELECT path, line FROM assets", message="{asset} is odd")
        assert "groups.sql:2: the SELECT gives no column `asset`; it gives path, line" in refusal(capsys)

    def test_a_code_or_a_name_that_is_taken(self, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (project / "rules" / "more.sql").write_text(RULE.replace("grouped", "other"))
        said = refusal(capsys)
        assert "more.sql: the code `XX001` is taken by" in said
        assert "groups.sql" in said
        (project / "rules" / "more.sql").write_text(
            "-- code: XX002\n-- name: unclosed-connection\n-- message: m\nSELECT 1"
        )
        assert "more.sql: the name `unclosed-connection` is taken by asset_lint_rules" in refusal(capsys)

    def test_a_file_that_is_not_there(self, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (project / "asset-lint.toml").write_text('sql-rules = ["rules/gone.sql"]\n')
        assert "gone.sql: the rule cannot be read: No such file" in refusal(capsys)

    def test_a_file_that_is_no_text(self, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (project / "rules" / "groups.sql").write_bytes(b"-- code: \xff\n")
        assert "groups.sql: the rule is no text in UTF-8" in refusal(capsys)

    def test_that_duckdb_is_not_there(self) -> None:
        code = (
            "import sys\n"
            "sys.modules['duckdb'] = None\n"
            "from asset_lint.cli import main\n"
            "sys.exit(main(['check', *sys.argv[1:]]))\n"
        )

        def run(*arguments: str) -> subprocess.CompletedProcess[str]:
            command = [sys.executable, "-c", code, *arguments]
            return subprocess.run(command, capture_output=True, text=True, check=False)

        ran = run()
        assert (ran.returncode, ran.stdout) == (2, "")
        assert 'groups.sql needs duckdb: pip install "asset-lint[query]"' in ran.stderr
        assert run("--ignore", "XX001", "--exit-zero").returncode == 0


class TestACheckWithoutThem:
    def loaded(self, *arguments: str) -> set[str]:
        """The modules in memory when a check ends."""
        code = (
            "import sys\nfrom asset_lint.cli import main\n"
            f"main({['check', '-q', '-e', *arguments]!r})\n"
            "print(*sys.modules, file=sys.stderr)\n"
        )
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
        return set(ran.stderr.split())

    def test_loads_none_of_what_they_need(self) -> None:
        without = self.loaded("--isolated")
        assert "asset_lint.engine" in without
        assert not {
            each for each in without if each.startswith(("asset_lint.facts", "duckdb", "asset_lint.registry.sql"))
        }
        assert "duckdb" in self.loaded()


def test_a_message_may_go_on_in_the_next_line(check: Check, project: Path) -> None:
    (project / "rules" / "groups.sql").write_text(
        dedent(
            """\
            -- code: XX001
            -- message: one
            --     two
            -- Never mind.
            SELECT * FROM assets LIMIT 1
            """
        )
    )
    assert check() == ["assets.py:9:5: XX001 one two"]


def test_an_extended_configuration_brings_its_rules_along(check: Check, project: Path) -> None:
    (project / "asset-lint.toml").rename(project / "base.toml")
    (project / "team").mkdir()
    (project / "team" / "own.sql").write_text("-- code: YY001\n-- message: own\nSELECT * FROM assets WHERE line = 9\n")
    (project / "asset-lint.toml").write_text('extend = "base.toml"\nsql-rules = ["team/own.sql"]\n')
    assert [line.split()[1] for line in check(select="XX,YY")] == ["YY001", "XX001"]
