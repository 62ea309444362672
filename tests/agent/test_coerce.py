"""Parts of an agent, given as text, as objects, or as something else."""

from __future__ import annotations

from typing import Any

import pytest

from outlay.agent import Agent
from outlay.ledger.budget import Budget
from outlay.ledger.errors import UsageError
from outlay.memory import FullMemory
from outlay.planners import planner
from outlay.policies import policy

TEXTS = {"model": "embedded:reader", "budget": "usd=1", "planner": "tracker", "memory": "full"}
PARTS = {
    "model": policy("embedded:reader"), "budget": Budget.parse("usd=1"),
    "planner": planner("tracker"), "memory": FullMemory(),
}  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_text_and_object_are_both_taken(name: str, tmp_path: Any) -> None:
    Agent(**{**TEXTS, name: PARTS[name]}, home=tmp_path)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("wrong", [0.1, None, object])
def test_anything_else_is_refused_in_a_sentence(name: str, wrong: object) -> None:
    with pytest.raises(UsageError, match=rf"^{name}=.* is no \w+: give one, or text such as"):
        Agent(**{**TEXTS, name: wrong})  # type: ignore[arg-type]
