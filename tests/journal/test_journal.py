"""The journal: what is appended is there, whole, and in order, whatever the disk does."""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import subprocess
import sys
import textwrap
import threading
from decimal import Decimal
from pathlib import Path

import pytest

from outlay.journal import journal as journal_module
from outlay.journal.events import FORMAT, Event
from outlay.journal.journal import Journal, is_live
from outlay.ledger.errors import JournalError


def lines(journal: Journal) -> list[dict[str, object]]:
    return [json.loads(line) for line in journal.path.read_text().splitlines()]


def event(seq: int, **body: object) -> Event:
    return Event("run", seq, "value", f"0/think/{seq}/0/0", body=body)


def test_it_begins_with_its_format_and_keeps_money_exact(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append(event(0, usd=Decimal("0.000000012")))
    journal.close()
    first, second = lines(journal)
    assert (first["kind"], first["format"], first["pid"]) == ("journal", FORMAT, os.getpid())
    assert second["usd"] == "0.000000012"
    assert second["id"] == f"{journal.id}:1"


async def test_200_tasks_share_few_syncs_and_lose_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    syncs = 0
    real = journal_module._sync

    def counted(file: int) -> None:
        nonlocal syncs
        syncs += 1
        real(file)

    monkeypatch.setattr(journal_module, "_sync", counted)
    journal = Journal(tmp_path)

    async def write(number: int) -> None:
        for step in range(5):
            journal.append(event(number * 5 + step))
            await journal.durable()

    await asyncio.gather(*(write(n) for n in range(200)))
    journal.close()
    assert sorted(e["seq"] for e in lines(journal)[1:]) == list(range(1000))
    assert syncs < 500


def test_threads_with_loops_of_their_own_share_a_journal(tmp_path: Path) -> None:
    journal = Journal(tmp_path)

    async def write(number: int) -> None:
        for step in range(20):
            journal.append(event(number * 20 + step))
            await journal.durable()

    threads = [threading.Thread(target=asyncio.run, args=(write(n),)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.close()
    assert len(lines(journal)) == 161


def test_what_was_appended_survives_kill_9(tmp_path: Path) -> None:
    code = """
        import sys
        from pathlib import Path
        from outlay.journal.events import Event
        from outlay.journal.journal import Journal
        journal = Journal(Path(sys.argv[1]))
        for seq in range(10_000_000):
            journal.append(Event("run", seq, "value", "0/a/0/0/0"))
            print(seq, flush=True)
    """
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    seen = [int(child.stdout.readline()) for _ in range(300)][-1]
    (path,) = (tmp_path / "journals").iterdir()
    assert is_live(path)
    child.send_signal(signal.SIGKILL)
    seen = max([seen, *(int(line) for line in child.stdout if line.strip())])
    child.stdout.close()
    child.wait()
    assert not is_live(path)
    kept = [json.loads(line)["seq"] for line in path.read_text().splitlines()[1:]]
    assert kept[: seen + 1] == list(range(seen + 1))


def test_a_full_disk_tears_no_line_and_says_so(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.append(event(0))
    before = journal.path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    heard = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(before) + 40, limits[1]))
    try:
        with pytest.raises(JournalError, match="cannot be written"):
            journal.append(event(1, text="x" * 500))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, heard)
    assert journal.path.read_bytes() == before
    journal.append(event(2))
    journal.close()
    assert [e["seq"] for e in lines(journal)[1:]] == [0, 2]


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "journals").write_text("a file where the folder should be")
    with pytest.raises(JournalError, match=r"choose another folder with --home or OUTLAY_HOME"):
        Journal(tmp_path)


async def test_a_closed_journal_makes_no_promises(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.close()
    with pytest.raises(JournalError, match="is closed"):
        await journal.durable()


async def test_what_waits_is_written_in_order_and_before_a_promise(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    size = journal.path.stat().st_size
    journal.append(event(0), lazily=True)
    assert journal.path.stat().st_size == size
    journal.append(event(1))
    assert [e["seq"] for e in lines(journal)[1:]] == [0, 1]
    journal.append(event(2), lazily=True)
    await journal.durable()
    assert [e["id"] for e in lines(journal)] == [f"{journal.id}:{n}" for n in range(4)]


async def test_what_waits_survives_a_full_disk(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    heard = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (journal.path.stat().st_size + 40, limits[1]))
    try:
        journal.append(event(0, text="x" * 500), lazily=True)
        with pytest.raises(JournalError, match="cannot be written"):
            await journal.durable()
        with pytest.raises(JournalError, match="cannot be written"):
            journal.append(event(1))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, heard)
    journal.append(event(2))
    assert [e["seq"] for e in lines(journal)[1:]] == [0, 2]
