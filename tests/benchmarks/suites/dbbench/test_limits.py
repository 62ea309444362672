"""A policy's SQL in DB-Bench cannot make values or tables without end."""

from __future__ import annotations

import pytest

from outlay.benchmarks.suites.dbbench.table import LONGEST_VALUE, Table
from outlay.ledger.errors import ToolError

DATA = {"table_name": "t", "table_info": {"columns": [{"name": "a"}], "rows": [["x"]]}}


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT randomblob(1000000000)",
        "SELECT zeroblob(1000000000)",
        "SELECT hex(randomblob(400000000))",
        "SELECT replace(hex(zeroblob(40000)), '0', hex(zeroblob(40000)))",
        "SELECT group_concat(hex(zeroblob(40000))) FROM (WITH RECURSIVE n(i) AS "
        "(SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 100) SELECT i FROM n)",
        f"INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
        f"SELECT zeroblob({LONGEST_VALUE - 1000}) FROM n",
    ],
)
def test_nothing_grows_without_end(statement: str) -> None:
    table = Table(DATA)
    with pytest.raises(ToolError):
        table.execute(statement)
    assert table.execute("SELECT a FROM t") == [("x",)]
