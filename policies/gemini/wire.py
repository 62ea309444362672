"""Gemini's `generateContent` format: requests to bytes, replies from JSON. No network here."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson

from ...journal.arguments import arguments_or, written
from ...journal.records import Message, Reply, Request, ToolCall, ToolSpec
from ...ledger.usage import Usage
from ..call_ids import made_id
from ..endpoint import bills
from ..endpoint.encoded_once import EncodedOnce
from ..endpoint.provider_data import MOST_BYTES
from ..endpoint.wire import UnreadableReply

PROVIDER = "google"
"""Whose opaque data are kept in messages under that name."""

_NEEDS_SIGNATURES = re.compile(r"(models/)?gemini-([3-9]|\d\d)")
_NOT_OURS = "skip_thought_signature_validator"
_MALFORMED = "malformed"
"""What Google's documents say to send for calls that another model made."""
_FINISHES = {"STOP": "stop", "MAX_TOKENS": "length", "FINISH_REASON_UNSPECIFIED": "stop"}
_FILTERED = frozenset(
    ("SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY",
     "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "ESCALATION", "PUP_LIMITED_DISABLED",
     "MODEL_ARMOR")
)  # fmt: skip


def encode(
    request: Request, model: str, max_tokens: int, thinking: Mapping[str, Any] | None
) -> bytes:
    """Returns the body of a request.

    Args:
        model: whose name says whether calls of other models need a mark.
        thinking: the `thinkingConfig`, or None where the model decides.
    """
    body: dict[str, Any] = {"contents": list(_contents(request.messages, model))}
    system = [{"text": m.content} for m in request.messages if m.role == "system" and m.content]
    if system:
        body["systemInstruction"] = {"parts": system}
    if request.tools:
        told = [orjson.Fragment(declared) for declared in _DECLARATIONS(request.tools)]
        body["tools"] = [{"functionDeclarations": told}]
        if mode := _MODES.get(request.tool_choice):
            body["toolConfig"] = {"functionCallingConfig": {"mode": mode}}
    options: dict[str, Any] = {"maxOutputTokens": max_tokens}
    if request.temperature is not None:
        options["temperature"] = request.temperature
    if request.seed is not None:
        options["seed"] = request.seed
    if thinking is not None:
        options["thinkingConfig"] = thinking
    return orjson.dumps({**body, "generationConfig": options})


_MODES = {"none": "NONE", "required": "ANY"}


def _declaration(spec: ToolSpec) -> bytes:
    told: dict[str, Any] = {"name": spec.name, "description": spec.description}
    if spec.parameters.get("properties"):  # an object without any is refused
        told["parametersJsonSchema"] = dict(spec.parameters)
    return orjson.dumps(told)


_DECLARATIONS = EncodedOnce[ToolSpec](_declaration)


def _contents(messages: Sequence[Message], model: str) -> Iterator[dict[str, Any]]:
    """Yields the turns; the results of one turn's calls stand together, as Gemini wants them."""
    calls = {call.id: call for message in messages for call in message.tool_calls}
    results: list[dict[str, Any]] = []
    for message in messages:
        if message.role == "tool":
            results.append(_result(message, calls.get(message.tool_call_id or "")))
            continue
        if results:
            yield {"role": "user", "parts": results}
            results = []
        if message.role == "user":
            yield {"role": "user", "parts": [{"text": message.content or " "}]}
        elif message.role == "assistant" and (parts := _said(message, model)):
            yield {"role": "model", "parts": parts}
    if results:
        yield {"role": "user", "parts": results}


def _result(message: Message, call: ToolCall | None) -> dict[str, Any]:
    told: dict[str, Any] = {"name": call.name if call else "tool"}
    own = _own(call.provider).get("id") if call else None
    if own:
        told["id"] = own
    return {"functionResponse": {**told, "response": {"output": message.content}}}


def _said(message: Message, model: str) -> list[dict[str, Any]]:
    """Returns a reply's parts: to the letter where Gemini wrote them."""
    kept = _own(message.provider).get("parts")
    by_id = {call.id: call for call in message.tool_calls}
    if isinstance(kept, list):
        return [part["part"] for part in kept if part.get("call") is None or part["call"] in by_id]
    parts: list[dict[str, Any]] = [{"text": message.content}] if message.content else []
    for place, call in enumerate(message.tool_calls):
        arguments = arguments_or(call.arguments, _MALFORMED)
        part: dict[str, Any] = {"functionCall": {"name": call.name, "args": arguments}}
        if place == 0 and _NEEDS_SIGNATURES.match(model):
            part["thoughtSignature"] = _NOT_OURS
        parts.append(part)
    return parts


def _own(data: Mapping[str, Any] | None) -> Mapping[str, Any]:
    found = data.get(PROVIDER) if data is not None else None
    return found if isinstance(found, Mapping) else {}


def reply(data: object) -> Reply:
    """Returns the reply in a parsed `GenerateContentResponse`.

    Raises:
        UnreadableReply: it has neither a candidate nor a reason why there is none.
    """
    if not isinstance(data, Mapping):
        raise UnreadableReply(f"the reply is a JSON {type(data).__name__}, not an object")
    candidate = first_candidate(data)
    blocked = data.get("promptFeedback")
    blocked = blocked.get("blockReason") if isinstance(blocked, Mapping) else None
    if candidate is None and not blocked:
        raise UnreadableReply("the reply has no candidates")
    parts = parts_of(candidate)
    message = _message(parts, _text(data.get("responseId")))
    said = None if candidate is None else candidate.get("finishReason")
    return Reply(
        message,
        usage(data.get("usageMetadata")),
        "content_filter" if candidate is None else _finish(said, bool(message.tool_calls)),
        model=_text(data.get("modelVersion")),
        response_id=_text(data.get("responseId")),
        reasoning="".join(_text(part.get("text")) for part in parts if part.get("thought")),
    )


def first_candidate(data: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Returns the first candidate of a response, None where there is none."""
    candidates = data.get("candidates")
    first = candidates[0] if isinstance(candidates, list) and candidates else None
    return first if isinstance(first, Mapping) else None


def parts_of(candidate: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """Returns the parts of a candidate's content."""
    content = candidate.get("content") if candidate is not None else None
    parts = content.get("parts") if isinstance(content, Mapping) else None
    return [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []


def usage(data: object) -> Usage | None:
    """Returns the bill in a `usageMetadata`, None where it is none.

    What tools on Google's side brought into the prompt is billed as input, thoughts as output.
    """
    if not isinstance(data, Mapping) or not data.get("promptTokenCount"):
        return None
    thoughts = _count(data, "thoughtsTokenCount")
    return bills.usage(
        {
            "prompt_tokens": _count(data, "promptTokenCount")
            + _count(data, "toolUsePromptTokenCount"),
            "completion_tokens": _count(data, "candidatesTokenCount") + thoughts,
            "total_tokens": _count(data, "totalTokenCount"),
            "prompt_tokens_details": {"cached_tokens": _count(data, "cachedContentTokenCount")},
            "completion_tokens_details": {"reasoning_tokens": thoughts},
        }
    )


def call_of(part: Mapping[str, Any], response_id: str, place: int) -> ToolCall | None:
    """Returns the call in the part at a place of a reply, None where there is none."""
    wish = part.get("functionCall")
    if not isinstance(wish, Mapping):
        return None
    own = _text(wish.get("id"))
    arguments = wish.get("args")
    text = "{}" if arguments is None else written(arguments)
    return ToolCall(
        own or made_id(response_id, place),
        _text(wish.get("name")),
        text,
        {PROVIDER: {"id": own}} if own else None,
    )


def _message(parts: Sequence[dict[str, Any]], response_id: str) -> Message:
    calls: list[ToolCall] = []
    kept: list[dict[str, Any]] = []
    for place, part in enumerate(parts):
        call = call_of(part, response_id, place)
        if call is None:
            kept.append({"part": part})
        else:
            calls.append(call)
            kept.append({"part": part, "call": call.id})
    text = "".join(_text(part.get("text")) for part in parts if not part.get("thought"))
    is_plain = all(set(part) <= {"text"} for part in parts)
    data = {PROVIDER: {"parts": kept}}
    if is_plain or len(written(data)) > MOST_BYTES:
        return Message("assistant", text, tuple(calls))
    return Message("assistant", text, tuple(calls), provider=data)


def _finish(reason: object, calls: bool) -> str:
    said = _text(reason) or "STOP"
    if said in _FILTERED:
        return "content_filter"
    found = _FINISHES.get(said, said.lower())
    return "tool_calls" if calls and found == "stop" else found


def _count(data: Mapping[str, Any], name: str) -> int:
    value = data.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
