"""A router: several policies, of which each run asks the one that promises most for its price.

What is expected of a policy is learned from logged runs: its rate of success on the class of the
task, and what its runs have really cost (the list price misleads: "Price reversal", 2026, arXiv
2603.23971). Success comes first and price only counts against it, as in the reward of Router-R1
(2025, arXiv 2506.09033); how much is said in USD, by what a solved task is worth.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from decimal import Decimal, InvalidOperation

from ..journal.records import Reply, Request
from ..ledger.errors import UsageError
from .outcome_stats import RoutingStats, RunForecast
from .policy import Policy, check_ready

_WORTH = re.compile(r"worth=(.*)")


class Router:
    """Several policies under one name; an agent asks one of them in each run.

    Args:
        policies: from cheap to dear, of different names.
        worth: USD that a solved task is worth.

    Raises:
        UsageError: there is no policy, two have one name, one is a router, or `worth` is not
            above 0.
    """

    def __init__(self, policies: Sequence[Policy], *, worth: Decimal = Decimal(1)) -> None:
        self.policies = tuple(policies)
        self.worth = worth
        names = self.names
        if not names:
            raise UsageError("a router needs a policy: write router:CHEAP,DEAR")
        if len(set(names)) < len(names):
            raise UsageError(f"a router needs policies of different names, and not {names}")
        if any(isinstance(policy, Router) for policy in self.policies):
            raise UsageError("a router cannot route to a router: name its models themselves")
        if worth <= 0:
            raise UsageError(f"router: worth={worth} must be above 0: what a solved task is worth")

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(policy.name for policy in self.policies)

    @property
    def name(self) -> str:
        """How reports name it; what is booked bears the name of the policy that was asked."""
        return f"router:{','.join(self.names)}"

    @property
    def max_output(self) -> int:
        return max(policy.max_output for policy in self.policies)

    @property
    def timeout(self) -> float:
        return max(policy.timeout for policy in self.policies)

    def expected(self, history: RoutingStats, task_class: str) -> dict[str, RunForecast]:
        """Returns what to expect of each policy on a task of this class.

        One whose cost was never logged is taken to cost what the dearest logged one before it
        does: so it is tried while its success is open.
        """
        found: dict[str, RunForecast] = {}
        dearest: Decimal | None = None
        for name in self.names:
            one = history.expected(task_class, f"model:{name}")
            usd = one.usd if one.usd is not None else dearest
            if one.usd is not None:
                dearest = max(one.usd, dearest or Decimal(0))
            found[name] = RunForecast(success=one.success, deviation=one.deviation, usd=usd)
        return found

    def choose(self, history: RoutingStats, task_class: str, among: Collection[str]) -> str:
        """Returns the policy with the greatest expected gain, the cheaper one of equals.

        Args:
            among: the policies that the budget can pay.
        """
        found = {k: v for k, v in self.expected(history, task_class).items() if k in among}
        return max(found, key=lambda name: found[name].net(self.worth))

    def ladder(self, history: RoutingStats, task_class: str) -> list[str]:
        """Returns the policies in the order in which they are tried until one succeeds.

        By rising cost of a pass: where tries succeed or fail independently, no other order costs
        less on average. A policy whose try costs more than its chance is worth is left out.
        """
        found = self.expected(history, task_class)
        worth_it = [name for name in found if found[name].net(self.worth) > 0]
        return sorted(
            worth_it or [max(found, key=lambda name: found[name].net(self.worth))],
            key=lambda name: found[name].cost_of_pass,
        )

    def check(self) -> None:
        """Raises UsageError where a call to one of its policies could not be made."""
        for policy in self.policies:
            check_ready(policy)

    async def reply(self, request: Request) -> Reply:
        """Raises UsageError: an agent asks the policy that it has chosen."""
        raise UsageError("a router replies to nothing itself: give it to an Agent as its model")

    async def close(self) -> None:
        """Closes all its policies."""
        for policy in self.policies:
            await policy.close()


def split(text: str) -> tuple[list[str], Decimal]:
    """Reads what follows `router:` into model strings and what a solved task is worth.

    Raises:
        UsageError: there is no model, or `worth` is no number.
    """
    parts = [part.strip() for part in text.split(",")]
    worth = Decimal(1)
    if said := _WORTH.fullmatch(parts[-1]):
        try:
            worth = Decimal(said[1])
        except InvalidOperation as error:
            raise UsageError(f"router: worth={said[1]} is no number of USD") from error
        parts.pop()
    if not parts or not all(parts):
        raise UsageError("a router names its models from cheap to dear: write router:CHEAP,DEAR")
    return parts, worth
