from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from outlay.agent import Agent
from outlay.embedded.transformer.app import TinyApp
from outlay.embedded.transformer.dialect import prompt_ids
from outlay.embedded.transformer.model import Decoder, ModelShape, TinyModel, generate
from outlay.embedded.transformer.policy import tiny_policy
from outlay.embedded.transformer.vocabulary import END, IDS, VOCABULARY, decode
from outlay.embedded.transformer.weights import load, save
from outlay.journal.records import Message, Request
from outlay.policies.endpoint.chat_app import chunks
from outlay.tools import tool

SHAPE = ModelShape(tokens=len(VOCABULARY), width=8, layers=1, heads=2, hidden=8, grams=2)
TOOLS = [{"type": "function", "function": {"name": name}} for name in ("search", "open")]

Body = dict[str, Any]


def asking(text: str = "What is the river of Kofu?", **more: Any) -> Body:
    return {"messages": [{"role": "user", "content": text}], "tools": TOOLS, **more}


@pytest.fixture(scope="module")
def model() -> TinyModel:
    random = np.random.default_rng(3)
    sizes = {"norm": (8,), "head": (SHAPE.tokens, 8), "layers.0.norm_mix": (8,)}
    sizes |= {"grams.0": (SHAPE.tokens, 8), "grams.1": (SHAPE.tokens, 8)}
    sizes |= {"layers.0.norm_map": (8,), "layers.0.asked.weight": (24, 8)}
    sizes |= {f"layers.0.{name}.weight": (8, 8) for name in ("mixed", "up", "down")}
    made = {n: random.normal(size=s).astype(np.float16) for n, s in sizes.items()}
    return TinyModel(SHAPE, {name: array.astype(np.float32) for name, array in made.items()})


@pytest.fixture
def app(model: TinyModel) -> TinyApp:
    return TinyApp(model, "embedded/tiny")


def test_many_requests_are_answered_as_each_alone(app: TinyApp) -> None:
    bodies = [asking(), asking("Who is Kofu's mayor?", max_tokens=5), asking("Hello!")]
    assert app.complete_many(bodies) == [app.complete_many([body])[0] for body in bodies]


def test_a_turn_is_billed_by_its_own_tokens(app: TinyApp, model: TinyModel) -> None:
    body = asking(max_tokens=12, return_token_ids=True, logprobs=True)
    [(status, response)] = app.complete_many([body])
    prompt = prompt_ids(body)
    [said] = generate(Decoder(model, 1), [0], [prompt], end=IDS[END], limits=[12])
    [choice] = response["choices"]
    assert (status, response["prompt_token_ids"], choice["token_ids"]) == (
        200, prompt, list(said.ids),
    )  # fmt: skip
    told = choice["logprobs"]["content"]
    assert [t["token"] for t in told] == [VOCABULARY[i] for i in said.ids]
    assert [t["logprob"] for t in told] == pytest.approx(list(said.logprobs), abs=1e-4)
    assert response["usage"]["prompt_tokens"] == len(prompt)
    assert response["usage"]["completion_tokens"] == len(said.ids) <= 12


def test_ids_and_logprobs_come_only_when_asked_for(app: TinyApp) -> None:
    [(_, response)] = app.complete_many([asking()])
    assert "prompt_token_ids" not in response
    assert not {"token_ids", "logprobs"} & set(response["choices"][0])


def test_samples_are_fixed_by_their_seed(app: TinyApp) -> None:
    def said(seed: int) -> list[int]:
        body = asking(temperature=1.0, seed=seed, return_token_ids=True, max_tokens=30)
        [(_, response)] = app.complete_many([body])
        found: list[int] = response["choices"][0]["token_ids"]
        return found

    assert said(1) == said(1)
    assert said(1) != said(2)


def test_what_is_cut_off_calls_no_tool(app: TinyApp) -> None:
    [(_, response)] = app.complete_many([asking(max_tokens=1)])
    [choice] = response["choices"]
    assert choice["finish_reason"] in ("length", "stop")
    assert "tool_calls" not in choice["message"]


def test_a_plan_is_the_transformers_too(app: TinyApp) -> None:
    plan = {"role": "user", "content": "# Plan the steps\n\nBefore you use any tool, plan."}
    more = {"return_token_ids": True, "logprobs": True, "max_tokens": 20}
    body = {**asking(), "messages": [*asking()["messages"], plan], **more}
    [(status, response)] = app.complete_many([body])
    [choice] = response["choices"]
    assert status == 200
    assert json.loads(choice["message"]["content"])["steps"]
    assert decode(response["prompt_token_ids"]).endswith("Kofu ? <steps> <t>")
    assert len(choice["token_ids"]) == len(choice["logprobs"]["content"]) <= 20
    assert response["usage"]["completion_tokens"] == len(choice["token_ids"])


def test_what_is_no_question_of_the_almanac_is_the_readers(app: TinyApp) -> None:
    [(status, response)] = app.complete_many([asking("Hello!")])
    assert status == 200
    assert "no question of the Almanac" in response["choices"][0]["message"]["content"]


def test_a_transcript_beyond_the_context_is_refused(app: TinyApp) -> None:
    body = asking()
    body["messages"].append({"role": "user", "content": "Kasa is led by Memu. " * 300})
    [(status, response)] = app.complete_many([body])
    assert (status, response["error"]["code"]) == (400, "context_length_exceeded")


def test_a_request_without_messages_is_refused(app: TinyApp) -> None:
    [(status, _)] = app.complete_many([{"messages": []}])
    assert status == 400


def test_a_response_can_be_streamed(app: TinyApp) -> None:
    [(_, response)] = app.complete_many([asking()])
    assert list(chunks(response))[-1] == b"data: [DONE]\n\n"


async def test_it_is_a_policy(model: TinyModel, tmp_path: Path) -> None:
    save(model, tmp_path / "w.npz")
    policy = tiny_policy(tmp_path / "w.npz")
    reply = await policy.reply(Request((Message("user", "What is Kofu's river?"),), max_tokens=9))
    assert 0 < reply.usage.output <= 9
    assert reply.sampled is not None
    assert len(reply.sampled.ids) == len(reply.sampled.logprobs) == reply.usage.output
    assert reply.sampled.prompt is not None
    assert len(reply.sampled.prompt) == reply.usage.input
    await policy.close()


async def test_the_agent_runs_on_it(model: TinyModel, tmp_path: Path) -> None:
    @tool(price="0.001", read_only=True)
    def search(query: str) -> str:
        """Finds sentences."""
        return "Nothing found."

    save(model, tmp_path / "w.npz")
    agent = Agent(
        model=tiny_policy(tmp_path / "w.npz"),
        tools=[search],
        planner="tracker",
        budget="usd=0.002",
        home=tmp_path,
    )
    result = await agent.run("What is the river of Kofu?")
    assert result.answer
    assert load(tmp_path / "w.npz").shape == SHAPE
