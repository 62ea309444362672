"""Memories: what the policy sees of a trajectory."""

from __future__ import annotations

from .full import FullMemory
from .memory import Memory
from .registry import memory, memory_names
from .trajectory import Summary, Trajectory

__all__ = ["FullMemory", "Memory", "Summary", "Trajectory", "memory", "memory_names"]
