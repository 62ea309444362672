"""The append-only memory: everything stays, so the provider's prompt cache stays warm."""

from __future__ import annotations

from ..ledger.effects import Effects
from ..ledger.records import Message
from .trajectory import Trajectory


class Full:
    name = "full"

    async def view(self, trajectory: Trajectory, effects: Effects) -> tuple[Message, ...]:
        return trajectory.messages
