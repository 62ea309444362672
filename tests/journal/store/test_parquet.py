"""Parquet out and in: every event once, with its id, as it was written."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from outlay.journal.file_lock import locked
from outlay.journal.store import parquet
from outlay.journal.store.parquet import export_events, import_events
from outlay.journal.store.store import Store
from outlay.ledger.errors import JournalError, UsageError

from ..conftest import HandWrittenJournal, one, small_run


@pytest.fixture
def other(tmp_path) -> Store:
    """Another home, empty at first."""
    return Store(tmp_path / "other")


def journals(store: Store) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in store.journals.iterdir()}


@pytest.mark.parametrize("name", ["events.parquet", "it's a folder"])
def test_events_come_back_to_the_byte_and_only_once(book, home, store, other, tmp_path, name):
    small_run(book)
    book.write("r1", "value", value={"text": "naïve “quotes”\n\u2028", "x": 1e-7})
    small_run(HandWrittenJournal(home, "j2"), "r2")
    assert export_events(store, tmp_path / name) == 27
    assert import_events(other, tmp_path / name) == 27
    assert journals(other) == journals(store)
    assert import_events(other, tmp_path / name) == 0
    assert import_events(store, tmp_path / name) == 0
    assert journals(other) == journals(store)
    assert other.query("from runs order by run").rows == store.query("from runs order by run").rows


def test_runs_that_are_new_in_a_later_export_are_added(book, store, other, tmp_path):
    path = tmp_path / "events.parquet"
    book.start("r1")
    export_events(store, path)
    assert import_events(other, path) == 2
    small_run(book, "r2")
    export_events(store, path)
    assert import_events(other, path) == 12
    assert other.query("from runs order by run").rows == store.query("from runs order by run").rows
    assert journals(other) == journals(store)


def test_a_torn_line_keeps_its_own_line(book, store, other, tmp_path):
    path = tmp_path / "events.parquet"
    book.start("r1")
    export_events(store, path)
    import_events(other, path)
    (torn,) = other.journals.iterdir()
    torn.write_bytes(torn.read_bytes() + b'{"id":')
    book.start("r2")
    export_events(store, path)
    assert import_events(other, path) == 1
    assert one(other, "select count(*) as n from events") == {"n": 3}


def test_a_forgotten_run_comes_back_from_an_export(book, store, tmp_path):
    small_run(book, "r1")
    small_run(book, "r2")
    whole = store.query("from runs order by run").rows
    export_events(store, tmp_path / "events.parquet")
    store.forget("r1")
    assert import_events(store, tmp_path / "events.parquet") == 12
    assert store.query("from runs order by run").rows == whole
    store.path.unlink()
    assert store.query("from runs order by run").rows == whole


def test_the_files_can_be_queried_in_place(book, store, tmp_path):
    small_run(book)
    export_events(store, tmp_path / "events.parquet")
    with duckdb.connect() as database:
        answers = f"select body->>'$.answer' from '{tmp_path}/*.parquet' where kind = 'run_ended'"
        assert database.execute(answers).fetchall() == [("Navazi",)]


def test_a_home_without_journals_has_nothing_to_export(store, home, tmp_path):
    with pytest.raises(UsageError, match="home has no journals"):
        export_events(store, tmp_path / "events.parquet")
    assert not home.exists()


def test_a_long_export_keeps_nobody_waiting(book, home, store, tmp_path, monkeypatch):
    small_run(book)
    asked: list[int] = []
    write = parquet._write
    monkeypatch.setattr(
        parquet,
        "_write",
        lambda *given: asked.append(Store(home, wait=0).load().events) or write(*given),
    )
    assert export_events(store, tmp_path / "events.parquet") == 13
    assert asked == [0]
    assert {path.name for path in tmp_path.iterdir()} == {"events.parquet", "home"}


def test_a_live_journal_is_not_added_to(book, store, tmp_path):
    small_run(book)
    export_events(store, tmp_path / "events.parquet")
    store.forget("r1")
    refused = pytest.raises(UsageError, match=r"j1\.jsonl is written by a live process")
    with locked(book.path), refused:
        import_events(store, tmp_path / "events.parquet")


def test_a_journal_that_was_moved_away_is_not_begun_anew(book, store, tmp_path):
    small_run(book)
    export_events(store, tmp_path / "events.parquet")
    store.forget("r1")
    book.path.unlink()
    with pytest.raises(UsageError, match=r"j1\.jsonl was moved away"):
        import_events(store, tmp_path / "events.parquet")


HEAD = '{"id":"j:0","run":"","seq":0,"t":1.0,"at":0.0,"kind":"journal","key":""}'


def strange(path: Path, columns: str) -> Path:
    with duckdb.connect() as database:
        database.execute(f"copy (select {columns}) to '{path}' (format parquet)")
    return path


@pytest.mark.parametrize(
    ("columns", "complaint"),
    [
        ("1 as x", r"events\.parquet is no export"),
        ("'j' as journal, 1 as x", "no export of outlay"),
        ("'j' as journal, 'j:1' as id, '{}' as body", "a line that is no event"),
        (f"'../j' as journal, 'j:1' as id, '{HEAD}' as body", "'../j' has a line"),
    ],
)
def test_a_file_of_something_else_is_refused(other, tmp_path, columns, complaint):
    path = strange(tmp_path / "events.parquet", columns)
    with pytest.raises(UsageError, match=complaint) as caught:
        import_events(other, path)
    assert "\n" not in str(caught.value)
    assert not other.journals.exists()


def test_no_file_and_no_folder_are_one_sentence(book, store, tmp_path):
    with pytest.raises(UsageError, match="has no events to import"):
        import_events(store, tmp_path / "none.parquet")
    with pytest.raises(JournalError, match=r"none.* cannot be written: No such file"):
        export_events(store, tmp_path / "none" / "events.parquet")
