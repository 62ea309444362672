"""The journals that the store is measured with: whole, the same again, and about as described."""

from __future__ import annotations

from pathlib import Path

from outlay.benchmarks.perf.synthetic_journals import write_journals
from outlay.journal.store.store import Store


def test_made_journals_are_loaded_whole(tmp_path: Path) -> None:
    write_journals(tmp_path / "journals", 5_000, 3_000)
    store = Store(tmp_path)
    loaded = store.load()
    assert (loaded.events, loaded.problems) == (5_000, [])
    ((turns, least, unpriced, odd),) = store.query(
        "select avg(model_calls), min(tool_calls), sum(unpriced), "
        "count(*) filter (model_calls <> tool_calls) from runs where status is not null"
    ).rows
    assert 11 < turns < 13
    assert (least, unpriced, odd) == (8, 0, 0)
    assert store.query("select distinct state from calls order by 1").rows == [
        ("open",), ("settled",),
    ]  # fmt: skip
    ((off,),) = store.query(
        "select count(*) from runs join unified_cost c using (run) where runs.usd <> c.usd"
    ).rows
    assert off == 0


def test_made_journals_are_the_same_again(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_journals(tmp_path / name, 500, 400)
    (first, second), again = sorted((tmp_path / "a").iterdir()), sorted((tmp_path / "b").iterdir())
    assert [path.read_bytes() for path in again] == [first.read_bytes(), second.read_bytes()]
