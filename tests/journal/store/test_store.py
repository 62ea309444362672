"""The store: what the journals say, once, also with torn lines and other processes."""

from __future__ import annotations

import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import duckdb
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outlay.journal.events import Event
from outlay.journal.file_lock import locked
from outlay.journal.journal import Journal
from outlay.journal.store import journal_scan, views
from outlay.journal.store.store import Store
from outlay.ledger.errors import JournalError, UsageError

from ..conftest import HandWrittenJournal, one, small_run


def test_loading_twice_adds_nothing(book, store):
    small_run(book)
    assert store.load().events == 13
    assert store.load().events == 0
    book.write("r1", "value", value=1)
    assert store.load().events == 1
    assert one(store, "select count(*) as n from events") == {"n": 14}


def test_events_come_back_as_they_were_written(book, home, store):
    book.start("r1")
    written = [book.write("r1", "value", "k", at=0.25, value={"x": [1, None]}, extra="kept")]
    other = HandWrittenJournal(home, "j2")
    other._seqs["r1"] = 2
    written.append(other.write("r1", "withdrawn", name="search"))
    assert store.events("r1")[1:] == written
    assert store.events("nobody") == []


def test_runs_of_an_experiment_come_one_by_one(book, store):
    small_run(book, "r2")
    small_run(book, "r1")
    book.start("other", experiment="y")
    found = [events[0].run for events in store.events_of_experiment("x")]
    assert found == ["r2", "r1"]


def test_a_run_is_summed_up(book, store):
    small_run(book)
    expected = {
        "run": "r1", "task": "Who?", "task_id": "t1", "experiment": "x", "planner": "react",
        "memory": "full", "model": "m", "seed": 7, "repeat": 0, "parent": None,
        "status": "answered", "answer": "Navazi", "score": 0.5, "success": False, "seconds": 3.5,
        "usd": Decimal("0.025000000001"), "unpriced": 0, "model_calls": 3, "tool_calls": 1,
        "input_tokens": 15 + 100 + 100, "output_tokens": 24 + 50 + 50,
        "pruned": None,
    }  # fmt: skip
    assert one(store, f"select {', '.join(expected)} from runs") == expected


def test_a_run_that_was_resumed_after_its_end_has_no_status(book, store):
    small_run(book)
    book.write("r1", "run_resumed", mode="cumulative", add=None, branch=1, cut=2)
    assert one(store, "select status, usd from runs")["status"] is None
    assert one(store, "select usd from runs")["usd"] == Decimal("0.025000000001")


def test_a_run_without_calls_has_spent_nothing(book, store):
    book.start("r1")
    run = one(store, "select status, usd, model_calls from runs")
    assert run == {"status": None, "usd": 0, "model_calls": 0}


def test_calls_without_a_price_are_counted_not_guessed(book, store):
    book.start("r1")
    book.hold("r1", "a", None)
    book.settle("r1", "a", None, usd_by_class={}, input=1, output=1)
    book.hold("r1", "b", "0.5")
    assert one(store, "select usd, unpriced from runs") == {"usd": Decimal("0.5"), "unpriced": 1}


def test_each_try_of_a_policy_call_is_a_row(book, store):
    small_run(book)
    rows = store.query("select state, usd_held, usd, content from model_calls order by seq").rows
    assert rows == [
        ("settled", Decimal("0.010"), Decimal("0.004"), "hi"),
        ("unknown", Decimal("0.020"), Decimal("0.020"), None),
        ("released", Decimal("0.030"), Decimal(0), None),
        ("open", Decimal("1e-12"), Decimal("1e-12"), None),
    ]
    first = one(
        store, "select prompt, request, max_tokens, finish, price from model_calls where seq = 1"
    )
    assert first == {
        "prompt": "react@1", "request": "ab12", "max_tokens": 50, "finish": "stop",
        "price": "test",
    }  # fmt: skip


def test_each_try_of_a_tool_call_is_a_row(book, store):
    small_run(book)
    call = one(store, "select tool, state, arguments, observation, ok from tool_calls")
    assert call == {
        "tool": "search", "state": "settled", "arguments": '{"q": 1}', "observation": "found",
        "ok": True,
    }  # fmt: skip


def test_spend_names_where_the_money_went(book, store):
    small_run(book)
    rows = store.query("select kind, class, tokens, usd from spend order by usd, kind").rows
    assert rows == [
        ("model", "reasoning", 4, Decimal(0)),
        ("model", "cache_read", 5, Decimal("0.0005")),
        ("model", "input", 10, Decimal("0.001")),
        ("tool", "call", None, Decimal("0.001")),
        ("model", "output", 20, Decimal("0.0025")),
        ("model", "unsettled", 300, Decimal("0.020000000001")),
    ]


def test_unified_cost_is_tokens_plus_tools(book, store):
    small_run(book)
    assert one(store, "select * from unified_cost") == {
        "run": "r1", "token_usd": Decimal("0.024000000001"), "tool_usd": Decimal("0.001"),
        "usd": Decimal("0.025000000001"),
    }  # fmt: skip


def test_a_late_bill_replaces_the_hold(book, store):
    small_run(book)
    book.settle("r1", "c", "0.007", usd_by_class={"output": "0.007"}, input=0, output=9)
    call = one(store, "select state, usd, output from model_calls where key = '0/c'")
    assert call == {"state": "settled", "usd": Decimal("0.007"), "output": 9}


money = st.none() | st.decimals(0, 10, places=12).map(lambda usd: f"{usd:f}")
outcomes = st.lists(
    st.tuples(
        st.sampled_from(["r1", "r2"]),
        st.sampled_from(["model", "tool"]),
        money,
        st.sampled_from(["settle", "twice", "release", "unknown", "open"]),
        st.dictionaries(st.sampled_from(["input", "output", "call", "new"]), money, max_size=3),
    ),
    max_size=12,
)


@given(outcomes)
@settings(max_examples=15, deadline=None)
def test_spend_sums_to_the_run_to_the_last_digit(tmp_path_factory, calls):
    home = tmp_path_factory.mktemp("home")
    book = HandWrittenJournal(home)
    for number, (run, call, usd, outcome, parts) in enumerate(calls):
        hold = f"h{number}"
        book.hold(run, hold, usd, call)
        if outcome in ("settle", "twice"):
            book.settle(run, hold, usd, usd_by_class=parts, input=1)
        if outcome == "twice":
            book.settle(run, hold, "0.5", usd_by_class={"output": "0.25"})
        if outcome in ("release", "unknown"):
            book.write(run, outcome, hold=hold, why="")
    rows = (
        Store(home)
        .query(
            "select r.usd, c.usd, coalesce(s.usd, 0) from runs r "
            "left join (select run, sum(usd) as usd from spend group by run) s using (run) "
            "left join unified_cost c using (run)"
        )
        .rows
    )
    assert all(run == cost == spent for run, cost, spent in rows)


def test_a_torn_last_line_is_left_for_later_and_reported(book, store):
    small_run(book)
    line = orjson.dumps(Event("r1", 99, "value", body={"value": 1}, id="j1:99", t=1.0).to_dict())
    book.raw(line[:20])
    loaded = store.load()
    assert (loaded.events, loaded.torn) == (13, ("j1.jsonl",))
    assert loaded.problems == ["j1.jsonl: the last line is incomplete and was left out"]
    book.raw(line[20:] + b"\n")
    assert (store.load().events, store.load().torn) == (1, ())


def test_a_line_that_is_still_being_written_is_not_reported(book, store):
    small_run(book)
    book.raw(b'{"id":')
    with locked(book.path):
        assert store.load().torn == ()
    assert store.load().torn == ("j1.jsonl",)


@pytest.mark.parametrize(
    "line",
    [b"{bad", b"[1]", b'"text"', b"\x00\xff", b'{"id": "j1:1", "run": "r"}', b"", b'{"id": 3} {}'],
)
def test_a_corrupt_line_is_left_out_and_reported(book, store, line):
    book.start("r1")
    store.load()
    book.raw(line + b"\n")
    book.write("r1", "value", value=1)
    loaded = store.load()
    assert (loaded.events, loaded.corrupt) == (1, (("j1.jsonl", 3),))
    assert loaded.problems == ["j1.jsonl: line 3 is no event, it was left out"]
    assert one(store, "select lines, corrupt from journals") == {"lines": 4, "corrupt": 1}


def test_a_corrupt_first_line_does_not_cost_the_rest(book, home, store):
    path = home / "journals" / "j2.jsonl"
    path.write_bytes(b"?\n" + book.path.read_bytes())
    assert store.load().corrupt == (("j2.jsonl", 1),)
    assert one(store, "select count(*) as n from events") == {"n": 2}


def test_a_journal_of_a_newer_format_is_refused(home, store):
    HandWrittenJournal(home, format=3)
    with pytest.raises(JournalError, match=r"j1\.jsonl has format 3, .* update outlay"):
        store.load()


def test_a_store_of_a_newer_format_is_refused(book, store):
    store.load()
    with duckdb.connect(str(store.path)) as database:
        database.execute("update meta set format = 99")
    with pytest.raises(JournalError, match=r"has format 99, .* update outlay"):
        store.load()


def test_views_of_an_older_version_are_made_anew(book, store):
    store.load()
    with duckdb.connect(str(store.path)) as database:
        database.execute("create or replace view runs as select 1 as nothing")
        database.execute("update meta set views = 'old'")
    assert "usd" in store.query("select * from runs").columns


def test_a_journal_that_became_shorter_loses_nothing(book, store):
    small_run(book)
    store.load()
    book.path.write_bytes(book.path.read_bytes()[:200])
    loaded = store.load()
    assert (loaded.events, loaded.shorter) == (0, ("j1.jsonl",))
    assert one(store, "select count(*) as n from events") == {"n": 13}


def test_a_journal_larger_than_a_piece_is_loaded_in_several(book, store, monkeypatch):
    monkeypatch.setattr(journal_scan, "PIECE", 300)
    for number in range(50):
        book.write("r1", "value", value="x" * (number * 20))
    assert store.load().events == 51
    assert [event.seq for event in store.events("r1")] == list(range(50))


def test_a_very_long_line_is_loaded(book, store):
    book.write("r1", "value", value="x" * 40_000_000)
    assert store.load().events == 2


def test_a_folder_without_journals_has_no_runs_and_stays_as_it_is(home, store):
    assert store.query("select * from runs").rows == []
    assert store.load().events == 0
    assert not home.exists()


@pytest.mark.parametrize(
    "sql",
    [
        "delete from records", "drop view runs", "create table x (y int)",
        "update meta set format=2", "copy (select 1) to '{file}'", "attach '{file}' as x",
        "export database '{file}'", "explain analyze copy (select 1) to '{file}'",
        "select 1; copy (select 1) to '{file}'", "select 1; select 2", "-- nothing",
    ],
)  # fmt: skip
def test_a_users_statement_cannot_change_anything(book, store, sql, tmp_path):
    small_run(book)
    with pytest.raises(UsageError, match="the store is read-only: write one SELECT statement"):
        store.query(sql.format(file=tmp_path / "file"))
    assert not (tmp_path / "file").exists()
    assert one(store, "select count(*) as n from runs") == {"n": 1}


@pytest.mark.parametrize(
    "sql", ["from runs", "describe runs", "show tables", "pivot runs on status using count(*)"]
)
def test_every_statement_that_reads_is_answered(book, store, sql):
    small_run(book)
    assert store.query(sql).rows


@pytest.mark.parametrize("sql", ["selec 1", "select nope from runs", "select 1/'x'", "select ?"])
def test_a_wrong_statement_is_one_line(book, store, sql):
    with pytest.raises(UsageError) as caught:
        store.query(sql)
    assert "\n" not in str(caught.value)


def test_parameters_are_bound(store):
    assert one(store, "select ? as x, ? as y", 1, "a'b") == {"x": 1, "y": "a'b"}


def test_a_snapshot_is_a_copy(book, store, tmp_path):
    small_run(book)
    copy = tmp_path / "copy.duckdb"
    store.snapshot(copy)
    with duckdb.connect(str(copy), read_only=True) as database:
        assert store.load().events == 0
        assert database.execute("select count(*) from runs").fetchone() == (1,)


def test_a_snapshot_into_no_folder_is_one_sentence(book, store, tmp_path):
    with pytest.raises(JournalError, match=r"copy\.duckdb cannot be written: No such file"):
        store.snapshot(tmp_path / "none" / "copy.duckdb")


def test_forgetting_a_run_leaves_the_others(book, home, store):
    small_run(book, "r1")
    small_run(book, "r2")
    book.raw(b"a torn line of r1\n")
    assert store.forget("r1") == 12
    assert b"r1" not in book.path.read_bytes()
    assert one(store, "select run, usd from runs")["run"] == "r2"
    store.path.unlink()
    assert one(store, "select run from runs") == {"run": "r2"}
    assert len(store.events("r2")) == 12


def test_a_forgotten_run_is_taken_from_a_journal_that_was_moved_away(book, home, store):
    small_run(book, "r1")
    small_run(book, "r2")
    store.load()
    book.path.unlink()
    assert store.forget("r1") == 12
    assert len(store.events("r2")) == 12


def test_a_run_in_a_live_journal_is_not_forgotten(book, store):
    small_run(book)
    refused = pytest.raises(UsageError, match=r"j1\.jsonl is still written by a live process")
    with locked(book.path), refused:
        store.forget("r1")
    assert store.forget("r1") == 12


@pytest.mark.parametrize("made", [True, False])
def test_an_unknown_run_cannot_be_forgotten(home, store, made):
    if made:
        HandWrittenJournal(home)
    with pytest.raises(UsageError, match="there is no run 'r9'"):
        store.forget("r9")


def damage(how: str, path: Path) -> None:
    whole = path.read_bytes()
    if how == "garbage":
        path.write_bytes(b"no database at all" * 1000)
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "another":
        path.unlink()
        with duckdb.connect(str(path)) as other:
            other.execute("create table mine (a int)")
    elif how == "half":
        path.write_bytes(whole[: len(whole) // 2])
    else:
        start = int(how)
        path.write_bytes(whole[:start] + b"\xff" * 64 + whole[start + 64 :])


@pytest.mark.parametrize(
    "how", ["garbage", "empty", "another", "half", *map(str, range(0, 1_000_000, 33_333))]
)
def test_a_damaged_store_is_set_aside_and_made_again(how, book, store, caplog):
    book.start("r1")
    for n in range(200):
        book.hold("r1", f"h{n}", "1.00")
        book.settle("r1", f"h{n}", "0.25")
    ask = "select count(*), sum(usd), count(distinct body) from calls, events"
    whole = store.query(ask).rows, len(store.events("r1"))
    damage(how, store.path)
    again = Store(store.path.parent)
    assert (again.query(ask).rows, len(again.events("r1"))) == whole
    aside = list(store.path.parent.glob("*.damaged-*"))
    told = [record.getMessage() for record in caplog.records]
    assert len(aside) == len(told) == sum("the store was damaged" in text for text in told) <= 1
    assert aside or how.isdigit()


def test_a_store_that_another_program_holds_is_not_set_aside(book, store):
    book.start("r1")
    store.load()
    holder = (
        "import duckdb, sys; database = duckdb.connect(sys.argv[1]); print('open', flush=True); "
        "sys.stdin.read()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", holder, str(store.path)], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "open\n"
    with pytest.raises(JournalError, match="lock"):
        store.load()
    process.communicate()
    assert store.query("select count(*) from runs").rows == [(1,)]
    assert list(store.path.parent.glob("*.damaged-*")) == []


def test_a_store_that_is_in_use_is_waited_for(book, home):
    refused = pytest.raises(JournalError, match=r"locked by another process for 0\.1 s")
    with locked(home / "store.lock"), refused:
        Store(home, wait=0.1).load()


def test_a_folder_that_cannot_be_written_is_one_sentence(book, home, store):
    (home / "store.lock").mkdir()
    with pytest.raises(JournalError, match=r"store\.lock cannot be written"):
        store.load()


FULL = """
import resource, signal, sys
from pathlib import Path
from outlay.ledger.errors import JournalError
from outlay.journal.store.store import Store
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    Store(Path(sys.argv[1])).load()
except JournalError as error:
    print(error)
"""


@pytest.mark.parametrize("limit", [2_000, 20_000, 400_000])
def test_a_full_disk_is_one_sentence_and_loses_nothing(book, home, store, limit):
    for number in range(2000):
        book.write("r1", "value", value=f"{number}" * 50)
    command = [sys.executable, "-c", FULL, str(home), str(limit)]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    assert answer.stdout.count("\n") == 1
    assert "cannot be" in answer.stdout
    store.load()
    assert one(store, "select count(*) as n from events") == {"n": 2001}


WRITER = """
import sys
from pathlib import Path
from outlay.journal.events import Event
from outlay.journal.journal import Journal
from outlay.journal.store.store import Store
home = Path(sys.argv[1])
journal = Journal(home)
for seq in range(150):
    journal.append(Event(sys.argv[2], seq, "value", body={"value": "x" * seq}))
    if seq % 100 == 50:
        Store(home).load()
journal.close()
"""


def test_several_processes_write_load_and_ask_at_once(home, store):
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(home), f"r{number}"])
        for number in range(3)
    ]
    while any(writer.poll() is None for writer in writers):
        for _, events, last in store.query(
            "select run, count(*), max(seq) from events where run <> '' group by run"
        ).rows:
            assert events == last + 1
    assert [writer.returncode for writer in writers] == [0] * 3
    rows = store.query("select run, count(*) from events where run <> '' group by run").rows
    assert sorted(rows) == [(f"r{number}", 150) for number in range(3)]


def test_a_loader_that_is_killed_leaves_nothing_half_done(book, home, store):
    code = (
        "import os, sys; from pathlib import Path; from outlay.journal.store import store, tables\n"
        "tables.note = lambda *_: os.kill(os.getpid(), 9)\n"
        "store.Store(Path(sys.argv[1])).load()"
    )
    small_run(book)
    subprocess.run([sys.executable, "-c", code, str(home)], check=False)
    assert store.load().events == 13
    assert not (home / ".loading").exists()


def test_the_page_on_sql_is_made_from_the_views():
    page = Path(__file__).parents[3] / "docs" / "sql.md"
    assert page.read_text() == views.page(map(views.view, views.NAMES))


@pytest.mark.parametrize("name", views.NAMES)
def test_every_column_of_a_view_is_documented_with_its_type(store, name):
    rows = store.query(f"describe {name}").rows
    assert [(row[0], row[1]) for row in rows] == [
        (column.name, column.type) for column in views.view(name).columns
    ]


@pytest.mark.parametrize("known", [False, True])
def test_a_home_that_cannot_be_written_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: bool
) -> None:
    home = tmp_path
    journal = Journal(home)
    journal.append(Event("r", 0, "run_started", body={"task": "t"}))
    journal.close()
    if known:
        Store(home).load()
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*")}
    monkeypatch.setattr(os, "access", lambda path, mode: not (path == home and mode == os.W_OK))
    store = Store(home)
    assert store.query("select run from runs").rows == [("r",)]
    folder = store.path.parent
    assert {path: path.stat().st_mtime_ns for path in home.rglob("*")} == before
    del store
    assert not folder.exists()
