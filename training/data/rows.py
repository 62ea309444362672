"""Training rows: what a policy wrote in a run, with what it saw when it wrote it.

One run gives one or more rows. A model call continues a row where its prompt begins with all that
the row holds, compared token by token where the ids are known and message by message where they
are not; any other prompt (compaction, a memory's edit, a verifier's question, a new attempt)
starts a new row. What a policy wrote trains in the row in which it was sampled; where it is shown
again it is context. Nothing is ever tokenised here: ids are those that the server sampled.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import IntEnum

from ...journal.events import Event
from ...journal.records import Message, ToolSpec
from .recorded_calls import ModelCall, model_calls


class RowTier(IntEnum):
    """How much is known of what was sampled."""

    TEXT = 0
    """The messages only."""
    LOGPROBS = 1
    """And the log-probabilities of the sampled tokens, but not which tokens they are."""
    TOKENS = 2
    """And the token ids of prompts and replies."""


@dataclass(frozen=True, kw_only=True)
class TrainingRow:
    """One sequence to train on."""

    run: str
    trajectory: str
    """Run and attempt: group statistics and the advantage are per trajectory, never per row."""
    segment: int
    """Place among the rows of the trajectory, from 0."""
    task: str
    """The task's id, or its text where it has none: the group that trajectories are compared in."""
    ids: tuple[int, ...] = ()
    """Prompt and replies as sampled; () below `RowTier.TOKENS`."""
    mask: tuple[bool, ...] = ()
    """True only on tokens that the policy sampled and that train here.

    One entry for each of `ids`; at `RowTier.LOGPROBS` one for each of `logprobs`, all True.
    """
    logprobs: tuple[float, ...] = ()
    """Natural log-probability of each token under the policy that sampled it.

    0.0 where the mask is False; () where they are not known.
    """
    turns: tuple[int, ...] = ()
    """For each entry of `mask` the ordinal of the model call that sampled it, else -1."""
    tokenizer: str = ""
    """Name of the tokenizer that the ids belong to; "" without ids."""
    policy: str
    """Name of the policy that wrote it."""
    tier: RowTier
    messages: tuple[Message, ...]
    """The same as text."""
    trained: tuple[int, ...]
    """Places in `messages` of the replies that train here."""
    tools: tuple[ToolSpec, ...] = ()
    """What the policy was offered, where the caller knows it: journals keep only its digest."""

    @property
    def sampled(self) -> int:
        """Tokens that train here."""
        return sum(self.mask)


def rows(events: Iterable[Event], *, tools: tuple[ToolSpec, ...] = ()) -> tuple[TrainingRow, ...]:
    """Returns the rows of one run, in the order in which they began.

    Args:
        events: all events of the run, in any order.
        tools: what the policy was offered.
    """
    grown: list[TrainingRow] = []
    for call in model_calls(events):
        place = _continued(grown, call)
        if place is None:
            segment = sum(row.trajectory == call.trajectory for row in grown)
            grown.append(_begun(call, segment, tools))
        else:
            grown[place] = _extended(grown[place], call)
    return tuple(grown)


def _continued(grown: list[TrainingRow], call: ModelCall) -> int | None:
    """Returns the place of the longest row that the call's prompt begins with."""
    fits = [place for place, row in enumerate(grown) if _continues(row, call)]
    return max(fits, key=lambda place: len(grown[place].messages), default=None)


def _continues(row: TrainingRow, call: ModelCall) -> bool:
    same = (row.trajectory, row.policy) == (call.trajectory, call.policy)
    if not same or row.tier != _tier(call) or len(call.prompt) < len(row.messages):
        return False
    if any(call.prompt[place].role != "assistant" for place in row.trained):
        return False
    if call.sampled is not None and row.tier is RowTier.TOKENS:
        prompt = call.sampled.prompt or ()
        known = bool(row.logprobs) == bool(call.sampled.logprobs)
        if not known or row.tokenizer != call.sampled.tokenizer:
            return False
        return len(prompt) >= len(row.ids) and prompt[: len(row.ids)] == row.ids
    return call.prompt[: len(row.messages)] == row.messages


def _tier(call: ModelCall) -> RowTier:
    if call.sampled is None:
        return RowTier.TEXT
    if call.sampled.prompt is not None and call.sampled.ids:
        return RowTier.TOKENS
    return RowTier.LOGPROBS if call.sampled.logprobs else RowTier.TEXT


def _begun(call: ModelCall, segment: int, tools: tuple[ToolSpec, ...]) -> TrainingRow:
    tier = _tier(call)
    empty = TrainingRow(
        run=call.run, trajectory=call.trajectory, segment=segment, task=call.task,
        tokenizer=call.sampled.tokenizer if call.sampled and tier is RowTier.TOKENS else "",
        policy=call.policy, tier=tier, messages=(), trained=(), tools=tools,
    )  # fmt: skip
    return _extended(empty, call)


def _extended(row: TrainingRow, call: ModelCall) -> TrainingRow:
    """Returns the row with what the prompt has beyond it, and the reply."""
    longer = replace(
        row,
        messages=(*call.prompt, call.reply),
        trained=(*row.trained, len(call.prompt)),
    )
    sampled = call.sampled
    if sampled is None or row.tier is RowTier.TEXT:
        return longer
    told = row.tier is RowTier.TOKENS
    new = (sampled.prompt or ())[len(row.ids) :] if told else ()
    gap, wrote = len(new), len(sampled.ids) if told else len(sampled.logprobs)
    logprobs = row.logprobs + (0.0,) * gap + sampled.logprobs
    return replace(
        longer,
        ids=row.ids + new + sampled.ids if told else (),
        mask=row.mask + (False,) * gap + (True,) * wrote,
        logprobs=logprobs if sampled.logprobs else (),
        turns=row.turns + (-1,) * gap + (call.ordinal,) * wrote,
    )
