from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

import pytest

from outlay.ledger.errors import ToolError
from outlay.tools import running

HANGING = """
import asyncio, threading
from outlay.tools.running import ToolTimedOut, in_thread

async def main():
    try:
        await in_thread(threading.Event().wait, 0.01)
    except ToolTimedOut:
        print("given up")

asyncio.run(main())
"""


def test_a_hanging_thread_does_not_keep_the_process_alive() -> None:
    done = subprocess.run(
        [sys.executable, "-c", HANGING], capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "given up\n"
    assert done.stderr == ""


async def test_idle_threads_are_used_again() -> None:
    first = await running.in_thread(threading.current_thread, 5)
    before = threading.active_count()
    for _ in range(20):
        await asyncio.sleep(0)
        await running.in_thread(lambda: None, 5)
    assert first.daemon
    assert threading.active_count() <= before + 2


async def test_too_many_hanging_threads_stop_new_ones_until_they_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(running, "MAX_HANGING", 3)
    monkeypatch.setattr(running, "_THREADS", running._Threads())
    release = threading.Event()
    for _ in range(3):
        with pytest.raises(running.ToolTimedOut):
            await running.in_thread(release.wait, 0.01)
    with pytest.raises(ToolError, match="3 earlier tool calls hang"):
        await running.in_thread(lambda: None, 1)
    release.set()
    while True:
        try:
            assert await running.in_thread(lambda: "again", 5) == "again"
            break
        except ToolError:
            await asyncio.sleep(0.001)


def test_a_loop_that_is_gone_does_not_disturb_the_thread() -> None:
    release, ended = threading.Event(), threading.Event()

    def late() -> None:
        release.wait()
        ended.set()

    async def give_up() -> None:
        with pytest.raises(running.ToolTimedOut):
            await running.in_thread(late, 0.01)

    asyncio.run(give_up())
    release.set()
    assert ended.wait(30)


def test_threads_serve_one_loop_after_the_other() -> None:
    async def ask() -> int:
        return await running.in_thread(lambda: 7, 5)

    assert [asyncio.run(ask()) for _ in range(3)] == [7, 7, 7]
