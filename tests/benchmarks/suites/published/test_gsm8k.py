"""Word problems: the number after the mark is the answer, and a calculator is at hand."""

from __future__ import annotations

from pathlib import Path

from outlay.benchmarks.suite import suite

from .samples import GSM8K, published, write


def test_the_working_is_hidden_and_the_number_is_accepted(tmp_path: Path) -> None:
    made = suite("gsm8k", data=write(tmp_path / "d.jsonl", GSM8K))
    (task,) = made.tasks(1, seed=0)
    assert (task.id, task.prompt, task.gold) == ("gsm8k-1", GSM8K["question"], ("1200",))
    assert made.scorer.score(task, "Answer: 1,200 pens") == 1
    assert [tool.spec.name for tool in made.world(task).tools()] == ["calculator"]


def test_the_published_problems_are_read_whole() -> None:
    made = suite("gsm8k", data=published("gsm8k/train_200.jsonl"))
    tasks = made.tasks(200, seed=0)
    assert len({task.id for task in tasks}) == 200
    assert all("####" not in task.prompt and "<<" not in task.prompt for task in tasks)
