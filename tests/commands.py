"""What tests of the command line share: an empty repository, and commands that run in it."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import engine_rules as er
import pytest

import asset_lint.registry
from asset_lint.cli import main
from asset_lint.registry import Registry
from asset_lint.rule import Rule

HEAD = "import dagster as dg\n\n\n"


def asset(*lines: str, name: str = "numbers") -> str:
    """A module with one asset that has these lines."""
    return f"{HEAD}@dg.asset\ndef {name}(context):\n" + "".join(f"    {line}\n" for line in lines)


def add(path: str, text: str | bytes) -> Path:
    """A file in the working directory."""
    file = Path(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    status: int
    raw: bytes
    err: str

    @property
    def out(self) -> str:
        return self.raw.decode()

    @property
    def codes(self) -> list[str]:
        """What a run with --output-format concise found."""
        return [line.split()[1] for line in self.out.splitlines() if ": XE" in line or ": AL" in line]


Cli = Callable[..., Ran]


def enter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make an empty repository the working directory."""
    path = tmp_path / "project"
    (path / ".git").mkdir(parents=True)
    monkeypatch.chdir(path)
    for name in ("NO_COLOR", "FORCE_COLOR", "ASSET_LINT_OUTPUT_FORMAT", "GITHUB_ACTIONS", "GITHUB_WORKSPACE"):
        monkeypatch.delenv(name, raising=False)
    return path


def runner(
    monkeypatch: pytest.MonkeyPatch, capture: pytest.CaptureFixture[bytes], rules: Sequence[type[Rule]] = er.WORDS
) -> Cli:
    """Runs a command in this process, with rules that report words."""
    monkeypatch.setattr(asset_lint.registry, "load", lambda: Registry(rules))

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
