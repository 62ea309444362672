"""Runs code that may hang, without ever hanging itself."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import threading
from collections.abc import Awaitable, Callable
from queue import SimpleQueue
from typing import Any, TypeVar

from ..ledger.errors import ToolError

T = TypeVar("T")

Job = Callable[[], None]

GRACE = 0.5
"""Seconds that a cancelled coroutine has for its clean-up before it is left behind."""

KEPT_THREADS = 32
"""Idle threads that are kept for the next call: starting one costs more than most tools."""

MAX_HANGING = 500
"""Threads left behind and still hanging, in the process, above which no more are started."""


class ToolTimedOut(Exception):
    """The code was given up. Differs from a `TimeoutError` that the code raised itself."""


class ToolCrashed(Exception):
    """The code raised something that would end the process or the task, such as `SystemExit`.

    The text says so to the policy.
    """


class _Threads:
    """Daemon threads, used again when idle. A hanging one is left behind; no job waits for it."""

    def __init__(self) -> None:
        self._idle: list[SimpleQueue[Job]] = []
        self._hanging: set[threading.Event] = set()
        self._process = 0

    def leave_behind(self, finished: threading.Event) -> None:
        self._hanging.add(finished)

    def start(self, job: Job) -> None:
        """Starts a job at once.

        Raises:
            ToolError: too many threads were left behind and still hang.
        """
        if self._process != os.getpid():  # a fork has no threads but its own
            self._idle, self._hanging, self._process = [], set(), os.getpid()
        if len(self._hanging) >= MAX_HANGING:
            self._hanging = {each for each in self._hanging if not each.is_set()}
            if len(self._hanging) >= MAX_HANGING:
                raise ToolError(f"{MAX_HANGING} earlier tool calls hang, so no more are started")
        try:
            jobs = self._idle.pop()
        except IndexError:
            jobs = SimpleQueue()
            threading.Thread(target=self._work, args=(jobs,), name="tool", daemon=True).start()
        jobs.put(job)

    def _work(self, jobs: SimpleQueue[Job]) -> None:
        while True:
            jobs.get()()
            if len(self._idle) >= KEPT_THREADS:
                return
            self._idle.append(jobs)


_THREADS = _Threads()


async def in_thread(function: Callable[[], T], timeout: float) -> T:
    """Returns what the function returns in a daemon thread.

    After `timeout` seconds, or when the caller is cancelled, the thread is left behind; it does
    not keep the process alive.
    """
    loop = asyncio.get_running_loop()
    outcome: asyncio.Future[Callable[[], T]] = loop.create_future()
    context = contextvars.copy_context()
    finished = threading.Event()

    def job() -> None:
        report = _report(context, function)
        finished.set()
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_deliver, outcome, report)

    _THREADS.start(job)
    try:
        done, _ = await asyncio.wait([outcome], timeout=timeout)
    except asyncio.CancelledError:
        _THREADS.leave_behind(finished)
        raise
    if not done:
        _THREADS.leave_behind(finished)
        raise ToolTimedOut
    return outcome.result()()


async def in_task(function: Callable[[], Awaitable[T]], timeout: float) -> T:
    """Returns what the coroutine function returns in a task of its own.

    After `timeout` seconds, or when the caller is cancelled, the task is cancelled; one that does
    not heed that within the grace is left behind.
    """
    task = asyncio.create_task(_guarded(function))
    try:
        done, _ = await asyncio.wait([task], timeout=timeout)
    except asyncio.CancelledError:
        await _stop(task)
        raise
    if not done:
        await _stop(task)
        raise ToolTimedOut
    if task.cancelled():
        raise ToolCrashed("the tool cancelled itself")
    return task.result()


def guarded(function: Callable[[], T]) -> T:
    """Calls the function; only an `Exception` or a `KeyboardInterrupt` comes out."""
    try:
        return function()
    except (Exception, KeyboardInterrupt):
        raise
    except BaseException as exc:
        raise ToolCrashed(f"the tool raised {type(exc).__name__}") from exc


async def _guarded(function: Callable[[], Awaitable[T]]) -> T:
    try:
        return await function()
    except (Exception, KeyboardInterrupt, asyncio.CancelledError):
        raise
    except BaseException as exc:
        raise ToolCrashed(f"the tool raised {type(exc).__name__}") from exc


def _report(context: contextvars.Context, function: Callable[[], T]) -> Callable[[], T]:
    """Runs the function and returns a closure that returns or raises its outcome."""
    try:
        value = context.run(guarded, function)
    except BaseException as exc:
        error = exc

        def fail() -> T:
            raise error

        return fail
    return lambda: value


def _deliver(outcome: asyncio.Future[Callable[[], T]], report: Callable[[], T]) -> None:
    if not outcome.done():
        outcome.set_result(report)


async def _stop(task: asyncio.Task[Any]) -> None:
    task.add_done_callback(_retrieve)
    task.cancel()
    await asyncio.wait([task], timeout=GRACE)


def _retrieve(task: asyncio.Task[Any]) -> None:
    """Takes the exception of a task that nobody waits for, so that asyncio does not log it."""
    if not task.cancelled():
        task.exception()
