"""Rows of real runs over HTTP, with the tokens that the server says it sampled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from outlay.agent import Agent, Home
from outlay.testing import LoopbackServer, ScriptedAnswer
from outlay.testing.tokens import TOKENIZER, logprob, token_id
from outlay.training.data.outcome import outcome
from outlay.training.data.preference_pairs import pairs, replies
from outlay.training.data.recorded_calls import model_calls
from outlay.training.data.row_checks import check_rows
from outlay.training.data.rows import RowTier, TrainingRow, rows

CALLS = [
    ScriptedAnswer(
        "Thinking of it", tool_calls=({"name": "lookup", "arguments": {"query": f"q{n}"}},)
    )
    for n in range(3)
]
ANSWER = ScriptedAnswer("Answer: 42")

Build = Callable[..., Agent]


def rows_of(home: Path, run: str) -> tuple[TrainingRow, ...]:
    return rows(Home.at(home).events(run))


def as_sampled(row: TrainingRow) -> list[int]:
    return [id for id, trains in zip(row.ids, row.mask, strict=True) if trains]


def words(step: ScriptedAnswer) -> list[int]:
    """Returns the ids that the server samples for a step."""
    said = step.content.split()
    for call in step.tool_calls:
        query = call["arguments"]["query"]
        said += ["<call>", "lookup", f'{{"query":"{query}"}}']
    return [token_id(word) for word in (*said, "<end>")]


@pytest.fixture
def run(server: LoopbackServer, agent_for: Build) -> Callable[..., str]:
    """Makes a run of three look-ups and an answer; returns its id."""

    def make(*steps: ScriptedAnswer, task: str = "What is it?", **options: Any) -> str:
        server.steps(*(steps or (*CALLS, ANSWER)))
        return agent_for(**options).run_sync(task).run

    return make


@pytest.mark.parametrize("stream", [False, True])
def test_turns_merge_into_one_row(run: Callable[..., str], home: Path, stream: bool) -> None:
    (row,) = rows_of(home, run(endpoint={"stream": stream}))
    assert (row.tier, row.tokenizer, row.policy) == (RowTier.TOKENS, TOKENIZER, "m")
    assert as_sampled(row) == [id for step in (*CALLS, ANSWER) for id in words(step)]
    told = [logprob(id) if trains else 0.0 for id, trains in zip(row.ids, row.mask, strict=True)]
    assert row.logprobs == tuple(told)
    assert Counter(row.turns)[3] == len(words(ANSWER))
    assert [row.messages[place].role for place in row.trained] == ["assistant"] * 4


def test_what_the_ledger_says_never_trains(run: Callable[..., str], home: Path) -> None:
    (row,) = rows_of(home, run(planner="tracker"))
    shown = [m for m in row.messages if m.role != "assistant"]
    assert any("budget" in message.content.lower() for message in shown)
    assert as_sampled(row) == [id for step in (*CALLS, ANSWER) for id in words(step)]


def test_a_memory_that_edits_starts_new_rows(run: Callable[..., str], home: Path) -> None:
    found = rows_of(home, run(memory="state:turns=1"))
    assert len(found) > 1
    assert [row.segment for row in found] == list(range(len(found)))
    sampled = [id for row in found for id in as_sampled(row)]
    assert sampled == [id for step in (*CALLS, ANSWER) for id in words(step)]


@pytest.mark.parametrize(
    ("endpoint", "tier"),
    [({"tokenizer": None}, RowTier.TEXT), ({"tool_protocol": "text"}, RowTier.TOKENS)],
)
def test_what_is_known_says_the_tier(
    run: Callable[..., str], home: Path, endpoint: dict[str, Any], tier: RowTier
) -> None:
    (row,) = rows_of(home, run(ANSWER, endpoint=endpoint))
    assert (row.tier, bool(row.ids), len(row.messages)) == (tier, tier is RowTier.TOKENS, 3)


def test_text_rows_merge_by_messages(run: Callable[..., str], home: Path) -> None:
    (row,) = rows_of(home, run(endpoint={"tokenizer": None}))
    assert (row.ids, row.mask, row.logprobs) == ((), (), ())
    assert [row.messages[place].content for place in row.trained][-1] == "Answer: 42"
    assert len(row.trained) == 4


def test_log_probabilities_without_ids(run: Callable[..., str], home: Path) -> None:
    """What a server that tells no ids leaves of the same run."""
    events = Home.at(home).events(run())
    for event in events:
        if "reply" in event.body:
            event.body["reply"]["sampled"] |= {"prompt": None, "base": None, "ids": []}
    (row,) = rows(events)
    sampled = [words(step) for step in (*CALLS, ANSWER)]
    assert (row.tier, row.ids, row.tokenizer) == (RowTier.LOGPROBS, (), "")
    assert row.logprobs == tuple(logprob(id) for ids in sampled for id in ids)
    assert row.turns == tuple(turn for turn, ids in enumerate(sampled) for _ in ids)
    assert all(row.mask)
    check_rows([row])


def test_a_prompt_is_journalled_once(run: Callable[..., str], home: Path) -> None:
    events = Home.at(home).events(run())
    told = [e.body["reply"]["sampled"] for e in events if e.kind == "settle" and "reply" in e.body]
    assert [bool(each["base"]) for each in told] == [False, True, True, True]
    (row,) = rows(events)
    assert sum(len(each["prompt"]) + len(each["ids"]) for each in told) == len(row.ids)


def test_each_attempt_is_a_trajectory(
    server: LoopbackServer, run: Callable[..., str], home: Path
) -> None:
    server.script = lambda body: ANSWER
    found = rows_of(home, run(ANSWER, planner="vote:n=3"))
    assert [row.trajectory.rpartition("/")[2] for row in found] == ["0", "1", "2"]
    assert {row.task for row in found} == {"What is it?"}


async def test_a_run_goes_on_after_a_break(
    server: LoopbackServer, agent_for: Build, home: Path
) -> None:
    """A resumed run's first prompt is told whole: the rows are the same as without the break."""
    server.steps(*CALLS[:2], ScriptedAnswer(status=400), *CALLS[2:], ANSWER)
    agent = agent_for()
    broken = await agent.run("What is it?")
    assert broken.status == "failed"
    await agent.resume(broken.run)
    (row,) = rows_of(home, broken.run)
    assert as_sampled(row) == [id for step in (*CALLS, ANSWER) for id in words(step)]


async def test_a_fork_trains_what_is_its_own(
    server: LoopbackServer, agent_for: Build, home: Path
) -> None:
    """Where a fork parts from its parent, their replies are a pair."""
    other = ScriptedAnswer("Answer: 43")
    server.steps(CALLS[0], ANSWER, other)
    agent, place = agent_for(), Home.at(home)
    parent = (await agent.run("What is it?")).run
    fork = (await agent.fork(parent, 2)).run
    (row,) = rows_of(home, fork)
    assert as_sampled(row) == words(other)
    calls = [call for run in (parent, fork) for call in model_calls(place.events(run))]
    (pair,) = pairs(replies(calls, {f"{parent}/0": 0.0, f"{fork}/0": 1.0}))
    assert (pair.chosen.said.content, pair.rejected.said.content) == ("Answer: 43", "Answer: 42")


def test_what_a_run_came_to(run: Callable[..., str], home: Path) -> None:
    id = run()
    place = Home.at(home)
    place.write_score(id, 0.0, success=False)
    place.write_score(id, 1.0, success=True)
    found = outcome(place.events(id))
    assert (found.success, found.answered, found.turns, found.format_errors) == (True, True, 4, 0)
    assert [call.tool for call in found.calls] == ["lookup"] * 3
    assert found.cost == pytest.approx(0.003)


def test_misshapen_calls_are_counted(run: Callable[..., str], home: Path) -> None:
    wrong = ScriptedAnswer(tool_calls=({"name": "lookup", "arguments": "[1]"},))
    assert outcome(Home.at(home).events(run(wrong, ANSWER))).format_errors == 1
