"""What the training's tests share: agents whose server tells its tokens, rows without a run."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from outlay.agent import Agent, Home
from outlay.journal.records import Message
from outlay.ledger.budget import Budget
from outlay.policies import Endpoint
from outlay.testing import LoopbackServer
from outlay.testing.tokens import TOKENIZER
from outlay.tools import tool
from outlay.training.data.rows import RowTier, TrainingRow


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Two test processes share two cores: torch, where a test has loaded it, takes one."""
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@tool(price="0.001", read_only=True, inline=True)
def lookup(query: str) -> str:
    """Looks a thing up.

    Args:
        query: what to look for.
    """
    return f"found {query}"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "home"
    yield path
    Home.at(path).close()


@pytest.fixture
def agent_for(server: LoopbackServer, home: Path) -> Callable[..., Agent]:
    """Builds agents over the loopback server; `endpoint` has options of the endpoint."""

    def build(endpoint: dict[str, Any] | None = None, **options: Any) -> Agent:
        asked = {"tokenizer": TOKENIZER, "timeout": 5.0, **(endpoint or {})}
        policy = Endpoint("m", base_url=server.url, name="m", **asked)
        return Agent(
            model=policy,
            home=home,
            **{"tools": [lookup], "budget": Budget(tool_calls=10), **options},
        )

    return build


def turn_by_turn(
    lengths: list[tuple[int, int]], trajectory: str = "r/0", segment: int = 0, task: str = "t"
) -> TrainingRow:
    """Returns a row of turns, each given as the tokens of its prompt and of its reply."""
    ids: list[int] = []
    mask: list[bool] = []
    turns: list[int] = []
    messages: list[Message] = []
    for turn, (prompt, reply) in enumerate(lengths):
        ids += [100 * turn + n for n in range(prompt + reply)]
        mask += [False] * prompt + [True] * reply
        turns += [-1] * prompt + [turn] * reply
        messages += [Message("user", f"question {turn}"), Message("assistant", f"reply {turn}")]
    return TrainingRow(
        run=trajectory.partition("/")[0], trajectory=trajectory, segment=segment, task=task,
        ids=tuple(ids), mask=tuple(mask), turns=tuple(turns),
        logprobs=tuple(-0.5 if trains else 0.0 for trains in mask), tokenizer="words",
        policy="m", tier=RowTier.TOKENS, messages=tuple(messages),
        trained=tuple(range(1, len(messages), 2)),
    )  # fmt: skip
