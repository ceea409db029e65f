"""Which file the values of the data flow mean as a path; see :mod:`.databases` for how files are told apart."""

from __future__ import annotations

from dataclasses import replace

from .databases import ENVIRON, environment_file, joined, path_file
from .names import External
from .texts import Hole
from .values import Alternatives, Const, Instance, LibraryInstance, Method, Origin, Text, Value


def file_of(values: Alternatives | None) -> str:
    """The file that a path means; "" where that can't be told, or differs from path to path."""
    files = {_file(value) for value in values or ()}
    return files.pop() if len(files) == 1 else ""


def _file(value: Value) -> str:
    if isinstance(value, Const):
        return path_file(value.value) if isinstance(value.value, str) else ""
    if isinstance(value, External):
        return f"name:{value.name}"
    if isinstance(value, Method) and isinstance(value.receiver, LibraryInstance) and value.name == "database":
        return value.receiver.file  # the field of dagster_duckdb's resource
    if not isinstance(value, Text):
        return ""
    if value.file or value.template is None:
        return "" if value.file == ENVIRON else value.file
    parts = [file_of(part.values) if isinstance(part, Hole) else f"={part}" for part in value.template.parts]
    if len(parts) == 1 and parts[0].startswith("="):
        return path_file(parts[0][1:])
    if any(isinstance(part, Hole) and part.shaped for part in value.template.parts):
        return ""
    return joined([f"path:{parts[0][1:]}", *parts[1:]] if parts and parts[0].startswith("=") else parts)


def file_of_variable(positional: tuple[Alternatives, ...], named: dict[str, Alternatives]) -> str:
    """The file that an environment variable names, with the default that it is asked with."""
    name = positional[0] if positional else ()
    if len(name) != 1 or not isinstance(name[0], Const) or not isinstance(name[0].value, str):
        return ""
    default = positional[1] if len(positional) > 1 else named.get("default")
    if default is None or all(isinstance(v, Const) and v.value is None for v in default):
        return environment_file(name[0].value, None)
    known = file_of(default)
    return environment_file(name[0].value, known) if known else ""


def identified(values: Alternatives, key: str, name: str) -> Alternatives:
    """Fields of an object that is told apart by ``key``: what configuration fills them with is the same each time."""
    if not key:
        return values
    return tuple(
        replace(v, file=f"field:{key}.{name}") if isinstance(v, Text) and v.origin is Origin.FIELD and not v.file else v
        for v in values
    )


def as_resource(values: Alternatives, bound: Alternatives, key: str) -> Alternatives:
    """What a resource parameter holds: which file it opens by what is bound, else by its key."""
    files = {v.file if isinstance(v, LibraryInstance) else "" for v in bound}
    file = files.pop() if len(files) == 1 else ""
    return tuple(
        replace(v, file=v.file or file or f"resource:{key}") if isinstance(v, LibraryInstance)
        else replace(v, key=v.key or f"resource:{key}") if isinstance(v, Instance)
        else v
        for v in values
    )  # fmt: skip


_KEEPING = frozenset("as_posix resolve absolute expanduser strip __str__ get_value".split())


def file_of_method(
    receiver: Value, name: str, positional: tuple[Alternatives, ...], named: dict[str, Alternatives]
) -> str:
    """The file that a method of a path or of ``os.environ`` gives."""
    if isinstance(receiver, Text) and receiver.file == ENVIRON:
        return file_of_variable(positional, named) if name == "get" else ""
    if name == "joinpath":
        return joined([file_of((receiver,)), *(file_of(values) for values in positional)], "/")
    return file_of((receiver,)) if name in _KEEPING and not positional and not named else ""
