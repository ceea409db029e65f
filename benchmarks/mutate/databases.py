"""AL207 and AL209 to AL212: what must not happen to a database file, or to a connection, while it is open."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from random import Random

from .blocks import blocks, bound_by, inside
from .repository import ASSETS, Candidate, Mutant, Opening, Operator
from .text import Splice

FILE = "_database_file"


def _blocks(candidate: Candidate) -> Iterator[tuple[Opening, ast.With, str]]:
    """The blocks of a function that leaves the name of the file free."""
    return blocks(candidate) if FILE not in candidate.bound else iter(())


def _plain(candidate: Candidate, opening: Opening) -> bool:
    """Whether the connection is opened with nothing but a path."""
    return opening.raw and len(opening.call.args) + len(opening.call.keywords) == 1


def _writes(candidate: Candidate, opening: Opening) -> bool:
    return _plain(candidate, opening) or not opening.raw


def _second(candidate: Candidate, opening: Opening, module: str, random: Random) -> str | None:
    """A call that opens the file again, with another configuration."""
    if not _writes(candidate, opening):
        return None
    if not opening.raw and b"from dagster_duckdb import" in candidate.text.data and random.random() < 0.5:
        return f"{module}.connect({opening.path})"
    ways = ["read_only=True", 'config={"threads": 1}']
    return f"{module}.connect({opening.path}, {random.choice(ways)})"


def opened_again(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """``duckdb.connect`` of the same file inside of the ``with``, with another configuration."""
    for opening, block, indent in _blocks(candidate):
        module, needs = candidate.duckdb(random)
        call = _second(candidate, opening, module, random)
        if call is not None:
            asked = "SELECT 1" if "read_only" in call else "CREATE TABLE IF NOT EXISTS opened_again (n INTEGER)"
            lines = [f"with {call} as again:", f'    again.execute("{asked}").fetchall()']
            yield candidate.mutant("AL211", "opened_again", [inside(candidate, block, indent, *lines), *needs])


def opened_again_by_helper(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A helper of the module that opens the file to read it is called inside of the ``with``."""
    for opening, block, indent in _blocks(candidate):
        if not _writes(candidate, opening) or "_peek" in candidate.bound:
            continue
        helper = (
            "\n\ndef _peek(path):\n    import duckdb\n\n    with duckdb.connect(path, read_only=True) as reader:\n"
            '        return reader.execute("SELECT 1").fetchall()\n'
        )
        splices = [candidate.at_module_level(helper), inside(candidate, block, indent, f"_peek({opening.path})")]
        yield candidate.mutant("AL211", "opened_again_by_helper", splices)


def attached(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """The connection attaches its own file."""
    for opening, block, indent in _blocks(candidate):
        if _writes(candidate, opening):
            mode = random.choice(["", " (READ_ONLY)"])
            lines = [f"{FILE} = {opening.path}", f"{opening.name}.execute(f\"ATTACH '{{{FILE}}}' AS twin{mode}\")"]
            yield candidate.mutant("AL211", "attached", [inside(candidate, block, indent, *lines)])


def _touching(name: str, *lines: str) -> Operator:
    """``lines`` inside of the ``with``, ``{0}`` being the path."""

    def operator(candidate: Candidate, random: Random) -> Iterator[Mutant]:
        for opening, block, indent in _blocks(candidate):
            written = [line.format(opening.path) for line in lines]
            yield candidate.mutant("AL212", name, [inside(candidate, block, indent, *written)])

    return operator


def touched_by_helper(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A helper of the module copies the file."""
    for opening, block, indent in _blocks(candidate):
        if "_keep_copy" not in candidate.bound:
            helper = "\n\ndef _keep_copy(path):\n    import shutil\n\n    shutil.copyfile(path, str(path) + '.copy')\n"
            call = inside(candidate, block, indent, f"_keep_copy({opening.path})")
            yield candidate.mutant("AL212", "touched_by_helper", [candidate.at_module_level(helper), call])


def _running(name: str, *lines: str) -> Operator:
    """``lines`` inside of a ``with`` that writes, ``{0}`` being the path."""

    def operator(candidate: Candidate, random: Random) -> Iterator[Mutant]:
        for opening, block, indent in _blocks(candidate):
            if _writes(candidate, opening):
                written = [line.format(opening.path) for line in lines]
                yield candidate.mutant("AL209", name, [inside(candidate, block, indent, *written)])

    return operator


def run_by_pool(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A process of a pool opens the file."""
    for opening, block, indent in _blocks(candidate):
        if not _writes(candidate, opening) or "_count_tables" in candidate.bound:
            continue
        helper = (
            "\n\ndef _count_tables(path):\n    import duckdb\n\n    with duckdb.connect(path) as reader:\n"
            '        return reader.execute("SELECT count(*) FROM duckdb_tables()").fetchall()\n'
        )
        lines = [
            "from concurrent.futures import ProcessPoolExecutor as Workers",
            "with Workers() as workers:",
            f"    workers.submit(_count_tables, {opening.path}).result()",
        ]
        splices = [candidate.at_module_level(helper), inside(candidate, block, indent, *lines)]
        yield candidate.mutant("AL209", "run_by_pool", splices)


def _sharing(name: str, *lines: str) -> Operator:
    """``lines`` inside of a ``with``, ``{0}`` being the connection."""

    def operator(candidate: Candidate, random: Random) -> Iterator[Mutant]:
        if bound_by("\n".join(lines).format("_")) & candidate.bound:
            return
        for opening, block, indent in _blocks(candidate):
            written = [line.format(opening.name) for line in lines]
            yield candidate.mutant("AL210", name, [inside(candidate, block, indent, *written)])

    return operator


def writes_beside(candidate: Candidate, random: Random) -> Iterator[Mutant]:
    """A new asset of the module writes to the same file."""
    decorators = candidate.node.decorator_list
    if candidate.kind not in ASSETS or candidate.enclosing or candidate.repository.sets_executors:
        return
    if any(
        k.arg in {"pool", "op_tags", "retry_policy"} for d in decorators if isinstance(d, ast.Call) for k in d.keywords
    ):
        return
    top = {n.id for s in candidate.text.tree.body for n in ast.walk(s) if isinstance(n, ast.Name)}
    for opening in candidate.openings:
        parameter = ""
        if not opening.raw:
            owner = opening.path.partition(".")[0]
            parameter = f"{owner}: {candidate.text.of(candidate.parameters[owner])}"  # type: ignore[arg-type]
        elif (
            not _plain(candidate, opening)
            or {n.id for n in ast.walk(opening.call.args[0]) if isinstance(n, ast.Name)} - top
        ):
            continue
        decorator, imports = candidate.dagster("asset")
        written = (
            f"\n\n@{decorator}\ndef nightly_totals({parameter}) -> None:\n    import duckdb as engine\n\n"
            f"    with engine.connect({opening.path}) as totals:\n"
            '        totals.execute("CREATE OR REPLACE TABLE nightly_totals AS SELECT 1 AS n")\n'
        )
        end = candidate.text.after_line(candidate.text.tree.body[-1])
        splices = [Splice(end, end, written), *imports]
        yield candidate.mutant("AL207", "writes_beside", splices, (candidate.text.path, "nightly_totals"))


CONFLICT_OPERATORS: tuple[Operator, ...] = (opened_again, opened_again_by_helper, attached)
TOUCH_OPERATORS: tuple[Operator, ...] = (
    _touching("copied", "import shutil", 'shutil.copy({0}, "backup.db")'),
    _touching("read", 'with open({0}, "rb") as content:', "    content.read(16)"),
    _touching("removed", "import os", "os.remove({0})"),
    _touching("moved", "from pathlib import Path as Location", 'Location({0}).rename("moved.db")'),
    touched_by_helper,
)
PROCESS_OPERATORS: tuple[Operator, ...] = (
    _running(
        "run_by_the_shell", "import subprocess", 'subprocess.run(["duckdb", {0}, "-c", "CHECKPOINT"], check=True)'
    ),
    _running("run_by_python", "import subprocess, sys", 'subprocess.check_call([sys.executable, "tidy.py", {0}])'),
    run_by_pool,
)
SHARING_OPERATORS: tuple[Operator, ...] = (
    _sharing(
        "mapped",
        "from concurrent.futures import ThreadPoolExecutor as Pool",
        "with Pool() as threads:",
        '    list(threads.map(lambda n: {0}.execute("SELECT ?", [n]).fetchall(), range(4)))',
    ),
    _sharing(
        "submitted",
        "from concurrent.futures import ThreadPoolExecutor",
        "def _one(n):",
        '    return {0}.execute("SELECT ?", [n]).fetchall()',
        "with ThreadPoolExecutor(max_workers=4) as threads:",
        "    pending = [threads.submit(_one, n) for n in range(4)]",
        "    rows = [job.result() for job in pending]",
    ),
    _sharing(
        "started",
        "import threading",
        "def _insert(c):",
        '    c.execute("SELECT 1").fetchall()',
        "started = []",
        "for _ in range(3):",
        "    started.append(threading.Thread(target=_insert, args=({0},)))",
        "    started[-1].start()",
        "for thread in started:",
        "    thread.join()",
    ),
    _sharing(
        "used_meanwhile",
        "from concurrent.futures import ThreadPoolExecutor",
        "with ThreadPoolExecutor() as threads:",
        '    job = threads.submit({0}.execute, "SELECT 1")',
        '    {0}.execute("SELECT 2").fetchall()',
        "    job.result()",
    ),
)
WRITER_OPERATORS: tuple[Operator, ...] = (writes_beside,)
