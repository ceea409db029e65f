"""Which database file a path means, and with which configuration a connection opens it.

A file is known by a text: two connections that have the same one surely open the same file; nothing is said of two
different texts. ``path:data/x.duckdb`` is a path that the code spells, ``env:DB`` the value of an environment variable,
``field:…`` a field of one object, ``resource:…`` what a resource opens, "" anything.
"""

from __future__ import annotations

import ast
import os
import posixpath
import re
from dataclasses import dataclass, field

PATH = "path:"
ENVIRON = "environ:"  # os.environ itself
_NO_FILE = re.compile(r"^(:memory:|:default:|md:|motherduck:|\w+://|$)")


@dataclass(frozen=True, slots=True)
class Configuration:
    """How a connection opens its file; None is what the code does not show."""

    read_only: bool | None = False
    options: str | None = ""
    attached: bool = False  # by ATTACH, from another database's connection
    waits: bool = field(default=False, compare=False)  # it tries again where the file is locked

    def conflict(self, other: Configuration) -> str:
        """In what the two surely differ, so that one process can't have both; "" if nothing does."""
        if self.attached or other.attached:
            both_read = self.read_only and other.read_only
            known = self.read_only is not None and other.read_only is not None
            return "ATTACH" if known and not both_read else ""
        if self.read_only is not None and other.read_only is not None and self.read_only != other.read_only:
            return "read_only"
        if self.options is not None and other.options is not None and self.options != other.options:
            return "config"
        return ""

    @property
    def writes(self) -> bool:
        """Whether it surely opens for writing."""
        return self.read_only is False

    @property
    def by_resource(self) -> bool:
        """Whether dagster_duckdb opens it, with a user agent of its own, and waits for a lock."""
        return self.options == BY_DAGSTER


BY_DAGSTER = "custom_user_agent=dagster"
RESOURCE = Configuration(False, BY_DAGSTER, waits=True)
UNCLEAR = Configuration(None, None)


def path_file(text: str) -> str:
    """The file of a path that the code spells."""
    return "" if _NO_FILE.match(text) else PATH + posixpath.normpath(text.replace(os.sep, "/"))


def joined(parts: list[str], separator: str = "") -> str:
    """The file of a path put together from parts, each a file, or a plain text behind ``=``; "" if one is unknown."""
    made = ""
    for index, part in enumerate(parts):
        if not part:
            return ""
        literal = part.startswith((PATH, "="))
        text = part[len(PATH) :] if part.startswith(PATH) else part.removeprefix("=") if literal else part
        if index and separator and literal and text.startswith("/"):
            made = ""  # an absolute path makes idle what stands before it
        if not made:
            made = (PATH + text) if literal else text
        else:
            made += separator + (text if literal else f"{{{text}}}")
    head, _, rest = made.partition(":")
    return path_file(rest) if head == "path" and "{" not in rest else made.replace("//", "/")


def parent(file: str) -> str:
    """The folder of a spelled path."""
    return PATH + posixpath.dirname(file[len(PATH) :]) if file.startswith(PATH) and "/" in file else ""


def environment_file(variable: str, default: str | None) -> str:
    """The file that an environment variable names."""
    return f"env:{variable}" if default is None else f"env:{variable}={default}"


def options_of(node: ast.expr | None) -> str | None:
    """A ``config={…}`` in a form that can be compared; None where the code does not show all of it."""
    if node is None or (isinstance(node, ast.Constant) and node.value is None):
        return ""
    if not isinstance(node, ast.Dict):
        return None
    found: list[str] = []
    for key, value in zip(node.keys, node.values):
        if not isinstance(key, ast.Constant) or not isinstance(key.value, str) or not isinstance(value, ast.Constant):
            return None
        if key.value == "custom_user_agent":
            return None
        found.append(f"{key.value}={str(value.value).lower()}")
    return ",".join(sorted(found))


def in_words(file: str) -> str:
    """A file for people: ``data/x.duckdb``, ``$DB``, ``resource warehouse``; "" for one that the code does not show.

    Two files that are told apart are told apart in words, too.
    """
    file = _PART.sub(lambda match: f"{{{in_words(match[1])}}}", file)
    kind, _, text = file.partition(":")
    if kind == "path":
        return text
    if kind == "env":
        variable, given, default = text.partition("=")
        return f"${{{variable}:-{in_words(default)}}}" if given else f"${variable}"
    if kind == "local" or not text:
        return ""
    return text if kind == "name" else f"{kind} {text}"


_PART = re.compile(r"\{(\w+:[^{}]*)\}")
