"""The agent's graph inside a user's own graph: state, savers, streams, going back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypedDict

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph

from outlay.agent import Agent, Home
from outlay.ledger.errors import PolicyError
from outlay.testing import LoopbackServer, ScriptedAnswer

THREAD = {"configurable": {"thread_id": "1"}}


class Question(TypedDict, total=False):
    """The state of a user's graph."""

    task: str
    answer: str | None
    shouted: str


def outer(agent: Agent, **options: Any) -> Any:
    """Returns a user's graph: prepare, the agent as a subgraph, shout."""
    graph = StateGraph(Question)
    graph.add_node("prepare", lambda state: {"task": state["task"].strip()})
    graph.add_node("agent", agent.graph)
    graph.add_node("shout", lambda state: {"shouted": (state["answer"] or "").upper()})
    graph.add_edge(START, "prepare")
    graph.add_edge("prepare", "agent")
    graph.add_edge("agent", "shout")
    graph.add_edge("shout", END)
    return graph.compile(**options)


@pytest.mark.parametrize("saver", [None, InMemorySaver()], ids=["no saver", "saver"])
async def test_as_a_subgraph(
    saver: Any, agent_for: Callable[..., Agent], server: LoopbackServer, book: Any
) -> None:
    agent = agent_for("turns-2-calls-1", budget="usd=1")
    state = await outer(agent, checkpointer=saver).ainvoke({"task": " What is it? "}, THREAD)
    assert state["shouted"] == "THE ANSWER AFTER 2 TURNS IS 42."
    (run,) = book.runs
    assert [event.body["task"] for event in book.events("run_started")] == ["What is it?"]
    assert [event.body["status"] for event in book.events("run_ended")] == ["answered"]
    assert server.served.requests == 3
    replayed = await agent.replay(run)
    assert (replayed.answer, server.served.requests) == (state["answer"], 3)


async def test_each_invocation_is_a_run_of_its_own(
    agent_for: Callable[..., Agent], book: Any
) -> None:
    graph = outer(agent_for("turns-1-calls-1", budget="usd=1"), checkpointer=InMemorySaver())
    await graph.ainvoke({"task": "one"}, THREAD)
    await graph.ainvoke({"task": "two"}, THREAD)
    assert [event.body["task"] for event in book.events("run_started")] == ["one", "two"]


class Conversation(TypedDict, total=False):
    """A user's state with all that the agent's graph gives."""

    task: str
    answer: str | None
    status: str
    why: str
    reason: str
    run: str


class Everything(Conversation, total=False):
    """And with what it keeps on its way."""

    step: int
    wasted: int


@pytest.mark.parametrize("planner", ["react", "best_of", "bats"])
@pytest.mark.parametrize("fields", [Conversation, Everything])
async def test_the_second_turn_of_a_conversation_is_a_run_of_its_own(
    planner: str, fields: type, agent_for: Callable[..., Agent], server: LoopbackServer, book: Any
) -> None:
    agent = agent_for(budget="usd=1", planner=planner)
    graph: Any = StateGraph(fields)
    graph.add_node("agent", agent.graph)
    graph.add_edge(START, "agent")
    graph.add_edge("agent", END)
    talk = graph.compile(checkpointer=InMemorySaver())
    server.script = lambda body: ScriptedAnswer(f"Answer: {_asked(body)}")
    first = await talk.ainvoke({"task": "one"}, THREAD)
    second = await talk.ainvoke({"task": "two"}, THREAD)
    third = await talk.ainvoke({"task": "two"}, THREAD)
    answers = [state["answer"] for state in (first, second, third)]
    assert answers == ["Answer: one", "Answer: two", "Answer: two"]
    assert len({state["run"] for state in (first, second, third)}) == 3
    for state in (first, second, third):
        assert (await agent.replay(state["run"])).text == state["answer"]


async def test_so_it_is_in_the_agent_s_own_graph_with_a_saver(
    agent_for: Callable[..., Agent], server: LoopbackServer, book: Any
) -> None:
    agent = agent_for(budget="usd=1")
    graph = saved(agent)
    server.script = lambda body: ScriptedAnswer(f"Answer: {_asked(body)}")
    states = [await graph.ainvoke({"task": task}, THREAD) for task in ("one", "two")]
    assert [state["answer"] for state in states] == ["Answer: one", "Answer: two"]
    for state in states:
        assert (await agent.replay(state["run"])).text == state["answer"]


def _asked(body: dict[str, Any]) -> str:
    told = " ".join(str(message["content"]) for message in body["messages"][1:])
    return "two" if "two" in told else "one"


async def test_side_by_side_on_one_agent(agent_for: Callable[..., Agent], book: Any) -> None:
    graph = outer(agent_for("turns-2-calls-2", budget="usd=1"))
    states = await asyncio.gather(*[graph.ainvoke({"task": f"task {n}"}) for n in range(10)])
    assert {state["answer"] for state in states} == {"The answer after 2 turns is 42."}
    assert len(book.runs) == 10


async def test_streamed(agent_for: Callable[..., Agent]) -> None:
    graph = outer(agent_for("turns-1-calls-1", budget="usd=1"))
    nodes = [
        (bool(path), *update)
        async for path, update in graph.astream(
            {"task": "What?"}, stream_mode="updates", subgraphs=True
        )
    ]
    assert nodes == [
        (False, "prepare"), (True, "think"), (True, "act"), (True, "think"),
        (False, "agent"), (False, "shout"),
    ]  # fmt: skip


async def test_used_up_budget_reaches_the_user_s_graph(agent_for: Callable[..., Agent]) -> None:
    agent = agent_for("turns-9-calls-1", budget="model_calls=3")
    state = await agent.graph.ainvoke({"task": "What?"})
    assert state["status"] == "budget_exhausted"
    assert state["answer"] == "The answer after 2 turns is 42."
    assert "model_calls" in state["why"]


async def test_a_policy_that_fails_ends_the_run_and_it_can_be_resumed(
    agent_for: Callable[..., Agent], server: LoopbackServer, book: Any
) -> None:
    agent = agent_for("turns-1-calls-1", budget="usd=1")
    server.steps(ScriptedAnswer(status=401))
    with pytest.raises(PolicyError):
        await outer(agent).ainvoke({"task": "What?"})
    assert [event.body["status"] for event in book.events("run_ended")] == ["failed"]
    result = await agent.resume(book.runs[0])
    assert result.answer == "The answer after 1 turns is 42."


async def test_going_back_pays_again_and_gives_nothing_back(
    agent_for: Callable[..., Agent], server: LoopbackServer, book: Any
) -> None:
    agent = agent_for("turns-3-calls-1", budget="usd=1,model_calls=7")
    graph = saved(agent)
    await graph.ainvoke({"task": "What?"}, THREAD, interrupt_after=["act"])
    after_first = (await graph.aget_state(THREAD)).config
    await graph.ainvoke(None, THREAD, interrupt_after=["act"])
    assert (server.served.requests, book.spent["model_calls"]) == (2, 2)
    server.steps(ScriptedAnswer("Answer: another way"))
    state = await graph.ainvoke(None, after_first)
    assert (state["status"], state["answer"]) == ("answered", "Answer: another way")
    assert server.served.requests == book.spent["model_calls"] == 3
    assert {event.key[0] for event in book.events("hold")} == {"0", "1"}
    (rewound,) = book.events("run_resumed")
    assert (rewound.body["mode"], rewound.body["branch"]) == ("rewind", 1)
    replayed = await agent.replay(book.runs[0])
    assert (replayed.text, replayed.spend) == ("Answer: another way", book.spent)
    assert len([m for m in replayed.trajectory if m.role == "tool"]) == 1
    assert server.served.requests == 3


async def test_going_back_again_and_again_ends_at_the_cap(
    agent_for: Callable[..., Agent], server: LoopbackServer, book: Any
) -> None:
    graph = saved(agent_for("turns-9-calls-1", budget="model_calls=5"))
    await graph.ainvoke({"task": "What?"}, THREAD, interrupt_after=["act"])
    config = (await graph.aget_state(THREAD)).config
    for _ in range(5):
        await graph.ainvoke(None, config, interrupt_after=["act"])
    assert server.served.requests == book.spent["model_calls"] <= 5


async def test_an_interrupted_thread_goes_on_in_another_agent(
    agent_for: Callable[..., Agent], server: LoopbackServer, book: Any, home: Path
) -> None:
    """As after a crash: the saver remembers the step, the journal what was paid."""
    first = agent_for("turns-3-calls-1", budget="usd=1")
    graph = saved(first)
    await graph.ainvoke({"task": "What?"}, THREAD, interrupt_after=["act"])
    Home.at(home).close()
    Home.at(home).live.clear()
    again = saved(agent_for("turns-3-calls-1", budget="usd=1"), graph.checkpointer)
    state = await again.ainvoke(None, THREAD)
    assert state["answer"] == "The answer after 3 turns is 42."
    assert server.served.requests == book.spent["model_calls"] == 4


def saved(agent: Agent, saver: Any = None) -> Any:
    """Returns the agent's own graph with a saver."""
    return agent.graph.copy(update={"checkpointer": saver or InMemorySaver()})
