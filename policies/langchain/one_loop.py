"""The event loop on which all LangChain models of this process are asked.

LangChain's classes share HTTP connections between all that they make, and connections belong to
the loop that opened them; a run's loop ends with `run_sync`. So they get one that stays.
"""

from __future__ import annotations

import asyncio
import atexit
import contextvars
import os
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_loops: dict[int, asyncio.AbstractEventLoop] = {}
"""By process: a forked child has no thread of its parent's."""
_lock = threading.Lock()


async def on_one_loop(work: Coroutine[Any, Any, T]) -> T:
    """Awaits the work; cancelling this cancels it there.

    It sees none of the caller's context: callbacks of a graph around the run do not change it.
    """
    loop = _loop()
    task = contextvars.Context().run(asyncio.run_coroutine_threadsafe, work, loop)
    return await asyncio.wrap_future(task)


def _loop() -> asyncio.AbstractEventLoop:
    with _lock:
        loop = _loops.get(os.getpid())
        if loop is None:
            _loops.clear()
            loop = _loops[os.getpid()] = asyncio.new_event_loop()
            thread = threading.Thread(target=loop.run_forever, name="langchain", daemon=True)
            thread.start()
            atexit.register(_end, loop, thread)
        return loop


def _end(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
    if not thread.is_alive():
        return
    loop.call_soon_threadsafe(loop.stop)
    thread.join(2)
    if not thread.is_alive():
        loop.close()
