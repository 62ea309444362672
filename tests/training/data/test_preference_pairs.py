"""Pairs of steps: from replies to one prompt, and from toolpath subtasks."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.journal.records import Message, Sampled
from outlay.planners.toolpath import SubtaskTrace
from outlay.planners.toolpath.trace import TraceStep
from outlay.training.data.preference_pairs import PairBranch, pairs, replies, steps
from outlay.training.data.recorded_calls import ModelCall

ASKED = (Message("user", "What is it?"),)


def branch(said: str, value: float, task: str = "t") -> PairBranch:
    reply = Message("assistant", said)
    return PairBranch(run="r", task=task, prompt=ASKED, said=reply, value=value)


def call(said: str, trajectory: str, logprobs: tuple[float, ...] = ()) -> ModelCall:
    sampled = Sampled(prompt=(1,), ids=(2, 3), logprobs=logprobs, tokenizer="words")
    return ModelCall(
        run="r", trajectory=trajectory, task="t", ordinal=0, node="think", policy="m",
        prompt=ASKED, reply=Message("assistant", said), others=(), sampled=sampled,
    )  # fmt: skip


def trace(*made: tuple[str, bool, str], ok: bool = True, run: str = "r") -> SubtaskTrace:
    """Returns a subtask whose steps are given as tool, whether it worked, and USD."""
    path = tuple(
        TraceStep(tool=tool, takes=("log",), gives=("board",), ok=worked, usd=Decimal(usd))
        for tool, worked, usd in made
    )
    return SubtaskTrace(
        want="board", material="oak", have=("log",), ok=ok, steps=path, searches=1,
        expansions=1, run=run,
    )  # fmt: skip


def test_the_better_reply_is_chosen() -> None:
    calls = [call("right", "a", (-0.5, -0.25)), call("wrong", "b"), call("unknown", "c")]
    (pair,) = pairs(replies(calls, {"a": 1.0, "b": 0.0}))
    assert (pair.chosen.said.content, pair.rejected.said.content) == ("right", "wrong")
    assert (pair.chosen.logprob, pair.rejected.logprob, pair.margin) == (-0.75, None, 1.0)


def test_one_step_has_the_mean_of_its_values() -> None:
    found = list(pairs([branch("a", 1.0), branch("a", 0.0), branch("b", 0.75)], threshold=0.2))
    assert [(p.chosen.said.content, p.margin) for p in found] == [("b", 0.25)]
    assert not list(pairs([branch("a", 1.0), branch("b", 0.0, task="u")]))


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.floats(-1, 1)), max_size=12),
       st.floats(0, 1))  # fmt: skip
def test_the_chosen_step_is_better_by_more_than_the_threshold(
    taken: list[tuple[str, float]], threshold: float
) -> None:
    for pair in pairs([branch(*each) for each in taken], threshold=threshold):
        assert pair.margin > threshold
        assert pair.chosen.said != pair.rejected.said


def test_toolpath_siblings_by_hand() -> None:
    """From the log: axe and then saw cost 0.05 to the end, the saw at once 0.02."""
    detour = trace(("axe", False, "0.03"), ("saw", True, "0.02"))
    (pair,) = pairs(steps([detour], failure=1.0))
    assert pair.prompt[0].content == "Make board of oak. At hand: log."
    assert pair.chosen.said.tool_calls[0].name == "saw"
    assert pair.chosen.said.tool_calls[0].arguments == '{"inputs":["log"]}'
    assert pair.margin == pytest.approx(0.03)


def test_a_subtask_that_failed_is_worth_less() -> None:
    cheap = trace(("axe", False, "0.001"), ok=False)
    dear = trace(("saw", True, "0.5"))
    (pair,) = pairs(steps([cheap, dear], failure=1.0))
    assert pair.chosen.said.tool_calls[0].name == "saw"
    assert pair.margin == pytest.approx(0.501)
