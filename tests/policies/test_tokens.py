"""The tokens of a reply, as servers tell them and as some do not."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from outlay.journal.records import Message, Request, Sampled
from outlay.policies import Endpoint, policy
from outlay.policies.endpoint.wire import decode
from outlay.testing import LoopbackServer

TOLD = {"content": [{"token": "a", "logprob": -0.5}, {"token": "b", "logprob": -1}]}


def body(choice: Any = None, **head: Any) -> bytes:
    message = {"role": "assistant", "content": "a b"}
    return orjson.dumps({"choices": [{"message": message, **(choice or {})}], **head})


def test_tokens_are_read_as_vllm_tells_them() -> None:
    raw = body({"token_ids": [5, 6], "logprobs": TOLD}, prompt_token_ids=[1, 2, 3])
    sampled = Sampled(prompt=(1, 2, 3), ids=(5, 6), logprobs=(-0.5, -1.0), tokenizer="t")
    assert decode(raw, "t").sampled == sampled
    assert decode(raw).sampled is None


def test_chosen_log_probabilities_alone() -> None:
    sampled = decode(body({"logprobs": TOLD}), "t").sampled
    assert sampled == Sampled(prompt=None, ids=(), logprobs=(-0.5, -1.0), tokenizer="t")


@pytest.mark.parametrize(
    "choice",
    [
        {},
        {"logprobs": None},
        {"logprobs": {"content": None}},
        {"logprobs": [1]},
        {"token_ids": "many"},
        {"logprobs": {"content": [{"token": "a"}]}},
        {"logprobs": {"content": [7]}},
    ],
)
def test_a_reply_is_never_lost_for_its_tokens(choice: Any) -> None:
    reply = decode(body(choice), "t")
    assert (reply.message.content, reply.sampled) == ("a b", None)


def test_log_probabilities_that_do_not_fit_the_ids_are_left_out() -> None:
    sampled = decode(body({"token_ids": [5], "logprobs": TOLD}), "t").sampled
    assert sampled == Sampled(prompt=None, ids=(5,), logprobs=(), tokenizer="t")


async def test_they_are_asked_for_only_where_a_tokenizer_is_named(server: LoopbackServer) -> None:
    request = Request((Message("user", "Go."),))
    asked = policy(f"{server.url}#m?tokenizer=words")
    assert isinstance(asked, Endpoint)
    assert (asked.model, asked.tokenizer) == ("m", "words")
    assert (await asked.reply(request)).sampled is not None
    assert (await Endpoint("m", base_url=server.url).reply(request)).sampled is None
    first, second = server.bodies
    assert (first["logprobs"], first["return_token_ids"]) == (True, True)
    assert not {"logprobs", "return_token_ids"} & set(second)


def test_openai_is_not_asked_for_what_it_refuses() -> None:
    assert Endpoint("gpt-5-mini", tokenizer="o200k")._asks() == ("logprobs",)
