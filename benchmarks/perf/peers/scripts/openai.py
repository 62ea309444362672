"""The openai client alone, in a loop by hand, as its documentation shows it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from openai import AsyncOpenAI

from .stage import KEY, SYSTEM, TOOL, PlayAll, at_once, main, observed


@asynccontextmanager
async def playing(url: str, model: str) -> AsyncIterator[PlayAll]:
    async with AsyncOpenAI(base_url=url, api_key=KEY, max_retries=0) as client:

        async def play(question: str) -> str:
            messages: list[Any] = [
                {"role": "system", "content": SYSTEM},
                {"role": "user", "content": question},
            ]
            while True:
                reply = await client.chat.completions.create(
                    model=model, messages=messages, tools=[TOOL]
                )
                message = reply.choices[0].message
                if not message.tool_calls:
                    return message.content or ""
                messages += [message, *map(observed, message.tool_calls)]

        yield at_once(play)


if __name__ == "__main__":
    main("openai", playing)
