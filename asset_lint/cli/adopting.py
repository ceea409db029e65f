"""What helps to adopt it on an existing code base: the commands ``baseline`` and ``init``, and options of ``check``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from .options import FILES, FIXING, SELECTION, Command, Option, configuration

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    click.option(
        "--diff-base", cls=Option, section=SELECTION, metavar="REV",
        help="Report only what touches lines changed since the branch left REV (main, origin/main, HEAD …), by git.",
    ),
    click.option(
        "--strict-baseline", cls=Option, section=SELECTION, is_flag=True,
        help="Fail, with status 1, where the baseline knows findings that are no longer found.",
    ),
    click.option(
        "-i", "--interactive", cls=Option, section=FIXING, is_flag=True,
        help="Show each fix of --fix, and ask on the terminal whether to apply it.",
    ),
    click.option(
        "--add-noqa", cls=Option, section=FIXING, metavar="[=REASON]",
        help="Write a noqa comment, with a reason if one is given, at everything that is found.",
    ),
    click.option(
        "--add-ignore", cls=Option, section=FIXING, metavar="[=REASON]",
        help="Write an `asset-lint: ignore[…]` comment, with a reason if one is given, at everything that is found.",
    ),
    click.option(
        "-w", "--watch", cls=Option, section=FILES, is_flag=True,
        help="Check again whenever a file changes, until Ctrl-C ends it (with status 130).",
    ),
)  # fmt: skip


def options(command: F) -> F:
    """Give ``check`` these options."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.group(
    short_help="Keep known findings in a file.",
    epilog="""\
\b
Examples:
  asset-lint baseline write     remember today's findings
  asset-lint check              reports only what is new
  asset-lint baseline prune     forget what has been mended
""",
)
def baseline() -> None:
    """Keep known findings in a file, so that only new ones are reported.

    The file is the one that the setting `baseline` names, else asset-lint-baseline.json in the project's root. It knows
    a finding by its function and its code, not by its line.
    """


@baseline.command("write", cls=Command)
@click.argument("paths", nargs=-1, metavar="[PATHS]...")
@configuration
@click.option("-q", "--quiet", cls=Option, is_flag=True, help="Print nothing but errors.")
def baseline_write(paths: tuple[str, ...], **given: Any) -> int:
    """Remember what is found now, and nothing else."""
    from .baselines import change

    return change("write", paths, given)


@baseline.command("update", cls=Command)
@click.argument("paths", nargs=-1, metavar="[PATHS]...")
@configuration
@click.option("-q", "--quiet", cls=Option, is_flag=True, help="Print nothing but errors.")
def baseline_update(paths: tuple[str, ...], **given: Any) -> int:
    """Remember what is found now in PATHS, and still what was known of other files."""
    from .baselines import change

    return change("update", paths, given)


@baseline.command("prune", cls=Command)
@click.argument("paths", nargs=-1, metavar="[PATHS]...")
@configuration
@click.option("-q", "--quiet", cls=Option, is_flag=True, help="Print nothing but errors.")
def baseline_prune(paths: tuple[str, ...], **given: Any) -> int:
    """Forget what is no longer found; remember nothing new."""
    from .baselines import change

    return change("prune", paths, given)


@click.command(
    cls=Command,
    short_help="Set asset-lint up in a project.",
    epilog="""\
\b
Examples:
  asset-lint init --diff       what it would change
  asset-lint init              settings, a hook for pre-commit, a workflow for CI
  asset-lint init --no-ci      the same without a workflow
""",
)
@click.option("--dry-run", cls=Option, is_flag=True, help="Tell what would be done, change nothing.")
@click.option("--diff", cls=Option, is_flag=True, help="Show what would be changed, change nothing; status 1 if any.")
@click.option("--pre-commit/--no-pre-commit", cls=Option, default=True, help="Whether to add a hook for pre-commit.")
@click.option("--ci/--no-ci", cls=Option, default=True, help="Whether to add a workflow for CI.")
def init(**given: bool) -> int:
    """Set asset-lint up in the working directory.

    Writes settings (into pyproject.toml if there is one, else asset-lint.toml), a hook into .pre-commit-config.yaml, a
    workflow for GitHub (where there is a .gitlab-ci.yml, it shows the job to add), and lets ruff know of the codes.
    What is there stays as it is; a second run changes nothing.
    """
    from .starting import start

    return start(**given)


COMMANDS = (baseline, init)
