"""The table in memory: its statements, its hash, and what is not allowed."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.benchmarks.suites.dbbench import Table
from outlay.ledger.errors import ToolError

Rows = list[list[Any]]


def made(rows: Rows, name: str = "my table") -> Table:
    columns = [{"name": name, "type": "TEXT"} for name in ("", 'Height\\n "ft"')]
    return Table({"table_name": name, "table_info": {"columns": columns, "rows": rows}})


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2)).flatmap(st.permutations))
def test_the_hash_does_not_depend_on_the_order_of_the_rows(rows: Rows) -> None:
    assert made(rows).digest() == made(sorted(rows)).digest()


def md5(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


def test_the_hash_is_the_official_one() -> None:
    assert made([["b", 2], ["a", "1"]]).digest() == md5(
        ",".join(sorted((md5("a,1")[:5], md5("b,2")[:5])))
    )
    assert made([["a", None]]).digest() == md5(md5("a")[:5])
    assert made([]).digest() == md5("")


def test_an_edit_changes_the_hash_and_undoing_it_brings_it_back() -> None:
    table = made([["a", "1"], ["b", "2"]])
    before = table.digest()
    table.execute("UPDATE `my table` SET `` = 'c' WHERE `` = 'b'")
    assert table.digest() != before
    assert table.execute("SELECT ``, count(*) FROM `my table` WHERE `` = 'c'") == [("c", 1)]
    table.execute("UPDATE `my table` SET `` = 'b' WHERE `` = 'c'")
    assert table.digest() == before


def test_a_dropped_table_has_the_hash_of_nothing() -> None:
    table = made([["a", "1"]])
    table.execute("DROP TABLE `my table`")
    assert table.digest() == made([]).digest()


def test_numbers_become_texts() -> None:
    table = made([])
    table.execute("INSERT INTO `my table` VALUES (1, 2.5)")
    assert table.execute("SELECT * FROM `my table`") == [("1", "2.5")]


def test_what_leaves_the_table_or_never_ends_is_refused(tmp_path: Path) -> None:
    table, path = made([["a", "1"]]), tmp_path / "x.db"
    endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c)"
    for statement in (
        f"ATTACH '{path}' AS other",
        f"VACUUM INTO '{path}'",
        "PRAGMA writable_schema = 1",
        "SELECT load_extension('x')",
        "SELECT 1; SELECT 2",
        "SELEC 1",
        f"{endless} SELECT count(*) FROM c",
    ):
        with pytest.raises(ToolError):
            table.execute(statement)
    assert not path.exists()
    assert table.execute("SELECT 1") == [(1,)]
