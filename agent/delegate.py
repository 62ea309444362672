"""`delegate`: a sub-agent as a tool. It spends its parent's money and inherits what is left."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from ..ledger.budget import Budget
from ..ledger.errors import BudgetError, ToolError
from ..tools import Tool, ToolContext, tool
from .agent import Agent
from .config import RunLabels
from .result import Result

DAY = 86_400.0


DELEGATE = "delegate"
"""What the tool is called where nobody gives it another name."""


def sub_run(run: str, key: str) -> str:
    """Returns the id of the run of the sub-agent behind a call, by the caller's run and the key."""
    return f"{run}.{hashlib.blake2b(key.encode(), digest_size=4).hexdigest()}"


def delegate(
    agent: Agent,
    *,
    name: str = DELEGATE,
    budget: Budget | str | None = None,
    read_only: bool = False,
) -> Tool:
    """Returns a tool that hands a task to `agent`.

    The sub-agent's account is a child of the run's: it can spend what is left there, and never
    more. It is a run of its own in the store, filed under its parent; when the parent is resumed
    after a crash, the sub-agent's run goes on where it stopped.

    Args:
        agent: who does the task, with the same home as its caller.
        budget: limits of each task beside what is left; None means the agent's own budget.
        read_only: True if you say that nothing the sub-agent may do has side effects.
    """

    @tool(price=0, timeout=DAY, read_only=read_only, name=name)
    async def run(task: str, context: ToolContext) -> str:
        """Hands a self-contained task to a sub-agent and returns its answer.

        It sees nothing of this conversation, and its calls are paid from the same budget.

        Args:
            task: what is to be found out or done, with all that is needed to know for it.
        """
        try:
            result = await _run(agent, task, context, budget)
        except BudgetError as error:
            raise ToolError(f"no sub-agent was started: {error}") from error
        return _tell(result)

    return replace(run, spec=replace(run.spec, resumes=True))


async def _run(
    agent: Agent, task: str, context: ToolContext, budget: Budget | str | None
) -> Result:
    id = sub_run(context.run, context.key)
    if agent.home.store.events(id):
        return await agent.resume(id, account=context.account, listen=context.listeners)
    labels = RunLabels(parent=context.run)
    return await agent.run(
        task, budget=budget, account=context.account, labels=labels, listen=context.listeners,
        run=id,
    )  # fmt: skip


def _tell(result: Result) -> str:
    if result.status == "failed":
        raise ToolError(f"the sub-agent failed: {result.why}")
    answer = result.answer or "no answer"
    if result.status == "budget_exhausted":
        return f"{answer}\n(The budget was used up before the sub-agent was done.)"
    return answer
