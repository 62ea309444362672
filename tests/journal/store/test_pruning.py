"""Pruning: the texts of old runs go, and no cent and no token with them."""

from __future__ import annotations

from copy import deepcopy
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.journal.file_lock import locked
from outlay.journal.store.pruning import empty_texts, prunable, prune
from outlay.journal.store.store import Store
from outlay.ledger.errors import UsageError

from ..conftest import HandWrittenJournal, one, small_run

NOW = 2e9
SUMS = (
    "from runs select * exclude (pruned) order by run",
    "from calls order by run, seq",
    "from spend order by all",
    "from unified_cost order by run",
)


def sums(store: Store) -> list[object]:
    return [store.query(sql).rows for sql in SUMS]


def test_texts_go_and_sums_stay(book, home, store):
    small_run(book, "r1")
    small_run(HandWrittenJournal(home, "j2"), "r2")
    before = sums(store)
    assert b"found" in book.path.read_bytes()
    assert prune(store, ["r1"], NOW) != 0
    assert sums(store) == before
    assert b"found" not in book.path.read_bytes()
    texts = "select content, arguments, observation from holds where run = ?"
    assert set(store.query(texts, ("r1",)).rows) == {
        ("", None, None), (None, "{}", ""), (None, None, None),
    }  # fmt: skip
    assert ("hi", None, None) in store.query(texts, ("r2",)).rows
    assert store.load().problems == []
    store.path.unlink()
    assert sums(store) == before


def test_a_pruned_run_says_so(book, store):
    small_run(book)
    prune(store, ["r1"], NOW)
    with pytest.raises(UsageError, match="the texts of run r1 were pruned"):
        store.events("r1")
    assert one(store, "select epoch(pruned) as at, answer from runs") == {
        "at": NOW, "answer": "Navazi",
    }  # fmt: skip
    ((*_, ended),) = store.events_of_experiment("x")
    assert ended.body["answer"] == "Navazi"


def test_pruning_twice_changes_nothing(book, store):
    small_run(book)
    prune(store, ["r1"], NOW)
    after = book.path.read_bytes()
    assert prunable(store, NOW).runs == ()
    prune(store, ["r1"], NOW)
    assert book.path.read_bytes() == after


def test_what_is_written_later_is_loaded(book, store):
    small_run(book)
    prune(store, ["r1"], NOW)
    small_run(book, "r2")
    assert store.load().events == 12
    assert one(store, "select count(*) as n from events") == {"n": 25}


def test_a_journal_that_was_moved_away_loses_its_texts_in_the_store(book, store):
    small_run(book)
    before = sums(store)
    book.path.unlink()
    prune(store, ["r1"], NOW)
    assert sums(store) == before
    left = "select count(*) as n from events where body::varchar like '%found%'"
    assert one(store, left) == {"n": 0}


def test_old_runs_can_go_and_young_ones_stay(book, home, store):
    small_run(book, "old")
    book._lines += 1000
    book.start("young", experiment="y")
    found = prunable(store, 1e9 + 900)
    assert (found.runs, found.events, found.experiments) == (("old",), 12, 1)
    assert found.usd == Decimal("0.025000000001")
    assert prunable(store, 1e9 + 1).runs == ()
    assert set(prunable(store, NOW).runs) == {"old", "young"}


@pytest.mark.parametrize(
    "link",
    [
        {"experiment": "x"},
        {"experiment": None, "parent": "old"},
        {"experiment": None, "fork": {"run": "old", "step": 1, "spent": {}}},
    ],
)
def test_what_a_young_run_rests_upon_stays(book, store, link):
    book.start("old")
    book._lines += 1000
    book.start("young", **link)
    assert prunable(store, 1e9 + 900).runs == ()


def test_a_run_under_way_stays(book, store):
    small_run(book)
    with locked(book.path):
        assert prunable(store, NOW).runs == ()
        with pytest.raises(UsageError, match=r"j1\.jsonl is still written"):
            prune(store, ["r1"], NOW)


def test_an_empty_home_has_nothing_to_prune(store):
    found = prunable(store, NOW)
    assert (found.runs, found.usd, found.began) == ((), 0, (None, None))
    assert prune(store, [], NOW) == 0


texts = st.text(max_size=8)
values = st.recursive(st.none() | st.integers() | texts, lambda inner: st.lists(inner, max_size=2))


@given(
    st.fixed_dictionaries(
        {"kind": st.sampled_from(["hold", "settle", "value", "run_started", "run_ended"])},
        optional={
            "usd": texts,
            "input": st.integers(0, 9),
            "value": values,
            "answer": texts,
            "reply": st.fixed_dictionaries({"message": st.fixed_dictionaries({"content": texts})}),
            "request": st.fixed_dictionaries({"new": st.lists(texts), "hash": texts}),
            "arguments": texts,
        },
    )
)
def test_only_texts_change(event):
    pruned = deepcopy(event)
    empty_texts(pruned, NOW)
    changed = {name for name in pruned if pruned[name] != event.get(name)}
    assert changed <= {"value", "reply", "request", "arguments", "pruned"}
    assert ("pruned" in pruned) == (event["kind"] == "run_started")
    again = deepcopy(pruned)
    empty_texts(again, NOW)
    assert again == pruned
    if "request" in event:
        assert pruned["request"]["hash"] == event["request"]["hash"]
