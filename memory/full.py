"""The append-only memory: everything stays, so the provider's prompt cache stays warm."""

from __future__ import annotations

from dataclasses import dataclass

from ..journal.records import Message
from ..tools import Tool
from .memory import Memory
from .trajectory import Trajectory


@dataclass(frozen=True, kw_only=True)
class FullMemory(Memory):
    """Shows everything. Nothing is ever out of view, so it brings no `recall`."""

    name: str = "full"

    def shown(self, trajectory: Trajectory) -> tuple[Message, ...]:
        return trajectory.messages

    def tools(self) -> tuple[Tool, ...]:
        return ()
