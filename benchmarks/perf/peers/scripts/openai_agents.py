"""An agent of openai-agents on chat completions; it has no limit that runs can share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from agents import (
    Agent,
    OpenAIChatCompletionsModel,
    Runner,
    function_tool,
    set_tracing_disabled,
)
from openai import AsyncOpenAI

from .stage import KEY, SYSTEM, PlayAll, at_once, lookup, main


@asynccontextmanager
async def playing(url: str, model: str) -> AsyncIterator[PlayAll]:
    set_tracing_disabled(True)
    client = AsyncOpenAI(base_url=url, api_key=KEY, max_retries=0)
    agent = Agent(
        name="agent",
        instructions=SYSTEM,
        tools=[function_tool(lookup)],
        model=OpenAIChatCompletionsModel(model=model, openai_client=client),
    )

    async def play(question: str) -> str:
        result = await Runner.run(agent, question, max_turns=None)
        return str(result.final_output)

    yield at_once(play)


if __name__ == "__main__":
    main("openai-agents", playing)
