"""OpenAI's chat-completions format: requests to bytes, replies from bytes. No network here."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson

from ...journal.arguments import written
from ...journal.endings import neutral_ending
from ...journal.records import Message, Reply, Request, Sampled, ToolCall, ToolSpec
from .. import reasoning
from ..call_ids import own_id
from . import bills, stated_costs
from .dialect import Dialect, Structured
from .encoded_once import EncodedOnce
from .provider_data import MESSAGE_FIELDS, added, added_to_call, given_back
from .reported_errors import error_in

_PLAIN = Dialect()

SAID = 4_000
"""Characters of what a server says in place of a reply that are read at most."""


class UnreadableReply(ValueError):
    """A reply that is not a chat completion. Its text says in what way."""

    def __init__(self, what: str, said: str = "") -> None:
        self.what = what
        self.said = said[:SAID]
        """The server's own words; they may hold anything, a key too."""
        super().__init__(what)


class ReportedError(UnreadableReply):
    """A reply that is an error, with the status of success.

    Attributes:
        body: the error as the body of a refusal has it.
        has_begun: a part of the reply came before it.
    """

    def __init__(
        self, what: str, said: str, body: Mapping[str, Any], *, has_begun: bool = False
    ) -> None:
        super().__init__(what, said)
        self.body = body
        self.has_begun = has_begun


def encode(
    request: Request,
    model: str,
    max_tokens: int,
    *,
    dialect: Dialect = _PLAIN,
    structured: Structured = "text",
    stream: bool,
    asks: Sequence[str] = (),
    server: str = "",
) -> bytes:
    """Returns the body of the request. Each message and tool is encoded once in its life.

    Args:
        dialect: how the server wants it.
        structured: how the server is told of the form of the reply.
        asks: names of further fields that are true.
        server: who gets it, and with it what it added to earlier replies itself.
    """
    messages, role = request.messages, dialect.system
    if role == "user":
        messages, role = _folded(messages), "system"
    fields = {
        "model": orjson.dumps(model),
        "messages": b"[%s]" % b",".join(_messages_to(server, role)(messages)),
    }
    calls = request.tool_choice != "none"
    if request.tools and (calls or "tool_choice" not in dialect.without):
        fields["tools"] = b"[%s]" % b",".join(_TOOLS(request.tools))
        if not calls:
            fields["tool_choice"] = b'"none"'
        elif request.tool_choice == "required" and "required" not in dialect.without:
            fields["tool_choice"] = b'"required"'
        if calls and dialect.parallel_tool_calls is not None:
            fields["parallel_tool_calls"] = orjson.dumps(dialect.parallel_tool_calls)
    if form := _form(request, structured):
        fields["response_format"] = form
    fields[dialect.limit] = b"%d" % max_tokens
    if request.temperature is not None:
        fields["temperature"] = orjson.dumps(request.temperature)
    if request.seed is not None:
        fields["seed"] = b"%d" % request.seed
    if request.samples > 1 and not stream:
        fields["n"] = b"%d" % request.samples
    fields.update((name, b"true") for name in asks)
    if stream:
        fields["stream"] = b"true"
        fields["stream_options"] = b'{"include_usage":true}'
    if dialect.without:
        fields = {name: value for name, value in fields.items() if name not in dialect.without}
    body = b",".join([b'"%s":%s' % (name.encode(), value) for name, value in fields.items()])
    return b"{%s}" % body


def fields_of(body: bytes) -> set[str]:
    """Returns what a request says, by the names that `Dialect` has for it."""
    data = orjson.loads(body)
    is_forced = data.get("tool_choice") == "required"
    return {"required" if is_forced and name == "tool_choice" else name for name in data}


def _form(request: Request, way: Structured) -> bytes | None:
    asked = request.schema
    if asked is None or way == "text":
        return None
    if way == "object":
        return b'{"type":"json_object"}'
    if way == "opening" and any(message.role == "assistant" for message in request.messages):
        return None
    form = {"name": asked.name, "strict": asked.is_closed, "schema": asked.schema}
    return orjson.dumps({"type": "json_schema", "json_schema": form})


def _folded(messages: Sequence[Message]) -> tuple[Message, ...]:
    """Returns the messages with those of the system in the user's, and no two of a user in turn:
    templates without the one role mostly want the others to alternate."""
    folded: list[Message] = []
    for message in messages:
        if message.role not in ("system", "user"):
            folded.append(message)
        elif folded and folded[-1].role == "user":
            folded[-1] = Message("user", f"{folded[-1].content}\n\n{message.content}")
        else:
            folded.append(Message("user", message.content) if message.role == "system" else message)
    return tuple(folded)


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
    data: dict[str, Any] = {"id": call.id, "type": "function", "function": function}
    kept = given_back(call.provider, server)
    return {**data, **kept, "function": {**kept.get("function", {}), **function}}


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
def _messages_to(server: str, system: str = "system") -> EncodedOnce[Message]:
    def encoded(message: Message) -> bytes:
        data = chat_message(message, server)
        if message.role == "system":
            data["role"] = system
        return _bytes(data)

    return EncodedOnce(encoded)


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
        raise not_json(raw) from exc


def not_json(raw: bytes) -> UnreadableReply:
    """Returns the error for a body that is something else."""
    return UnreadableReply("the reply is not JSON", raw[:SAID].decode("utf-8", "replace"))


def reply(
    data: object,
    tokenizer: str | None = None,
    server: str = "",
    *,
    most_output: int | None = None,
    stated: str | None = None,
) -> Reply:
    """Returns the reply in a parsed chat completion: an empty one if only its bill is readable.

    The arguments are those of `decode`, and

    Args:
        most_output: tokens that were asked for at most.
        stated: the header in which some servers state the cost.

    Raises:
        ReportedError: the server reports an error in place of a reply, and bills nothing.
        UnreadableReply: no message in it, and no bill.
    """
    if not isinstance(data, Mapping):
        raise UnreadableReply(f"the reply is a JSON {type(data).__name__}, not an object")
    choices = _choices(data)
    choice = choices[0] if choices else {}
    id = _string(data.get("id"))
    said = [message for one in choices if (message := _said(one)) is not None]
    first, *others = (
        _message(message, server, f"{id}/{number}" if number else id)
        for number, message in enumerate(said or [{}])
    )
    is_empty = not first.content and not first.tool_calls
    counted = bills.usage_in(data)
    usage = bills.bill(counted, most_output)
    if usage is not None and not usage.output_tokens and not is_empty:
        usage = None
    error = error_in(data) or error_in({"choices": [], "error": choice.get("error")})
    if usage is None and error is not None and is_empty:
        raise ReportedError("the reply has no choices", complaint(error), error)
    if usage is None and not said:
        if choices:
            raise UnreadableReply("the reply has no message in its first choice")
        raise UnreadableReply("the reply has no choices", complaint(data))
    finish = neutral_ending(_string(choice.get("finish_reason")), calls=bool(first.tool_calls))
    thoughts = [reasoning.together(reasoning.told(m), reasoning.split(text(m))[0]) for m in said]
    return Reply(
        message=first,
        usage=usage,
        finish_reason=finish if error is None else "error",
        model=_string(data.get("model")),
        response_id=id,
        others=tuple(others),
        sampled=None if tokenizer is None else _sampled(data, choice, tokenizer),
        stated_usd=stated_costs.stated_cost(data, counted, stated),
        reasoning=thoughts[0] if thoughts else "",
    )


def is_completion(data: Mapping[str, Any]) -> bool:
    """Says whether an object is a reply in one piece, and no piece of a stream."""
    return any(isinstance(choice.get("message"), Mapping) for choice in _choices(data))


def _choices(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    choices = data.get("choices")
    listed = choices if isinstance(choices, list) else ()
    return [choice for choice in listed if isinstance(choice, Mapping)]


def _said(choice: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Returns the message of a choice, also where it is a piece of a stream or plain text."""
    for name in ("message", "delta"):
        if isinstance(said := choice.get(name), Mapping):
            return said
    text = choice.get("text", choice.get("message"))
    return {"content": text} if isinstance(text, str) else None


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


def _message(message: Mapping[str, Any], server: str, seed: str) -> Message:
    wanted = message.get("tool_calls")
    if not wanted and isinstance(message.get("function_call"), Mapping):  # OpenAI's until 2023
        wanted = [{"function": message["function_call"]}]
    calls = tool_calls(wanted, server, seed)
    kept = added(message, MESSAGE_FIELDS, server)
    return Message("assistant", reasoning.split(text(message))[1], calls, provider=kept)


def text(message: Mapping[str, Any]) -> str:
    """Returns what the policy said: its content (a string or a list of parts) or its refusal."""
    content = message.get("content")
    if isinstance(content, list):
        parts = [
            part.get("text")
            for part in content
            if isinstance(part, Mapping) and part.get("type") not in reasoning.PARTS
        ]
        content = "".join(part for part in parts if isinstance(part, str))
    return _string(content) or _string(message.get("refusal"))


def tool_calls(data: object, server: str = "", seed: str = "") -> tuple[ToolCall, ...]:
    """Reads the tool calls of a reply of `server`; each has an id of its own within it.

    Args:
        seed: names the reply, for the ids of calls that have none.
    """
    calls: list[ToolCall] = []
    seen: set[str] = set()
    for position, entry in enumerate(data if isinstance(data, list) else ()):
        function = entry.get("function") if isinstance(entry, Mapping) else None
        if not isinstance(function, Mapping):
            continue
        id = own_id(_string(entry.get("id")), position, seen, seed)
        seen.add(id)
        arguments = function.get("arguments")
        if not isinstance(arguments, str):
            arguments = written(arguments or {})
        calls.append(
            ToolCall(
                id, _string(function.get("name")), arguments or "{}",
                added_to_call(entry, server),
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


def _string(value: object) -> str:
    return value if isinstance(value, str) else ""
