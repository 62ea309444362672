"""The page about suites says what is so, and its examples run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from outlay.agent import Agent, AgentOptions
from outlay.benchmarks.suite import suite
from outlay.benchmarks.suites.published import validate
from outlay.journal.records import ToolCall
from outlay.policies import ScriptedPolicy

from .samples import ROOT, published

PAGE = (ROOT / "docs" / "suites.md").read_text(encoding="utf-8")
CODE = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
FILES = {
    ("hotpotqa", "dev"): "hotpotqa/dev_distractor_100.jsonl",
    ("hotpotqa", "train"): "hotpotqa/train_100.jsonl",
    ("2wikimultihopqa", "train"): "2wikimultihopqa/train_150.jsonl",
    ("musique", "dev"): "musique/dev_80.jsonl",
    ("musique", "train"): "musique/train_100.jsonl",
    ("strategyqa", "the"): "strategyqa/dev_100.jsonl",
    ("gsm8k", "train"): "gsm8k/train_200.jsonl",
}
ROW = r"\| `(\w+)` \| \d+ \w+ of (\w+).*\| (\d+) \| ([\d.]+) % \| (?:([\d.]+) %|–) \|"


async def test_a_suite_of_ones_own_is_valid_and_can_be_run(tmp_path: Path) -> None:
    (tmp_path / "capitals.py").write_text(CODE[1])
    made = suite(f"{tmp_path / 'capitals.py'}:capitals")
    assert validate(made).valid
    task = made.tasks(2, seed=0)[0]
    country = {"fr": "France", "pe": "Peru"}[task.id]
    agent = Agent(
        model=ScriptedPolicy(
            [ToolCall("1", "capital", f'{{"country": "{country}"}}'), task.gold[0]]
        ),
        tools=made.world(task).tools(), budget="capital=1", home=tmp_path / "home",
        options=AgentOptions(system=made.system_prompt),
    )  # fmt: skip
    result = await agent.run(task.prompt)
    assert made.scorer.score(task, result.answer) == 1
    assert result.spend["tool_calls.capital"] == 1


@pytest.mark.parametrize("row", re.findall(ROW, PAGE), ids="-".join)
def test_measured_figures_are_the_figures(row: tuple[str, ...]) -> None:
    name, part, tasks, always, once = row
    path = published(FILES[name, part])
    found = validate(suite(name, data=path))
    assert (found.tasks, found.solved, found.valid) == (int(tasks), int(tasks), True)
    assert f"{found.baselines[2].success:.1%}" == f"{always}%"
    if once:
        names: dict[str, Any] = {}
        exec(CODE[0], names)
        assert f"{names['one_search'](name, path):.1%}" == f"{once}%"


def test_every_row_of_the_table_is_checked() -> None:
    assert len(re.findall(ROW, PAGE)) == len(FILES)


def test_every_suite_over_data_is_on_the_page() -> None:
    for name, _ in FILES:
        assert f"| `{name}` |" in PAGE
