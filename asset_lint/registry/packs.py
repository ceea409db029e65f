"""Rule packs: packages that installed distributions offer under the entry-point group ``asset_lint.rules``."""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType

from asset_lint.errors import RuleError
from asset_lint.rule import Rule

GROUP = "asset_lint.rules"


@dataclass(frozen=True, slots=True)
class Pack:
    """An entry point: its name, the package that it names and the distribution that offers it."""

    name: str
    package: str
    distribution: str

    def __str__(self) -> str:
        return f"`{self.package}` (entry point `{self.name}` of {self.distribution})"


def installed() -> list[Pack]:
    """The packs of every distribution on ``sys.path``, by package; the first of equal distributions counts.

    ``importlib.metadata`` gives the same, but importing it costs more than all the rest of the start.
    """
    texts: dict[str, str] = {}
    for folder in dict.fromkeys(sys.path):
        for distribution, text in _entry_points(folder or "."):
            texts.setdefault(distribution, text)
    packs: dict[str, Pack] = {}
    for distribution, text in texts.items():
        for name, value in _section(text):
            packs.setdefault(value, Pack(name, value, distribution))
    return sorted(packs.values(), key=lambda pack: pack.package)


def _entry_points(folder: str) -> Iterator[tuple[str, str]]:
    try:
        names = sorted(os.listdir(folder))
    except NotADirectoryError:  # a zip file
        from importlib.metadata import distributions

        for found in distributions(path=[folder]):
            yield _normal(found.metadata["Name"]), found.read_text("entry_points.txt") or ""
        return
    except OSError:
        return
    for name in names:
        if name.endswith((".dist-info", ".egg-info")):
            try:
                with open(os.path.join(folder, name, "entry_points.txt"), encoding="utf-8") as file:
                    text = file.read()
            except (OSError, ValueError):
                text = ""
            yield _normal(name.rpartition(".")[0].partition("-")[0]), text


def _normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def _section(text: str) -> Iterator[tuple[str, str]]:
    inside = False
    for line in text.splitlines() if GROUP in text else ():
        line = line.strip()
        if line.startswith("["):
            inside = line == f"[{GROUP}]"
        elif inside and "=" in line and not line.startswith(("#", ";")):
            name, _, value = line.partition("=")
            yield name.strip(), value.partition("[")[0].strip()


def rules_of(pack: Pack) -> list[type[Rule]]:
    """The rules that the modules of a pack define; a pack that can't be imported or has none is a RuleError."""
    rules: list[type[Rule]] = []
    for module in _modules(pack, pack.package):
        rules += (
            value
            for value in vars(module).values()
            if isinstance(value, type)
            and issubclass(value, Rule)
            and value.__module__ == module.__name__
            and hasattr(value, "code")
        )
    if not rules:
        raise RuleError(f"the rule pack {pack} has no rules")
    return rules


def _modules(pack: Pack, name: str) -> Iterator[ModuleType]:
    try:
        module = importlib.import_module(name)
    except Exception as error:
        raise RuleError(f"the rule pack {pack} cannot be imported: {type(error).__name__}: {error}") from error
    yield module
    for found in pkgutil.iter_modules(getattr(module, "__path__", ()), f"{name}."):
        if not found.name.endswith(".__main__"):
            yield from _modules(pack, found.name)


class _Later(ModuleType):
    """Stands for a module until one of its attributes is asked for."""

    def __getattr__(self, name: str) -> object:
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(importlib.import_module(self.__name__), name)


@contextmanager
def libcst_on_demand() -> Iterator[None]:
    """Modules imported meanwhile get a ``libcst`` that is imported when they first use it.

    LibCST takes longer to import than most runs take to check, and most runs never need it.
    """
    if "libcst" in sys.modules:
        yield
        return
    later = sys.modules["libcst"] = _Later("libcst")
    try:
        yield
    finally:
        if sys.modules.get("libcst") is later:
            del sys.modules["libcst"]
