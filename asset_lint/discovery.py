"""From the paths on the command line to the files to check."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from .config import INCLUDED, Config
from .config.files import ConfigFiles
from .config.patterns import Matcher, matcher

_IGNORE_FILES = (".gitignore", ".ignore")  # the later one wins


@dataclass(frozen=True, slots=True)
class Found:
    """``files`` in the order of their paths, each once; ``problems`` tell of paths that could not be entered."""

    files: tuple[tuple[Path, Config], ...]
    problems: tuple[str, ...]


def discover(paths: Sequence[str], configs: ConfigFiles) -> Found:
    """The files that ``paths`` mean.

    A directory stands for the files below it that ``include`` names (``*.py``, ``*.ipynb`` …) and that are neither
    excluded nor ignored by git; links to directories are not followed. A file named outright is always taken, unless
    ``force-exclude`` is set and a pattern excludes it. Paths come out relative to the working directory where they lie
    in it, else absolute.
    """
    walk = _Walk(configs)
    for path in paths:
        walk.add(path)
    files = tuple((Path(name), config) for name, config in sorted(walk.files.items()))
    return Found(files, tuple(walk.problems))


def of_project(config: Config) -> tuple[tuple[Path, Config], ...]:
    """Every file below the root of ``config`` that it does not leave out, whatever other configurations say."""
    return discover((str(config.root),), _Same(config)).files


class _Same(ConfigFiles):
    """One configuration for every directory."""

    def __init__(self, config: Config) -> None:
        self._config = config

    def of(self, directory: Path | str, names: Collection[str] | None = None) -> Config:
        return self._config


def excluded(path: Path | str, config: Config) -> bool:
    """Does a pattern of ``config`` exclude ``path`` or a directory above it?"""
    return _exclusions(config).match_within(os.path.abspath(path))


def _exclusions(config: Config) -> Matcher:
    return matcher((*config.exclude, *config.extend_exclude))


class _Inclusions:
    """Which files of a directory are taken; most patterns only name the end of a name."""

    def __init__(self, config: Config) -> None:
        patterns = (*config.include, *config.extend_include)
        plain = [each for each in patterns if re.fullmatch(r"\*\.\w+", each.text)]
        self._ends = tuple(each.text[1:] for each in plain)
        others = tuple(each for each in patterns if each not in plain)
        self._others = matcher(others) if others else None

    def match(self, name: str, path: str) -> bool:
        return name.endswith(self._ends) or (self._others is not None and self._others.match(name, path))


class _Walk:
    def __init__(self, configs: ConfigFiles) -> None:
        self._configs = configs
        self._cwd = os.getcwd().rstrip(os.sep) + os.sep
        self.files: dict[str, Config] = {}
        self.problems: list[str] = []

    def add(self, path: str) -> None:
        absolute = os.path.abspath(path)
        try:
            mode = os.stat(path).st_mode
        except (OSError, ValueError) as error:
            self.problems.append(f"{path or repr(path)}: {_reason(error)}")
            return
        config = self._configs.of(absolute if stat.S_ISDIR(mode) else os.path.dirname(absolute))
        if config.force_exclude and excluded(absolute, config):
            return
        if stat.S_ISDIR(mode):
            self._enter(absolute, list(_above(absolute, self._cwd)) if config.respect_gitignore else [])
        else:
            self._take(absolute, config)

    def _take(self, absolute: str, config: Config) -> None:
        inside = absolute.startswith(self._cwd)
        self.files[absolute[len(self._cwd) :] if inside else absolute] = config

    def _enter(self, directory: str, ignores: list[_Ignore]) -> None:
        pending = [(directory, ignores)]
        last = self._configs.of(directory)
        exclusions, inclusions = _exclusions(last), _Inclusions(last)
        while pending:
            directory, ignores = pending.pop()
            try:
                with os.scandir(directory) as scan:
                    entries = list(scan)
            except OSError as error:
                self.problems.append(f"{self._shown(directory)}: {_reason(error)}")
                continue
            names = {entry.name for entry in entries}
            config = self._configs.of(directory, names)
            if config is not last:
                last, exclusions, inclusions = config, _exclusions(config), _Inclusions(config)
            if config.respect_gitignore:
                ignores = [*ignores, *_own_ignores(directory, names)]
            for entry in entries:
                name, path = entry.name, entry.path
                if entry.is_dir(follow_symlinks=False):
                    if not exclusions.match(name, path) and not _ignored(ignores, name, path, directory=True):
                        pending.append((path, ignores))
                elif (
                    inclusions.match(name, path)
                    and not exclusions.match(name, path)
                    and not _ignored(ignores, name, path, directory=False)
                    and _is_file(entry)
                ):
                    self._take(path, config)

    def _shown(self, absolute: str) -> str:
        return absolute[len(self._cwd) :] if absolute.startswith(self._cwd) else absolute


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file()  # neither a pipe nor an editor's dangling lock link
    except OSError:
        return False


def _reason(error: OSError | ValueError) -> str:
    if isinstance(error, ValueError):
        return "no file can be called that"
    return (error.strerror or str(error)).lower()


def _above(directory: str, cwd: str) -> Iterator[_Ignore]:
    """The ignore files that hold in ``directory`` from above it, up to the root of its repository, outermost first.

    Outside a repository those of the directories up to the working directory count.
    """
    chain = [directory]
    while not os.path.exists(f"{chain[-1]}/.git"):
        parent = os.path.dirname(chain[-1])
        if parent == chain[-1]:
            chain = [part for part in chain if f"{part}{os.sep}".startswith(cwd)] or [directory]
            break
        chain.append(parent)
    for part in reversed(chain[1:]):
        try:
            names = set(os.listdir(part))
        except OSError:
            continue
        yield from _own_ignores(part, names)


def _own_ignores(directory: str, names: set[str]) -> Iterator[_Ignore]:
    files = [f"{directory}/{name}" for name in _IGNORE_FILES if name in names]
    if ".git" in names:
        files.insert(0, f"{directory}/.git/info/exclude")
    for file in files:
        try:
            with open(file, encoding="utf-8", errors="surrogateescape") as stream:
                lines = [line for line in stream.read().split("\n") if line.strip() and not line.startswith("#")]
        except OSError:
            continue
        if lines:
            yield _Ignore(directory, lines)


def _ignored(ignores: Sequence[_Ignore], name: str, path: str, *, directory: bool) -> bool:
    """The innermost ignore file that speaks of ``path`` decides."""
    for ignore in reversed(ignores):
        verdict = ignore.match(name, path, directory=directory)
        if verdict is not None:
            return verdict
    return False


class _Ignore:
    """One ignore file. A path is tested by itself: what lies below an ignored directory is never reached."""

    def __init__(self, base: str, lines: Sequence[str]) -> None:
        from pathspec import GitIgnoreSpec

        self._start = len(base.rstrip("/")) + 1
        self._rules: list[tuple[bool, re.Pattern[str], bool]] = []
        names: set[str] = set()
        others: list[str] = []
        of_files: list[str] = []
        for line in lines:
            text = line.rstrip("\r")
            if text.endswith("**/"):
                text += "*/"  # what git takes it to mean, and pathspec doesn't
            for pattern in GitIgnoreSpec.from_lines([text]).patterns:
                if pattern.include is None or not isinstance(regex := getattr(pattern, "regex", None), re.Pattern):
                    continue
                for_files = _may_match_included(text)
                self._rules.append((pattern.include, regex, for_files))
                unnamed = regex.pattern.replace("?P<ps_d>", "?:")
                if for_files:
                    of_files.append(unnamed)
                plain = text.removeprefix("!").rstrip("/")
                if re.fullmatch(r"[\w.@+-]+", plain):
                    names.add(plain)
                else:
                    others.append(unnamed)
        # Most paths match nothing; these tell that at once.
        self._names = names
        self._others = re.compile("|".join(others)) if others else None
        self._of_files = re.compile("|".join(of_files)) if of_files else None

    def match(self, name: str, path: str, *, directory: bool) -> bool | None:
        """True: ignored; False: taken back by a `!` pattern; None: not spoken of."""
        relative = path[self._start :].replace(os.sep, "/")
        usual = name.endswith(INCLUDED)
        if directory:
            if name not in self._names and (self._others is None or not self._others.search(f"{relative}/")):
                return None
        elif usual and (self._of_files is None or not self._of_files.search(relative)):
            return None
        for include, regex, for_files in reversed(self._rules):
            if (directory or for_files or not usual) and _matches(regex, relative, directory):
                return include
        return None


def _matches(regex: re.Pattern[str], relative: str, directory: bool) -> bool:
    """Does the pattern speak of the path itself, not of a directory above it?"""
    marked = "ps_d" in regex.groupindex  # pathspec's mark of the slash behind a directory that a pattern names
    if any(not marked or found["ps_d"] is None for found in regex.finditer(relative)):
        return True
    if not directory or not marked:
        return False
    return any(found.start("ps_d") == len(relative) for found in regex.finditer(f"{relative}/"))


def _may_match_included(pattern: str) -> bool:
    """Can the pattern name a file that is usually looked for? Most name directories and other kinds of files."""
    last = pattern.rstrip().rpartition("/")[2]
    if not last:
        return False
    tail = re.split(r"[*?\[\]\\]", last)[-1]
    return tail.endswith(INCLUDED) or (tail != last and any(ending.endswith(tail) for ending in INCLUDED))
