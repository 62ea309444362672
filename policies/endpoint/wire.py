"""OpenAI's chat-completions format: requests to bytes, replies from bytes. No network here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson

from ...journal.records import Message, Reply, Request, Sampled, ToolCall, ToolSpec
from . import bills
from .encoded_once import EncodedOnce
from .provider_data import CALL_FIELDS, MESSAGE_FIELDS, added, given_back

SAID = 4_000
"""Characters of what a server says in place of a reply that are read at most."""


class UnreadableReply(ValueError):
    """A reply that is not a chat completion. Its text says in what way."""

    def __init__(self, what: str, said: str = "") -> None:
        self.what = what
        self.said = said[:SAID]
        """The server's own words; they may hold anything, a key too."""
        super().__init__(what)


def encode(
    request: Request,
    model: str,
    max_tokens: int,
    *,
    limit_field: str,
    stream: bool,
    asks: Sequence[str] = (),
    server: str = "",
) -> bytes:
    """Returns the body of the request. Each message and tool is encoded once in its life.

    Args:
        asks: names of further fields that are true.
        server: who gets it, and with it what it added to earlier replies itself.
    """
    parts = [
        b'{"model":',
        orjson.dumps(model),
        b',"messages":[',
        b",".join(_messages_to(server)(request.messages)),
        b"]",
    ]
    if request.tools:
        parts += [b',"tools":[', b",".join(_TOOLS(request.tools)), b"]"]
        if request.tool_choice != "auto":
            parts.append(b',"tool_choice":"none"')
    parts.append(b',"%s":%d' % (limit_field.encode(), max_tokens))
    if request.temperature is not None:
        parts += [b',"temperature":', orjson.dumps(request.temperature)]
    if request.seed is not None:
        parts.append(b',"seed":%d' % request.seed)
    if request.samples > 1:
        parts.append(b',"n":%d' % request.samples)
    parts += [b',"%s":true' % name.encode() for name in asks]
    if stream:
        parts.append(b',"stream":true,"stream_options":{"include_usage":true}')
    parts.append(b"}")
    return b"".join(parts)


def chat_message(message: Message, server: str = "") -> dict[str, Any]:
    """Returns a message in OpenAI's form, with what `server` added to it itself."""
    data: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_calls:
        data["tool_calls"] = [_chat_call(call, server) for call in message.tool_calls]
    if message.tool_call_id is not None:
        data["tool_call_id"] = message.tool_call_id
    return {**data, **given_back(message.provider, server)}


def _chat_call(call: ToolCall, server: str) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments}
    data = {"id": call.id, "type": "function", "function": function}
    return {**data, **given_back(call.provider, server)}


def chat_tool(spec: ToolSpec) -> dict[str, Any]:
    """Returns what is told of a tool in OpenAI's form."""
    return {
        "type": "function",
        "function": {
            "name": spec.name,
            "description": spec.description,
            "parameters": dict(spec.parameters),
        },
    }


def from_chat(data: Mapping[str, Any]) -> Message:
    """Returns the message of any role that `chat_message` wrote, or a program in its form."""
    calls = tool_calls(data.get("tool_calls"))
    return Message(data["role"], data.get("content") or "", calls, data.get("tool_call_id"))


def message_bytes(message: Message) -> bytes:
    """Returns a message in OpenAI's form as JSON, without what any server added."""
    return _messages_to("")((message,))[0]


def tool_bytes(spec: ToolSpec) -> bytes:
    """Returns a tool in OpenAI's form as JSON."""
    return _TOOLS((spec,))[0]


@lru_cache(maxsize=256)
def _messages_to(server: str) -> EncodedOnce[Message]:
    return EncodedOnce(lambda message: _bytes(chat_message(message, server)))


def _bytes(data: Mapping[str, Any]) -> bytes:
    whole_buffer = memoryview(orjson.dumps(data))  # 4 KB, however short the text
    return bytes(whole_buffer)


_TOOLS = EncodedOnce[ToolSpec](lambda spec: _bytes(chat_tool(spec)))


def decode(raw: bytes, tokenizer: str | None = None, server: str = "") -> Reply:
    """Returns the reply in the body of a response.

    Args:
        tokenizer: whose token ids are in it; None leaves tokens out.
        server: whose reply it is; what it adds to OpenAI's format is kept under that name.

    Raises:
        Unreadable: it is not JSON, an error in disguise, or has no message in it.
    """
    return reply(loads(raw), tokenizer, server)


def loads(raw: bytes) -> Any:
    """Parses JSON; lone surrogates and broken UTF-8 inside strings become `?`, not an error."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        pass
    try:
        text = json.dumps(json.loads(raw.decode("utf-8", "replace")), ensure_ascii=False)
        return orjson.loads(text.encode("utf-8", "replace"))
    except (ValueError, RecursionError) as exc:
        said = raw[:SAID].decode("utf-8", "replace")
        raise UnreadableReply("the reply is not JSON", said) from exc


def reply(data: object, tokenizer: str | None = None, server: str = "") -> Reply:
    """Returns the reply in a parsed chat completion; the arguments are those of `decode`.

    Raises:
        Unreadable: an error in disguise, or no message in it.
    """
    if not isinstance(data, Mapping):
        raise UnreadableReply(f"the reply is a JSON {type(data).__name__}, not an object")
    choices = data.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], Mapping):
        raise UnreadableReply("the reply has no choices", complaint(data))
    said = [c.get("message") if isinstance(c, Mapping) else None for c in choices]
    if not isinstance(said[0], Mapping):
        raise UnreadableReply("the reply has no message in its first choice")
    first, *others = (_message(message, server) for message in said if isinstance(message, Mapping))
    return Reply(
        message=first,
        usage=bills.usage(data.get("usage")),
        finish_reason=_string(choices[0].get("finish_reason")) or _finish(first.tool_calls),
        model=_string(data.get("model")),
        response_id=_string(data.get("id")),
        others=tuple(others),
        sampled=None if tokenizer is None else _sampled(data, choices[0], tokenizer),
    )


def _sampled(data: Mapping[str, Any], choice: Mapping[str, Any], tokenizer: str) -> Sampled | None:
    """Returns the tokens of a choice, in the fields of vLLM's `return_token_ids` and `logprobs`.

    Log-probabilities that are not one for each id say nothing of which token they are of: they
    are left out. None if the server told neither.
    """
    told = choice.get("logprobs")
    content = told.get("content") if isinstance(told, Mapping) else None
    try:
        prompt = tuple(map(int, data.get("prompt_token_ids") or ())) or None
        ids = tuple(map(int, choice.get("token_ids") or ()))
        logprobs = tuple(float(token["logprob"]) for token in content or ())
    except (KeyError, TypeError, ValueError):  # the reply itself is sound, and paid
        return None
    if ids and len(logprobs) != len(ids):
        logprobs = ()
    if not ids and not logprobs:
        return None
    return Sampled(prompt=prompt, ids=ids, logprobs=logprobs, tokenizer=tokenizer)


def _message(message: Mapping[str, Any], server: str) -> Message:
    return Message(
        "assistant", text(message), tool_calls(message.get("tool_calls"), server),
        provider=added(message, MESSAGE_FIELDS, server),
    )  # fmt: skip


def text(message: Mapping[str, Any]) -> str:
    """Returns what the policy said: its content (a string or a list of parts) or its refusal."""
    content = message.get("content")
    if isinstance(content, list):
        parts = [part.get("text") for part in content if isinstance(part, Mapping)]
        content = "".join(part for part in parts if isinstance(part, str))
    return _string(content) or _string(message.get("refusal"))


def tool_calls(data: object, server: str = "") -> tuple[ToolCall, ...]:
    """Reads the tool calls of a reply of `server`; each gets an id of its own within it."""
    calls: list[ToolCall] = []
    seen: set[str] = set()
    for position, entry in enumerate(data if isinstance(data, list) else ()):
        function = entry.get("function") if isinstance(entry, Mapping) else None
        if not isinstance(function, Mapping):
            continue
        name = _string(entry.get("id")) or f"call_{position}"
        while name in seen:
            name += "x"
        seen.add(name)
        arguments = function.get("arguments")
        if not isinstance(arguments, str):
            arguments = orjson.dumps(arguments or {}).decode()
        calls.append(
            ToolCall(
                name, _string(function.get("name")), arguments or "{}",
                added(entry, CALL_FIELDS, server),
            )
        )  # fmt: skip
    return tuple(calls)


def complaint(data: object) -> str:
    """Returns what an error body says, or an empty string."""
    error = data.get("error", data) if isinstance(data, Mapping) else None
    if isinstance(error, Mapping):
        error = error.get("message") or error.get("detail")
    return error if isinstance(error, str) else ""


def error_code(data: object) -> str:
    """Returns the `code` (or `type`) of an error body, or an empty string."""
    error = data.get("error", data) if isinstance(data, Mapping) else None
    if not isinstance(error, Mapping):
        return ""
    return _string(error.get("code")) or _string(error.get("type"))


def _finish(calls: Sequence[ToolCall]) -> str:
    return "tool_calls" if calls else "stop"


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""
