"""The modules of one project: found by name, read once, with the buffer of an editor laid over the file.

Names are looked up from the importing file outwards (its package's root, then every folder up to the project's root,
each also through its ``src``), so that several code locations in one repository do not see each other's modules.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import SourceError
from ..source import Source
from .index import Module
from .lowering import parse
from .names import Names

if TYPE_CHECKING:
    from .assets import Function
    from .facts import Facts

SKIPPED_FOLDERS = frozenset(
    "site-packages node_modules __pycache__ .git .hg .venv venv .tox .nox .mypy_cache .ruff_cache build dist".split()
)
MARKERS = ("pyproject.toml", "setup.py", "setup.cfg", ".git", "asset-lint.toml", "workspace.yaml", "dagster.yaml")
PROFILES = frozenset(("profiles.yml", "profiles.yaml"))  # of dbt
COMPONENT_FILES = frozenset(("defs.yaml", "defs.yml", "component.yaml", "component.yml"))
LIBRARIES = frozenset("dagster duckdb pandas polars pyarrow".split())  # never the project's own, whatever its folders
IMPORT = re.compile(
    rb"(?:\xef\xbb\xbf)?[ \t\f]*"
    rb"(?:from[ \t]+(\.*[\w.]*)[ \t]+import[ \t]*(\([^)]*\)|(?<=[ \t])[^\r\n]*)|import[ \t]+([^\r\n]*))"
)
WORD = re.compile(rb"\w+")
NEAR_DUCKDB = (
    rb"(?:^(?:\xef\xbb\xbf)?|(?<=[\r;:]))[ \t\f]*"
    rb"(?:import|from)[ \t](?:[^\r\n\\]|\\(?:\r\n?|\n)?)*duckdb|\bibis\.duckdb\b"
)


@dataclass(frozen=True, eq=False)
class Words:
    """What the bytes of a file are searched for: one of some words (quick to see), then a pattern (sure).

    What the pattern matches holds one of the words, and ends in its line.
    """

    words: tuple[bytes, ...]
    pattern: re.Pattern[bytes] | None = None

    def found(self, data: bytes) -> bool:
        """Whether ``data`` holds it."""
        pattern = self.pattern
        if pattern is None:
            return any(word in data for word in self.words)
        return any(pattern.search(line) for word in self.words for line in _lines_with(word, data))


@dataclass(frozen=True, eq=False)
class _Before:
    """What was derived of a project before one file got other content: fixes are tried, and taken back, again and
    again."""

    module: Module  # of that file
    names: Names
    touching: dict[tuple[str, Words], bool]
    facts: Facts


def _lines_with(word: bytes, data: bytes) -> Iterator[bytes]:
    """The lines that hold ``word``, with those above that a backslash ties to them."""
    at = data.find(word)
    while at >= 0:
        start = data.rfind(b"\n", 0, at) + 1
        while start and data[max(start - 3, 0) : start].rstrip(b"\r\n").endswith(b"\\"):
            start = data.rfind(b"\n", 0, start - 1) + 1
        end = data.find(b"\n", at)
        yield data[start:] if end < 0 else data[start:end]
        at = data.find(word, end) if end >= 0 else -1


def _import_statements(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """The groups of :data:`IMPORT` in the lines that hold the word: a search for every line's start takes ten times as
    long."""
    end = 0
    at = data.find(b"import")
    while at >= 0:
        start = data.rfind(b"\n", 0, at) + 1
        start = data.rfind(b"\r", start, at) + 1 or start
        match = IMPORT.match(data, start) if start >= end else None
        if match is not None:
            yield match[1] or b"", match[2] or b"", match[3] or b""
            end = match.end()
        at = data.find(b"import", max(at + 1, end))


DAGSTER = Words((b"dagster",))
OP_CONTEXT = Words((b"OpExecutionContext",))
BARE_EXCEPT = Words((b"except",), re.compile(rb"except(?<!\wexcept)\s*\*?\s*:"))  # begun by a word, it is quick
BASE_EXCEPTION = Words((b"BaseException",))


class Project:
    """Everything the model knows beside the file under check.

    ``root`` bounds every search; ``src`` are extra folders that hold top-level modules. ``known_connections`` are
    names of functions that the team knows to give connections. ``only`` is the one file that is looked at without being
    imported, where not all are to be.
    """

    def __init__(
        self,
        root: Path,
        src: Sequence[Path] = (),
        *,
        known_connections: Sequence[str] = (),
        duckdb_versions: tuple[str, ...] | None = None,
        dagster_versions: tuple[str, ...] | None = None,
        gated: bool = True,
        only: str | None = None,
    ) -> None:
        self.root = os.path.abspath(root)
        self.src = [os.path.abspath(path) for path in src]
        self.known_connections = frozenset(known_connections)
        self.duckdb_versions = duckdb_versions
        self.dagster_versions = dagster_versions
        self.gated = gated
        self.only = only
        self.names = Names(self)
        self._modules: dict[str, Module | None] = {}
        self._found: dict[tuple[str, str], str | None] = {}
        self._imports: dict[str, frozenset[str]] = {}
        self._statements: dict[str, Sequence[tuple[bytes, bytes, bytes]]] = {}
        self._touching: dict[tuple[str, Words], bool] = {}
        self._saying: dict[str, dict[Words, bool]] = {}
        self._local: dict[tuple[str, str], bool] = {}
        self._listings: dict[str, frozenset[str]] = {}
        self._origins: dict[str, tuple[str, ...]] = {}
        self._locations: dict[str, str] = {}
        self._bytes: dict[str, bytes] = {}
        self._importing: dict[str, list[str]] = {}  # words in import statements to the files that hold them
        self._before: _Before | None = None
        self._documents: set[str] = set()  # files whose code is drawn together from a document
        self._matching: dict[re.Pattern[bytes], dict[str, bool]] = {}
        self._profiles: list[str] = []  # filled with :attr:`_files`
        self._component_folders: set[str] = set()  # filled with :attr:`_files`

    # ---- modules -------------------------------------------------------------------------------------------------

    def module(self, path: str, source: Source) -> Module:
        """The module under check; ``source`` may be an unsaved buffer and wins over the file.

        Raises :class:`~asset_lint.errors.InvalidSyntax`.
        """
        absolute = os.path.abspath(path)
        known = self._modules.get(absolute)
        if known is not None and known.source.data == source.data:
            known.path = path
            return known
        before = self._before
        if before is not None and before.module.file == absolute and before.module.source.data == source.data:
            self._laid(absolute, source.data)
            self._modules[absolute] = before.module
            before.module.path = path
            self.names, self._touching, self.__dict__["facts"] = before.names, before.touching, before.facts
            return before.module
        if known is not None:
            if before is None or before.module.file != absolute:
                self._before = _Before(known, self.names, self._touching, self.facts)
            self.forget()
        module = self._build(absolute, path, source)
        self._modules[absolute] = module
        self._laid(absolute, source.data)
        if source.is_document:
            self._documents.add(absolute)
        return module

    def _laid(self, absolute: str, data: bytes) -> None:
        """A file has that content: drop what is known of its bytes alone."""
        self._bytes[absolute] = data
        self._imports.pop(absolute, None)
        self._saying.pop(absolute, None)
        known = self._statements.pop(absolute, None)
        if self._importing and known is not None and known != self.import_statements(absolute):
            self._importing.clear()
        for found in self._matching.values():
            found.pop(absolute, None)

    def may_hold(self, path: str) -> bool:
        """Whether a file lies where the project looks for modules."""
        absolute = os.path.abspath(path)
        return any(absolute.startswith(os.path.join(folder, "")) for folder in (self.root, *self.src))

    def forget(self) -> None:
        """Drop everything derived: a file has changed."""
        self.names = Names(self)
        self._touching = {}
        self.__dict__.pop("facts", None)

    @cached_property
    def facts(self) -> Facts:
        """What is known of the project as a whole: resources bound, functions reached."""
        from .facts import Facts

        return Facts(self)

    def functions(self, module: Module) -> Sequence[Function]:
        """The functions of ``module`` in reach of Dagster, in the order of the source."""
        return self.facts.functions(module)

    def load(self, absolute: str) -> Module | None:
        """The module in the file ``absolute``, None where it can't be read or parsed."""
        if absolute not in self._modules:
            self._modules[absolute] = None
            try:
                path = os.path.relpath(absolute) if absolute.startswith(os.getcwd() + os.sep) else absolute
                source = Source(path, self.data(absolute))
                self._modules[absolute] = self._build(absolute, path, source)
            except (SourceError, OSError):
                pass
        return self._modules[absolute]

    def data(self, absolute: str) -> bytes:
        """The bytes of a project file, read once."""
        data = self._bytes.get(absolute)
        if data is None:
            with open(absolute, "rb") as file:
                data = file.read()
            self._bytes[absolute] = data
        return data

    def _build(self, absolute: str, path: str, source: Source) -> Module:
        tree = parse(source)
        return Module(self.name_of(absolute), path, source, tree, is_package=absolute.endswith("__init__.py"))

    # ---- names to files ------------------------------------------------------------------------------------------

    def name_of(self, absolute: str) -> str:
        """The dotted name under which its own package knows the file."""
        folder, file = os.path.split(absolute)
        parts = [] if file == "__init__.py" else [file.removesuffix(".py")]
        base = self.base_of(folder)
        inner = os.path.relpath(folder, base)
        if inner != ".":
            parts = [*inner.split(os.sep), *parts]
        return ".".join(parts) or os.path.basename(folder)

    def base_of(self, folder: str) -> str:
        """The folder that holds the top-level package of ``folder``."""
        while "__init__.py" in self.listing(folder) and folder != self.root and len(folder) > 1:
            folder = os.path.dirname(folder)
        return folder

    def listing(self, folder: str) -> frozenset[str]:
        """The names in a folder, empty where there is none."""
        names = self._listings.get(folder)
        if names is None:
            try:
                names = frozenset(os.listdir(folder))
            except OSError:
                names = frozenset()
            self._listings[folder] = names
        return names

    def origins(self, folder: str) -> tuple[str, ...]:
        """Where absolute imports of a file in ``folder`` may start, nearest first."""
        known = self._origins.get(folder)
        if known is None:
            found = [self.base_of(folder)]
            current = folder
            while True:
                found.append(current)
                if "src" in self.listing(current):
                    found.append(os.path.join(current, "src"))
                if current == self.root or not current.startswith(self.root + os.sep):
                    break
                current = os.path.dirname(current)
            known = tuple(dict.fromkeys([*found, *self.src]))
            self._origins[folder] = known
        return known

    def find(self, name: str, importer: Module) -> Module | None:
        """The project's module of that absolute name as ``importer`` would import it."""
        path = self.locate(name, importer.folder)
        return None if path is None else self.load(path)

    def locate(self, name: str, folder: str) -> str | None:
        """The file of the module of that absolute name, as a file in ``folder`` would import it."""
        key = (name, folder)
        if key not in self._found:
            self._found[key] = self._search(name, folder)
        return self._found[key]

    def is_local(self, name: str, importer: Module) -> bool:
        """Whether the top-level package of ``name`` is the project's own."""
        head = name.partition(".")[0]
        if head in LIBRARIES:
            return False
        key = (head, importer.folder)
        if key not in self._local:
            self._local[key] = self._search(head, importer.folder, packages=True) is not None
        return self._local[key]

    def _search(self, name: str, folder: str, *, packages: bool = False) -> str | None:
        parts = name.split(".")
        if not name or parts[0] in LIBRARIES:
            return None
        for origin in self.origins(folder):
            if found := self._descend(origin, parts, packages):
                return found
        for origin in self.tops.get(parts[0], ()):
            if found := self._descend(origin, parts, packages):
                return found
        return None

    def _descend(self, origin: str, parts: list[str], packages: bool) -> str | None:
        folder = origin
        for part in parts[:-1]:
            if part not in self.listing(folder):
                return None
            folder = os.path.join(folder, part)
        last, names = parts[-1], self.listing(folder)
        if f"{last}.py" in names:
            return os.path.join(folder, f"{last}.py")
        if last in names and last not in SKIPPED_FOLDERS:
            inner = os.path.join(folder, last)
            if "__init__.py" in self.listing(inner):
                return os.path.join(inner, "__init__.py")
            if packages and any(n.endswith(".py") for n in self.listing(inner)):
                return inner
        return None

    # ---- the project's files -------------------------------------------------------------------------------------

    @property
    def files(self) -> tuple[str, ...]:
        """Every Python file that is looked at, sorted."""
        return self._files if self.only is None else (self.only,)

    @cached_property
    def _files(self) -> tuple[str, ...]:
        """Every Python file below the root, sorted."""
        found: list[str] = []
        stack = [self.root]
        seen: set[tuple[int, int]] = set()
        while stack:
            folder = stack.pop()
            try:
                entries = list(os.scandir(folder))
            except OSError:
                continue
            for entry in entries:
                if entry.name.endswith(".py"):
                    found.append(entry.path)
                elif entry.name in COMPONENT_FILES:
                    self._component_folders.add(folder)
                elif entry.name in PROFILES:
                    self._profiles.append(entry.path)
                elif entry.name not in SKIPPED_FOLDERS and not entry.name.startswith("."):
                    try:
                        if entry.is_dir():
                            stat = entry.stat()
                            if (stat.st_dev, stat.st_ino) not in seen:
                                seen.add((stat.st_dev, stat.st_ino))
                                stack.append(entry.path)
                    except OSError:
                        continue
        return tuple(sorted(found))

    @cached_property
    def tops(self) -> dict[str, tuple[str, ...]]:
        """Top-level packages and modules anywhere in the project by name; a name that stands twice is nobody's."""
        folders = {os.path.dirname(path) for path in self._files}
        found: dict[str, set[str]] = {}
        for folder in folders:
            if "__init__.py" in self.listing(folder):
                base = self.base_of(folder)
                top = os.path.relpath(folder, base).split(os.sep)[0]
                found.setdefault(top, set()).add(base)
        return {name: tuple(bases) for name, bases in found.items() if len(bases) == 1}

    # ---- imports, read off the bytes ---------------------------------------------------------------------------------

    def imports(self, absolute: str) -> frozenset[str]:
        """The project's files that a file imports, its packages' ``__init__`` included; read without parsing."""
        known = self._imports.get(absolute)
        if known is None:
            known = self._imports[absolute] = frozenset(self._imported(absolute))
        return known

    def importing(self, word: str) -> Sequence[str]:
        """The project's files in whose import statements a word stands."""
        if not self._importing:
            for path in self.files:
                words = {w for parts in self.import_statements(path) for part in parts for w in WORD.findall(part)}
                for each in words:
                    self._importing.setdefault(each.decode("utf-8", "replace"), []).append(path)
        return self._importing.get(word, ())

    def import_statements(self, absolute: str) -> Sequence[tuple[bytes, bytes, bytes]]:
        """What a file imports from, the names that it takes from there, and what it imports plainly, of each statement
        that looks like an import; read off its bytes, none where it can't be read."""
        known = self._statements.get(absolute)
        if known is None:
            try:
                known = list(_import_statements(self.data(absolute)))
            except OSError:
                known = []
            self._statements[absolute] = known
        return known

    def _imported(self, absolute: str) -> Iterator[str]:
        folder = os.path.dirname(absolute)
        for source, listed, plain in self.import_statements(absolute):
            if plain:
                names = [part.split()[0] for part in plain.decode("utf-8", "replace").split(",") if part.split()]
            else:
                text = source.decode("utf-8", "replace")
                dots = len(text) - len(text.lstrip("."))
                base = text[dots:]
                if dots:
                    package = self.name_of(absolute).split(".")
                    if not absolute.endswith("__init__.py"):
                        package = package[:-1]
                    base = ".".join([*package[: len(package) - dots + 1], *([base] if base else [])])
                words = [word.decode("utf-8", "replace") for word in WORD.findall(listed)]
                names = [base, *(f"{base}.{word}" if base else word for word in words)]
            for name in names:
                parts = name.split(".")
                for end in range(1, len(parts) + 1):
                    if found := self.locate(".".join(parts[:end]), folder):
                        yield found

    def touches_duckdb(self, absolute: str) -> bool:
        """Whether a file or a project file that it imports, however deep, speaks of DuckDB at all."""
        return self._touches(absolute, self._near_duckdb)

    def touches_op_contexts(self, absolute: str) -> bool:
        """Whether a file, or a project file that it imports, speaks of ops' contexts."""
        return self._touches(absolute, OP_CONTEXT)

    def catches_everything(self, absolute: str) -> bool:
        """Whether a file seems to have a handler that catches every exception."""
        return self._says(absolute, BARE_EXCEPT) or self._says(absolute, BASE_EXCEPTION)

    @cached_property
    def _near_duckdb(self) -> Words:
        names = [name.encode() for name in sorted(self.known_connections)]
        patterns = [NEAR_DUCKDB, *(rb"\b" + re.escape(name) for name in names)]
        return Words((b"duckdb", *names), re.compile(b"|".join(patterns), re.MULTILINE))

    def worth_reading(self, path: str, data: bytes) -> bool:
        """Whether a file with that content can hold anything to report; a look at bytes, without parsing.

        It can if it is about Dagster, or if it is a module of helpers that works with DuckDB or catches everything.
        """
        if any(words.found(data) for words in (DAGSTER, self._near_duckdb, BARE_EXCEPT, BASE_EXCEPTION)):
            return True
        absolute = os.path.abspath(path)
        if self._bytes.setdefault(absolute, data) != data:
            self._laid(absolute, data)
            self._modules.pop(absolute, None)
            self._before = None
            self.forget()
        return self.touches_duckdb(absolute) or self._touches(absolute, DAGSTER)

    def _touches(self, absolute: str, words: Words) -> bool:
        known = self._touching.get((absolute, words))
        if known is None:
            seen, queue = {absolute}, [absolute]
            known = False
            while queue and not known:
                current = queue.pop()
                known = self._says(current, words)
                for path in self.imports(current) - seen:
                    seen.add(path)
                    queue.append(path)
            if not known:  # nor does anything that was looked at on the way
                self._touching.update(dict.fromkeys(((path, words) for path in seen), False))
            self._touching[absolute, words] = known
        return known

    def _says(self, absolute: str, words: Words) -> bool:
        known = self._saying.setdefault(absolute, {})
        if words not in known:
            try:
                known[words] = words.found(self.data(absolute))
            except OSError:
                known[words] = False
        return known[words]

    def is_test(self, absolute: str) -> bool:
        """Whether a file is a test's."""
        *folders, name = os.path.relpath(absolute, self.root).split(os.sep)
        return (
            any(part in ("tests", "test") for part in folders)
            or name.startswith("test_")
            or name.endswith("_test.py")
            or name == "conftest.py"
        )

    def location_of(self, absolute: str) -> str:
        """The folder of the code location a file belongs to: the nearest one upwards with a project's marker.

        A document is one of its own.
        """
        if absolute in self._documents:
            return absolute
        start = folder = os.path.dirname(absolute)
        known = self._locations.get(start)
        if known is None:
            while folder.startswith(self.root + os.sep) and self.listing(folder).isdisjoint(MARKERS):
                folder = os.path.dirname(folder)
            known = self._locations[start] = folder if folder.startswith(self.root + os.sep) else self.root
        return known

    def profiles(self, below: str) -> list[str]:
        """The profiles of dbt below a folder."""
        assert self._files is not None  # they are found on the way
        return [path for path in sorted(self._profiles) if path.startswith(below + os.sep)]

    def has_components(self, below: str) -> bool:
        """Whether YAML files below a folder make assets."""
        return any(folder == below or folder.startswith(below + os.sep) for folder in self._component_folders)

    def matching(self, pattern: re.Pattern[bytes], below: str, *, around: bool = False) -> Iterator[str]:
        """The project's files below a folder in whose bytes ``pattern`` is found; or the document itself, and what is
        found in the code location ``around`` it."""
        if below in self._documents:
            if pattern.search(self.data(below)):
                yield below
            if not around:
                return
            below = self.location_of(os.path.join(os.path.dirname(below), ""))
        known, prefix = self._matching.setdefault(pattern, {}), below + os.sep
        for path in self.files:
            if not path.startswith(prefix):
                continue
            if path not in known:
                try:
                    known[path] = pattern.search(self.data(path)) is not None
                except OSError:
                    known[path] = False
            if known[path]:
                yield path
