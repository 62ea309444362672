"""LangChain's `create_agent` with ChatOpenAI; its cap counts the model calls of a thread."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from langchain.agents import create_agent
from langchain.agents.middleware import ModelCallLimitMiddleware
from langchain_openai import ChatOpenAI
from langgraph.checkpoint.memory import InMemorySaver
from pydantic import SecretStr

from .stage import KEY, SYSTEM, Cap, PlayAll, all_ends, at_once, lookup, main

CALLS = 3


@asynccontextmanager
async def playing(url: str, model: str) -> AsyncIterator[PlayAll]:
    agent = create_agent(_model(url, model), tools=[lookup], system_prompt=SYSTEM)

    async def play(question: str) -> str:
        state = await agent.ainvoke(_opening(question), {"recursion_limit": 1_000_000})
        return str(state["messages"][-1].content)

    yield at_once(play)


async def capped(url: str, model: str, questions: Sequence[str]) -> Sequence[object]:
    agent = create_agent(
        _model(url, model),
        tools=[],
        middleware=[ModelCallLimitMiddleware(thread_limit=CALLS, exit_behavior="error")],
        checkpointer=InMemorySaver(),
    )
    thread: Any = {"configurable": {"thread_id": "shared"}}
    return await all_ends([agent.ainvoke(_opening(question), thread) for question in questions])


def _model(url: str, model: str) -> Any:
    return ChatOpenAI(model=model, base_url=url, api_key=SecretStr(KEY), max_retries=0)


def _opening(question: str) -> Any:
    return {"messages": [{"role": "user", "content": question}]}


if __name__ == "__main__":
    name = "ModelCallLimit, one thread"
    main("langchain", playing, Cap(name=name, unit="calls", amount=CALLS, ask=capped))
