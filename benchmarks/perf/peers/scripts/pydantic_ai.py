"""A pydantic-ai agent; its cap is a token limit on a usage that all runs share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from openai import AsyncOpenAI
from pydantic_ai import Agent, RunUsage, UsageLimits
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.providers.openai import OpenAIProvider

from .stage import KEY, SYSTEM, TOKENS, Cap, PlayAll, all_ends, at_once, lookup, main


@asynccontextmanager
async def playing(url: str, model: str) -> AsyncIterator[PlayAll]:
    agent = Agent(_model(url, model), instructions=SYSTEM, tools=[lookup])

    async def play(question: str) -> str:
        result = await agent.run(question, usage_limits=UsageLimits(request_limit=None))
        return str(result.output)

    yield at_once(play)


async def capped(url: str, model: str, questions: Sequence[str]) -> Sequence[object]:
    agent = Agent(_model(url, model))
    usage, limits = RunUsage(), UsageLimits(total_tokens_limit=TOKENS)
    return await all_ends(
        [agent.run(question, usage=usage, usage_limits=limits) for question in questions]
    )


def _model(url: str, model: str) -> Any:
    client = AsyncOpenAI(base_url=url, api_key=KEY, max_retries=0)
    return OpenAIChatModel(model, provider=OpenAIProvider(openai_client=client))


if __name__ == "__main__":
    name = "total_tokens_limit, shared RunUsage"
    cap = Cap(name=name, unit="tokens", amount=TOKENS, ask=capped)
    main("pydantic-ai-slim", playing, cap)
