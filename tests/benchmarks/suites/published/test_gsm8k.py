"""Word problems: the number after the mark is the answer, and a calculator is at hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from outlay.benchmarks.suite import metrics, suite
from outlay.benchmarks.suites.published import NumberScorer, question

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


SUM = question("q", "How much?", "72")


@pytest.mark.parametrize(
    "reply",
    [
        "Answer: 72", "**Answer:** 72", "Final answer: $72.00", "So it is \\boxed{72}.",
        "6 * 12 = 72\n#### 72", "The answer is 72 dollars.", "### Answer\n**72**",
        "First 6 * 10 = 60, then 12 more.\nTherefore, she has 72 marbles.",
        "She needs 72 eggs every week.", "Answer: 72 (seventy-two)",
    ],
)  # fmt: skip
def test_a_right_number_counts_however_it_is_written(reply: str) -> None:
    assert NumberScorer().score(SUM, reply) == 1


@pytest.mark.parametrize(
    "reply",
    [
        "Answer: 27", "At first I had 72.\nAnswer: 60", "It is not 72.", "Is it 72?",
        "The answer is 72 or 73.", "\\boxed{72} was wrong, so \\boxed{27}", "Answer: 172",
        "Answer: 7.2", "She had 72 marbles and gave 12 away, so she has 60 left.", "",
    ],
)  # fmt: skip
def test_a_wrong_reply_that_mentions_it_does_not(reply: str) -> None:
    assert NumberScorer().score(SUM, reply) == 0


def test_both_matches_of_the_harness_are_told() -> None:
    told = {
        reply: metrics(NumberScorer(), SUM, reply)
        for reply in ("#### 72", "Answer: 72", "It is 72.", "72, no: 60", "")
    }
    assert [tuple(found.values()) for found in told.values()] == [
        (1.0, 1.0), (1.0, 1.0), (0.0, 1.0), (0.0, 0.0), (0.0, 0.0),
    ]  # fmt: skip
