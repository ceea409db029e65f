"""What the language server shows of a long module while somebody types in it, and when the typing pauses."""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from lsprotocol import types as lsp
from test_server import Client, editor, root  # noqa: F401 -- fixtures

from asset_lint.engine.check import Checked
from asset_lint.finding import Finding
from asset_lint.server.session import Buffer, Session

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.latency import texts  # noqa: E402
from benchmarks.typed import module  # noqa: E402

TEXT = module(8)
LINES = (
    '    connection = duckdb.connect(os.environ["OTHER"])',
    '    print("counted")',
    "    rows = 0",
    "    return database",
    '        connection.execute("DROP TABLE counts_1")',
    '    duckdb.connect("other.db").close()',
    "from duckdb import connect as opened",
    "LIMIT = os.getcwd()",
    "# a comment",
    "    try:",
    '"""',
)
NAMES = ("database", "rows", "connection", "days_1", "context", "os")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A module of a project that has no other."""
    (tmp_path / "alone" / ".git").mkdir(parents=True)
    return tmp_path / "alone" / "traffic.py"


def edits(text: str, random: Random, count: int) -> Iterator[str]:
    """Texts, each by an edit behind the one before: a line more, a line less, a character, a word, a comment."""
    for _ in range(count):
        lines = text.split("\n")
        at = random.randrange(len(lines))
        line = lines[at]
        match random.randrange(5):
            case 0 | 1:
                lines.insert(at, random.choice(LINES))
            case 2:
                del lines[at]
            case 3:
                column = random.randrange(len(line) + 1)
                lines[at] = line[:column] + random.choice('x#"( =') + line[column:]
            case _:
                words = re.findall(r"[^\W\d]\w*", line)
                lines[at] = line.replace(random.choice(words), random.choice(NAMES), 1) if words else "# noqa: AL201"
        changed = "\n".join(lines)
        yield changed
        with contextlib.suppress(SyntaxError):  # what is broken is mended before the next edit
            compile(changed, "traffic.py", "exec", dont_inherit=True)
            text = changed


def fresh(text: str, path: Path) -> Checked:
    """A whole check of a text by a server that knows nothing else."""
    session = Session()
    session.open(Buffer(path.as_uri(), path, 1, text))
    checked = session.check(path.as_uri())
    assert checked is not None
    return checked


def told(checked: Checked) -> list[tuple[object, ...]]:
    """What a reader is told of findings."""
    return sorted((each.span, each.code, each.message, each.function, each.notes) for each in checked.findings)


@pytest.mark.parametrize("seed", range(3))
def test_when_the_typing_pauses_it_shows_what_a_fresh_check_shows(seed: int, path: Path) -> None:
    session, uri = Session(), path.as_uri()
    session.open(Buffer(uri, path, 1, TEXT))
    first = session.check(uri)
    assert first is not None and first.findings
    for number, text in enumerate(edits(TEXT, Random(seed), 12), 2):
        session.open(Buffer(uri, path, number, text))
        session.preview(uri)
        if number % 3 == 0:
            whole = session.check(uri)
            assert whole is not None
            assert told(whole) == told(fresh(text, path)), text


def test_the_previews_of_statements_as_they_are_typed_are_what_a_fresh_check_shows(path: Path) -> None:
    session, uri = Session(), path.as_uri()
    session.open(Buffer(uri, path, 1, TEXT))
    session.check(uri)
    previewed = 0
    for number, text in enumerate(texts(TEXT, 240, Random(1)), 2):
        if number % 12 == 0:
            session.open(Buffer(uri, path, number, text))
            preview = session.preview(uri)
            if preview is not None:
                previewed += 1
                assert told(preview) == told(fresh(text, path)), text
    assert previewed > 10


RELATION = """\


@dg.asset
def stations(database: DuckDBResource):
    with database.get_connection() as connection:
        return connection.sql("SELECT DISTINCT station_id FROM counts_1")
"""
DEFINITIONS = """\
import dagster as dg
import duckdb

import traffic


class RelationIOManager(dg.ConfigurableIOManager):
    def handle_output(self, context: dg.OutputContext, obj: duckdb.DuckDBPyRelation) -> None:
        obj.write_parquet(f"{context.asset_key.path[-1]}.parquet")

    def load_input(self, context: dg.InputContext) -> duckdb.DuckDBPyRelation:
        return duckdb.read_parquet(f"{context.asset_key.path[-1]}.parquet")


defs = dg.Definitions(
    assets=dg.load_assets_from_modules([traffic]), resources={"io_manager": RelationIOManager()}
)
"""


def test_what_only_the_rest_of_the_project_tells_neither_comes_nor_goes(tmp_path: Path, path: Path) -> None:
    def codes(findings: tuple[Finding, ...]) -> list[str]:
        return [each.code for each in findings if each.function == "stations" and each.code in ("AL101", "AL503")]

    (tmp_path / ".git").mkdir()
    (tmp_path / "definitions.py").write_text(DEFINITIONS)
    session, text = Session(), TEXT + RELATION
    uri = (tmp_path / "traffic.py").as_uri()
    session.open(Buffer(uri, tmp_path / "traffic.py", 1, text))
    whole = session.check(uri)
    assert whole is not None and codes(whole.findings) == []
    assert codes(fresh(text, path).findings) == ["AL101"]  # were it alone
    typed = text.replace("stations(database: DuckDBResource):\n", "stations(database: DuckDBResource):\n    print(1)\n")
    session.open(Buffer(uri, tmp_path / "traffic.py", 2, typed))
    preview = session.preview(uri)
    assert preview is not None and codes(preview.findings) == ["AL503"]


async def test_a_long_module_is_previewed_and_then_checked_as_a_whole(editor: Client, root: Path) -> None:  # noqa: F811
    await editor.start(root, options={})
    uri = editor.open(root / "traffic.py", TEXT)
    before = await editor.told(uri)
    editor.type(uri, 2, TEXT.replace('    context.log.info(f"loaded', '    print(1)\n    context.log.info(f"loaded', 1))
    await editor.told(uri, 2)
    while len([each for each in editor.published[uri] if each.version == 2]) < 2:
        editor.news.clear()
        await asyncio.wait_for(editor.news.wait(), 20)
    first, second = [list(each.diagnostics) for each in editor.published[uri] if each.version == 2]
    assert sorted(each.message for each in first) == sorted(each.message for each in second)
    assert len(second) == len(before) + 1
    where = next(each.range for each in second if each.code == "AL503")
    assert isinstance((await editor.actions(uri, where))[0], lsp.CodeAction)
