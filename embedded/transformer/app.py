"""The chat-completions app of the transformer: all requests that wait are decoded together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...policies.endpoint.chat_app import Body, ChatApp
from ..reader.reader import AlmanacReader
from ..reader.transcript import read_transcript
from .dialect import DialectTurn, read_turn
from .model import CONTEXT, Decoder, Floats, GeneratedTurn, TinyModel, generate
from .planner_requests import phase_of, phase_text, remembered, request_ids
from .vocabulary import END, IDS, VOCABULARY

_MOST_TOKENS = 160
"""Tokens of a turn, unless the request allows fewer."""
_MOST_TOKENS_OF_NOTES = 320
"""Tokens of a plan, a verdict, a choice or a summary, likewise."""


class TinyApp:
    """Answers with the transformer what is about a question of the Almanac.

    Anything else gets the rule-following reader's word that it can read nothing else, billed in
    words; a token of the transformer is one of `VOCABULARY`. Without a temperature decoding is
    greedy; with one it is fixed by the request's seed. Asked with `logprobs`, it adds them; asked
    with `return_token_ids`, it adds the ids of prompt and reply as vLLM does.
    """

    def __init__(self, model: TinyModel, name: str) -> None:
        self._model = model
        self._name = name
        self._reader = ChatApp(AlmanacReader().reply, name)

    def complete_many(self, bodies: Sequence[Body]) -> list[tuple[int, Body]]:
        """Returns (status, response) for each request; one that fails leaves the others be."""
        answers: dict[int, tuple[int, Body]] = {}
        prompts: dict[int, list[int]] = {}
        for place, body in enumerate(bodies):
            if not _is_readable(body):
                [answers[place]] = self._reader.complete_many([body])
                continue
            prompt = request_ids(body)
            if len(prompt) < CONTEXT:
                prompts[place] = prompt
            else:
                answers[place] = (400, _too_long(len(prompt)))
        if prompts:
            turns = self._turns([bodies[place] for place in prompts], list(prompts.values()))
            for (place, prompt), said in zip(prompts.items(), turns, strict=True):
                answers[place] = (200, self._response(bodies[place], prompt, said))
        return [answers[place] for place in range(len(bodies))]

    def _turns(self, bodies: Sequence[Body], prompts: Sequence[list[int]]) -> list[GeneratedTurn]:
        limits = [
            min(_limit(body), CONTEXT - len(prompt))
            for body, prompt in zip(bodies, prompts, strict=True)
        ]
        room = max(len(p) + limit for p, limit in zip(prompts, limits, strict=True))
        decoder = Decoder(self._model, len(prompts), room)
        return generate(
            decoder,
            range(len(prompts)),
            prompts,
            end=IDS[END],
            limits=limits,
            choose=_TokenChooser(bodies),
        )

    def _response(self, body: Body, prompt: list[int], said: GeneratedTurn) -> Body:
        is_whole = said.ids[-1] == IDS[END]
        message = _message(body, said.ids, is_whole)
        finish = "tool_calls" if message.get("tool_calls") else "stop" if is_whole else "length"
        choice = {"index": 0, "message": message, "finish_reason": finish}
        if body.get("logprobs"):
            choice["logprobs"] = {"content": _told(said)}
        response: Body = {
            "id": "",
            "object": "chat.completion",
            "created": 0,
            "model": self._name,
            "choices": [choice],
            "usage": {
                "prompt_tokens": len(prompt),
                "completion_tokens": len(said.ids),
                "total_tokens": len(prompt) + len(said.ids),
            },
        }
        if body.get("return_token_ids"):
            response["prompt_token_ids"] = prompt
            choice["token_ids"] = list(said.ids)
        return response


class _TokenChooser:
    """Chooses each row's tokens by what its request says of temperature and seed."""

    def __init__(self, bodies: Sequence[Body]) -> None:
        self._heat = [float(body.get("temperature") or 0) for body in bodies]
        self._draws = [np.random.default_rng(body.get("seed")) for body in bodies]

    def __call__(self, row: int, logprobs: Floats) -> int:
        """Returns the token that the row takes."""
        if not self._heat[row]:
            return int(logprobs.argmax())
        scaled = logprobs.astype(np.float64) / self._heat[row]
        chances = np.exp(scaled - scaled.max())
        return int(self._draws[row].choice(len(chances), p=chances / chances.sum()))


def _is_readable(body: Body) -> bool:
    """Says whether a request is about a question of the Almanac."""
    messages = body.get("messages")
    return isinstance(messages, list) and read_transcript(body).question is not None


def _message(body: Body, ids: Sequence[int], is_whole: bool) -> dict[str, Any]:
    """Returns what was decoded as an assistant's message; a turn that was cut off calls no tool."""
    if phase_of(body):
        return {"role": "assistant", "content": phase_text(body, ids)}
    turn = read_turn(ids)
    if not is_whole:
        turn = DialectTurn(thought=turn.thought, answer=turn.answer)
    message = turn.message(sum(1 for m in body["messages"] if m.get("role") == "assistant"))
    return {**message, "content": remembered(message["content"], body)}


def _told(said: GeneratedTurn) -> list[dict[str, Any]]:
    return [
        {"token": VOCABULARY[place], "logprob": logprob, "bytes": None, "top_logprobs": []}
        for place, logprob in zip(said.ids, said.logprobs, strict=True)
    ]


def _limit(body: Body) -> int:
    most = _MOST_TOKENS_OF_NOTES if phase_of(body) else _MOST_TOKENS
    limit = body.get("max_completion_tokens", body.get("max_tokens"))
    return min(limit, most) if isinstance(limit, int) and limit > 0 else most


def _too_long(tokens: int) -> Body:
    message = f"this model's maximum context length is {CONTEXT} tokens; the prompt has {tokens}"
    return {"error": {"message": message, "code": "context_length_exceeded"}}
