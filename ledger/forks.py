"""Forks: a child of `os.fork` has the parent's memory, and none of its threads.

A lock that another thread held at that moment would stay locked in the child for ever, and a loop
or a worker thread would never answer. Locks of the package are therefore taken for the fork, and
what has a thread or a connection is told that it is in a child now.
"""

from __future__ import annotations

import os
import threading
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar
from weakref import WeakSet


class Forkable(Protocol):
    """Has what stays with the parent of a fork: threads, connections, open files."""

    def after_fork(self) -> None:
        """Lets go of it; is called in the child, where nothing else runs yet."""


Kept = TypeVar("Kept", bound=Forkable)
Lock = TypeVar("Lock", bound=AbstractContextManager[Any])

_locks: WeakSet[Any] = WeakSet()
_forkables: WeakSet[Any] = WeakSet()
_guard = threading.Lock()
_taken: list[Any] = []


def fork_safe(lock: Lock) -> Lock:
    """Returns the lock; no fork happens while another thread holds it.

    Whoever holds it may wait for no other lock.
    """
    with _guard:
        _locks.add(lock)
    return lock


def told_of_forks(thing: Kept) -> Kept:
    """Returns the thing, whose `after_fork` is called in every child of this process."""
    with _guard:
        _forkables.add(thing)
    return thing


def _before() -> None:
    _guard.acquire()
    for lock in list(_locks):
        lock.__enter__()
        _taken.append(lock)


def _after() -> None:
    while _taken:
        _taken.pop().__exit__(None, None, None)
    _guard.release()


def _in_child() -> None:
    _after()
    for thing in list(_forkables):
        thing.after_fork()


if hasattr(os, "register_at_fork"):  # Windows has no forks
    os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_in_child)
