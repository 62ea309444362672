"""The append-only memory and the trajectory that it shows."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.journal.records import Message
from outlay.ledger.errors import UsageError
from outlay.memory import Trajectory, memory

OPENING = (Message("system", "s"), Message("user", "t"))
SAID = st.lists(
    st.builds(Message, st.sampled_from(["user", "assistant", "tool"]), st.text(max_size=3))
)


@given(SAID)
async def test_full_shows_everything_and_only_grows(said: list[Message]) -> None:
    trajectory, full = Trajectory(OPENING), memory("full")
    nothing: Any = None
    seen = await full.view(trajectory, nothing)
    for message in said:
        trajectory.append(message)
        view = await full.view(trajectory, nothing)
        assert view == (*seen, message)
        seen = view
    assert len(trajectory) == len(OPENING) + len(said)


@given(SAID, st.integers(-5, 50))
def test_rewind_keeps_a_beginning_and_always_the_opening(said: list[Message], length: int) -> None:
    trajectory = Trajectory(OPENING)
    trajectory.append(*said)
    whole = trajectory.messages
    trajectory.rewind(length)
    assert trajectory.messages == whole[: max(length, len(OPENING))]


@given(SAID)
def test_best_answer_is_the_last_thing_said(said: list[Message]) -> None:
    trajectory = Trajectory(OPENING)
    trajectory.append(*said)
    texts = [m.content for m in said if m.role == "assistant" and m.content]
    assert trajectory.best_answer == (texts[-1] if texts else None)


def test_memories_are_named_where_one_is_unknown() -> None:
    assert memory("full").name == "full"
    with pytest.raises(UsageError, match="the memories are full"):
        memory("ful")
