"""What calls do to files and processes: which functions read, copy or remove a file, which run another program."""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass

from .databases import Configuration, path_file
from .index import Place
from .names import External
from .paths import file_of
from .texts import Hole, templates
from .values import Alternatives, Box, Const


class Doing(enum.Enum):
    """What happens to a database file."""

    OPENS = "a connection to it is opened"
    ATTACHES = "it is attached to another connection"
    STORES = "an IO manager opens it to store an output"
    TOUCHES = "Python opens, copies, moves or removes it"
    RUNS = "another process opens it"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happens to a database file at a point of a function, or inside of what is called there."""

    doing: Doing
    place: Place
    file: str
    what: str = ""  # the call in words: ``shutil.copy``
    configuration: Configuration | None = None
    steps: tuple[tuple[Place, str], ...] = ()  # down to the call itself


TOUCHING = {
    "shutil.copy": 2, "shutil.copy2": 2, "shutil.copyfile": 2, "shutil.move": 2, "os.rename": 2, "os.replace": 2,
    "os.remove": 1, "os.unlink": 1, "builtins.open": 1, "io.open": 1, "os.open": 1, "gzip.open": 1, "aiofiles.open": 1,
}  # fmt: skip
"""Functions that open, copy, move or remove the files that their first arguments name, with the number of these."""

PATH_METHODS = frozenset("open read_bytes read_text write_bytes write_text unlink rename replace copy move".split())
"""Methods of a path that do so to the file it names. (``replace`` of a text takes two arguments.)"""

UPLOADING = frozenset(("upload_file", "upload_from_filename", "fput_object"))
"""Methods of stores' clients that read a file whose name they are given."""

PROCESSES = frozenset(
    """subprocess.run subprocess.call subprocess.check_call subprocess.check_output subprocess.Popen os.system os.popen
    dagster_shell.execute_shell_command asyncio.create_subprocess_exec asyncio.create_subprocess_shell""".split()
)
DBT_RUNNER = re.compile(r"^dbt\.cli\.main\.dbtRunner$")
DBT_RESOURCE = re.compile(r"^dagster_dbt\.(\w+\.)*DbtCliResource$")

PROGRAMS = re.compile(r"^(.*/)?(duckdb|dbt|sqlmesh|python[\d.]*)$")
"""Programs that open a database file which they are given; others (``ls``, ``cp``) never ask for its lock."""

INTERPRETER = "sys.executable"
_ATTACH = re.compile(r"\s*ATTACH\s+(?:DATABASE\s+)?(?P<lenient>IF\s+NOT\s+EXISTS\s+)?(?P<quote>['\"])", re.IGNORECASE)
_DATABASE_NAME = re.compile(r"\.(duckdb|ddb|db)$")


def files_in_command(arguments: list[Alternatives]) -> tuple[list[str], bool, bool]:
    """The database files that a command names, whether its program would open them, and whether that is dbt."""
    words: list[Alternatives] = []
    for values in arguments[:1]:
        for value in values:
            if isinstance(value, Box):
                words += value.items
            else:
                for template in templates((value,), None):
                    words += [(Const(word),) for word in template.render().split() if "hole_" not in word]
    files: list[str] = []
    runs_dbt = opens = False
    for index, word in enumerate(words):
        text = word[0].value if len(word) == 1 and isinstance(word[0], Const) else None
        if isinstance(text, str):
            runs_dbt = runs_dbt or (index < 4 and text == "dbt")
            opens = opens or PROGRAMS.match(text) is not None
            path = text.rpartition("=")[2]
            if _DATABASE_NAME.search(path):
                files.append(path_file(path))
        elif word == (External(INTERPRETER),):
            opens = True
        elif file := file_of(word):
            files.append(file)
    return files, opens, runs_dbt


def attached(sql: Alternatives) -> tuple[str, Configuration] | None:
    """The file that an ATTACH names, and how it is opened; None where it is no such statement or can't be read."""
    found = templates(sql, None)
    if len(found) != 1 or (match := _ATTACH.match(found[0].start)) is None or match["lenient"]:
        return None
    name: list[str | Hole] = []
    parts = list(found[0].parts)
    assert isinstance(parts[0], str)
    parts[0] = parts[0][match.end() :]
    rest = ""
    for index, part in enumerate(parts):
        if isinstance(part, str) and match["quote"] in part:
            head, _, rest = part.partition(match["quote"])
            name += [head] if head else []
            rest += "".join(p for p in parts[index + 1 :] if isinstance(p, str))
            break
        name += [part] if part else []
    else:
        return None
    if re.search(r"\bTYPE\s+(?!DUCKDB)", rest, re.IGNORECASE) or any(isinstance(n, Hole) and n.shaped for n in name):
        return None
    if len(name) == 1 and isinstance(name[0], Hole):
        file = file_of(name[0].values)
    else:
        file = path_file("".join(name)) if all(isinstance(n, str) for n in name) else ""  # type: ignore[arg-type]
    read_only = bool(re.search(r"\bREAD_ONLY\b(?!\s+(?:false|0))", rest, re.IGNORECASE))
    return (file, Configuration(read_only, None, attached=True)) if file else None
