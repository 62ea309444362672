"""What counts as a good first reply, and the table of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from outlay.benchmarks.evidence.first_replies import cases, first_replies, table
from outlay.benchmarks.suite import suite
from outlay.journal.records import Message, Reply, Request
from outlay.ledger.usage import Usage
from outlay.policies import ScriptedPolicy

GOOD: dict[str, Any] = {
    "steps": {"steps": ["look"]},
    "plan": {"steps": [{"id": "1", "text": "look"}]},
    "toolchain": {"steps": [{"tool": "search", "arguments": {"query": "x"}}]},
    "mode": {"mode": "instant", "effort": 0.5},
    "verify": {"decision": "pivot"},
    "value": {"score": 3},
    "critic": {"decision": "go"},
    "select": {"choice": 2},
}


def judge(form: str, text: str) -> bool:
    almanac = suite("almanac")
    [task] = almanac.tasks(1, 0)
    tools = [tool.spec for tool in almanac.world(task).tools()]
    [asked] = [case for case in cases(task, "", tools) if case.form == form]
    return asked.is_good(text)


@pytest.mark.parametrize("form", GOOD)
def test_good_replies(form: str) -> None:
    assert judge(form, json.dumps(GOOD[form]))
    assert not judge(form, "Well, let me think.")


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ("toolchain", {"steps": [{"tool": "find", "arguments": {"query": "x"}}]}),
        ("toolchain", {"steps": [{"tool": "search", "arguments": {}}]}),
        ("toolchain", {"steps": [{"tool": "search", "arguments": {"query": 7}}]}),
        ("select", {"choice": 4}),
    ],
)
def test_unknown_tools_wrong_arguments_and_choices_are_no_good(form: str, said: Any) -> None:
    assert not judge(form, json.dumps(said))


async def test_the_table_has_both_ways_and_counts_what_was_cut(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def script(request: Request) -> Reply:
        text = (
            '{"decision": "go", "choice": 1, "score": 1, "steps": []}' if request.schema else "So"
        )
        ending = "stop" if request.schema else "length"
        return Reply(Message("assistant", text), Usage(output=9), finish_reason=ending)

    made = await first_replies(ScriptedPolicy(script), suite("almanac"), 1, 0)
    assert len(made) == len(capsys.readouterr().out.splitlines()) == 2 * len(GOOD)
    assert "| critic | 100% [21%, 100%] | 0% [0%, 79%] | 0 / 1 | 9 / 9 |" in table(made)
    assert "| all | 50% [5%, 95%] | 0% [0%, 79%] | 0 / 8 | 9 / 9 |" in table(made)
