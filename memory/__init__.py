"""Memories: what the policy sees of a trajectory."""

from __future__ import annotations

from .full import Full
from .memory import Memory
from .registry import memory, memory_names
from .trajectory import Summary, Trajectory

__all__ = ["Full", "Memory", "Summary", "Trajectory", "memory", "memory_names"]
