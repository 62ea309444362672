"""What every tool is, and the base of tools that wrap another one."""

from __future__ import annotations

from decimal import Decimal
from typing import Protocol, runtime_checkable

from ..journal.notices import InvalidArguments, Notice
from ..journal.records import Observation, ToolCall, ToolSpec
from .context import ToolContext
from .invocation import Invocation


@runtime_checkable
class Tool(Protocol):
    """Something that a policy can call. It books nothing: the effects door holds and settles."""

    @property
    def spec(self) -> ToolSpec:
        """What the policy is told."""

    @property
    def least_cost(self) -> Decimal | None:
        """The least USD that a call can cost, or None: no price declared."""

    @property
    def concurrency(self) -> int | None:
        """Calls of one run that may be under way at once, or None for any number."""

    def read(self, call: ToolCall) -> Invocation | InvalidArguments:
        """Reads a call's arguments, once; never raises. A call that is not sound costs nothing."""

    def cost(self, call: Invocation) -> Decimal | None:
        """Returns the price in USD of a call, or None where no price is declared.

        Raises:
            UsageError: the price cannot be told.
        """

    async def admit(self, call: Invocation, context: ToolContext) -> Notice | None:
        """Returns why the call may not be made, or None. It is asked before money is held."""

    async def run(self, call: ToolCall, context: ToolContext) -> Observation:
        """Makes the call. Whatever goes wrong comes back as an observation with `error=True`.

        A run hands over an `Invocation`; the arguments of any other call are read here.

        Only the caller's own cancellation and `KeyboardInterrupt` are raised.
        """

    def again(self, observation: Observation, attempt: int) -> float | None:
        """Returns the seconds to wait before a call that failed is made again, or None.

        `attempt` counts the tries so far; each one has a hold of its own.
        """


class Wrapper:
    """A tool that is another tool but for what a subclass changes."""

    def __init__(self, inner: Tool) -> None:
        self.inner = inner

    @property
    def spec(self) -> ToolSpec:
        return self.inner.spec

    @property
    def least_cost(self) -> Decimal | None:
        return self.inner.least_cost

    @property
    def concurrency(self) -> int | None:
        return self.inner.concurrency

    def read(self, call: ToolCall) -> Invocation | InvalidArguments:
        return self.inner.read(call)

    def cost(self, call: Invocation) -> Decimal | None:
        return self.inner.cost(call)

    async def admit(self, call: Invocation, context: ToolContext) -> Notice | None:
        return await self.inner.admit(call, context)

    async def run(self, call: ToolCall, context: ToolContext) -> Observation:
        return await self.inner.run(call, context)

    def again(self, observation: Observation, attempt: int) -> float | None:
        return self.inner.again(observation, attempt)
