"""The generated tables hold what actual calls on each supported version gave."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from asset_lint.config.targets import DAGSTER
from asset_lint.model import knowledge
from asset_lint.model.knowledge import ResultKind

TO_1_2 = ("1.0", "1.2")
TO_1_4 = (*TO_1_2, "1.4")
TO_1_5 = (*TO_1_4, "1.5")
FROM_1_4 = ("1.4", "1.5", "2.0")
ALL = knowledge.DUCKDB_VERSIONS

CONNECTION = {ResultKind.CONNECTION}
RELATION = {ResultKind.RELATION}
READER = {ResultKind.READER}
ARROW_TABLE = {ResultKind.ARROW_TABLE}
FRAME = {ResultKind.FRAME_PANDAS}
POLARS = {ResultKind.FRAME_POLARS}
NONE = {ResultKind.NONE}
REMOVED = {ResultKind.REMOVED}
ABSENT = {ResultKind.ABSENT}

# (receiver, methods, versions, kinds): observed by calling them.
OBSERVED = [
    (
        "connection",
        "execute executemany begin commit rollback register unregister append cursor duplicate",
        ALL,
        CONNECTION,
    ),
    (
        "connection",
        "sql query from_query table view values from_df from_arrow read_csv read_json read_parquet table_function",
        ALL,
        RELATION,
    ),
    ("connection", "df fetchdf fetch_df fetch_df_chunk", ALL, FRAME),
    ("connection", "fetchall fetchmany", ALL, {ResultKind.ROWS}),
    ("connection", "fetchone", ALL, {ResultKind.ROW}),
    ("connection", "fetchnumpy", ALL, {ResultKind.NUMPY}),
    ("connection", "close", ALL, NONE),
    ("connection", "pl", TO_1_5, POLARS),
    ("connection", "arrow", TO_1_2, ARROW_TABLE),
    ("connection", "arrow", ("1.4", "1.5"), READER),
    ("connection", "fetch_arrow_table", TO_1_5, ARROW_TABLE),
    ("connection", "fetch_record_batch", TO_1_5, READER),
    ("connection", "pl arrow fetch_arrow_table fetch_record_batch", ("2.0",), REMOVED),
    ("connection", "to_arrow_table to_arrow_reader", TO_1_4, ABSENT),
    ("connection", "to_arrow_table", ("1.5", "2.0"), ARROW_TABLE),
    ("connection", "to_arrow_reader", ("1.5", "2.0"), READER),
    ("connection", "complete abort", ("2.0",), NONE),
    ("connection", "appender", ("2.0",), {ResultKind.APPENDER}),
    ("connection", "extract_statements", ALL, {ResultKind.STATEMENT}),
    ("relation", "arrow", TO_1_2, ARROW_TABLE),
    ("relation", "arrow", FROM_1_4, READER),
    ("relation", "to_arrow_table fetch_arrow_table", ALL, ARROW_TABLE),
    ("relation", "fetch_arrow_reader", ALL, READER),
    ("relation", "fetch_record_batch", TO_1_2, ABSENT),
    ("relation", "fetch_record_batch", FROM_1_4, READER),
    ("relation", "record_batch", TO_1_4, READER),
    ("relation", "record_batch", ("1.5", "2.0"), REMOVED),
    ("relation", "df to_df fetchdf", ALL, FRAME),
    ("relation", "fetchall", ALL, {ResultKind.ROWS}),
    ("relation", "fetchnumpy", ALL, {ResultKind.NUMPY}),
    ("relation", "pl", ALL, POLARS),
    ("relation", "fetchone", TO_1_5, {ResultKind.ROW}),
    ("relation", "fetchmany", TO_1_5, {ResultKind.ROWS}),
    ("relation", "execute", TO_1_5, RELATION),
    ("relation", "fetch_df_chunk", TO_1_5, FRAME),
    ("relation", "fetchone fetchmany execute fetch_df_chunk", ("2.0",), REMOVED),
    (
        "relation",
        "create insert_into to_table write_csv write_parquet to_csv to_parquet insert close show",
        ALL,
        NONE,
    ),
    ("relation", "update", ("1.2", *FROM_1_4), NONE),
    ("relation", "create_view to_view filter project select limit order join count sum max describe", ALL, RELATION),
    ("relation", "to_dicts", ("2.0",), {ResultKind.DICTS}),
    ("relation", "iter_rows", ("2.0",), {ResultKind.ITERATOR}),
    ("relation", "materialize head pivot", ("2.0",), RELATION),
    ("relation", "group_by", ("2.0",), {ResultKind.GROUPED}),
    ("grouped", "agg", ("2.0",), RELATION),
    ("module", "connect cursor execute", ALL, CONNECTION),
    ("module", "sql query read_csv read_parquet read_json from_df", ALL, RELATION),
    ("module", "arrow", TO_1_2, ARROW_TABLE),
    ("module", "df fetchdf", ALL, FRAME),
    ("module", "pl", ("2.0",), REMOVED),
]


@pytest.mark.parametrize(
    ("receiver", "method", "version", "kinds"),
    [
        pytest.param(receiver, method, version, kinds, id=f"{receiver}.{method}-{version}")
        for receiver, methods, versions, kinds in OBSERVED
        for method in methods.split()
        for version in versions
    ],
)
def test_a_call_gives_what_it_was_seen_to_give(
    receiver: knowledge.Receiver, method: str, version: str, kinds: set[ResultKind]
) -> None:
    assert knowledge.duckdb_result(receiver, method, (version,)) == kinds


def test_several_target_versions_give_the_union() -> None:
    assert knowledge.duckdb_result("connection", "arrow", ("1.2", "1.5", "2.0")) == ARROW_TABLE | READER | REMOVED
    assert knowledge.duckdb_result("connection", "arrow") == ARROW_TABLE | READER | REMOVED


def test_a_statement_without_rows_gives_no_relation_before_2_0() -> None:
    for receiver in ("connection", "module"):
        assert knowledge.duckdb_result(receiver, "sql", ("1.5",), rows=False) == NONE
        assert knowledge.duckdb_result(receiver, "sql", ("2.0",), rows=False) == RELATION
    assert knowledge.duckdb_result("connection", "execute", ("1.5",), rows=False) == CONNECTION


def test_pl_of_a_relation_can_be_lazy_from_1_4_on() -> None:
    assert knowledge.duckdb_result("relation", "pl", ("1.2",), lazy=True) == {ResultKind.ABSENT}
    assert knowledge.duckdb_result("relation", "pl", FROM_1_4, lazy=True) == {ResultKind.LAZY_POLARS}


def test_a_frame_handed_to_the_module_becomes_a_relation() -> None:
    assert knowledge.duckdb_result("module", "df", given=True) == RELATION
    assert knowledge.duckdb_result("module", "arrow", ALL, given=True) == RELATION


def test_types_are_not_plain_values() -> None:
    assert knowledge.duckdb_attribute("relation", "types") == {ResultKind.TYPE}
    assert knowledge.duckdb_attribute("connection", "description", ("1.5",)) == {ResultKind.TYPE}
    assert knowledge.duckdb_attribute("relation", "columns") == {ResultKind.PLAIN}
    assert knowledge.duckdb_result("relation", "columns", ("1.5",)) == ABSENT


def test_no_result_is_left_unknown() -> None:
    receivers: tuple[knowledge.Receiver, ...] = ("module", "connection", "relation", "grouped")
    unknown = [
        f"{receiver}.{method}"
        for receiver in receivers
        for method in knowledge.duckdb_methods(receiver)
        if ResultKind.UNKNOWN in knowledge.duckdb_result(receiver, method)
    ]
    assert unknown == []


def test_only_connect_cursor_and_duplicate_open() -> None:
    opening = {name for name in knowledge.duckdb_methods("module") if knowledge.duckdb_opens("module", name)}
    assert opening == {"connect", "cursor", "duplicate"}
    opening = {name for name in knowledge.duckdb_methods("connection") if knowledge.duckdb_opens("connection", name)}
    assert opening == {"cursor", "duplicate"}


def test_execute_gives_the_connection_itself() -> None:
    assert knowledge.duckdb_gives_itself("connection", "execute")
    assert not knowledge.duckdb_gives_itself("connection", "cursor")
    assert not knowledge.duckdb_gives_itself("connection", "sql")
    assert not knowledge.duckdb_gives_itself("relation", "execute")


def test_the_modules_functions_use_the_default_connection() -> None:
    for name in ("sql", "execute", "query", "read_csv", "read_parquet", "from_df", "cursor", "fetchall", "arrow"):
        assert knowledge.duckdb_uses_default_connection(name), name
    for name in ("connect", "tokenize", "default_connection", "ColumnExpression"):
        assert not knowledge.duckdb_uses_default_connection(name), name


def test_the_exceptions_form_one_tree() -> None:
    tree = knowledge.duckdb_exceptions()
    assert tree["CatalogException"] == "ProgrammingError"
    assert tree["IOException"] == tree["ConnectionException"] == "OperationalError"
    assert tree["ProgrammingError"] == tree["OperationalError"] == "DatabaseError"
    assert tree["DatabaseError"] == "Error"
    assert tree["Error"] == "Exception"
    assert set(tree.values()) <= {*tree, "Exception"}


def test_names_come_and_go_between_versions() -> None:
    assert {"typing", "functional", "duckdb"} <= knowledge.duckdb_names("1.2")
    assert "duckdb" not in knowledge.duckdb_names("1.4")
    assert "typing" not in knowledge.duckdb_names("1.5")
    assert "DatabaseError" not in knowledge.duckdb_names("1.2")
    assert "ResourceInUseException" not in knowledge.duckdb_names("1.5")
    assert "ResourceInUseException" in knowledge.duckdb_names("2.0")
    for version in ALL:
        assert {"connect", "Error", "DuckDBPyRelation", "DuckDBPyConnection"} <= knowledge.duckdb_names(version)


@pytest.mark.parametrize(
    ("version", "table"),
    [("1.0.0", "1.0"), ("1.1.3", "1.0"), ("1.3.2", "1.2"), ("1.5", "1.5"), ("2.1.0", "2.0"), ("0.9.2", "1.0")],
)
def test_any_version_is_described_by_the_newest_table_before_it(version: str, table: str) -> None:
    assert knowledge.duckdb_version(version) == table


def test_dagster_1_13_is_newer_than_1_9() -> None:
    assert knowledge.dagster_version("1.13.27") == "1.13"
    assert knowledge.dagster_version("1.12.22") == "1.9"
    assert knowledge.dagster_version("1.5") == "1.9"


def test_decorators_that_define_computations() -> None:
    decorators = knowledge.dagster_decorators()
    assert {name for name, role in decorators.items() if role == "compute"} == {
        "asset",
        "asset_check",
        "multi_asset",
        "multi_asset_check",
        "multi_observable_source_asset",
        "observable_source_asset",
        "op",
    }
    assert {name for name, role in decorators.items() if role == "compose"} == {
        "graph",
        "graph_asset",
        "graph_multi_asset",
        "job",
    }
    assert decorators["sensor"] == decorators["resource"] == "define"


def test_context_members_by_version() -> None:
    assert "add_asset_metadata" in knowledge.context_members("AssetExecutionContext", "1.13")
    assert "add_asset_metadata" not in knowledge.context_members("AssetExecutionContext", "1.9")
    assert "add_asset_metadata" not in knowledge.context_members("OpExecutionContext", "1.13")
    assert "load_asset_value" in knowledge.context_members("AssetExecutionContext", "1.13")
    assert "load_asset_value" not in knowledge.context_members("AssetExecutionContext", "1.9")
    for name in ("AssetExecutionContext", "OpExecutionContext", "AssetCheckExecutionContext"):
        for version in knowledge.DAGSTER_VERSIONS:
            assert {"log", "resources"} <= knowledge.context_members(name, version)
    assert knowledge.context_members("SparkContext", "1.13") == frozenset()
    assert "IAttachDifferentObjectToOpContext" not in knowledge.context_classes()


def test_a_private_home_leads_to_the_public_name() -> None:
    home = "dagster._core.execution.context.compute.AssetExecutionContext"
    assert knowledge.dagster_public_name(home) == "AssetExecutionContext"
    assert knowledge.dagster_public_name("dagster.asset") == "asset"
    assert knowledge.dagster_public_name("dagster.no_such_name") is None
    assert knowledge.dagster_public_name("duckdb.connect") is None


def test_public_names_of_dagster_by_version() -> None:
    assert {"asset", "AssetExecutionContext", "MaterializeResult"} <= knowledge.dagster_names("1.9")
    assert "build_asset_check_context" in knowledge.dagster_names("1.13") - knowledge.dagster_names("1.9")


def test_every_cell_of_the_tables_can_be_read() -> None:
    receivers: tuple[knowledge.Receiver, ...] = ("module", "connection", "relation", "grouped")
    table = json.loads((Path(knowledge.__file__).parent / "duckdb.json").read_text(encoding="utf-8"))
    assert tuple(table["wheels"]) == knowledge.DUCKDB_VERSIONS
    for receiver in receivers:
        for method in table["results"][receiver]:
            assert knowledge.duckdb_result(receiver, method)
            assert knowledge.duckdb_result(receiver, method, lazy=True)
            assert knowledge.duckdb_result(receiver, method, rows=False)
        for name in table["attributes"][receiver]:
            assert knowledge.duckdb_attribute(receiver, name)
    dagster = json.loads((Path(knowledge.__file__).parent / "dagster.json").read_text(encoding="utf-8"))
    assert tuple(dagster["wheels"]) == knowledge.DAGSTER_VERSIONS


@pytest.mark.parametrize(
    ("targets", "since", "until", "words"),
    [
        (None, "1.5", "", ""),
        (None, "1.7", "", "on Dagster 1.7 and later"),
        (None, "1.5", "1.9", "before Dagster 1.9"),
        (("1.9", "1.13"), "1.7", "", ""),
        (("1.5",), "1.7", "", None),
        (("1.13",), "1.5", "1.9", None),
    ],
)
def test_on_which_of_the_targets_something_holds(
    targets: tuple[str, ...] | None, since: str, until: str, words: str | None
) -> None:
    assert knowledge.dagster_holds(targets, since=since, until=until) == words


def test_targets_are_said_in_the_versions_that_changed_something() -> None:
    assert knowledge.DAGSTER_CHANGES == tuple(".".join(map(str, version)) for version in DAGSTER)
