"""The transformer as a local model: all requests that wait are decoded together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ...journal.records import Message, Reply, Request, Sampled
from ...ledger.usage import Usage
from ...policies.in_process import Answer, too_long
from ...policies.word_bills import SpokenModel
from ..reader.reader import AlmanacReader
from ..reader.transcript import read_transcript
from .dialect import DialectTurn, read_turn
from .model import CONTEXT, Decoder, Floats, GeneratedTurn, TinyModel, generate
from .planner_requests import phase_of, phase_text, remembered, request_ids
from .vocabulary import END, IDS, TOKENIZER

_MOST_TOKENS = 160
"""Tokens of a turn, unless the request allows fewer."""
_MOST_TOKENS_OF_NOTES = 320
"""Tokens of a plan, a verdict, a choice or a summary, likewise."""


class TinyPlayer:
    """Answers with the transformer what is about a question of the Almanac.

    Anything else gets the rule-following reader's word that it can read nothing else, billed in
    words; a token of the transformer is one of `VOCABULARY`. Without a temperature decoding is
    greedy; with one it is fixed by the request's seed. Replies have their sampled tokens.
    """

    def __init__(self, model: TinyModel, name: str) -> None:
        self._model = model
        self._name = name
        self._reader = SpokenModel(AlmanacReader().reply, name)

    def answers(self, requests: Sequence[Request]) -> list[Answer]:
        """Returns the answer to each request; one that is refused leaves the others be."""
        found: dict[int, Answer] = {}
        prompts: dict[int, list[int]] = {}
        for place, request in enumerate(requests):
            if read_transcript(request).question is None:
                [found[place]] = self._reader.answers([request])
                continue
            prompt = request_ids(request)
            if len(prompt) < CONTEXT:
                prompts[place] = prompt
            else:
                found[place] = too_long(self._name, CONTEXT, len(prompt))
        if prompts:
            turns = self._turns([requests[place] for place in prompts], list(prompts.values()))
            for (place, prompt), said in zip(prompts.items(), turns, strict=True):
                found[place] = _reply(requests[place], prompt, said)
        return [found[place] for place in range(len(requests))]

    def _turns(
        self, requests: Sequence[Request], prompts: Sequence[list[int]]
    ) -> list[GeneratedTurn]:
        limits = [
            min(_limit(request), CONTEXT - len(prompt))
            for request, prompt in zip(requests, prompts, strict=True)
        ]
        room = max(len(p) + limit for p, limit in zip(prompts, limits, strict=True))
        decoder = Decoder(self._model, len(prompts), room)
        return generate(
            decoder,
            range(len(prompts)),
            prompts,
            end=IDS[END],
            limits=limits,
            choose=_TokenChooser(requests),
        )


class _TokenChooser:
    """Chooses each row's tokens by what its request says of temperature and seed."""

    def __init__(self, requests: Sequence[Request]) -> None:
        self._heat = [request.temperature or 0.0 for request in requests]
        self._draws = [np.random.default_rng(request.seed) for request in requests]

    def __call__(self, row: int, logprobs: Floats) -> int:
        """Returns the token that the row takes."""
        if not self._heat[row]:
            return int(logprobs.argmax())
        scaled = logprobs.astype(np.float64) / self._heat[row]
        chances = np.exp(scaled - scaled.max())
        return int(self._draws[row].choice(len(chances), p=chances / chances.sum()))


def _reply(request: Request, prompt: Sequence[int], said: GeneratedTurn) -> Reply:
    is_whole = said.ids[-1] == IDS[END]
    message = _message(request, said.ids, is_whole)
    return Reply(
        message,
        Usage(input=len(prompt), output=len(said.ids)),
        "tool_calls" if message.tool_calls else "stop" if is_whole else "length",
        sampled=Sampled(
            prompt=tuple(prompt), ids=tuple(said.ids), logprobs=tuple(said.logprobs),
            tokenizer=TOKENIZER,
        ),
    )  # fmt: skip


def _message(request: Request, ids: Sequence[int], is_whole: bool) -> Message:
    """Returns what was decoded as an assistant's message; a turn that was cut off calls no tool."""
    if phase_of(request):
        return Message("assistant", phase_text(request, ids))
    turn = read_turn(ids)
    if not is_whole:
        turn = DialectTurn(thought=turn.thought, answer=turn.answer)
    message = turn.message(sum(1 for m in request.messages if m.role == "assistant"))
    return replace(message, content=remembered(message.content, request))


def _limit(request: Request) -> int:
    most = _MOST_TOKENS_OF_NOTES if phase_of(request) else _MOST_TOKENS
    return min(request.max_tokens, most) if request.max_tokens else most
