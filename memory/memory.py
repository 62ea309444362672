"""What every memory is: it turns a trajectory into the messages that the policy sees."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar, Self

from ..journal.effects import Effects
from ..journal.records import Message
from ..ledger.prices.model_prices import ModelPrice
from ..tools import Tool
from ..tools.builtin.recall import recall_at
from .prompts import prompt
from .trajectory import Trajectory


@dataclass(frozen=True, kw_only=True)
class Memory(ABC):
    """Chooses what of a trajectory the policy sees. The same trajectory gives the same view.

    One memory serves all runs of an agent and keeps nothing of any: all that it knows of a run
    stands in the trajectory.
    """

    name: str
    """How it is recorded, options included: `summary:limit=8000`."""
    recall: Decimal = Decimal(0)
    """USD of one call of `recall`, the tool that shows again what is out of view."""

    prompts: ClassVar[tuple[str, ...]] = ()
    """The prompts that tell the policy of this memory in the system message."""
    phases: ClassVar[tuple[str, ...]] = ()
    """The prompts of its own policy calls: their purposes, by name."""

    @abstractmethod
    def shown(self, trajectory: Trajectory) -> tuple[Message, ...]:
        """Returns the prompt as the trajectory stands. Each tool result follows its call."""

    async def view(self, trajectory: Trajectory, effects: Effects) -> tuple[Message, ...]:
        """Returns the prompt. Compaction, where any is due, is paid through `effects`."""
        return self.shown(trajectory)

    def tools(self) -> tuple[Tool, ...]:
        """Returns the tools that come with the memory."""
        return (recall_at(self.recall),)

    def priced(self, price: ModelPrice | None) -> Self:
        """Returns the memory of an agent whose policy has this price (None: no price is known)."""
        return self

    @property
    def system(self) -> str:
        """What the policy is told of this memory in the system message."""
        return "\n\n".join(prompt(name).text.format_map(vars(self)) for name in self.prompts)

    @property
    def versions(self) -> Mapping[str, str]:
        """The prompts of each purpose with their versions; "" are those of the system message."""
        system = ",".join(prompt(name).label for name in self.prompts)
        return {"": system, **{name: prompt(name).label for name in self.phases}}
