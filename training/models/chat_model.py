"""A model of Hugging Face as a chat-completions app: it plays here, while it is trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...policies import text_protocol
from .chat_tokens import ChatTokenizer
from .generation import GenerationRequest, GenerationResult, cache_name, generate

Body = dict[str, Any]

_TOGETHER = 32
"""Requests that are decoded together at most."""


class ChatModel:
    """Answers chat-completion requests with a model as it is at that moment.

    Tools reach the model through its tokenizer's chat template, if that has a place for them, and
    calls are read from the text of the reply, as `policies.text_protocol` reads them. The reply
    keeps that text. Without a temperature decoding is greedy; with one it is fixed by the
    request's seed. Asked with `logprobs` it adds them, at temperature 1; asked with
    `return_token_ids` it adds the ids of prompt and reply as vLLM does.

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

    def complete_many(self, bodies: Sequence[Body]) -> list[tuple[int, Body]]:
        """Returns (status, response) for each request; one that fails leaves the others be."""
        answers: dict[int, tuple[int, Body]] = {}
        prompts: dict[int, tuple[int, ...]] = {}
        for place, body in enumerate(bodies):
            try:
                prompt = self._dialogue.prompt(body["messages"], body.get("tools") or ())
            except Exception as exc:  # a template is a program of its own
                reason = f"the chat template does not take the request: {exc}"
                answers[place] = (400, {"error": {"message": reason}})
                continue
            if len(prompt) < self._context:
                prompts[place] = prompt
            else:
                answers[place] = (400, self._too_long(len(prompt)))
        waiting = list(prompts.items())
        for start in range(0, len(waiting), _TOGETHER):
            some = waiting[start : start + _TOGETHER]
            asked = [self._asked(bodies[place], prompt) for place, prompt in some]
            found = generate(
                self._model, asked, cache=self._cache, ends=self._ends, pad=min(self._ends)
            )
            for (place, prompt), said in zip(some, found, strict=True):
                answers[place] = (200, self._response(bodies[place], prompt, said))
        return [answers[place] for place in range(len(bodies))]

    def _asked(self, body: Body, prompt: tuple[int, ...]) -> GenerationRequest:
        room = self._context - len(prompt)
        limit = body.get("max_completion_tokens", body.get("max_tokens"))
        return GenerationRequest(
            prompt=prompt,
            limit=min(limit, room) if isinstance(limit, int) and limit > 0 else room,
            temperature=float(body.get("temperature") or 0),
            seed=body.get("seed"),
        )

    def _response(self, body: Body, prompt: tuple[int, ...], said: GenerationResult) -> Body:
        is_whole = said.ids[-1] in self._ends
        message = self._message(body, said)
        self._dialogue.keep(
            body["messages"], body.get("tools") or (), message, (*prompt, *said.ids)
        )
        finish = "tool_calls" if "tool_calls" in message else "stop" if is_whole else "length"
        choice: Body = {"index": 0, "message": message, "finish_reason": finish}
        if body.get("logprobs"):
            choice["logprobs"] = {"content": self._told(said)}
        usage = {
            "prompt_tokens": len(prompt),
            "completion_tokens": len(said.ids),
            "total_tokens": len(prompt) + len(said.ids),
        }
        response: Body = {
            "id": "",
            "object": "chat.completion",
            "created": 0,
            "model": self._name,
            "choices": [choice],
            "usage": usage,
        }
        if body.get("return_token_ids"):
            response["prompt_token_ids"] = list(prompt)
            choice["token_ids"] = list(said.ids)
        return response

    def _message(self, body: Body, said: GenerationResult) -> Body:
        text: str = self._tokenizer.decode(said.ids, skip_special_tokens=True)
        message: Body = {"role": "assistant", "content": text}
        known = {tool["function"]["name"] for tool in body.get("tools") or ()}
        if known and body.get("tool_choice") != "none":
            wishes = text_protocol.parse(text, known)
            before = sum(len(each.get("tool_calls") or ()) for each in body["messages"])
            calls = [_call(before + at, *wish) for at, wish in enumerate(wishes)]
            message |= {"tool_calls": calls} if calls else {}
        return message

    def _told(self, said: GenerationResult) -> list[Mapping[str, Any]]:
        names = self._tokenizer.convert_ids_to_tokens(list(said.ids))
        return [
            {"token": name or "", "logprob": logprob, "bytes": None, "top_logprobs": []}
            for name, logprob in zip(names, said.logprobs, strict=True)
        ]

    def _too_long(self, tokens: int) -> Body:
        message = (
            f"this model's maximum context length is {self._context} tokens; "
            f"the prompt has {tokens}"
        )
        return {"error": {"message": message, "code": "context_length_exceeded"}}


def _call(place: int, name: str, arguments: str) -> Body:
    function = {"name": name, "arguments": arguments}
    return {"id": f"call_{place}", "type": "function", "function": function}


def _ends(model: Any, tokenizer: Any) -> frozenset[int]:
    """Returns the ids that end a reply: those of model and tokenizer."""
    told = getattr(model.generation_config, "eos_token_id", None)
    found = told if isinstance(told, list) else [told]
    return frozenset(end for end in (*found, tokenizer.eos_token_id) if end is not None)
