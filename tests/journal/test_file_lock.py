"""Locks between processes, with each of the ways to lock: both run on Linux and macOS.

The one for Windows asks filelock, which takes flock here and LockFileEx there.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from outlay.journal import file_lock
from outlay.journal.file_lock import Beside, Flock, hold, is_held, locked
from outlay.journal.journal import Journal, is_live
from outlay.ledger.errors import JournalError

HOLDER = """
import sys
from pathlib import Path
from outlay.journal import file_lock
file_lock.LOCK = getattr(file_lock, sys.argv[1])()
release = file_lock.hold(Path(sys.argv[2]))
print("held", flush=True)
sys.stdin.read()
"""
OLDER_WRITER = """
import fcntl, os, sys
file = os.open(sys.argv[1], os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
fcntl.flock(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""
OLDER_READER = """
import fcntl, os, sys
file = os.open(sys.argv[1], os.O_RDONLY)
try:
    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
except BlockingIOError:
    print("live")
"""
needs_flock = pytest.mark.skipif(file_lock.fcntl is None, reason="this system has no flock")


@pytest.fixture(params=[pytest.param(Flock, marks=needs_flock), Beside], autouse=True)
def kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> type:
    """The way to lock that this process takes."""
    monkeypatch.setattr(file_lock, "LOCK", request.param())
    return request.param


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "j1.jsonl"
    path.write_text("a line\n")
    return path


@contextmanager
def process(code: str, *given: object) -> Iterator[subprocess.Popen[str]]:
    """Runs a program that says "held" once it holds a lock, until its input ends."""
    command = [sys.executable, "-c", code, *map(str, given)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, close_fds=False
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "held\n"
        yield running


def test_a_lock_is_held_until_it_is_given_back(path: Path) -> None:
    assert not is_held(path)
    release = hold(path)
    assert is_held(path)
    assert file_lock.LOCK.take(path) is None
    release()
    assert not is_held(path)
    hold(path)()


def test_looking_makes_nothing(tmp_path: Path) -> None:
    assert not is_held(tmp_path / "j2.jsonl")
    assert list(tmp_path.iterdir()) == []


def test_a_lock_is_waited_for_only_so_long(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "store.lock"
    with locked(path), pytest.raises(JournalError, match=r"another process for 0\.05 s"):  # noqa: SIM117
        with locked(path, wait=0.05):
            pass
    with locked(path, wait=0):
        pass


def test_who_waits_gets_it_once_it_is_given_back(path: Path) -> None:
    release = hold(path)
    got: list[file_lock.Release] = []
    waiting = threading.Thread(target=lambda: got.append(hold(path, wait=600)))
    waiting.start()
    assert got == []
    release()
    waiting.join()
    assert is_held(path)
    got[0]()  # from another thread than the one that took it
    assert not is_held(path)


def test_a_place_that_cannot_be_locked_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "store.lock").mkdir()
    with pytest.raises(JournalError, match=r"store\.lock cannot be written"):  # noqa: SIM117
        with locked(tmp_path / "store.lock"):
            pass


def test_another_process_is_seen_and_what_it_locked_can_be_read(path: Path, kind: type) -> None:
    with process(HOLDER, kind.__name__, path) as running:
        assert is_held(path)
        with pytest.raises(JournalError, match="locked by another process"):
            hold(path, wait=0.05)
        assert path.read_text() == "a line\n"
        running.communicate()
    assert not is_held(path)


def test_a_lock_ends_with_kill_9(path: Path, kind: type) -> None:
    with process(HOLDER, kind.__name__, path) as running:
        assert is_held(path)
        running.kill()
        assert running.wait() == -signal.SIGKILL
        assert not is_held(path)
        with locked(path, wait=0):
            assert is_held(path)


def test_a_program_that_was_started_meanwhile_does_not_keep_it(path: Path) -> None:
    release = hold(path)
    with process('import sys; print("held", flush=True); sys.stdin.read()') as running:
        release()
        assert not is_held(path)
        running.communicate()


def test_a_journal_is_live_until_it_is_closed(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    assert is_live(journal.path)
    assert [path.name for path in journal.path.parent.glob("*.jsonl")] == [journal.path.name]
    journal.close()
    assert not is_live(journal.path)


@needs_flock
def test_whoever_looks_does_not_hide_a_file_from_others(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_lock, "LOCK", Flock())
    looking = Flock()._try(path, 0, "LOCK_SH")
    assert looking is not None
    assert not is_held(path)
    looking()


@needs_flock
def test_journals_of_older_versions_are_live_and_ours_are_to_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(file_lock, "LOCK", Flock())
    with process(OLDER_WRITER, tmp_path / "old.jsonl") as running:
        assert is_live(tmp_path / "old.jsonl")
        running.communicate()
    assert not is_live(tmp_path / "old.jsonl")
    journal = Journal(tmp_path)
    command = [sys.executable, "-c", OLDER_READER, str(journal.path)]
    seen = subprocess.run(command, capture_output=True, text=True, check=True)
    journal.close()
    assert seen.stdout == "live\n"
