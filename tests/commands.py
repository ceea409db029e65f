"""What the tests of adopting the tool on a code base share: an empty repository, and commands that run in it."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from pathlib import Path

import engine_rules as er
import pytest
from test_cli import Ran, add, asset

import asset_lint.registry
from asset_lint.cli import main
from asset_lint.registry import Registry

__all__ = ["Cli", "Ran", "add", "asset", "enter", "runner"]

Cli = Callable[..., Ran]


def enter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an empty repository the working directory."""
    path = tmp_path / "project"
    (path / ".git").mkdir(parents=True)
    monkeypatch.chdir(path)
    for name in ("NO_COLOR", "FORCE_COLOR", "ASSET_LINT_OUTPUT_FORMAT", "GITHUB_ACTIONS"):
        monkeypatch.delenv(name, raising=False)
    return path


def runner(monkeypatch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[bytes]) -> Cli:
    """Runs a command in this process, with rules that report words."""
    monkeypatch.setattr(asset_lint.registry, "load", lambda: Registry(er.WORDS))

    def run(*arguments: str, stdin: bytes | None = None) -> Ran:
        if stdin is not None:
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        status = main(arguments)
        captured = capture.readouterr()
        return Ran(status, captured.out, captured.err.decode())

    return run


def command(*arguments: str) -> list[str]:
    """The command line of a process of its own that has the same rules."""
    program = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\n"
        "import engine_rules, asset_lint.registry\n"
        "asset_lint.registry.load = lambda: asset_lint.registry.Registry(engine_rules.WORDS)\n"
        "from asset_lint.cli import main\n"
        "sys.exit(main())\n"
    )
    return [sys.executable, "-c", program, *arguments]
