"""Summaries by the policy itself, which replace the history when it has become long.

SUPO (Lu et al. 2025, arXiv 2510.06727): past a limit the next prompt is the task and a summary
written by the same policy, up to S times. A request for a summary is the prompt as it stands plus
an instruction, with the tools still in it, so that the provider's prompt cache serves it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import accumulate
from typing import ClassVar, Literal, Self

from ..journal.effects import Effects
from ..journal.records import Message, Reply
from ..ledger.errors import UsageError
from ..ledger.prices.model_prices import ModelPrice
from .compaction_cost import GUESSED, CompactionEstimate, expected_steps, realised
from .memory import Memory
from .prompts import prompt
from .reply_blocks import capped, is_sound
from .trajectory import Summary, Trajectory
from .turns import Turn, check_limit, fitted, head, latest, tokens, turns_of

FULL = 0.8
"""The share of the limit from which on a prompt is full: its summary has to be asked for too."""


@dataclass(frozen=True)
class _PromptHistory:
    """The prompt after the task: what a summary would stand for, and what stays."""

    old: tuple[Turn, ...]
    last: tuple[Turn, ...]

    @property
    def turns(self) -> tuple[Turn, ...]:
        return (*self.old, *self.last)

    @property
    def replies(self) -> int:
        return sum(turn.is_reply for turn in self.old)

    @property
    def carried(self) -> int:
        """Tokens of the old part but for its summary, over all prompts that had them."""
        sizes = accumulate(_size((turn,)) for turn in self.old if not turn.stays)
        return sum(sizes)


@dataclass(frozen=True, kw_only=True)
class SummaryMemory(Memory):
    """Shows the task, the last summary, and what came after it.

    The last reply and its outcome always stay as they are. Once the summaries are used up, the
    oldest turns leave.
    """

    name: str = "summary"
    limit: int = 40_000
    """Tokens beside the task."""
    cap: int | None = None
    """Tokens of a summary, beyond which it is cut off; None: an eighth of the limit."""
    times: int = 8
    """Summaries that are asked for at most; those that are refused count too."""
    when: Literal["full", "steps", "saving"] = "full"
    """At 80 % of the limit; every `steps` replies; or once it is due and expected to pay, and
    at 80 % of the limit anyway."""
    steps: int = 5
    horizon: int | None = None
    """Replies that such a task takes in all, or None: as many more as there were so far."""
    price: ModelPrice | None = None
    """What the policy's tokens cost; the agent fills it in."""

    prompts: ClassVar[tuple[str, ...]] = ("summary",)
    phases: ClassVar[tuple[str, ...]] = ("compact",)

    def __post_init__(self) -> None:
        check_limit(self.name, self.limit, self.most)
        if self.times < 0 or self.steps < 1:
            raise UsageError(f"memory {self.name}: times is 0 or more, steps 1 or more")
        if self.when not in ("full", "steps", "saving"):
            raise UsageError(f"memory {self.name}: when is full, steps or saving")

    @property
    def most(self) -> int:
        """The most tokens of a summary."""
        return self.limit // 8 if self.cap is None else self.cap

    def priced(self, price: ModelPrice | None) -> Self:
        return replace(self, price=price)

    def shown(self, trajectory: Trajectory) -> tuple[Message, ...]:
        turns = _history(trajectory).turns
        return (*head(trajectory), *fitted(turns, self.limit, trajectory))

    async def view(self, trajectory: Trajectory, effects: Effects) -> tuple[Message, ...]:
        if await self._is_due(trajectory, effects):
            await self._compact(trajectory, effects)
        return self.shown(trajectory)

    async def _is_due(self, trajectory: Trajectory, effects: Effects) -> bool:
        history = _history(trajectory)
        if len(trajectory.edits) >= self.times or not history.replies:
            return False
        old = _size(history.old)
        refused = [edit for edit in trajectory.edits[-1:] if not edit.text]
        new = old - sum(edit.replaced for edit in refused)
        if new > self.most and old + _size(history.last) > FULL * self.limit:
            return True
        if self.when == "steps":
            return history.replies >= self.steps
        return (
            self.when == "saving" and not refused and await self._pays(trajectory, history, effects)
        )

    async def _pays(
        self, trajectory: Trajectory, history: _PromptHistory, effects: Effects
    ) -> bool:
        """Says whether a summary is expected to pay for itself; books what was reckoned."""
        price, outlook = self.price, self._outlook(trajectory, history)
        if price is None or outlook.summary >= outlook.replaced:
            return False
        expected = outlook.saving(price)
        decided = await effects.value(
            lambda: {
                "compact": expected > 0 and outlook.is_due(price),
                "context_tokens": outlook.context,
                "expected_steps": outlook.steps,
                "expected_saving_usd": str(expected),
                "realised_saving_usd": str(realised(trajectory, price)),
            },
            told=True,
        )
        return bool(decided["compact"])

    def _outlook(self, trajectory: Trajectory, history: _PromptHistory) -> CompactionEstimate:
        last = next((edit for edit in reversed(trajectory.edits) if edit.text), None)
        billed = last.billed if last else GUESSED
        length = tokens([_shown(last.text)]) if last else self.most
        taken = sum(message.role == "assistant" for message in trajectory.messages)
        return CompactionEstimate(
            context=round(tokens(self.shown(trajectory)) * billed),
            replaced=round(_size(history.old) * billed),
            summary=round(length * billed),
            carried=round(history.carried * billed),
            steps=expected_steps(taken, self.horizon),
        )

    async def _compact(self, trajectory: Trajectory, effects: Effects) -> None:
        """Asks for a summary; one that is not sound replaces nothing."""
        instruction = f"{prompt('compact').text}\n\nIt may have {self.most:,} characters."
        asked = (*self.shown(trajectory), Message("user", instruction))
        reply = await effects.ask(
            asked, tool_choice="none", purpose="compact", max_tokens=self.most
        )
        history = _history(trajectory)
        replaced = _size(history.old)
        text, billed, usd = "", GUESSED, Decimal(0)
        if isinstance(reply, Reply):
            text = reply.message.content.strip()
            if reply.usage is not None:
                billed = reply.usage.input_tokens / tokens(asked)
                usd = self.price.cost(reply.usage, reply.seconds) if self.price else usd
        kept = capped(text, self.most) if is_sound(text, replaced) else ""
        upto = history.last[0].start if history.last else len(trajectory)
        trajectory.edit(Summary(upto=upto, text=kept, replaced=replaced, billed=billed, usd=usd))


def _history(trajectory: Trajectory) -> _PromptHistory:
    summary = next((edit for edit in reversed(trajectory.edits) if edit.text), None)
    turns = turns_of(trajectory, summary.upto) if summary else turns_of(trajectory)
    place = latest(turns)
    old = tuple(turns[:place])
    if summary is not None:
        old = (Turn(summary.upto, (_shown(summary.text),), True), *old)
    return _PromptHistory(old, tuple(replace(turn, stays=True) for turn in turns[place:]))


def _size(turns: tuple[Turn, ...]) -> int:
    return tokens(message for turn in turns for message in turn.messages)


def _shown(text: str) -> Message:
    return Message("user", f"Summary of the work so far:\n{text}")
