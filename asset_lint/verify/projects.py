"""A project as a run finds it: read in place, or laid out in the run's folder; and the folders that it works in."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePath

_DEPTH, _FOLDERS = 4, 200  # of a project, that a run finds in its working directory, empty
_SOURCES = 2000  # files of a project that are copied; more are links
_LARGE = 1 << 20  # bytes of a file that is linked instead of copied
_NAMED = re.compile(rb"""["']([\w.-]+(?:/[\w.-]+)*)/(?:[^/"'\s]*\.\w{1,8})?["']""")


def folders(root: str) -> list[str]:
    """The folders for files that a project writes at relative paths; the outer ones before the inner.

    They are those that there are in it, and those of the files that its code names: they are seldom committed.
    """
    found: dict[str, None] = {}
    for place, names, _ in os.walk(root):
        inside = os.path.relpath(place, root)
        deep = inside.count(os.sep) + 2 >= _DEPTH if inside != "." else False
        names[:] = [] if deep else _own(names)
        found |= {os.path.normpath(os.path.join(inside, name)): None for name in names}
        if len(found) > _FOLDERS:
            break
    for path in _files(root):
        if path.suffix == ".py":
            with contextlib.suppress(OSError):
                named = {match.decode(errors="replace") for match in _NAMED.findall(path.read_bytes())}
                found |= {name: None for name in sorted(named) if ".." not in name.split("/")}
    return list(found)[: 2 * _FOLDERS]


def copy(root: Path, target: Path) -> None:
    """Lay a project out anew; files that are large, or one too many, are links."""
    for number, path in enumerate(_files(str(root))):
        place = target / path.relative_to(root)
        place.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(OSError):
            if number < _SOURCES and path.stat().st_size < _LARGE:
                shutil.copyfile(path, place)
            else:
                place.symlink_to(path)


def mirror(root: Path, target: Path, folder: PurePath) -> None:
    """Let ``target`` look like ``root``, by links, with ``folder`` below it a real folder to put files into."""
    for inner in reversed([folder, *folder.parents]):
        place = target / inner
        if place.is_symlink():
            place.unlink()
        place.mkdir(exist_ok=True)
        with contextlib.suppress(OSError):
            for entry in os.scandir(root / inner):
                link = place / entry.name
                if not link.is_symlink() and not link.exists():
                    link.symlink_to(entry.path)


def _files(root: str) -> Iterator[Path]:
    for place, names, files in os.walk(root):
        names[:] = sorted(_own(names))
        for name in sorted(files):
            yield Path(place, name)


def _own(names: list[str]) -> list[str]:
    return [name for name in names if not name.startswith((".", "__", "venv")) and name != "node_modules"]
