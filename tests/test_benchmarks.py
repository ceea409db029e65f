"""The benchmarks' own machinery: what makes the mutants, and what lays the trees out, works on a small sample."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from random import Random

import pytest
from pipelines import EMPLOYEES, PROJECT

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.layout import modules, renamed, samples  # noqa: E402
from benchmarks.mutate import OPERATORS, Mutant, Repository  # noqa: E402
from benchmarks.mutate.text import Splice, Text  # noqa: E402


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    (tmp_path / "src").mkdir()
    for name, text in PROJECT.items():
        (tmp_path / "src" / name).write_text(text)
    return Repository(tmp_path)


WAYS = [(rule, number) for rule, operators in OPERATORS.items() for number in range(len(operators))]


def mutants(repository: Repository, rule: str, number: int) -> list[Mutant]:
    """What one way of putting the fault makes of the project, with a few outcomes of what it leaves to chance."""
    operator = OPERATORS[rule][number]
    return [m for seed in range(4) for c in repository.candidates() for m in operator(c, Random(seed))]


@pytest.mark.parametrize("rule, number", WAYS)
def test_each_way_makes_mutants_that_compile_and_differ_from_the_original(
    repository: Repository, rule: str, number: int
) -> None:
    made = mutants(repository, rule, number)
    assert made
    for mutant in made:
        assert mutant.rule == rule
        assert any(data != path.read_bytes() for path, data in mutant.overrides.items()), mutant.label
        for path, data in mutant.overrides.items():
            compile(data, str(path), "exec")


def test_an_operator_that_drops_the_with_leaves_strings_of_the_body_as_they_are(repository: Repository) -> None:
    (dropped,) = (
        mutant
        for candidate in repository.candidates()
        if candidate.node.name == "employees"
        for operator in OPERATORS["AL201"]
        for mutant in operator(candidate, Random(1))
        if mutant.operator == "with_dropped"
    )
    text = dropped.overrides[dropped.path].decode()
    assert "        conn = database.get_connection()\n        conn.execute(" in text
    assert "\n                SELECT * FROM 'employees.csv'\n" in text


def test_a_function_of_a_test_takes_no_fault(tmp_path: Path) -> None:
    (tmp_path / "test_employees.py").write_text(EMPLOYEES)
    assert not list(Repository(tmp_path).candidates())


def test_a_splice_counts_bytes_and_keeps_newlines_and_byte_order_mark() -> None:
    text = Text(Path("a.py"), "\ufeffname = 'Zoë'; other = 1\r\n".encode())
    statement = text.tree.body[1]
    assert isinstance(statement, ast.Assign)
    changed = text.spliced([Splice(text.start(statement.value), text.end(statement.value), "(\n    2\n)")])
    assert changed.decode() == "\ufeffname = 'Zoë'; other = (\r\n    2\r\n)\r\n"


def test_names_of_the_top_level_are_varied_and_imports_and_attributes_are_not() -> None:
    text = "import duckdb\nDB = 'x'\n\ndef load(duckdb_path):\n    return duckdb.connect(DB).load\n"
    assert renamed(text, "_7") == (
        "import duckdb\nDB_7 = 'x'\n\ndef load_7(duckdb_path):\n    return duckdb.connect(DB_7).load\n"
    )


def test_the_dense_tree_is_made_of_modules_that_parse_and_are_the_same_each_time() -> None:
    clean, faulty = samples()
    made = list(modules((clean, faulty), 500, Random(1)))
    assert sum(text.count("\n") for text in made) >= 500
    for text in made:
        ast.parse(text)
    assert list(modules((clean, faulty), 500, Random(1))) == made
