"""What the model sees of the calls that log."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from asset_lint.model.logs import Logs
from asset_lint.model.project import Project
from asset_lint.source import Source

HEAD = """\
import logging
import dagster as dg
import duckdb
from dagster import get_dagster_logger
from loguru import logger as loguru_logger

log = get_dagster_logger()
std = logging.getLogger(__name__)


def tell(logger, rows):
    logger.info(f"{len(rows)} rows")


def tell_run(context, rows):
    tell(context.log, rows)


def keep(rows):
    get_dagster_logger().info(f"{len(rows)} rows")


class Report:
    def __init__(self, context):
        self.context = context

    def write(self):
        self.context.log.info("written")


"""


def logs(body: str, tmp_path: Path) -> Logs:
    """What an asset with that body logs."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    text = f"{HEAD}@dg.asset\ndef rows(context: dg.AssetExecutionContext, library):\n{lines}\n"
    project = Project(tmp_path)
    module = project.module(str(tmp_path / "assets.py"), Source("assets.py", text.encode()))
    return next(f for f in project.functions(module) if f.is_asset).logs


@pytest.mark.parametrize(
    "body",
    [
        'context.log.info("x")',
        'log = context.log\nlog.warning("x")',
        'say = context.log.info\nsay("x")',
        'log.info("x")',
        'get_dagster_logger().error("x")',
        'dg.get_dagster_logger("name").error("x")',
        "tell(context.log, [])",
        "tell(log, [])",
        "tell_run(context, [])",
        "tell_run(rows=[], context=context)",
        "keep([])",
        'def inner():\n    context.log.info("x")\nlibrary.call(inner)',
        'if rows:\n    pass\nelse:\n    context.log.getChild("x").info("x")',
        'try:\n    x = 1\nexcept KeyError:\n    context.log.info("x")',
    ],
)
def test_text_that_becomes_an_event_of_the_run_is_seen(body: str, tmp_path: Path) -> None:
    found = logs(body, tmp_path)
    assert len(found.to_run) == 1
    assert not found.silent


@pytest.mark.parametrize(
    "body",
    [
        "pass",
        'logging.info("x")',
        'std.info("x")',
        "tell(std, [])",
        'loguru_logger.info("x")',
        "tell(loguru_logger, [])",
        "tell(logging.getLogger(), [])",
        "context.log",
        'library.info("x")',
        "catalog = library.catalog\ncatalog.log.info",
    ],
)
def test_what_never_reaches_the_run_is_silence(body: str, tmp_path: Path) -> None:
    assert logs(body, tmp_path).silent


@pytest.mark.parametrize(
    "body",
    [
        "Report(context).write()",
        "library.call(context)",
        "library.call(logger=context.log)",
        'library.log.info("x")',
        'library.logger().info("x")',
    ],
)
def test_what_may_log_by_code_that_is_not_seen_is_no_silence(body: str, tmp_path: Path) -> None:
    found = logs(body, tmp_path)
    assert not found.silent
    assert not found.to_run


def test_a_call_of_a_helper_leads_to_the_call_that_logs(tmp_path: Path) -> None:
    (call,) = logs("tell_run(context, [])", tmp_path).calls
    assert [ast.unparse(place.node) for place in (call.call, *call.steps)] == [
        "tell_run(context, [])",
        "tell(context.log, rows)",
        "logger.info(f'{len(rows)} rows')",
    ]
    assert call.level == "info"
