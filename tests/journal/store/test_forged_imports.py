"""An import adds whole, sound runs, and nothing to what is here. Tried as an attacker."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outlay.journal.record.fork_record import record_of
from outlay.journal.store.event_checks import fault_of
from outlay.journal.store.parquet import export_events, import_events
from outlay.journal.store.store import Store
from outlay.ledger.errors import UsageError

from ..conftest import HandWrittenJournal, small_run


def event(journal: str, line: int, run: str, kind: str, **body: Any) -> dict[str, Any]:
    common = {"id": f"{journal}:{line}", "run": run, "seq": line, "t": 1.0, "at": 0.0}
    return {**common, "kind": kind, "key": "", **body}


def forged(path: Path, *events: dict[str, Any], journal: str = "", run: str = "") -> Path:
    """Writes an export with these events; the columns may say something else than they do."""
    rows = [
        (journal or str(one["id"]).rpartition(":")[0], one["id"], run or one["run"],
         json.dumps(one))
        for one in events
    ]  # fmt: skip
    with duckdb.connect() as database:
        database.execute("create table e (journal varchar, id varchar, run varchar, body varchar)")
        database.executemany("insert into e values (?, ?, ?, ?)", rows)
        database.execute(f"copy e to '{path}' (format parquet)")
    return path


START = {"task": "x", "planner": "react", "memory": "full", "model": "m", "agent": {}, "budget": {}}
HOLD = {"hold": "h", "call": "model", "name": "m", "node": "think", "attempt": 1, "usd": "0.1"}
HOLD |= {"input_tokens": 1, "output_tokens": 1}
MORE = {
    "raise the budget": ("run_resumed", {"mode": "cumulative", "add": {"usd": "1000"}}),
    "give back": ("settle", {"hold": "a", "usd": "0"}),
    "release": ("release", {"hold": "a", "why": "never sent"}),
    "begin anew": ("run_started", START),
    "answer": ("run_ended", {"status": "answered", "answer": "theirs"}),
    "judge": ("scored", {"score": 1.0, "success": True}),
    "hold": ("hold", HOLD),
    "head": ("journal", {"format": 2}),
}


@pytest.mark.parametrize("what", MORE)
@pytest.mark.parametrize("journal", ["j1", "new"])
def test_what_is_here_is_not_extended(
    book: Any, store: Store, tmp_path: Path, what: str, journal: str
) -> None:
    """16 forged rows, half with the name of a journal that is here: 0 got through."""
    small_run(book, "r1")
    whole = store.query("from runs").rows
    kind, body = MORE[what]
    run = "" if kind == "journal" else "r1"
    if not run and journal == "new":
        pytest.skip("a new journal has a head")
    more = forged(tmp_path / "more.parquet", event(journal, 99, run, kind, **body), run="other")
    before = {path.name: path.read_bytes() for path in store.journals.iterdir()}
    with pytest.raises(UsageError, match=f"'{journal}:99' cannot be imported: run '{run}' is here"):
        import_events(store, more)
    assert {path.name: path.read_bytes() for path in store.journals.iterdir()} == before
    assert store.query("from runs").rows == whole


def bad(kind: str, **body: Any) -> dict[str, Any]:
    base: dict[str, Any] = {"run_started": START, "hold": HOLD}.get(kind, {})
    return event("new", 1, "r9", kind, **{**base, **body})


SETTLE = {"hold": "h"}
BROKEN = {
    "negative hold": bad("hold", usd="-100"),
    "negative bill": bad("settle", **SETTLE, usd="-499.998"),
    "negative part": bad("settle", **SETTLE, usd="1", usd_by_class={"input": "-1"}),
    "endless bill": bad("settle", **SETTLE, usd="Infinity"),
    "no bill": bad("settle", **SETTLE, usd="NaN"),
    "no text bill": bad("settle", **SETTLE, usd=-5),
    "bill of a million digits": bad("settle", **SETTLE, usd="1E+999999"),
    "bill of a million places": bad("settle", **SETTLE, usd="1E-999999"),
    "bill beyond all money": bad("settle", **SETTLE, usd="1000000000001"),
    "negative tokens": bad("settle", **SETTLE, usd="1", input=-1),
    "half a token": bad("settle", **SETTLE, usd="1", output=0.5),
    "tokens without end": bad("hold", input_tokens=2**70),
    "no tokens": bad("hold", input_tokens=None),
    "negative calls": bad("hold", call="tool", calls=-3),
    "negative seconds": bad("settle", **SETTLE, usd="1", seconds=-1),
    "negative budget": bad("run_started", budget={"usd": "-1"}),
    "negative raise": bad("run_resumed", mode="cumulative", add={"usd": "-1"}),
    "negative way": bad("run_started", fork={"run": "r8", "step": 1, "spent": {"usd": "-5"}}),
    "forked from itself": bad("run_started", fork={"run": "r9", "step": 1, "spent": {}}),
    "budget of nothing": bad("run_started", budget={"wishes": "3"}),
    "budget that is a list": bad("run_started", budget=[1]),
    "hold without a name": bad("hold", name=None),
    "hold for nothing": bad("hold", call="wish"),
    "settlement of nothing": bad("settle", usd="1"),
    "observation that is none": bad("settle", **SETTLE, usd="1", observation={"x": 1}),
    "message that is none": bad("hold", request={"base": None, "keep": 0, "new": [3]}),
    "kind of nothing": bad("wish"),
    "kind that is no text": bad(3),  # type: ignore[arg-type]
    "run that is no text": {**bad("run_ended"), "run": 3},
    "run of two lines": {**bad("run_ended"), "run": "a\nb"},
    "run that steers": {**bad("run_ended"), "run": "\x1b[2K"},
    "seq that is no number": {**bad("run_ended"), "seq": "1"},
    "time that never was": {**bad("run_ended"), "t": -1.0},
    "id of another journal": {**bad("run_ended"), "id": "old:1"},
    "id without a line": {**bad("run_ended"), "id": "new:x"},
}


@pytest.mark.parametrize("what", BROKEN)
def test_a_broken_event_is_named_and_nothing_comes_in(
    store: Store, tmp_path: Path, what: str
) -> None:
    """A sound run in a journal before it does not come in either."""
    sound = event("mew", 1, "r8", "run_started", **START)
    path = forged(tmp_path / "more.parquet", sound, BROKEN[what], journal="new")
    path = forged(tmp_path / "more.parquet", BROKEN[what], journal="new")
    with pytest.raises(UsageError, match="cannot be imported: ") as caught:
        import_events(store, path)
    assert repr(BROKEN[what]["id"]) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not store.journals.exists()


def test_all_or_nothing_comes_in(store: Store, tmp_path: Path) -> None:
    sound = event("a", 1, "r8", "run_started", **START)
    path = forged(tmp_path / "more.parquet", sound, BROKEN["negative hold"])
    with pytest.raises(UsageError, match="'new:1' cannot be imported: usd is not from 0"):
        import_events(store, path)
    assert not store.journals.exists()


def test_columns_and_lines_must_agree(store: Store, tmp_path: Path) -> None:
    one = event("new", 1, "r9", "run_started", **START)
    rows = forged(tmp_path / "more.parquet", one, journal="else")
    with pytest.raises(UsageError, match="its id is not of its journal"):
        import_events(store, rows)


@pytest.mark.parametrize("name", ["../j", "a/b", "a\\b", ".hidden", "", "a b", "x" * 300])
def test_a_journal_cannot_be_named_like_a_path(store: Store, tmp_path: Path, name: str) -> None:
    one = event("new", 1, "r9", "run_started", **START)
    with duckdb.connect() as database:
        row = [name, one["id"], json.dumps(one)]
        select = "select ? as journal, ? as id, ? as body"
        database.execute(f"copy ({select}) to '{tmp_path}/more.parquet' (format parquet)", row)
    with pytest.raises(UsageError, match="has a line that is no event"):
        import_events(store, tmp_path / "more.parquet")
    assert not store.journals.exists()


def test_forks_in_a_circle_are_a_sentence(store: Store, tmp_path: Path) -> None:
    def fork(line: int, run: str, of: str) -> dict[str, Any]:
        above = {"run": of, "step": 0, "spent": {}}
        return event("new", line, run, "run_started", **START, fork=above)

    import_events(store, forged(tmp_path / "more.parquet", fork(1, "a", "b"), fork(2, "b", "a")))
    with pytest.raises(UsageError, match="forked from itself"):
        record_of("a", store.events)


def test_what_outlay_writes_is_sound(book: Any, home: Path, store: Store, tmp_path: Path) -> None:
    small_run(book, "r1")
    small_run(HandWrittenJournal(home, "j2"), "r2")
    export_events(store, tmp_path / "all.parquet")
    assert import_events(Store(tmp_path / "other"), tmp_path / "all.parquet") == 26


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@settings(max_examples=300)
@given(
    kind=st.sampled_from(["run_started", "run_resumed", "hold", "settle", "scored", "observed"]),
    name=st.sampled_from(sorted({*START, *HOLD, "add", "fork", "request", "reply", "observation",
                                 "usd_by_class", "score", "seq", "t", "id", "run", "key"})),
    value=JSON,
)  # fmt: skip
def test_no_event_breaks_the_check(kind: str, name: str, value: Any) -> None:
    fault = fault_of({**bad(kind), name: value}, "new")
    assert fault is None or (fault and "\n" not in fault)
