"""Exports against the documented schemas: every token once, every reply as it was."""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest

from outlay.benchmarks.suite import Task
from outlay.journal.records import Message, ToolCall
from outlay.ledger.errors import UsageError
from outlay.training.data.outcome import Outcome
from outlay.training.data.preference_pairs import PairBranch, PreferencePair
from outlay.training.data.rows import RowTier, TrainingRow
from outlay.training.data.turn_spans import cut
from outlay.training.export import art, traces, trl, verl

from ..conftest import turn_by_turn

WHOLE = turn_by_turn([(2, 1), (1, 2), (3, 1)])
PARTS = list(cut(WHOLE, 2))
REWARDS = {"r/0": 0.75}
OUTCOMES = {
    "r/0": Outcome(
        run="r", task="t", score=1.0, status="answered", usd={"output": Decimal("0.5")}, turns=3
    )
}
CALL = ToolCall("c1", "lookup", '{"query": "x"}')
ASKED = (Message("user", "What?"),)


def text(*messages: Message, trained: tuple[int, ...]) -> TrainingRow:
    return TrainingRow(
        run="r", trajectory="r/0", segment=0, task="t", policy="m", tier=RowTier.TEXT,
        messages=messages, trained=trained,
    )  # fmt: skip


CHAT = (
    *ASKED,
    Message("assistant", "", (CALL,)),
    Message("tool", "found", tool_call_id="c1"),
    Message("assistant", "Answer: 4"),
)


def test_tokens_go_to_sft_as_they_were_sampled() -> None:
    (record,) = trl.sft([WHOLE])
    assert record["input_ids"] == WHOLE.ids
    kept = [id for id in record["labels"] if id != -100]
    assert kept == [id for id, trains in zip(WHOLE.ids, WHOLE.mask, strict=True) if trains]


def test_cut_rows_teach_the_same_labels() -> None:
    labels = [label for record in trl.sft(PARTS) for label in record["labels"] if label != -100]
    (whole,) = trl.sft([WHOLE])
    assert labels == [label for label in whole["labels"] if label != -100]


def test_text_goes_to_sft_as_a_conversation() -> None:
    (record,) = trl.sft([text(*CHAT, trained=(1, 3))])
    assert [message["role"] for message in record["messages"]] == [m.role for m in CHAT]
    assert record["messages"][1]["tool_calls"][0]["function"]["arguments"] == {"query": "x"}
    assert json.loads(record["tools"]) == []


def test_replies_that_are_shown_again_do_not_train_again() -> None:
    records = list(trl.sft([text(*CHAT, trained=(3,))]))
    assert [set(record) for record in records] == [{"prompt", "completion", "tools"}]
    assert records[0]["completion"] == [{"role": "assistant", "content": "Answer: 4"}]
    assert len(records[0]["prompt"]) == 3


def test_arguments_that_are_no_object_stay_as_written() -> None:
    wrong = Message("assistant", "", (ToolCall("c1", "lookup", "[1"),))
    (record,) = trl.sft([text(*ASKED, wrong, trained=(1,))])
    assert record["messages"][1]["tool_calls"][0]["function"]["arguments"] == "[1"


def test_pairs_go_to_dpo() -> None:
    good, bad = (
        PairBranch(run="r", task="t", prompt=ASKED, said=Message("assistant", said), value=value,
               logprob=-value)
        for said, value in (("yes", 1.0), ("no", 0.5))
    )  # fmt: skip
    pair = PreferencePair(task="t", prompt=ASKED, chosen=good, rejected=bad, margin=0.5)
    assert list(trl.dpo([pair])) == [
        {
            "prompt": [{"role": "user", "content": "What?"}],
            "chosen": [{"role": "assistant", "content": "yes"}],
            "rejected": [{"role": "assistant", "content": "no"}],
            "margin": 0.5,
            "ref_chosen_logps": -1.0,
            "ref_rejected_logps": -0.5,
        }
    ]


def test_replies_go_to_kto() -> None:
    records = list(trl.kto([text(*CHAT, trained=(1, 3))], OUTCOMES))
    assert [record["label"] for record in records] == [True, True]
    assert [len(record["prompt"]) for record in records] == [1, 3]
    unjudged = {"r/0": Outcome(run="r", task="t", score=None, status="answered")}
    with pytest.raises(UsageError, match="run r was not judged"):
        list(trl.kto([text(*CHAT, trained=(1,))], unjudged))


def test_tasks_go_to_grpo_and_verl() -> None:
    task = Task(id="t1", prompt="Who?", kind="chain", gold=("Ada",))
    (record,) = trl.grpo([task], "Be brief.")
    assert [message["role"] for message in record["prompt"]] == ["system", "user"]
    assert record["gold"] == ("Ada",)
    (row,) = verl.tasks("almanac", [task])
    assert set(row) == {
        *("data_source", "prompt", "ability", "reward_model", "extra_info", "agent_name")
    }
    assert row["reward_model"] == {"style": "rule", "ground_truth": ("Ada",)}
    assert row["extra_info"]["index"] == 0


def test_turn_records_have_each_turn_once_and_in_order() -> None:
    (rollout,) = trl.turns(PARTS, REWARDS)
    assert (rollout["group"], rollout["reward"]) == ("t", 0.75)
    assert rollout == next(trl.turns([WHOLE], REWARDS))
    turns = rollout["turns"]
    assert [len(turn["output_ids"]) for turn in turns] == [1, 2, 1]
    for turn, after in pairwise(turns):
        known = (*turn["prompt_ids"], *turn["output_ids"])
        assert after["prompt_ids"][: len(known)] == known
        assert len(turn["output_ids"]) == len(turn["output_log_probs"]) == len(turn["output_mask"])


def test_agent_loop_outputs() -> None:
    first, second = verl.outputs(PARTS, REWARDS)
    for output in (first, second):
        sizes = {len(output[f"response_{name}"]) for name in ("ids", "mask", "logprobs")}
        assert len(sizes) == 1
    assert (*second["prompt_ids"], *second["response_ids"]) == WHOLE.ids
    assert sum(first["response_mask"]) + sum(second["response_mask"]) == WHOLE.sampled
    assert first["extra_fields"]["uid"] == second["extra_fields"]["uid"] == "t"
    (conversation,) = verl.conversations([text(*CHAT, trained=(1, 3))])
    assert set(conversation) == {"messages", "tools", "enable_thinking"}


def test_art_trains_choices_only() -> None:
    (record,) = art.trajectories(PARTS, REWARDS, OUTCOMES)
    (other,) = record["additional_histories"]
    choices = [e for e in record["messages_and_choices"] if "finish_reason" in e]
    assert [len(choice["logprobs"]["content"]) for choice in choices] == [1, 2]
    assert [e.get("role", "choice") for e in other["messages_and_choices"]] == [
        *("user", "assistant", "user", "assistant", "user", "choice")
    ]
    assert choices[0]["logprobs"]["content"][0]["token"] == f"token_id:{WHOLE.ids[2]}"
    assert (record["reward"], record["metrics"]["cost_usd"]) == (0.75, 0.5)


def path_to(trace: Any, leaf: int) -> list[Any]:
    path = []
    place: int | None = leaf
    while place is not None:
        path.append(trace["nodes"][place])
        place = trace["nodes"][place]["parent"]
    return path[::-1]


def test_a_path_of_a_trace_has_the_tokens_of_a_row() -> None:
    (trace,) = traces([WHOLE], REWARDS, OUTCOMES)
    path = path_to(trace, len(trace["nodes"]) - 1)
    assert tuple(id for node in path for id in node["token_ids"]) == WHOLE.ids
    assert tuple(trains for node in path for trains in node["mask"]) == WHOLE.mask
    told = [len(node.get("logprobs", ())) for node in path]
    assert told == [sum(node["mask"]) for node in path]
    assert [node["sampled"] for node in path] == [False, True] * 3


def test_a_trace_forks_where_rows_part() -> None:
    one = text(*CHAT, trained=(1, 3))
    other = text(*CHAT[:2], Message("tool", "other", tool_call_id="c1"), CHAT[3], trained=(3,))
    (trace,) = traces([one, other], REWARDS, OUTCOMES)
    assert len(trace["nodes"]) == 7
    assert [n["message"]["content"] for n in path_to(trace, 6)] == [
        "What?",
        "",
        "other",
        "Answer: 4",
    ]
    assert [node["sampled"] for node in path_to(trace, 6)] == [False, False, False, True]
    assert trace["nodes"][1]["message"]["tool_calls"][0]["name"] == "lookup"


@pytest.mark.parametrize("export", [trl.turns, verl.outputs])
def test_engines_of_tokens_refuse_text(export: Any) -> None:
    with pytest.raises(UsageError, match=r"row 0 of trajectory r/0 \(run r\) has no token ids"):
        list(export([text(*CHAT, trained=(1, 3))], REWARDS))
