"""The command ``init``: what a project needs to begin with asset-lint, without touching what it has."""

from __future__ import annotations

import difflib
import enum
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from asset_lint.config import toml
from asset_lint.errors import ConfigError
from asset_lint.files import replace
from asset_lint.report.safe import visible
from asset_lint.version import version

from .merging import has_hook, with_external, with_hook, with_table
from .terminal import tell, write

_SETTINGS = 'profile = "checklist" # or "errors": what breaks at run time; or "all": advice too\n'
_HOOK = """\
- repo: local
  hooks:
    - id: asset-lint
      name: asset-lint
      entry: asset-lint check --force-exclude
      language: python
      additional_dependencies: ["asset-lint=={version}"]
      types_or: [python, jupyter]
      require_serial: true
"""
_GITHUB = """\
name: asset-lint
on:
  push:
    branches: [main, master]
  pull_request:
permissions:
  contents: read
jobs:
  asset-lint:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      - run: pip install "asset-lint=={version}"
      - run: asset-lint check --output-format github
"""
_GITLAB = """\
asset-lint:
  image: python:3.12-slim
  script:
    - pip install "asset-lint=={version}"
    - asset-lint check --output-format gitlab --output-file gl-code-quality-report.json
  artifacts:
    when: always
    reports:
      codequality: gl-code-quality-report.json
"""


class Outcome(enum.Enum):
    """What becomes of a file; the value is the word for it, and the one for what would become of it."""

    CREATED = ("created", "would create")
    CHANGED = ("changed", "would change")
    LEFT = ("left", "left")
    BY_HAND = ("by hand", "by hand")


@dataclass(frozen=True, slots=True)
class Step:
    """What is told of a file; ``snippet`` is for the user to put there."""

    outcome: Outcome
    path: str
    words: str
    snippet: str = ""


@dataclass(slots=True)
class Plan:
    """What is to be done in the folder ``root``; ``texts`` are the files to write."""

    root: Path
    steps: list[Step] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)

    def exists(self, name: str) -> bool:
        """Whether there is such a file, now or when the plan has been carried out."""
        return name in self.texts or (self.root / name).exists()

    def read(self, name: str) -> str:
        """A file as it will be; "" where there is none. Raises ConfigError where it is no text."""
        if name in self.texts:
            return self.texts[name]
        try:
            return (self.root / name).read_bytes().decode("utf-8")
        except FileNotFoundError:
            return ""
        except ValueError:
            raise ConfigError(f"{self.root / name}: this is no UTF-8") from None

    def write(self, name: str, text: str, words: str) -> None:
        """Give a file a new content."""
        created = not (self.root / name).exists()
        self.texts[name] = text
        self.steps.append(Step(Outcome.CREATED if created else Outcome.CHANGED, name, words))

    def leave(self, name: str, words: str) -> None:
        """Say why a file stays as it is."""
        self.steps.append(Step(Outcome.LEFT, name, words))

    def by_hand(self, name: str, words: str, snippet: str) -> None:
        """Show what the user has to add."""
        self.steps.append(Step(Outcome.BY_HAND, name, words, snippet))


def planned(root: Path, *, pre_commit: bool = True, ci: bool = True) -> Plan:
    """What ``init`` does in ``root``. Raises ConfigError for a file that can't be read."""
    plan = Plan(root)
    _settings(plan)
    _ruff(plan)
    if pre_commit:
        _pre_commit(plan)
    if ci:
        _ci(plan)
    return plan


def _settings(plan: Plan) -> None:
    for name in (".asset-lint.toml", "asset-lint.toml"):
        if plan.exists(name):
            plan.leave(name, "has the settings")
            return
    if not plan.exists("pyproject.toml"):
        plan.write("asset-lint.toml", _SETTINGS, "the settings")
        return
    tools = _toml(plan, "pyproject.toml").get("tool")
    if isinstance(tools, dict) and "asset-lint" in tools:
        plan.leave("pyproject.toml", "has the settings, in [tool.asset-lint]")
        return
    text = with_table(plan.read("pyproject.toml"), "tool.asset-lint", _SETTINGS)
    if text is None:
        plan.by_hand("pyproject.toml", "add the settings", f"[tool.asset-lint]\n{_SETTINGS}")
    else:
        plan.write("pyproject.toml", text, "the settings, in [tool.asset-lint]")


def _ruff(plan: Plan) -> None:
    """Our codes are not unknown ones, which ruff would take out of noqa comments."""
    for name in (".ruff.toml", "ruff.toml"):
        if plan.exists(name):
            table = ""
            break
    else:
        name, table = "pyproject.toml", "tool.ruff"
        tools = _toml(plan, name).get("tool") if plan.exists(name) else None
        if not isinstance(tools, dict) or "ruff" not in tools:
            return
    _toml(plan, name)
    old = plan.read(name)
    new = with_external(old, table)
    lint = f"{table}.lint" if table else "lint"
    if new is None:
        plan.by_hand(name, "tell ruff that these codes are not its own", f'[{lint}]\nexternal = ["AL"]\n')
    elif new == old:
        plan.leave(name, "tells ruff that AL codes are not its own")
    else:
        plan.write(name, new, f'external = ["AL"] for ruff, in [{lint}]')


def _pre_commit(plan: Plan) -> None:
    name, entry = ".pre-commit-config.yaml", _HOOK.format(version=version())
    old = plan.read(name)
    if has_hook(old):
        plan.leave(name, "runs asset-lint")
    elif not old.strip():
        indented = "".join(f"  {line}\n" for line in entry.splitlines())
        plan.write(name, f"{old}repos:\n{indented}", "a hook that runs asset-lint")
    elif (new := with_hook(old, entry)) is not None:
        plan.write(name, new, "a hook that runs asset-lint")
    else:
        plan.by_hand(name, "add to `repos`", entry)


def _ci(plan: Plan) -> None:
    gitlab, github = ".gitlab-ci.yml", ".github/workflows/asset-lint.yml"
    if plan.exists(gitlab):
        if "asset-lint" in plan.read(gitlab):
            plan.leave(gitlab, "runs asset-lint")
        else:
            plan.by_hand(gitlab, "add a job", _GITLAB.format(version=version()))
        return
    folder = plan.root / ".github" / "workflows"
    for file in sorted((*folder.glob("*.yml"), *folder.glob("*.yaml"))):
        if b"asset-lint" in file.read_bytes() or file.name == Path(github).name:
            plan.leave(f".github/workflows/{file.name}", "runs asset-lint")
            return
    plan.write(github, _GITHUB.format(version=version()), "a workflow that runs asset-lint")


def _toml(plan: Plan, name: str) -> dict[str, object]:
    try:
        return toml.load(plan.read(name))
    except ValueError as error:
        raise ConfigError(f"{plan.root / name}: broken TOML: {error}") from None


def start(*, dry_run: bool, diff: bool, pre_commit: bool, ci: bool) -> int:
    """Do it in the working directory, or show what would be done; returns the exit status."""
    plan = planned(Path.cwd(), pre_commit=pre_commit, ci=ci)
    if diff:
        write("".join(_diff(plan)))
        for step in plan.steps:
            if step.outcome is Outcome.BY_HAND:
                tell(_told(step, would=True).rstrip("\n"))
        return int(bool(plan.texts))
    if not dry_run:
        for name, text in plan.texts.items():
            file = plan.root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            replace(file, text.encode())
    write("".join(_told(step, would=dry_run) for step in plan.steps))
    return 0


def _told(step: Step, *, would: bool) -> str:
    snippet = "".join(f"    {line}\n" for line in step.snippet.splitlines())
    return f"{step.outcome.value[would]} {step.path}: {step.words}\n{snippet}"


def _diff(plan: Plan) -> Iterator[str]:
    for name, new in plan.texts.items():
        file = plan.root / name
        old = file.read_bytes().decode().splitlines() if file.exists() else []
        names = (name if file.exists() else "/dev/null", name)
        yield from (f"{visible(line)}\n" for line in difflib.unified_diff(old, new.splitlines(), *names, lineterm=""))
