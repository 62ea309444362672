"""A tool whose calls somebody must approve, before any money is held for them."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from ...journal.notices import DeniedCall, Notice
from ...ledger.errors import UsageError
from ..context import ToolContext
from ..invocation import Invocation
from ..protocol import Tool, Wrapper


@dataclass(frozen=True)
class ApprovalRequest:
    """What is to be approved."""

    tool: str
    arguments: str
    """JSON, as the policy wrote it."""
    usd: Decimal | None
    """What the call costs, or None if that is not known."""
    read_only: bool


Approver = Callable[[ApprovalRequest], bool | Awaitable[bool]]


class _ApprovedTool(Wrapper):
    def __init__(self, inner: Tool, approve: Approver, above: Decimal) -> None:
        super().__init__(inner)
        self._approve = approve
        self._above = above

    async def admit(self, call: Invocation, context: ToolContext) -> Notice | None:
        denied = await self.inner.admit(call, context)
        if denied is not None:
            return denied
        spec, usd = self.inner.spec, call.usd
        if spec.read_only and usd is not None and usd <= self._above:
            return None
        answer: Any = self._approve(ApprovalRequest(spec.name, call.arguments, usd, spec.read_only))
        if inspect.isawaitable(answer):
            answer = await answer
        if answer is True:
            return None
        return DeniedCall(tool=spec.name, why=f"this call of {spec.name} was not approved")


def approved(tool: Tool, approve: Approver, *, above: Decimal | float | str = 0) -> Tool:
    """Returns the tool with its calls put to `approve`; only the answer True lets one run.

    Calls of a read-only tool that cost no more than `above` USD need no approval. What the
    policy or a document says cannot approve anything: only `approve` is asked.

    Raises:
        UsageError: `above` is no sum of money.
    """
    try:
        limit = Decimal(str(above))
    except InvalidOperation:
        limit = Decimal("NaN")
    if not limit.is_finite() or limit < 0:
        raise UsageError(f"above must be USD of 0 or more, not {above!r}")
    return _ApprovedTool(tool, approve, limit)


def by_interrupt(question: ApprovalRequest) -> bool:
    """Approves through LangGraph: the graph stops until it is resumed with `Command(resume=True)`.

    Any other value refuses the call. For agents whose graph is part of a graph with a
    checkpointer.
    """
    from langgraph.types import interrupt

    usd = None if question.usd is None else str(question.usd)
    asked = {"tool": question.tool, "arguments": question.arguments, "usd": usd}
    return interrupt(asked) is True


def approve_harmless(question: ApprovalRequest) -> bool:
    """What `--yes` stands for: it never covers a tool with side effects that costs money."""
    return question.read_only or question.usd == 0
