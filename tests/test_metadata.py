"""What the model sees of the metadata that a function adds."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from asset_lint.model.metadata import MetadataCall
from asset_lint.model.project import Project
from asset_lint.source import Source

HEAD = """\
import dagster as dg
import duckdb
from dagster import MaterializeResult as Result, MetadataValue


"""


def calls(body: str, tmp_path: Path) -> list[MetadataCall]:
    """The calls that add metadata in an asset with that body."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    text = f"{HEAD}@dg.asset\ndef rows(context: dg.AssetExecutionContext):\n{lines}\n"
    project = Project(tmp_path)
    module = project.module(str(tmp_path / "assets.py"), Source("assets.py", text.encode()))
    return project.functions(module)[0].metadata_calls


def said(call: MetadataCall) -> list[tuple[str, str]]:
    """Its entries as (key, code)."""
    return [(entry.key, ast.unparse(entry.place.node)) for entry in call.entries]


@pytest.mark.parametrize(
    "body",
    [
        'context.add_output_metadata({"n": x})',
        'context.add_asset_metadata(metadata={"n": x})',
        'return dg.Output(1, metadata={"n": x})',
        "return Result(metadata=dict(n=x))",
        'yield dg.AssetMaterialization("rows", metadata={"n": x} | {})',
        'return dg.AssetCheckResult(passed=True, metadata={**{"n": x}})',
        'facts = {}\nfacts["n"] = x\nreturn Result(metadata=facts)',
        "facts = dict()\nfacts.update(n=x)\ncontext.add_output_metadata(facts)",
        'facts = {"old": 0}\nfacts = {"n": x}\nreturn Result(metadata=facts)',
        'if y:\n    facts = {"n": x}\nelse:\n    facts = {}\nreturn Result(metadata=facts)',
        'with y:\n    facts = {"n": x}\nfacts.update()\nreturn Result(metadata=facts or None)',
    ],
)
def test_every_way_to_add_metadata_is_seen(body: str, tmp_path: Path) -> None:
    (call,) = calls(body, tmp_path)
    assert (said(call), call.complete, call.adds) == ([("n", "x")], True, True)


def test_wrappers_and_what_is_nested_are_told_apart(tmp_path: Path) -> None:
    body = 'return Result(metadata={"a": MetadataValue.int(x), "b": [y, {"c": z}], "d": MetadataValue.json({"e": w})})'
    (call,) = calls(body, tmp_path)
    assert said(call) == [("a", "x"), ("b", "y"), ("c", "z"), ("e", "w")]
    assert [(entry.wrapper, entry.nested) for entry in call.entries] == [
        ("int", False), ("", True), ("", True), ("json", True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "body",
    [
        "return Result(metadata=facts_of(x))",
        'return Result(metadata={"n": x, **more})',
        'facts = {"n": x}\nfill(facts)\nreturn Result(metadata=facts)',
        "return Result(metadata={k: v for k, v in x})",
    ],
)
def test_what_is_hidden_from_sight_is_known_to_be(body: str, tmp_path: Path) -> None:
    (call,) = calls(body, tmp_path)
    assert not call.complete
    assert call.adds


@pytest.mark.parametrize("body", ["return Result(metadata={})", "facts = {}\nreturn Result(metadata=facts)"])
def test_an_empty_mapping_adds_nothing(body: str, tmp_path: Path) -> None:
    (call,) = calls(body, tmp_path)
    assert not call.adds


@pytest.mark.parametrize(
    "body", ["return Result()", "return dg.Output(1)", 'table.replace(metadata={"n": 1})', "Metadata(metadata={})"]
)
def test_other_calls_are_none(body: str, tmp_path: Path) -> None:
    assert calls(body, tmp_path) == []
