"""Which baseline holds for which files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asset_lint.baseline import Baseline
    from asset_lint.config import Config

Files = Sequence[tuple[Path, "Config"]]


def by_baseline(files: Files) -> Iterator[tuple[Path, Files]]:
    """``files`` by the file of their baseline."""
    from asset_lint.baseline import Baseline

    groups: dict[Path, list[tuple[Path, Config]]] = {}
    for path, config in files:
        groups.setdefault(Baseline.place(config), []).append((path, config))
    yield from groups.items()


def load(files: Files) -> Baseline | None:
    """The baseline of ``files`` that share one; None where there is none. One that is configured must exist."""
    from asset_lint.baseline import Baseline

    return Baseline.of(files[0][1])
