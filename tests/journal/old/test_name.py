"""Homes of the package's old name: renamed once, by whoever is first, and by nobody too early."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from outlay.agent import Home
from outlay.journal.events import Event
from outlay.journal.journal import Journal
from outlay.journal.old.name import rename_folder, rename_store
from outlay.journal.store.store import Store
from outlay.ledger.errors import JournalError, UsageError


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """An old home in the working folder, with one event and a store that was loaded."""
    home = tmp_path / ".bursar"
    write(home, "first")
    Store(home).load()
    (home / "outlay.duckdb").rename(home / "bursar.duckdb")
    return home


def write(home: Path, run: str) -> None:
    journal = Journal(home)
    journal.append(Event(run, 0, "run_started"))
    journal.close()


def runs(home: Path) -> list[str]:
    return [run for (run,) in Store(home).query("select run from events where run <> ''").rows]


def test_a_folder_and_its_store_are_renamed_once(
    old: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(old.parent)
    assert runs(Home.at().path) == ["first"]
    assert (Home.at().path, old.exists()) == (old.parent / ".outlay", False)
    assert sorted(p.name for p in Home.at().path.iterdir()) == [
        "journals", "outlay.duckdb", "store.lock",
    ]  # fmt: skip
    assert [record.getMessage().partition(":")[2] for record in caplog.records] == [
        " the package bursar is called outlay"
    ] * 2
    assert all(record.levelno == logging.WARNING for record in caplog.records)


def test_a_home_that_is_named_stays_where_it_is(old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(old.parent)
    monkeypatch.setenv("OUTLAY_HOME", "elsewhere")
    assert Home.at().path == old.parent / "elsewhere"
    assert runs(Home.at(old).path) == ["first"]
    assert sorted(path.name for path in old.parent.iterdir()) == [".bursar"]
    assert (old / "outlay.duckdb").exists()


def test_what_has_the_new_name_already_stays(old: Path) -> None:
    new = old.with_name(".outlay")
    write(new, "second")
    rename_folder(new)
    assert old.is_dir()
    Store(new).load()
    (new / "bursar.duckdb").write_bytes(b"an old one")
    assert runs(new) == ["second"]
    assert (new / "bursar.duckdb").read_bytes() == b"an old one"


def test_what_stands_only_in_the_log_of_a_store_comes_with_it(old: Path) -> None:
    """A process that was killed leaves what it loaded last in the log beside the store."""
    code = (
        "import duckdb, os, sys\n"
        "database = duckdb.connect(sys.argv[1], config={'checkpoint_threshold': '1TB'})\n"
        "database.execute('create table marked as select 42 as answer')\n"
        "os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code, str(old / "bursar.duckdb")], check=True)
    assert (old / "bursar.duckdb.wal").exists()
    rename_store(old)
    assert not (old / "bursar.duckdb.wal").exists()
    with duckdb.connect(str(old / "outlay.duckdb")) as database:
        assert database.execute("select answer from marked").fetchone() == (42,)


@pytest.mark.parametrize("what", ["folder", "store"])
def test_nothing_is_renamed_under_a_live_process(old: Path, what: str) -> None:
    journal = Journal(old)
    new = old.with_name(".outlay")
    rename = (lambda: rename_folder(new)) if what == "folder" else (lambda: rename_store(old))
    with pytest.raises(UsageError, match=f"a live process still writes {journal.path.name}"):
        rename()
    assert (old / "bursar.duckdb").exists()
    journal.close()
    rename()
    assert (new / "bursar.duckdb" if what == "folder" else old / "outlay.duckdb").exists()


def test_of_several_processes_one_renames(old: Path) -> None:
    code = "import sys, outlay.agent; sys.stdin.read(1); print(outlay.agent.Home.at().store.path)"
    started = [
        subprocess.Popen(
            [sys.executable, "-c", code], cwd=old.parent, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(4)
    ]  # fmt: skip
    for process in started:
        assert process.stdin
        process.stdin.write("x")
        process.stdin.flush()
    ended = [process.communicate(timeout=60) for process in started]
    new = old.with_name(".outlay")
    assert {out.strip() for out, _ in ended} == {str(new / "outlay.duckdb")}
    assert sum(err.count("is now") for _, err in ended) == 2
    assert not old.exists()
    assert runs(new) == ["first"]


def test_what_the_system_refuses_is_one_sentence(
    old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fake: nothing is read-only for the user root, whom tests may run as."""

    def refuse(self: Path, target: Path) -> Path:
        raise PermissionError(13, os.strerror(13), str(self))

    monkeypatch.setattr(Path, "rename", refuse)
    monkeypatch.chdir(old.parent)
    with pytest.raises(JournalError, match=r"^\.bursar cannot be renamed to \.outlay: Permission"):
        Home.at()
    with pytest.raises(
        JournalError, match=r"bursar\.duckdb\S* cannot be renamed to outlay\.duckdb"
    ):
        Store(old)
