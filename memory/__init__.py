"""Memories: what the policy sees of a trajectory."""

from __future__ import annotations

from ..ledger.errors import UsageError
from .full import Full
from .memory import Memory
from .trajectory import Trajectory

__all__ = ["Full", "Memory", "Trajectory", "memory"]

_MEMORIES = {"full": Full}


def memory(name: str) -> Memory:
    """Returns the memory of that name.

    Raises:
        UsageError: there is none; the text names those that there are.
    """
    if name not in _MEMORIES:
        raise UsageError(f"no memory is called {name!r}: the memories are {', '.join(_MEMORIES)}")
    return _MEMORIES[name]()
