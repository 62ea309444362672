"""What is kept back of a run's budget for the calls that have to be possible at its end."""

from __future__ import annotations

from ...journal.codec import SentPrompts
from ...journal.effects import Allowance
from ...journal.records import Message, Request, ToolSpec
from ...ledger.amount import ZERO, Amount
from ...ledger.holds import Size
from .cost_bounds import CostBounds


class Reserves:
    """The allowances of one run, priced at the prompt as it stands.

    Args:
        bounds: what calls can cost at most.
        prefixes: the prompts sent so far: what was billed for a prefix is known.
        tools: what the policy is offered in every request.
        allowances: the calls, in the order in which they come. They may change meanwhile.
    """

    def __init__(
        self,
        bounds: CostBounds,
        prefixes: SentPrompts,
        tools: tuple[ToolSpec, ...],
        allowances: tuple[Allowance, ...],
    ) -> None:
        self.prefixes = prefixes
        self._bounds = bounds
        self._tools = tools
        self._allowances = allowances
        self._last: tuple[tuple[Message, ...], Amount] | None = None

    @property
    def allowances(self) -> tuple[Allowance, ...]:
        return self._allowances

    @allowances.setter
    def allowances(self, changed: tuple[Allowance, ...]) -> None:
        self._allowances = changed
        self._last = None

    def allowance(self, purpose: str) -> Allowance | None:
        return next((kept for kept in self._allowances if kept.purpose == purpose), None)

    def after(self, used: Allowance | None, messages: tuple[Message, ...]) -> Amount:
        """Returns what stays kept back while a call with the allowance `used` (or none) is made."""
        if used is not None:
            later = self._allowances[self._allowances.index(used) + 1 :]
            return self._sum(later, messages)
        if self._last is None or self._last[0] != messages:
            self._last = (messages, self._sum(self._allowances, messages))
        return self._last[1]

    def first(self, messages: tuple[Message, ...], max_tokens: int | None) -> Size:
        """Returns what a first call with this prompt asks for.

        Args:
            max_tokens: the most that it may write; None leaves that to the policy.
        """
        request = Request(messages, self._tools, max_tokens=max_tokens)
        return self._bounds.first(
            request, self._bounds.input(request, self.prefixes.match(messages))
        )

    def call(self, messages: tuple[Message, ...]) -> Amount:
        """Returns the least that pays for one call with this prompt."""
        request = Request(messages, self._tools)
        tokens = self._bounds.input(request, self.prefixes.match(messages))
        return self._bounds.least(request, tokens)

    def least(self, messages: tuple[Message, ...]) -> Amount:
        """Returns the least budget that pays for one call and all that is kept back."""
        return self.call(messages) + self.after(None, messages)

    def _sum(self, allowances: tuple[Allowance, ...], messages: tuple[Message, ...]) -> Amount:
        total = ZERO
        for allowance in allowances:
            if allowance.on_demand:
                continue
            shown = messages[:2] if allowance.alone else messages
            prompt = (*shown, *allowance.prompt)
            request = Request(prompt, self._tools, "none", schema=allowance.schema)
            total += self._bounds.later(request, self.prefixes.match(prompt), allowance)
        return total
