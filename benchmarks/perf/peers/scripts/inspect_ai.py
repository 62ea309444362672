"""inspect_ai's react agent, a sample for each conversation; its cap is a scoped token limit."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from inspect_ai import Task, eval_async
from inspect_ai.agent import react
from inspect_ai.dataset import Sample
from inspect_ai.model import GenerateConfig, get_model
from inspect_ai.tool import ToolDef
from inspect_ai.util import token_limit

from .stage import KEY, SYSTEM, TOKENS, Cap, PlayAll, all_ends, lookup, main


@asynccontextmanager
async def playing(url: str, model: str) -> AsyncIterator[PlayAll]:
    served = _model(url, model)

    async def execute(query: str) -> str:
        return lookup(query)

    known = ToolDef(
        execute,
        name="lookup",
        description="Looks something up.",
        parameters={"query": "what is sought."},
    )
    agent = react(prompt=SYSTEM, tools=[known.as_tool()], submit=False)

    with tempfile.TemporaryDirectory(prefix="inspect-logs-") as folder:

        async def play_all(questions: Sequence[str]) -> Sequence[str]:
            (log,) = await eval_async(
                Task(dataset=[Sample(input=question) for question in questions], solver=agent),
                model=served,
                log_dir=folder,
                max_samples=len(questions),
            )
            if log.status != "success":
                raise RuntimeError(f"the evaluation ended as {log.status}: {log.error}")
            return [sample.output.completion for sample in log.samples]

        yield play_all


async def capped(url: str, model: str, questions: Sequence[str]) -> Sequence[object]:
    served = _model(url, model)
    with token_limit(TOKENS):
        return await all_ends([served.generate(question) for question in questions])


def _model(url: str, model: str) -> Any:
    return get_model(
        f"openai/{model}",
        base_url=url,
        api_key=KEY,
        config=GenerateConfig(max_retries=0, max_connections=1_000),
        responses_api=False,
    )


if __name__ == "__main__":
    name = "token_limit around all"
    cap = Cap(name=name, unit="tokens", amount=TOKENS, ask=capped)
    main("inspect_ai", playing, cap)
