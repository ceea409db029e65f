"""Which baseline holds for which files, and the changing of them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asset_lint.baseline import Baseline
    from asset_lint.config import Config

NAME = "asset-lint-baseline.json"

Files = Sequence[tuple[Path, "Config"]]


def place(config: Config) -> Path:
    """The file that the known findings are, or would be, kept in."""
    return config.baseline or config.root / NAME


def by_baseline(files: Files) -> Iterator[tuple[Path, Files]]:
    """``files`` by the file of their baseline."""
    groups: dict[Path, list[tuple[Path, Config]]] = {}
    for path, config in files:
        groups.setdefault(place(config), []).append((path, config))
    yield from groups.items()


def load(files: Files) -> Baseline | None:
    """The baseline of ``files`` that share one; None where there is none. One that is configured must exist."""
    from asset_lint.baseline import Baseline

    path, config = place(files[0][1]), files[0][1]
    if config.baseline is None and not os.path.exists(path):
        return None
    return Baseline.read(path)
