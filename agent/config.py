"""What an agent is made of, how it asks its policy, and what its runs are filed under."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..journal.listeners import Listeners
from ..ledger.prices.price_book import PriceBook
from ..memory import Memory
from ..planners import Planner
from ..policies import Policy
from ..tools import Toolset
from .home import Home


@dataclass(frozen=True, kw_only=True)
class AgentOptions:
    """How an agent asks its policy."""

    system: str = ""
    """Added to the planner's system message: what this task or suite is about."""
    temperature: float | None = None
    """None leaves it to the server."""
    seed: int | None = None
    min_output: int = 64
    """A call that could not get this many output tokens is not made."""
    max_output: Mapping[str, int] = field(default_factory=dict)
    """Output tokens of a call by its purpose (`think`, `plan`, `verify`, …), beside what the policy
    needs to reason unseen. A call of another purpose gets the policy's own `max_output`. Less
    output asked for is less money held while a call is on its way."""
    wrap_up_tokens: int = 512
    """Output tokens that are kept back for the last reply of a run whose budget is used up."""
    tool_search_above: int = 40
    """More tools than this are not offered one by one: the policy searches for them."""
    attempts: int = 5
    """Tries of one policy call, each with its own hold."""


@dataclass(frozen=True, kw_only=True)
class RunLabels:
    """What a run is filed under in the store."""

    task_id: str | None = None
    task_class: str = ""
    """The sort of task: what is learned from logged runs is learned by class."""
    experiment: str | None = None
    parent: str | None = None
    seed: int | None = None
    repeat: int | None = None
    agent: Mapping[str, Any] = field(default_factory=dict)
    """What it takes to build the agent again (`outlay resume`)."""


@dataclass(frozen=True, kw_only=True)
class AgentConfig:
    """What an agent is made of."""

    policy: Policy
    tools: Toolset
    planner: Planner
    memory: Memory
    options: AgentOptions
    home: Home
    book: PriceBook
    listeners: Listeners
    """Who hears its runs and those of its sub-agents."""
