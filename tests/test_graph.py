"""The assets of a code location as a graph: their keys, their dependencies, what cannot be read."""

from __future__ import annotations

from pathlib import Path

from asset_lint.model.graph import AssetGraph, AssetNode
from asset_lint.model.project import Project


def graph(root: Path, **files: str) -> AssetGraph:
    """The graph of a project of modules with these texts."""
    for name, text in files.items():
        (root / f"{name}.py").write_text("import dagster as dg\nfrom dagster import *\n" + text, encoding="utf-8")
    return AssetGraph(Project(root), str(root))


def keys(graph: AssetGraph) -> list[str]:
    """Every key, ``?`` where some are hidden."""
    return ["/".join(key) for node in graph.nodes for key in node.keys] + ["?"] * (
        not all(node.all_keys for node in graph.nodes)
    )


def node(graph: AssetGraph, name: str) -> AssetNode:
    """The node of that name."""
    return next(node for node in graph.nodes if node.name == name)


def before(graph: AssetGraph, name: str) -> set[str]:
    """The names of what runs before an asset."""
    return {other.name for other in graph.upstream(node(graph, name)).assets}


def test_keys_come_from_names_prefixes_keys_and_specs(tmp_path: Path) -> None:
    found = graph(
        tmp_path,
        a="PREFIX = ['raw', 'eu']\n"
        "@asset\ndef plain(): ...\n"
        "@dg.asset(name='orders', key_prefix=PREFIX)\ndef f(): ...\n"
        "@asset(key=dg.AssetKey(['mart', 'sales']))\ndef g(): ...\n"
        "@asset(key='one')\ndef h(): ...\n"
        "@multi_asset(specs=[AssetSpec('x'), AssetSpec(AssetKey('y'))])\ndef m(): ...\n"
        "@multi_asset(outs={'p': AssetOut(), 'q': AssetOut(key_prefix='z')})\ndef n(): ...\n"
        "@graph_asset\ndef composed(): ...\n",
    )
    assert keys(found) == ["plain", "raw/eu/orders", "mart/sales", "one", "x", "y", "p", "z/q", "composed"]


def test_dependencies_come_from_deps_parameters_and_ins(tmp_path: Path) -> None:
    found = graph(
        tmp_path,
        a="@asset\ndef raw(): ...\n@asset(key_prefix='x')\ndef other(): ...\n@asset(name='third')\ndef fn(): ...\n",
        b="from a import fn, raw\nfrom dagster_duckdb import DuckDBResource\n"
        "@asset(deps=[raw, 'x'], ins={'value': AssetIn(key=['x', 'other'])})\n"
        "def joined(context, config, value, database: DuckDBResource): ...\n"
        "@asset(deps=[fn])\ndef last(joined): ...\n",
    )
    assert before(found, "joined") == {"raw", "x/other"}
    assert before(found, "last") == {"raw", "x/other", "joined", "third"}
    upstream = found.upstream(node(found, "last"))
    assert upstream.missing == {("x",)}
    assert upstream.complete
    assert found.ordered(node(found, "raw"), node(found, "last")) is True
    assert found.ordered(node(found, "raw"), node(found, "third")) is False


def test_factories_and_loops_unfold(tmp_path: Path) -> None:
    found = graph(
        tmp_path,
        a="TABLES = ['a', 'b']\n"
        "def build(table, after=None):\n"
        "    name = f'clean_{table}'\n"
        "    @asset(name=name, deps=[table] if False else [after or table])\n"
        "    def made(): ...\n"
        "    return made\n"
        "def simple(table):\n"
        "    @asset(name=f'raw_{table}', deps=[AssetKey([table, 'source'])])\n"
        "    def made(): ...\n"
        "    return made\n"
        "raws = [simple(t) for t in TABLES]\n"
        "single = simple(table='c')\n"
        "for t in TABLES:\n"
        "    @asset(name=t + '_daily', deps=[f'raw_{t}'])\n"
        "    def daily(): ...\n",
        b="from a import build\nassets = [build(t) for t in load()]\n",
    )
    assert keys(found) == ["raw_a", "raw_b", "raw_c", "a_daily", "b_daily", "?"]
    assert before(found, "a_daily") == {"raw_a"}
    assert node(found, "made").many
    assert not node(found, "made").all_needs


def test_what_the_code_does_not_show_is_said(tmp_path: Path) -> None:
    found = graph(
        tmp_path,
        a="from dagster_dbt import dbt_assets\n"
        "@asset(deps=load())\ndef unread(): ...\n"
        "@asset(**options())\ndef spread(): ...\n"
        "@dbt_assets(manifest='m.json')\ndef models(context, dbt): ...\n"
        "@asset\ndef raw(): ...\n@asset(deps=['model'])\ndef report(): ...\n",
    )
    assert {n.name for n in found.nodes if not n.all_needs} == {"unread", "spread", "models"}
    assert {n.name for n in found.nodes if not n.all_keys} == {"spread", "models"}
    assert found.ordered(node(found, "raw"), node(found, "report")) is None
    assert found.ordered(node(found, "raw"), node(found, "unread")) is None


def test_the_nearest_of_several_copies_is_meant(tmp_path: Path) -> None:
    for lesson in ("one", "two"):
        (tmp_path / lesson).mkdir()
        (tmp_path / lesson / "assets.py").write_text(
            "from dagster import asset\n@asset\ndef trips(): ...\n@asset\ndef report(trips): ...\n", encoding="utf-8"
        )
    found = AssetGraph(Project(tmp_path), str(tmp_path))
    for each in found.nodes:
        for parent in found.parents(each):
            assert parent.place.module is each.place.module
