"""What every memory is: it turns a trajectory into the messages that the policy sees."""

from __future__ import annotations

from typing import Protocol

from ..ledger.effects import Effects
from ..ledger.records import Message
from .trajectory import Trajectory


class Memory(Protocol):
    """Chooses what of a trajectory the policy sees. The same trajectory gives the same view."""

    @property
    def name(self) -> str: ...

    async def view(self, trajectory: Trajectory, effects: Effects) -> tuple[Message, ...]:
        """Returns the prompt. Compaction, where there is any, is paid through `effects`."""
