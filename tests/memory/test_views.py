"""What holds of every memory's view, whatever the policy and the tools wrote."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outlay.journal.records import ToolCall
from outlay.memory import Trajectory, memory, memory_names
from outlay.memory.turns import HEAD, tokens
from outlay.tools import Outputs, ToolContext

from .conftest import ROUNDS, Round, ScriptedEffects, check_transcript, grow, grown, played

LIMIT = 900
SMALL = {name: f"{name}:limit={LIMIT}" for name in memory_names()} | {
    "full": "full",
    "window": f"window:outputs=2:limit={LIMIT}",
    "workspace": f"workspace:cap=120:limit={LIMIT}",
    "summary": f"summary:limit={LIMIT}:times=3",
    "curated": f"curated:limit={LIMIT}",
    "state": f"state:cap=120:limit={LIMIT}:turns=2",
}
EXAMPLES = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ANSWERS = st.sampled_from(["It is so.", "", "Error: no.", "s" * 400, "s " * 3000])


def test_all_memories_are_tried() -> None:
    assert tuple(SMALL) == memory_names()


@pytest.mark.parametrize("name", SMALL)
@EXAMPLES
@given(rounds=ROUNDS, answer=ANSWERS)
async def test_a_view_is_a_valid_chat_within_its_limit(
    name: str, rounds: list[Round], answer: str
) -> None:
    kept, effects = memory(SMALL[name]), ScriptedEffects(lambda asked: answer)
    trajectory = await played(kept, rounds, effects)
    view = await kept.view(trajectory, effects)
    for messages in (view, kept.shown(grown(rounds)), *effects.asked):
        check_transcript(messages)
    if name != "full":
        assert tokens(view[HEAD:]) <= LIMIT


@pytest.mark.parametrize("name", SMALL)
@EXAMPLES
@given(rounds=ROUNDS, more=ROUNDS)
async def test_the_same_trajectory_gives_the_same_view(
    name: str, rounds: list[Round], more: list[Round]
) -> None:
    kept = memory(SMALL[name])
    trajectory = await played(kept, rounds, ScriptedEffects())
    view, mark = kept.shown(trajectory), trajectory.mark
    for number, round in enumerate(more, start=len(rounds)):
        await kept.view(trajectory, ScriptedEffects())
        grow(trajectory, number, round)
    trajectory.rewind(mark)
    assert kept.shown(trajectory) == view
    again = await played(memory(SMALL[name]), rounds, ScriptedEffects())
    assert kept.shown(again) == view
    assert kept.shown(trajectory.extended()) == view


@pytest.mark.parametrize("name", [name for name in SMALL if name != "full"])
@EXAMPLES
@given(rounds=ROUNDS)
async def test_refs_never_dangle_and_every_observation_can_be_had_again(
    name: str, rounds: list[Round], tmp_path_factory: pytest.TempPathFactory
) -> None:
    kept = memory(SMALL[name])
    trajectory = await played(kept, rounds, ScriptedEffects())
    view = kept.shown(trajectory)
    messages = trajectory.messages
    shown = re.findall(r"\[r(\d+)\]|\[r(\d+) is out of view\]", "\n".join(m.content for m in view))
    for place in (int(first or second) for first, second in shown):
        assert messages[place].role == "tool"
    context = context_of(trajectory, tmp_path_factory.getbasetemp())
    recall = next(tool for tool in kept.tools() if tool.spec.name == "recall")
    for place, message in enumerate(messages):
        if message.role == "tool" and trajectory.whole(place):
            call = ToolCall("1", "recall", json.dumps({"ref": trajectory.ref(place)}))
            assert (await recall.run(call, context)).text == trajectory.whole(place)


def context_of(trajectory: Trajectory, folder: Path) -> ToolContext:
    return ToolContext(run="run", call_id="1", outputs=Outputs(folder), past=lambda: (trajectory,))
