"""smolagents' ToolCallingAgent, a thread for each; it has no limit that runs can share."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from smolagents import LogLevel, OpenAIModel, ToolCallingAgent, tool
from smolagents.models import ChatMessageToolCall, ChatMessageToolCallFunction

from .stage import KEY, SYSTEM, PlayAll, lookup, main


@asynccontextmanager
async def playing(url: str, model: str) -> AsyncIterator[PlayAll]:
    served = OpenAIModel(
        model, api_base=url, api_key=KEY, client_kwargs={"max_retries": 0}, retry=False
    )
    parse = served.parse_tool_calls
    served.parse_tool_calls = lambda message: parse(_with_final_answer(message))
    known = tool(lookup)

    def play(question: str) -> str:
        agent = ToolCallingAgent(
            tools=[known],
            model=served,
            instructions=SYSTEM,
            max_steps=1_000_000,
            verbosity_level=LogLevel.OFF,
        )
        return str(agent.run(question))

    async def play_all(questions: Sequence[str]) -> Sequence[str]:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(len(questions)) as pool:
            return await asyncio.gather(
                *(loop.run_in_executor(pool, play, question) for question in questions)
            )

    yield play_all


def _with_final_answer(message: Any) -> Any:
    """Turns a text into the call of `final_answer` that the agent wants, for the same turn."""
    if not message.tool_calls:
        function = ChatMessageToolCallFunction(
            name="final_answer", arguments={"answer": message.content}
        )
        call = ChatMessageToolCall(function=function, id="final", type="function")
        message.tool_calls = [call]
    return message


if __name__ == "__main__":
    main("smolagents", playing)
