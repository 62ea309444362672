"""The policies that an agent may ask, and which of them a run begins with."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ...journal.loop_versions import NEWEST, OLDEST
from ...journal.prompt_files import PromptVersions, versions_of
from ...journal.record.recorded_events import RecordedStart
from ...ledger.errors import Unpriced
from ...ledger.prices.price_book import ModelPrice, PriceBook
from ...ledger.prices.stated_ratio import StatedRatio
from ...ledger.token_bounds import TokenBounds
from ...policies import Policy, Router, RoutingStats
from ...policies.policy import is_hosted
from ..effects.cost_bounds import CostBounds
from ..history.routing_stats import recent
from ..home import Home


@dataclass(frozen=True)
class Route:
    """A policy, what its tokens cost (None: nobody knows), and what its bills taught all runs."""

    policy: Policy
    price: ModelPrice | None
    tokens: TokenBounds
    ratio: StatedRatio

    @classmethod
    def of(cls, policy: Policy, book: PriceBook) -> Route:
        try:
            price = book.model(policy.name, hosted=is_hosted(policy))
        except Unpriced:
            price = None
        return cls(policy, price, TokenBounds(policy.name), StatedRatio())

    def bounds(self, min_output: int) -> CostBounds:
        return CostBounds(self.policy, self.price, self.tokens, self.ratio, min_output=min_output)


@dataclass(frozen=True, kw_only=True)
class RunBrief:
    """What a run is about and whom it asks first: what is known before its budget is."""

    task: str
    task_class: str
    model: str
    prompts: PromptVersions | None = None
    """The versions of prompts that its record names; None in a new run: the newest ones."""
    loop: int = NEWEST
    """The version of the loop by which it goes: its record's, or the newest."""


class Routes(Mapping[str, Route]):
    """The routes of an agent by the name of their policy: those of its router, or the one.

    Args:
        policy: the agent's, or a router over several.
        book: what they cost.
        home: where earlier runs are logged.
    """

    def __init__(self, policy: Policy, book: PriceBook, home: Home) -> None:
        self._router = policy if isinstance(policy, Router) else None
        policies = self._router.policies if self._router else (policy,)
        self._routes = {each.name: Route.of(each, book) for each in policies}
        self._home = home

    def __getitem__(self, name: str) -> Route:
        return self._routes[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._routes)

    def __len__(self) -> int:
        return len(self._routes)

    @property
    def unpriced(self) -> list[str]:
        """The policies without a price."""
        return [name for name, route in self._routes.items() if route.price is None]

    @cached_property
    def history(self) -> RoutingStats:
        """What was logged of earlier runs by the time that this is first asked for."""
        return recent(self._home)

    def choose(self, task_class: str, among: Collection[str], *, escalates: bool) -> str:
        """Returns the policy that a new run begins with, of those that its budget can pay.

        Args:
            escalates: begin with the first rung of the ladder, not with what promises most alone.
        """
        if self._router is None or len(among) == 1:
            return next(iter(among))
        rungs = [name for name in self.ladder(task_class) if name in among]
        if escalates and rungs:
            return rungs[0]
        return self._router.choose(self.history, task_class, among)

    def expected(self, task_class: str) -> dict[str, dict[str, Any]]:
        """Returns what a router expects of its policies, as it is recorded with each run."""
        if self._router is None:
            return {}
        return {
            name: {
                "success": round(one.success, 6),
                "deviation": round(one.deviation, 6),
                "usd": None if one.usd is None else round(one.usd, 12),
            }
            for name, one in self._router.expected(self.history, task_class).items()
        }

    def ladder(self, task_class: str) -> list[str]:
        """Returns the policies in the order in which a cascade tries them."""
        if self._router is None:
            return list(self._routes)
        return self._router.ladder(self.history, task_class)

    def brief(self, start: RecordedStart) -> RunBrief:
        """Returns the brief of a recorded run, from how it began.

        Where the run began with a policy that is not among these, the first one stands for it.
        """
        known = start.model in self._routes
        return RunBrief(
            task=start.task,
            task_class=start.agent.get("task_class", ""),
            model=start.model if known else next(iter(self._routes)),
            prompts=versions_of(start.agent),
            loop=start.agent.get("loop", OLDEST),
        )
