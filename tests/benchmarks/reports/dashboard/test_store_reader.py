"""Answers are of this moment where that is quick, and never wait for what is not."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from outlay.benchmarks.reports.dashboard import store_reader
from outlay.benchmarks.reports.dashboard.store_reader import OpenStore, StoreBusy, StoreReader
from outlay.journal.file_lock import locked
from outlay.journal.store.store import Store

from .conftest import LiveJournal, wait_for_loads


def names(view: OpenStore) -> list[str]:
    return [row["run"] for row in view.rows("select run from runs order by run")]


def test_what_was_written_is_there_at_the_next_question(book: LiveJournal) -> None:
    reader = StoreReader(book.home)
    book.run("a")
    assert reader.answer("names", names).value == ["a"]
    book.run("b")
    assert reader.answer("names", names) == store_reader.StoreAnswer(["a", "b"])


def test_nothing_is_asked_twice_while_nothing_changes(book: LiveJournal) -> None:
    reader = StoreReader(book.home)
    book.run("a")
    asked = []

    def counted(view: OpenStore) -> list[str]:
        asked.append(view)
        return names(view)

    for _ in range(3):
        assert reader.answer("names", counted).value == ["a"]
    assert len(asked) == 1
    assert reader.answer("others", counted).value == ["a"]
    assert len(asked) == 2


def test_a_folder_that_is_not_there_is_empty_and_stays_away(tmp_path: Path) -> None:
    assert StoreReader(tmp_path / "none").answer("names", names) == store_reader.StoreAnswer([])
    assert not (tmp_path / "none").exists()


def test_while_others_use_the_store_the_last_answer_is_given(
    book: LiveJournal, monkeypatch: pytest.MonkeyPatch
) -> None:
    reader = StoreReader(book.home)
    book.run("a")
    assert reader.answer("names", names).value == ["a"]
    book.run("b")
    with monkeypatch.context() as patch, locked(book.home / "store.lock"):
        patch.setattr(store_reader, "PATIENCE", 0.05)
        found = reader.answer("names", names)
        assert found.value == ["a"]
        assert found.note
        with pytest.raises(StoreBusy):
            reader.answer("others", names)
    wait_for_loads()
    assert reader.answer("names", names) == store_reader.StoreAnswer(["a", "b"])


def test_what_takes_long_to_load_comes_later(book: LiveJournal) -> None:
    reader = StoreReader(book.home, soon=0)
    book.run("a")
    first = reader.answer("names", names)
    assert first.value == []
    assert first.note.startswith("loading") or not first.note
    wait_for_loads()
    assert reader.answer("names", names) == store_reader.StoreAnswer(["a"])


def test_a_store_of_an_older_outlay_is_brought_up_to_date(book: LiveJournal) -> None:
    book.run("a")
    Store(book.home).load()
    with duckdb.connect(str(book.home / "outlay.duckdb")) as database:
        database.execute("drop view runs; update meta set views = 'older'")
    book.run("b")
    reader = StoreReader(book.home, soon=0)
    with pytest.raises(StoreBusy, match="brought up to date"):
        reader.answer("names", names)
    wait_for_loads()
    assert reader.answer("names", names) == store_reader.StoreAnswer(["a", "b"])


def test_a_damaged_line_is_told(book: LiveJournal) -> None:
    book.run("a")
    with book.journal.path.open("ab") as file:
        file.write(b"no event\n")
    found = StoreReader(book.home).answer("names", names)
    assert found.value == ["a"]
    assert "is no event" in found.note
