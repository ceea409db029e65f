"""Which database file a dbt project of the code location works on, as its ``profiles.yml`` says."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from .databases import PATH, environment_file, path_file

if TYPE_CHECKING:
    from .effects import Event
    from .project import Project

DUCKDB = re.compile(r"^\s*type:\s*['\"]?duckdb\b", re.MULTILINE)
_PATH = re.compile(r"^\s*path:\s*(?P<value>.+?)\s*(?:\s#.*)?$", re.MULTILINE)
_VARIABLE = re.compile(
    r"^\{\{\s*env_var\(\s*['\"](?P<name>\w+)['\"]\s*(?:,\s*['\"](?P<default>[^'\"]*)['\"]\s*)?\)\s*\}\}$"
)


def profile_files(project: Project, location: str) -> tuple[str, ...]:
    """The database file of the location's dbt profiles; none where they name several or can't be read."""
    files: set[str] = set()
    for path in project.profiles(location):
        try:
            with open(path, encoding="utf-8") as file:
                text = file.read()
        except (OSError, UnicodeDecodeError):
            return ()
        if DUCKDB.search(text):
            files |= {_file(match["value"].strip().strip("'\"")) for match in _PATH.finditer(text)}
    return tuple(files) if len(files) == 1 and "" not in files else ()


def _file(value: str) -> str:
    if (match := _VARIABLE.match(value.replace('\\"', '"'))) is not None:
        default = match["default"]
        return environment_file(match["name"], None if default is None else path_file(default))
    return "" if "{{" in value else path_file(value)


def same_file(file: str, event: Event) -> bool:
    """Whether an event is about that file. dbt's paths start at its own folder: what leads out of it is left aside."""
    if file == event.file:
        return True
    if event.what != "dbt":
        return False
    if file.startswith("env:") and event.file.startswith("env:"):
        return file.partition("=")[0] == event.file.partition("=")[0]
    if not (file.startswith(PATH) and event.file.startswith(PATH)):
        return False
    ours, theirs = (os.path.normpath(f[len(PATH) :]).split("/") for f in (file, event.file))
    ours, theirs = ([part for part in parts if part not in ("..", "")] for parts in (ours, theirs))
    shorter = min(len(ours), len(theirs))
    return ours[-shorter:] == theirs[-shorter:]
