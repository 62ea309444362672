"""Policy calls that are left while they are on their way, and read on for their bill."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from ...journal.records import Reply


async def unless_left(
    asking: Coroutine[Any, Any, Reply],
    unread: dict[str, asyncio.Task[None]],
    id: str,
    *,
    settle: Callable[[Reply], None],
    book_failure: Callable[[BaseException], None],
) -> Reply:
    """Returns the reply; a call that is cancelled meanwhile is read on in the background.

    Args:
        asking: the call.
        unread: the calls that are read on, by hold; it is added there.
        id: the call's hold.
        settle: books the reply of a call that nobody waits for any more.
        book_failure: books such a call that brought none.
    """
    task = asyncio.create_task(_outcome(asking))
    try:
        outcome = await asyncio.shield(task)
    except asyncio.CancelledError:
        if not task.cancelled():
            unread[id] = asyncio.create_task(_read_on(task, settle, book_failure))
        raise
    if isinstance(outcome, BaseException):
        raise outcome
    return outcome


async def _outcome(asking: Coroutine[Any, Any, Reply]) -> Reply | BaseException:
    """Returns the reply or what is raised: a task that raised would take the loop down."""
    try:
        return await asking
    except asyncio.CancelledError:
        raise
    except BaseException as error:
        return error


async def _read_on(
    asking: asyncio.Task[Reply | BaseException],
    settle: Callable[[Reply], None],
    book_failure: Callable[[BaseException], None],
) -> None:
    try:
        outcome = await asking
    except asyncio.CancelledError as error:
        book_failure(error)
        raise
    if isinstance(outcome, BaseException):
        book_failure(outcome)
    else:
        settle(outcome)
