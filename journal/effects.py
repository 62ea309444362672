"""The door through which everything outside is reached, as planners and memories see it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from .notices import Notice
from .records import Message, Observation, Reply, ReplySchema, ToolCall, ToolChoice


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """What is kept back for a later policy call that has to be possible, mostly from the start.

    Allowances are used in their order: while one is used, those after it stay kept back.
    """

    purpose: str
    """What the call is for; `ask(purpose=…)` may use the allowance of that name."""
    prompt: tuple[Message, ...]
    """What the call adds to the prompt as it then stands."""
    output: int
    """Output tokens that the call may write."""
    alone: bool = False
    """True for a call that shows the system message and the task, but not the trajectory."""
    input: int = 0
    """Bytes of text that the prompt will hold beside `prompt`."""
    on_demand: bool = False
    """True while nothing is kept back for it: until a planner says so (`Session.keep`)."""
    schema: ReplySchema | None = None
    """The form that its reply is to have."""


@dataclass(frozen=True)
class Refusal:
    """The ledger's no: the call was not made because no hold for it could be taken."""

    resource: str
    why: str


class Effects(Protocol):
    """Policy calls, tool calls, clock and randomness of one node of one run.

    Every call is numbered. A call that the journal has an answer for returns that answer and
    costs nothing; any other is held, journalled, made, settled and journalled.
    """

    async def ask(
        self,
        messages: Sequence[Message],
        *,
        tool_choice: ToolChoice = "auto",
        max_tokens: int | None = None,
        purpose: str = "",
        samples: int = 1,
        draw: int = 0,
        ahead: bool = False,
        schema: ReplySchema | None = None,
    ) -> Reply | Refusal:
        """Asks the policy.

        Args:
            messages: the prompt.
            tool_choice: `"none"` forbids tool calls; the tools stay in the request, so that
                the provider's prompt cache stays warm. `"required"` demands one where the
                server has that.
            max_tokens: the most output tokens; clipped so that the hold fits.
            purpose: what the call is booked as; "" is the node's name. The call may use what was
                kept back for that purpose (`Allowance`).
            samples: independent replies to the same prompt; those after the first are the
                reply's `others`. One request where the policy can, else one call each.
            draw: tells calls apart that should not come out alike: it is added to the seed.
            ahead: the node that follows runs the reply's tool calls in their order; read-only
                ones may start while the rest of the reply still streams in.
            schema: the form that the reply is to have, which the prompt says too.

        Raises:
            PolicyError: the policy failed for good.
        """

    async def call(self, calls: Sequence[ToolCall]) -> list[Observation]:
        """Runs a batch of tool calls side by side; returns what came back, in call order.

        A call that no money is left for, that fails or hangs, is an error observation.
        """

    async def tell(self, calls: Sequence[ToolCall], notices: Sequence[Notice]) -> list[Observation]:
        """Returns what the policy is told of calls that are not made; on replay, as it was told."""

    async def value(self, make: Callable[[], Any], *, told: bool = False) -> Any:
        """Returns `make()`, a JSON value; on replay the value that was recorded then.

        Args:
            make: makes the value, or an awaitable of it.
            told: it follows from the ledger (what the budget allows, numbers shown to the
                policy), so a what-if makes it anew and ends where it comes out otherwise.
        """
