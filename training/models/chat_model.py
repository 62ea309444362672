"""A model of Hugging Face as a local model: it plays here, while it is trained."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...journal.records import Message, Reply, Request, Sampled, ToolCall
from ...ledger.errors import CallRefused
from ...ledger.usage import Usage
from ...policies import text_protocol
from ...policies.call_ids import made_id
from ...policies.endpoint.wire import chat_message, chat_tool
from ...policies.in_process import Answer, too_long
from ...policies.reasoning import split
from .chat_tokens import ChatTokenizer
from .generation import GenerationRequest, GenerationResult, cache_name, generate

_TOGETHER = 32
"""Requests that are decoded together at most."""


class ChatModel:
    """Answers requests with a model as it is at that moment.

    Tools reach the model through its tokenizer's chat template, if that has a place for them, and
    calls are read from the text of the reply, as `policies.text_protocol` reads them. The reply
    keeps that text. Without a temperature decoding is greedy; with one it is fixed by the
    request's seed. Replies have their sampled tokens, with log-probabilities at temperature 1.

    Args:
        model: of Hugging Face, in evaluation mode.
        tokenizer: its tokenizer.
        name: how replies name it.

    Raises:
        UsageError: the tokenizer has no chat template, or the model keeps no cache.
    """

    def __init__(self, model: Any, tokenizer: Any, name: str) -> None:
        self._model = model
        self._tokenizer = tokenizer
        self._name = name
        self._cache = cache_name(model)
        self._ends = _ends(model, tokenizer)
        self._dialogue = ChatTokenizer(tokenizer, self._ends)
        self._context: int = model.config.max_position_embeddings

    @property
    def takes_tools(self) -> bool:
        """Whether the schemas of tools may stand in a request."""
        return self._dialogue.takes_tools

    def answers(self, requests: Sequence[Request]) -> list[Answer]:
        """Returns the answer to each request; one that is refused leaves the others be."""
        found: dict[int, Answer] = {}
        prompts: dict[int, tuple[int, ...]] = {}
        for place, request in enumerate(requests):
            try:
                prompt = self._dialogue.prompt(_messages(request), _tools(request))
            except Exception as error:  # a template is a program of its own
                reason = f"the chat template does not take the request: {error}"
                found[place] = CallRefused(f"{self._name} refused the request: {reason}")
                continue
            if len(prompt) < self._context:
                prompts[place] = prompt
            else:
                found[place] = too_long(self._name, self._context, len(prompt))
        waiting = list(prompts.items())
        for start in range(0, len(waiting), _TOGETHER):
            some = waiting[start : start + _TOGETHER]
            asked = [self._asked(requests[place], prompt) for place, prompt in some]
            said = generate(
                self._model, asked, cache=self._cache, ends=self._ends, pad=min(self._ends)
            )
            for (place, prompt), result in zip(some, said, strict=True):
                found[place] = self._reply(requests[place], prompt, result)
        return [found[place] for place in range(len(requests))]

    def _asked(self, request: Request, prompt: tuple[int, ...]) -> GenerationRequest:
        room = self._context - len(prompt)
        return GenerationRequest(
            prompt=prompt,
            limit=min(request.max_tokens or room, room),
            temperature=request.temperature or 0.0,
            seed=request.seed,
        )

    def _reply(self, request: Request, prompt: tuple[int, ...], said: GenerationResult) -> Reply:
        is_whole = said.ids[-1] in self._ends
        message = self._message(request, said)
        self._dialogue.keep(
            _messages(request), _tools(request), chat_message(message), (*prompt, *said.ids)
        )
        return Reply(
            message,
            Usage(input=len(prompt), output=len(said.ids)),
            "tool_calls" if message.tool_calls else "stop" if is_whole else "length",
            sampled=Sampled(
                prompt=tuple(prompt), ids=tuple(said.ids), logprobs=tuple(said.logprobs),
                tokenizer="",
            ),
        )  # fmt: skip

    def _message(self, request: Request, said: GenerationResult) -> Message:
        text: str = self._tokenizer.decode(said.ids, skip_special_tokens=True)
        known = {tool.name for tool in request.tools}
        if not known or request.tool_choice == "none":
            return Message("assistant", text)
        before = sum(len(message.tool_calls) for message in request.messages)
        calls = (
            ToolCall(made_id("", before + at), name, arguments)
            for at, (name, arguments) in enumerate(text_protocol.parse(split(text)[1], known))
        )
        return Message("assistant", text, tuple(calls))


def _messages(request: Request) -> list[dict[str, Any]]:
    """Returns the messages as chat templates take them."""
    return [chat_message(message) for message in request.messages]


def _tools(request: Request) -> list[dict[str, Any]]:
    return [chat_tool(tool) for tool in request.tools]


def _ends(model: Any, tokenizer: Any) -> frozenset[int]:
    """Returns the ids that end a reply: those of model and tokenizer."""
    told = getattr(model.generation_config, "eos_token_id", None)
    found = told if isinstance(told, list) else [told]
    return frozenset(end for end in (*found, tokenizer.eos_token_id) if end is not None)
