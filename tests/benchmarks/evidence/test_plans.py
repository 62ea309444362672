"""Searching for recorded plans: the data, the planner's errors, and what memory is made of."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from outlay.benchmarks.evidence.game24 import SETTINGS, SearchSetting
from outlay.benchmarks.evidence.plans import (
    GOLD,
    QUESTIONS,
    DialogueProposer,
    PlannedDialogue,
    dialogues,
    play,
)
from outlay.benchmarks.suites.game24.player import PlayerErrorRates
from outlay.ledger.errors import UsageError
from outlay.planners.toolchain import Action
from outlay.planners.toolchain.actions import FINISH, PlanStep

PRICES = (Decimal(1), Decimal(10))
PLANS = {
    "a": [["cd(folder='docs')", "ls()"], ["mv(source='x',destination='y')"]],
    "b": [["ls(a=True)", "cat('x')"]],
    "c": [["cd(folder='src')", "grep(pattern='a', file_name='b')", "cat('b')", "ls()"]],
}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / GOLD).parent.mkdir()
    asked = [[{"role": "user", "content": "Look."}], [{"role": "user", "content": "Move."}]]
    rows = [{"id": name, "question": asked} for name in PLANS]
    (tmp_path / QUESTIONS).write_text("\n".join(map(json.dumps, rows)))
    turns = {name: [[{"call": c} for c in turn] for turn in plan] for name, plan in PLANS.items()}
    rows = [{"id": name, "turns": turns[name]} for name in PLANS]
    (tmp_path / GOLD).write_text("\n".join(map(json.dumps, rows)) + "\n")
    return tmp_path


def test_the_calls_of_all_turns_are_one_plan(data: Path) -> None:
    first, second, _ = dialogues(data)
    assert first == PlannedDialogue(
        id="a",
        asked="Look.\nMove.",
        plan=(
            Action("cd", '{"folder":"docs"}'),
            Action("ls"),
            Action("mv", '{"destination":"y","source":"x"}'),
        ),
    )
    assert second.plan[1] == Action("cat", '{"0":"x"}')


def test_data_that_cannot_be_read_are_told(data: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="give the folder of BFCL with BFCL_v4"):
        dialogues(tmp_path / "none")
    (data / GOLD).write_text('{"id": "a", "turns": [[{"call": "ls"}]]}')
    with pytest.raises(UsageError, match="'ls' is no call"):
        dialogues(data)


async def test_proposals_are_drawn_once_for_all_searches(data: Path) -> None:
    first, *_ = dialogues(data)
    calls = [Action(f"tool_{n}") for n in range(20)]
    for _ in range(2):
        one = DialogueProposer(first, calls, PlayerErrorRates(), 1, PRICES)
        two = DialogueProposer(first, calls, PlayerErrorRates(), 1, PRICES)
        assert await one.propose((), 5) == await two.propose((), 5)
        assert one.costs == two.costs
    whole = [PlanStep(action) for action in first.plan]
    assert {sample.action for sample in await one.propose(whole, 3)} == {FINISH}
    assert await one.propose([*whole[:-1], PlanStep(calls[0])], 3) == []


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
async def test_a_planner_that_knows_needs_one_expansion_a_step(
    setting: SearchSetting, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("outlay.benchmarks.evidence.plans.CANDIDATES", 3)
    all = dialogues(data)
    knowing = PlayerErrorRates(error=0, sure=1, unsure=1)
    for dialogue in all:
        played = await play(
            dialogue, all, knowing, setting, k=3, expansions=9, seed=0, prices=PRICES
        )
        assert played.solved
        assert len(played.costs) == len(dialogue.plan) + 1
