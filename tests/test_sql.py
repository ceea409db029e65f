"""What SQL means: whether a result can be empty, which tables a statement reads, makes and changes."""

from __future__ import annotations

import pytest

from asset_lint.model.sql import Statement, Table, statements_of
from asset_lint.model.texts import plain

ALWAYS_A_ROW = """\
select count(*) from t
select max(a), min(b) from (select * from t group by 1)
select coalesce(max(a), 0) from t where b
select round(avg(a), 2) from t limit 1
select sum(a) filter (where b) from t
select case when count(*) > 0 then 1 else 0 end from t
select 1
select exists(select 1 from t)
select (select a from t) as x
with a as (select count(*) c from t) select c from a
values (1)
select count(*) from t union all select 1
insert into t select * from u
create table t as select 1
copy t to 'x.csv'
describe t
pragma database_size
select current_setting('threads')
select count(*) from a join b using (c)""".splitlines()

PERHAPS_NO_ROW = """\
select a from t
from t
select count(*) from t group by a
select count(*) from t having count(*) > 1
select count(*) from t limit 0
select count(*) from t offset 1
select count(*) over () from t
select a from t order by a limit 1
select 1 where false
select a, count(*) from t group by all
with a as (select count(*) c from t) select c from a where c > 1
select * from read_csv('a.csv')""".splitlines()

UNCLEAR = """\
select hole_0_ from t
select a from t hole_0_
select my_macro(a) from t
select unnest([1, 2])
show tables
call something()
selec nonsense from""".splitlines()


@pytest.mark.parametrize("sql", ALWAYS_A_ROW)
def test_a_result_that_always_has_a_row(sql: str) -> None:
    assert Statement(sql).can_be_empty is False


@pytest.mark.parametrize("sql", PERHAPS_NO_ROW)
def test_a_result_that_may_have_none(sql: str) -> None:
    assert Statement(sql).can_be_empty is True


@pytest.mark.parametrize("sql", UNCLEAR)
def test_what_cannot_be_told_is_not_told(sql: str) -> None:
    assert Statement(sql).can_be_empty is None


def names(tables: tuple[Table, ...]) -> list[str]:
    return [str(table) for table in tables]


def test_a_query_reads_tables_but_neither_files_nor_its_own_names() -> None:
    statement = Statement("""create or replace table s.t as with c as (from x)
        select * from c, u join main.v using (a), 'f/a.csv', read_parquet('y'), u.items, information_schema.tables""")
    assert sorted(names(statement.reads)) == ["information_schema.tables", "main.v", "u", "x"]
    assert names(statement.makes) == ["s.t"]
    assert statement.files == ("f/a.csv",)
    assert statement.replaces
    assert [t.is_catalogue for t in statement.reads].count(True) == 1


@pytest.mark.parametrize(
    ("sql", "reads", "writes"),
    [
        ("copy t from 'a.csv'", [], ["t"]),
        ("copy t to 'a.csv'", ["t"], []),
        ("delete from t where a in (select b from u)", ["u"], ["t"]),
        ("with a as (select 1) insert into t select * from a", [], ["t"]),
        ("insert into t (a) select * from df", ["df"], ["t"]),
        ("update t set a = 1 from u", ["u"], ["t"]),
        ("truncate t", [], ["t"]),
        ("drop table if exists t", [], []),
    ],
)
def test_a_statement_changes_tables(sql: str, reads: list[str], writes: list[str]) -> None:
    statement = Statement(sql)
    assert names(statement.reads) == reads
    assert names(statement.writes) == writes
    assert statement.is_read_only is (sql.startswith("copy t to"))


def test_a_text_is_cut_at_its_semicolons_alone() -> None:
    text = "select ';' -- ; not here\n; /* ; */ insert into \"a;b\" values ($$;$$);  \n-- the end"
    assert [s.keyword for s in statements_of(plain(text))] == ["SELECT", "INSERT"]
    assert [s.last for s in statements_of(plain(text))] == [False, True]


def test_a_keyword_stands_behind_comments_and_brackets() -> None:
    assert Statement("-- why\n /* how */ (select 1)").keyword == "SELECT"
    assert Statement("hole_0_ from t").keyword == ""


def test_names_fit_where_parts_are_unknown_or_left_out() -> None:
    assert Table("t", "s").may_be(Table("t"))
    assert Table("raw_hole_0_").may_be(Table("raw_2024"))
    assert not Table("t", "a").may_be(Table("t", "b"))
