"""litellm's SDK in a loop by hand; its cap is `litellm.max_budget`, over all calls of a process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import litellm

from .stage import KEY, SYSTEM, TOKENS, TOOL, Cap, PlayAll, all_ends, at_once, main, observed

USD_A_TOKEN = 1e-6


@asynccontextmanager
async def playing(url: str, model: str) -> AsyncIterator[PlayAll]:
    async def play(question: str) -> str:
        messages: list[Any] = [
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": question},
        ]
        while True:
            message = await _message(url, model, messages, tools=[TOOL])
            if not message.tool_calls:
                return str(message.content)
            messages += [message, *map(observed, message.tool_calls)]

    yield at_once(play)


async def capped(url: str, model: str, questions: Sequence[str]) -> Sequence[object]:
    price = {
        "input_cost_per_token": USD_A_TOKEN,
        "output_cost_per_token": USD_A_TOKEN,
        "litellm_provider": "openai",
        "mode": "chat",
    }
    litellm.register_model({model: price, f"openai/{model}": price})
    litellm.max_budget = TOKENS * USD_A_TOKEN
    return await all_ends(
        [_message(url, model, [{"role": "user", "content": question}]) for question in questions]
    )


async def _message(url: str, model: str, messages: list[Any], **more: Any) -> Any:
    reply = await litellm.acompletion(
        model=f"openai/{model}",
        api_base=url,
        api_key=KEY,
        messages=messages,
        max_retries=0,
        num_retries=0,
        **more,
    )
    return reply.choices[0].message


if __name__ == "__main__":
    name = "max_budget, USD 1 a million tokens"
    main("litellm", playing, Cap(name=name, unit="tokens", amount=TOKENS, ask=capped))
