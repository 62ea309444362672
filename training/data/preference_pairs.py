"""Step-level preferences: two ways on from the same point, of which one came out better.

After Agent Q (2408.07199): pairs at the nodes of a search where siblings' values differ by more
than a threshold. Its formulas are not confirmed; here a value is what was realised. Siblings are
replies to the same prompt (forks, repeats, attempts that share their beginning), and steps that
toolpath runs took from the same materials.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from statistics import fmean

import orjson

from ...journal.records import Message, Sampled, ToolCall
from ...planners.toolpath import SubtaskTrace
from .recorded_calls import ModelCall


@dataclass(frozen=True, kw_only=True)
class PairBranch:
    """One step from a point, and what came of it."""

    run: str
    task: str
    prompt: tuple[Message, ...]
    said: Message
    value: float
    """The reward of the trajectory, or minus the USD that it took from here to the end."""
    logprob: float | None = None
    """Sum of the step's log-probabilities when it was sampled, where they are known: DPO's
    reference, without a reference model."""
    sampled: Sampled | None = None
    """The tokens of prompt and step, where they are known."""


@dataclass(frozen=True, kw_only=True)
class PreferencePair:
    """Two steps from one point."""

    task: str
    prompt: tuple[Message, ...]
    chosen: PairBranch
    rejected: PairBranch
    margin: float
    """By how much the chosen step's mean value is greater."""


def replies(calls: Iterable[ModelCall], values: Mapping[str, float]) -> Iterator[PairBranch]:
    """Yields the replies of runs as branches.

    Args:
        calls: model calls of any runs.
        values: the reward of each trajectory; calls of others are left out.
    """
    for call in calls:
        if call.trajectory in values:
            told = call.sampled.logprobs if call.sampled else ()
            yield PairBranch(
                run=call.run, task=call.task, prompt=call.prompt, said=call.reply,
                value=values[call.trajectory], logprob=sum(told) if told else None,
                sampled=call.sampled,
            )  # fmt: skip


def steps(traces: Iterable[SubtaskTrace], *, failure: float) -> Iterator[PairBranch]:
    """Yields the steps of toolpath subtasks as branches, in words and tool calls.

    Args:
        failure: USD that a subtask which failed counts as, beside what was spent on it.
    """
    for trace in traces:
        have = set(trace.have)
        left = trace.usd - float(trace.planning) + (0.0 if trace.ok else failure)
        for place, step in enumerate(trace.steps):
            arguments = {"inputs": list(step.takes), **step.arguments}
            call = ToolCall(f"step_{place}", step.tool, orjson.dumps(arguments).decode())
            yield PairBranch(
                run=trace.run,
                task=trace.want,
                prompt=(_point(trace, have),),
                said=Message("assistant", "", (call,)),
                value=-left,
            )
            left -= float(step.usd or 0)
            have |= set(step.gives) if step.ok else set()


def pairs(branches: Iterable[PairBranch], *, threshold: float = 0.0) -> Iterator[PreferencePair]:
    """Yields a pair for any two different steps from one point whose mean values are apart.

    A step that was taken several times has the mean of its values; its first record stands for it.

    Args:
        threshold: by how much more than this the values must differ.
    """
    points: dict[tuple[str, tuple[Message, ...]], dict[tuple[str, str], list[PairBranch]]] = {}
    for branch in branches:
        point = points.setdefault((branch.task, branch.prompt), {})
        point.setdefault(_content(branch.said), []).append(branch)
    for (task, prompt), taken in points.items():
        ways = [(fmean(b.value for b in same), same[0]) for same in taken.values()]
        for one, other in combinations(ways, 2):
            (low, rejected), (high, chosen) = sorted((one, other), key=lambda way: way[0])
            if high - low > threshold:
                yield PreferencePair(
                    task=task, prompt=prompt, chosen=chosen, rejected=rejected, margin=high - low
                )


def _point(trace: SubtaskTrace, have: set[str]) -> Message:
    hand = ", ".join(sorted(have)) or "nothing"
    of = f" of {trace.material}" if trace.material else ""
    return Message("user", f"Make {trace.want}{of}. At hand: {hand}.")


def _content(said: Message) -> tuple[str, str]:
    """Returns what two replies must have alike to be the same step: calls' ids do not count."""
    calls = [[call.name, call.arguments] for call in said.tool_calls]
    return said.content, orjson.dumps(calls).decode()
