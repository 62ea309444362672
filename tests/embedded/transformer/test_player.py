from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from outlay.agent import Agent
from outlay.embedded.transformer.dialect import prompt_ids
from outlay.embedded.transformer.model import Decoder, ModelShape, TinyModel, generate
from outlay.embedded.transformer.player import TinyPlayer
from outlay.embedded.transformer.policy import tiny_policy
from outlay.embedded.transformer.vocabulary import END, IDS, VOCABULARY, decode
from outlay.embedded.transformer.weights import load, save
from outlay.journal.records import Message, Reply, Request, ToolSpec
from outlay.ledger.errors import CallRefused
from outlay.tools import tool

SHAPE = ModelShape(tokens=len(VOCABULARY), width=8, layers=1, heads=2, hidden=8, grams=2)
TOOLS = tuple(ToolSpec(name, "", {}) for name in ("search", "open"))


def asking(text: str = "What is the river of Kofu?", *more: str, **options: Any) -> Request:
    return Request(tuple(Message("user", said) for said in (text, *more)), TOOLS, **options)


def answered(player: TinyPlayer, request: Request) -> Reply:
    [reply] = player.answers([request])
    assert isinstance(reply, Reply)
    assert reply.sampled is not None or "no question" in reply.message.content
    return reply


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
def player(model: TinyModel) -> TinyPlayer:
    return TinyPlayer(model, "embedded/tiny")


def test_many_requests_are_answered_as_each_alone(player: TinyPlayer) -> None:
    requests = [asking(), asking("Who is Kofu's mayor?", max_tokens=5), asking("Hello!")]
    assert player.answers(requests) == [player.answers([request])[0] for request in requests]


def test_a_turn_is_billed_by_its_own_tokens(player: TinyPlayer, model: TinyModel) -> None:
    request = asking(max_tokens=12)
    reply = answered(player, request)
    prompt = prompt_ids(request)
    [said] = generate(Decoder(model, 1), [0], [prompt], end=IDS[END], limits=[12])
    assert reply.sampled is not None
    assert (reply.sampled.prompt, reply.sampled.ids) == (tuple(prompt), said.ids)
    assert reply.sampled.logprobs == pytest.approx(list(said.logprobs), abs=1e-4)
    assert reply.usage is not None
    assert reply.usage.input == len(prompt)
    assert reply.usage.output == len(said.ids) <= 12


async def test_ids_and_logprobs_come_only_when_asked_for(model: TinyModel, tmp_path: Path) -> None:
    save(model, tmp_path / "w.npz")
    policy = tiny_policy(tmp_path / "w.npz", tokenizer=None)
    assert (await policy.reply(asking())).sampled is None
    await policy.close()


def test_samples_are_fixed_by_their_seed(player: TinyPlayer) -> None:
    def said(seed: int) -> tuple[int, ...]:
        reply = answered(player, asking(temperature=1.0, seed=seed, max_tokens=30))
        assert reply.sampled is not None
        return reply.sampled.ids

    assert said(1) == said(1)
    assert said(1) != said(2)


def test_what_is_cut_off_calls_no_tool(player: TinyPlayer) -> None:
    reply = answered(player, asking(max_tokens=1))
    assert reply.finish_reason in ("length", "stop")
    assert not reply.message.tool_calls


def test_a_plan_is_the_transformers_too(player: TinyPlayer) -> None:
    plan = "# Plan the steps\n\nBefore you use any tool, plan."
    reply = answered(player, asking("What is the river of Kofu?", plan, max_tokens=20))
    assert json.loads(reply.message.content)["steps"]
    assert reply.sampled is not None
    assert decode(reply.sampled.prompt or ()).endswith("Kofu ? <steps> <t>")
    assert len(reply.sampled.ids) == len(reply.sampled.logprobs) <= 20
    assert reply.usage is not None
    assert reply.usage.output == len(reply.sampled.ids)


def test_what_is_no_question_of_the_almanac_is_the_readers(player: TinyPlayer) -> None:
    assert "no question of the Almanac" in answered(player, asking("Hello!")).message.content


def test_a_transcript_beyond_the_context_is_refused(player: TinyPlayer) -> None:
    long = "Kasa is led by Memu. " * 300
    [refused] = player.answers([asking("What is the river of Kofu?", long)])
    assert isinstance(refused, CallRefused)
    assert "the prompt is longer than embedded/tiny can read" in str(refused)


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
