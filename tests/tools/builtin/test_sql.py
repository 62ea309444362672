from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from outlay.journal.records import Observation, ToolCall
from outlay.ledger.errors import UsageError
from outlay.tools import Tool, ToolContext
from outlay.tools.builtin.sql import sql

SECRET = "the secret is out"

ESCAPES = [
    "SELECT * FROM read_csv('{secret}')",
    "SELECT * FROM '{secret}'",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_blob('/proc/self/environ')",
    "SELECT * FROM read_json('/etc/passwd')",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM sniff_csv('{secret}')",
    "SELECT * FROM parquet_metadata('/etc/passwd')",
    "SELECT * FROM read_csv('{data}/../secret.csv')",
    "SELECT * FROM 'https://example.com/a.parquet'",
    "SELECT * FROM read_csv('http://127.0.0.1:1/a.csv')",
    "SELECT * FROM query('FROM read_text(''/etc/passwd'')')",
    "SELECT * FROM duckdb_secrets()",
    "SELECT getenv('HOME')",
    "WITH x AS (SELECT * FROM read_text('/etc/passwd')) SELECT * FROM x",
    "COPY sales TO '{data}/sales.csv'",
    "COPY sales TO '{data}/new.csv'",
    "EXPLAIN ANALYZE COPY sales TO '{data}/new.csv'",
    "COPY (SELECT 1) TO '/dev/stdout'",
    "EXPORT DATABASE '{data}/out'",
    "IMPORT DATABASE '{data}/out'",
    "ATTACH '{data}/new.duckdb'",
    "DETACH shop",
    "INSTALL httpfs",
    "LOAD httpfs",
    "SET enable_external_access = true",
    "RESET lock_configuration",
    "PRAGMA enable_profiling",
    "CALL enable_logging()",
    "SELECT * FROM enable_logging()",
    "INSERT INTO shop.items VALUES (9, 'x')",
    "UPDATE shop.items SET id = 0",
    "DELETE FROM shop.items",
    "DROP TABLE shop.items",
    "CREATE TABLE t AS SELECT 1",
    "CREATE MACRO m() AS 1",
    "CREATE SECRET (TYPE s3)",
    "SELECT 1; COPY sales TO '{data}/new.csv'",
    "SELECT 1; SELECT 2",
    "BEGIN",
    "",
    "-- nothing",
    "SELEKT 1",
    "SELECT repeat('x', 4000000000)",
    "SELECT range(100000000)",
]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    outer = tmp_path_factory.mktemp("outer")
    (outer / "secret.csv").write_text(f"secret\n{SECRET}\n")
    data = outer / "data"
    data.mkdir()
    (data / "sales.csv").write_text("id,town,eur\n1,Torvane,2.5\n2,Odra,\n")
    (data / "notes.txt").write_text("no table")
    with duckdb.connect(str(data / "shop.duckdb")) as connection:
        connection.execute("CREATE TABLE items AS SELECT range AS id, 'x' AS name FROM range(3)")
        connection.execute("CREATE SCHEMA old; CREATE TABLE old.items (id INT)")
        connection.execute(f"COPY items TO '{data / 'a-b.parquet'}'")
    return data


@pytest.fixture(scope="module")
def subject(data: Path) -> Tool:
    return sql(data, rows=5, memory=64 * 1024 * 1024)


async def call(subject: Tool, context: ToolContext, query: str) -> Observation:
    return await subject.run(ToolCall("1", "sql", json.dumps({"query": query})), context)


def test_the_policy_is_told_the_tables(subject: Tool) -> None:
    told = subject.spec.description
    for table in (
        "sales(id BIGINT, town VARCHAR, eur DOUBLE)",
        "a_b(id BIGINT, name VARCHAR)",
        "shop.items(id BIGINT, name VARCHAR)",
        "shop.old.items(id INTEGER)",
    ):
        assert table in told


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ("SELECT * FROM sales ORDER BY id DESC", "id,town,eur\n2,Odra,NULL\n1,Torvane,2.5"),
        ("SELECT count(*) AS n FROM a_b JOIN shop.items USING (id);", "n\n3"),
        ("SELECT 'a,b' AS \"x y\", [1, 2] AS l", 'x y,l\n"a,b","[1, 2]"'),
        ("SELECT * FROM sales WHERE false", "id,town,eur\n(no rows)"),
    ],
)
async def test_it_answers_as_csv(
    query: str, seen: str, subject: Tool, context: ToolContext
) -> None:
    assert (await call(subject, context, query)).text == seen


async def test_long_results_are_cut_by_rows_and_values(subject: Tool, context: ToolContext) -> None:
    seen = await call(subject, context, "SELECT repeat('x', 1000) FROM range(1_000_000)")
    lines = seen.text.splitlines()
    assert len(lines) == 7
    assert lines[1] == "x" * 500 + "…"
    assert lines[-1] == "[only the first 5 rows are shown; use LIMIT, WHERE or sums]"


@pytest.mark.parametrize("query", ESCAPES)
async def test_nothing_but_the_tables_can_be_reached(
    query: str, data: Path, subject: Tool, context: ToolContext
) -> None:
    before = {path: path.read_bytes() for path in data.iterdir()}
    seen = await call(
        subject,
        context,
        query.replace("{data}", str(data)).replace("{secret}", str(data.parent / "secret.csv")),
    )
    assert seen.error
    assert seen.text.startswith("Error: ")
    assert SECRET not in seen.text
    assert "root:" not in seen.text
    assert {path: path.read_bytes() for path in data.iterdir()} == before


async def test_a_query_without_end_is_ended(data: Path, context: ToolContext) -> None:
    subject = sql(data / "sales.csv", timeout=3)
    seen = await call(subject, context, "SELECT count(*) FROM range(100_000_000_000_000)")
    assert seen.text == "Error: the query was ended after 3 seconds"
    assert (await call(subject, context, "SELECT count(*) AS n FROM sales")).text == "n\n2"


async def test_names_and_files_are_taken_literally(tmp_path: Path, context: ToolContext) -> None:
    path = tmp_path / "it's; DROP TABLE x --.csv"
    path.write_text('"a ""b"" Args:",c\n1,2\n')
    subject = sql([path])
    assert "it_s__DROP_TABLE_x___(" in subject.spec.description
    assert (await call(subject, context, "FROM it_s__DROP_TABLE_x___")).text.endswith("\n1,2")


def test_wrong_files_say_how_to_mend_it(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    (tmp_path / "x").mkdir()
    for name in ("a.csv", "x/a.csv", "[b].csv"):
        (tmp_path / name).write_text("n\n1\n")
    (tmp_path / "broken.duckdb").write_text("x" * 10_000)
    for paths, said in [
        ([tmp_path / "missing.csv"], "does not exist"),
        ([tmp_path / "a.txt"], "is no .csv .db .duckdb .parquet .tsv file"),
        ([tmp_path / "a.csv", tmp_path / "x" / "a.csv"], "the second 'a': rename"),
        ([tmp_path / "[b].csv"], "rename it"),
        ([tmp_path / "broken.duckdb"], "cannot open its files"),
        ([], "was given no file"),
    ]:
        with pytest.raises(UsageError, match=said):
            sql(paths)


def test_it_is_priced_and_reads_only(data: Path) -> None:
    subject = sql(data / "sales.csv", price="0.002")
    assert (subject.least_cost, subject.spec.read_only) == (Decimal("0.002"), True)
