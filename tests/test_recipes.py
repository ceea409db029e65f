"""The GitHub Action, and the recipes of the page on CI: valid, and their own commands run.

The commands run as they stand, with the package of this environment where they would install one, and with stand-ins
for the programs of the services.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from format_tools import CODE_QUALITY, DIAGNOSTICS, STRING, listed, record, rendered

from asset_lint.config.kinds import FORMATS
from asset_lint.version import version

ROOT = Path(__file__).parents[1]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")
RECIPES = [yaml.safe_load(block) for block in re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)]
WORKFLOWS = [recipe for recipe in RECIPES if "jobs" in recipe]
HOOKS = [recipe for recipe in RECIPES if "repos" in recipe]
(GITLAB,) = (recipe["asset-lint"] for recipe in RECIPES if "asset-lint" in recipe)

VIOLATION = """\
import dagster as dg
import duckdb


@dg.asset
def orders(path: str) -> int:
    connection = duckdb.connect(path)
    return len(connection.sql("SELECT 1").fetchall())
"""

TEXTS = {"type": "object", "additionalProperties": {"type": "string"}}

#: https://docs.github.com/en/actions/reference/workflows-and-actions/metadata-syntax, of composite actions.
METADATA = record(
    {
        "name": STRING,
        "description": STRING,
        "runs": record(
            {
                "using": {"const": "composite"},
                "steps": listed(
                    {
                        **record(
                            {},
                            **{"working-directory": STRING, "continue-on-error": {"type": "boolean"}, "if": STRING},
                            **dict.fromkeys(("run", "shell", "uses", "name", "id"), STRING),
                            **{"with": TEXTS, "env": TEXTS},
                        ),
                        "oneOf": [{"required": ["run", "shell"]}, {"required": ["uses"]}],
                    }
                ),
            }
        ),
    },
    author=STRING,
    inputs={
        "type": "object",
        "propertyNames": {"pattern": "^[_a-z][a-z0-9_-]*$"},
        "additionalProperties": record(
            {"description": STRING}, required={"type": "boolean"}, default={"type": "string"}, deprecationMessage=STRING
        ),
    },
    outputs={
        "type": "object",
        "propertyNames": {"pattern": "^[_a-z][a-z0-9_-]*$"},
        "additionalProperties": record({"description": STRING, "value": STRING}),
    },
    branding=record(
        {
            "icon": STRING,
            "color": {"enum": ["white", "black", "yellow", "blue", "green", "orange", "red", "purple", "gray-dark"]},
        }
    ),
)

#: The part of https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax that is used.
JOB = record(
    {
        "runs-on": STRING,
        "permissions": {"type": "object", "additionalProperties": {"enum": ["read", "write", "none"]}},
        "steps": listed(
            {
                **record({}, uses={"pattern": r"^[\w-]+/[\w/-]+@v\d"}, run=STRING, env=TEXTS, **{"with": TEXTS}),
                "oneOf": [{"required": ["run"]}, {"required": ["uses"]}],
            }
        ),
    }
)

#: The part of https://docs.gitlab.com/ci/yaml/ that is used.
GITLAB_JOB = record(
    {"script": listed(STRING)},
    stage=STRING,
    image=STRING,
    before_script=listed(STRING),
    artifacts=record(
        {"reports": record({"codequality": STRING})}, when={"enum": ["on_success", "on_failure", "always"]}
    ),
)


@dataclass
class Machine:
    """Where commands run: a project in ``project``, stand-ins in ``tools`` that note how they were called."""

    project: Path
    tools: Path
    temporary: Path

    @property
    def calls(self) -> list[list[str]]:
        """How the stand-ins were called."""
        noted = self.temporary / "calls"
        return [json.loads(line) for line in noted.read_text().splitlines()] if noted.exists() else []

    def stand_in(self, name: str, *lines: str) -> None:
        """A program that notes its arguments and does what ``lines`` say, in the words of sh."""
        note = (
            f"'{sys.executable}' -c 'import json, sys; print(json.dumps(sys.argv[1:]))' {name} \"$@\" "
            f"</dev/null >>'{self.temporary}/calls'"
        )
        (self.tools / name).write_text("\n".join(["#!/bin/sh", note, *lines]) + "\n")
        (self.tools / name).chmod(0o755)

    def run(self, script: str, where: str = ".", **variables: str) -> subprocess.CompletedProcess[str]:
        """A script as GitHub runs it."""
        environment = {
            **os.environ,
            "PATH": f"{self.tools}:{os.environ['PATH']}",
            "RUNNER_TEMP": str(self.temporary),
            "GITHUB_OUTPUT": str(self.temporary / "output"),
            **variables,
        }
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
        return subprocess.run(
            command, cwd=self.project / where, env=environment, capture_output=True, text=True, check=False
        )

    def outputs(self) -> Mapping[str, str]:
        """What the steps gave."""
        lines = (self.temporary / "output").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(*(tmp_path / name for name in ("project", "tools", "temporary")))
    for folder in (machine.project / "src", machine.project / "my dags", machine.tools, machine.temporary):
        folder.mkdir(parents=True)
    (machine.project / "src" / "assets.py").write_text(VIOLATION)
    (machine.project / "my dags" / "assets.py").write_text(VIOLATION)
    own = Path(sys.executable).with_name("asset-lint")
    (machine.tools / "asset-lint").symlink_to(own)
    machine.stand_in("pip")
    machine.stand_in("installed-python", "exit 0")
    machine.stand_in(
        "python3",
        f'mkdir -p "$3/bin" && cp {machine.tools}/installed-python "$3/bin/python" && ln -sf {own} "$3/bin/asset-lint"',
    )
    return machine


def act(machine: Machine, **given: str) -> subprocess.CompletedProcess[str]:
    """Run the action with some inputs; gives its last step."""
    inputs = {name: each.get("default", "") for name, each in ACTION["inputs"].items()} | given
    for step in ACTION["runs"]["steps"]:
        known = {f"inputs.{name}": value for name, value in inputs.items()} | {"github.action_path": "/actions/it"}
        if (machine.temporary / "output").exists():
            known |= {f"steps.install.outputs.{name}": value for name, value in machine.outputs().items()}

        def filled(text: str, known: Mapping[str, str] = known) -> str:
            return re.sub(r"\$\{\{ (\S+) \}\}", lambda found: known[found[1]], text)

        variables = {name: filled(value) for name, value in step.get("env", {}).items()}
        ran = machine.run(step["run"], filled(step.get("working-directory", ".")), **variables)
    return ran


class TestTheAction:
    def test_is_valid(self) -> None:
        jsonschema.Draft202012Validator(METADATA).validate(ACTION)

    def test_puts_no_input_into_a_script(self) -> None:
        assert not any("${{" in step["run"] for step in ACTION["runs"]["steps"])

    def test_annotates(self, machine: Machine) -> None:
        ran = act(machine)
        assert ran.returncode == 1, ran.stderr
        assert ran.stdout.count("::error title=asset-lint (AL201),file=") == 2
        assert machine.outputs()["version"] == version()

    def test_summarizes(self, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(machine.temporary / "summary.md"))
        act(machine)
        assert (machine.temporary / "summary.md").read_text().startswith("### asset-lint: ")

    def test_takes_arguments_and_paths(self, machine: Machine) -> None:
        ran = act(machine, args="check --select AL201 --exit-zero", src="src\nmy dags\n", **{"output-format": "pylint"})
        assert ran.returncode == 0, ran.stderr
        assert [line.partition(": ")[0] for line in ran.stdout.splitlines()] == [
            "my dags/assets.py:7", "src/assets.py:7",
        ]  # fmt: skip

    def test_expands_nothing(self, machine: Machine) -> None:
        ran = act(machine, args="check --select $(touch hit) * --exit-zero", src="`touch hit`\n$(touch hit); touch hit")
        assert ran.returncode == 2
        assert not list(machine.project.rglob("hit"))

    def test_runs_where_it_is_told(self, machine: Machine) -> None:
        ran = act(machine, **{"working-directory": "src", "output-format": "pylint"})
        assert ran.stdout.startswith("assets.py:")

    @pytest.mark.parametrize(
        ("given", "wanted"),
        [
            ("", "/actions/it"), ("latest", "asset-lint"), ("0.1.0", "asset-lint==0.1.0"),
            (">=0.1,<0.2", "asset-lint>=0.1,<0.2"),
        ],
    )  # fmt: skip
    def test_installs_the_version(self, given: str, wanted: str, machine: Machine) -> None:
        act(machine, version=given)
        assert machine.calls[1] == [
            "installed-python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wanted,
        ]  # fmt: skip

    def test_is_told_of_in_full_on_the_page(self) -> None:
        rows = re.findall(r"^\| `([\w-]+)` \| (.+?) \|", PAGE, re.MULTILINE)
        assert [name for name, _ in rows] == list(ACTION["inputs"])
        told = {name: each["default"] for name, each in ACTION["inputs"].items() if each["default"]}
        assert {name: default.strip("`") for name, default in rows if default.startswith("`")} == told

    def test_knows_the_format(self) -> None:
        assert ACTION["inputs"]["output-format"]["default"] in FORMATS


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=range(len(WORKFLOWS)))
class TestWorkflows:
    def test_are_valid(self, workflow: Any) -> None:
        assert workflow[True] in ("pull_request", ["push", "pull_request"])  # `on` is a truth to YAML 1.1
        for job in workflow["jobs"].values():
            jsonschema.Draft202012Validator(JOB).validate(job)

    def test_run(self, workflow: Any, machine: Machine) -> None:
        machine.stand_in("gh")
        machine.stand_in("reviewdog", f"cat > {machine.temporary}/given")
        for step in workflow["jobs"]["asset-lint"]["steps"]:
            if "run" in step:
                ran = machine.run(step["run"], **step.get("env", {}))
                assert ran.returncode == 0, ran.stdout + ran.stderr
            elif "/asset-lint@" in step["uses"]:
                (machine.project / "dags").mkdir(exist_ok=True)
                assert step["with"].keys() <= ACTION["inputs"].keys()
                ran = act(machine, **step["with"])
                assert ran.returncode == (0 if "--exit-zero" in step["with"]["args"] else 1), ran.stderr
            elif "upload-sarif" in step["uses"]:
                document = json.loads((machine.project / step["with"]["sarif_file"]).read_text())
                assert document["runs"][0]["results"]
        if (machine.project / "summary.md").exists():
            assert rendered((machine.project / "summary.md").read_text())[0].type == "heading_open"
            assert "summary.md" in machine.calls[-1]
        if (machine.temporary / "given").exists():
            document = json.loads((machine.temporary / "given").read_text())
            jsonschema.Draft202012Validator(DIAGNOSTICS).validate(document)
            assert document["diagnostics"]


class TestGitLab:
    def test_is_valid(self) -> None:
        jsonschema.Draft202012Validator(GITLAB_JOB).validate(GITLAB)

    def test_runs(self, machine: Machine) -> None:
        lines = [*GITLAB["before_script"], *GITLAB["script"]]
        status = [machine.run(line, CI_PROJECT_DIR=str(machine.project)).returncode for line in lines]
        assert status == [0, 0, 1]
        assert machine.calls == [["pip", "install", "--quiet", "asset-lint"]]
        report = json.loads((machine.project / GITLAB["artifacts"]["reports"]["codequality"]).read_text())
        jsonschema.Draft202012Validator(CODE_QUALITY).validate(report)
        assert {issue["location"]["path"] for issue in report} == {"src/assets.py", "my dags/assets.py"}


@pytest.mark.parametrize("recipe", HOOKS, ids=range(len(HOOKS)))
def test_pre_commit_is_told_of_hooks_that_exist(recipe: Any) -> None:
    exist = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))}
    (repository,) = recipe["repos"]
    assert {hook["id"] for hook in repository["hooks"]} <= exist
    assert repository["rev"] == f"v{version()}"
