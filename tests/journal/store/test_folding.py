"""Calls put together from their events, whatever load they come with."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from outlay.journal.store import views
from outlay.journal.store.store import Store

from ..conftest import HandWrittenJournal, one, small_run

FOLDED = [name for name in views.NAMES if name != "events"]


def contents(store: Store) -> dict[str, list[str]]:
    """Returns the rows of every view but `events`, in an order of their own."""
    with store.reading() as database:
        return {name: sorted(map(str, database.sql(f"from {name}").fetchall())) for name in FOLDED}


ends = st.sampled_from(["settle", "release", "unknown"])
written = st.tuples(
    st.sampled_from(["j1", "j2"]),
    st.sampled_from(["r1", "r2"]),
    st.sampled_from(["a", "b"]),
    st.one_of(st.just("hold"), ends),
    st.sampled_from([None, "0.25", "0.000000000001"]),
)


@given(events=st.lists(written, min_size=1, max_size=14), stops=st.sets(st.integers(1, 13)))
@settings(max_examples=6, deadline=None)
def test_several_loads_come_to_what_one_does(tmp_path_factory, events, stops):
    home: Path = tmp_path_factory.mktemp("home")
    books = {name: HandWrittenJournal(home, name) for name in ("j1", "j2")}
    store = Store(home)
    for number, (journal, run, hold, kind, usd) in enumerate(events):
        books[journal]._seqs[run] = number
        if kind == "hold":
            books[journal].hold(run, hold, usd)
        else:
            books[journal].write(run, kind, f"0/{hold}", hold=hold, usd=usd, output=number)
        if number in stops:
            store.load()
    in_parts = contents(store)
    store.path.unlink()
    assert contents(store) == in_parts


def test_a_call_that_ends_in_a_later_load_is_completed(book, store):
    book.start("r1")
    book.hold("r1", "a", "0.5")
    assert one(store, "select state, usd from calls") == {"state": "open", "usd": Decimal("0.5")}
    book.settle("r1", "a", "0.125", input=7, output=2)
    call = one(store, "select state, usd, usd_held, input_tokens from calls")
    assert call == {
        "state": "settled", "usd": Decimal("0.125"), "usd_held": Decimal("0.5"), "input_tokens": 7,
    }  # fmt: skip


def test_a_bill_in_another_journal_may_be_loaded_before_its_hold(book, home, store):
    HandWrittenJournal(home, "j0").settle("r1", "a", "0.125")
    assert one(store, "select usd, usd_held from calls")["usd_held"] is None
    book.hold("r1", "a", "0.5")
    assert one(store, "select usd, usd_held, name from calls") == {
        "usd": Decimal("0.125"), "usd_held": Decimal("0.5"), "name": "m",
    }  # fmt: skip


def test_a_tool_call_counts_as_many_units_as_it_asked_for(book, store):
    book.start("r1")
    book.hold("r1", "a", "0.003", "tool", calls=3)
    book.hold("r1", "b", "0.001", "tool")
    book.hold("r1", "c", "0.005", "tool", calls=5)
    book.write("r1", "release", hold="c", why="refused")
    assert store.query("select calls from tool_calls order by seq").rows == [(3,), (1,), (5,)]
    assert one(store, "select tool_calls, usd from runs") == {
        "tool_calls": 4, "usd": Decimal("0.004"),
    }  # fmt: skip


def test_what_a_policy_is_told_of_an_unknown_outcome_is_an_observation(book, store):
    book.hold("r1", "a", "0.003", "tool")
    book.write("r1", "unknown", hold="a", why="killed", observation={"text": "nobody knows"})
    assert one(store, "select observation from tool_calls") == {"observation": "nobody knows"}


def test_a_lease_is_no_spending_of_a_run(book, store):
    small_run(book)
    book.write("", "hold", hold="lease:1", call="lease", name="1", usd="3")
    assert one(store, "select count(*) as n, sum(usd) as usd from unified_cost") == {
        "n": 1, "usd": Decimal("0.025000000001"),
    }  # fmt: skip
    assert one(store, "select sum(usd) as usd from spend")["usd"] == Decimal("0.025000000001")


OLD = """
create table meta (format integer not null, views varchar not null);
insert into meta values (1, 'old');
create table journals (name varchar not null, format integer not null, bytes bigint not null,
    lines bigint not null, corrupt bigint not null);
create table records (journal varchar, id varchar, run varchar, seq bigint, t double, "at" double,
    kind varchar, "key" varchar, hold varchar, usd decimal(28, 12), line json);
create view runs as select run from records;
"""


def old_store(path: Path, journals: list[Path]) -> None:
    """Makes a store of format 1 that has loaded the journals."""
    with duckdb.connect(str(path)) as database:
        database.execute(OLD)
        for journal in journals:
            lines = journal.read_bytes().splitlines()
            loaded = [journal.stem, 1, journal.stat().st_size, len(lines), 0]
            database.execute("insert into journals values (?, ?, ?, ?, ?)", loaded)
            for line in lines:
                event: dict[str, Any] = orjson.loads(line)
                common = ("id", "run", "seq", "t", "at", "kind", "key")
                values = [journal.stem, *(event[name] for name in common), event.get("hold")]
                database.execute(
                    "insert into records values (?, ?, ?, ?, ?, ?, ?, ?, ?, null, ?)",
                    [*values, line.decode()],
                )


def test_a_store_of_an_older_format_is_made_anew_with_all_that_it_has(book, home, store):
    small_run(book)
    small_run(gone := HandWrittenJournal(home, "j2"), "r2")
    store.load()
    expected = contents(store)
    store.path.unlink()
    old_store(store.path, [book.path, gone.path])
    gone.path.unlink()
    assert store.load().events == 0
    assert contents(store) == expected
    book.write("r1", "value", value=1)
    assert store.load().events == 1
