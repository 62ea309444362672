from __future__ import annotations

import asyncio
import base64
import re
from typing import Any

import pytest
from gemini_server import GeminiSays, response
from typed_server import HttpAnswer, TypedServer, event

from outlay.journal.codec import message_from, message_to
from outlay.journal.records import Message, Request, ToolCall, ToolSpec
from outlay.ledger.errors import CallRefused, OutcomeUnknown, UsageError
from outlay.ledger.usage import Usage
from outlay.policies import Gemini, policy

LOOKUP = ToolSpec(
    "lookup",
    "Looks a thing up.",
    {"type": "object", "properties": {"query": {"type": "string"}}, "required": ["query"]},
)
NOW = ToolSpec("now", "Tells the time.", {"type": "object", "properties": {}})
SIGNED = base64.b64encode(b"signed??>>").decode()
ASKED = (Message("system", "Be brief."), Message("user", "Where is Rome?"))


def asking(*messages: Message, **options: Any) -> Request:
    return Request(messages or ASKED, (LOOKUP, NOW), **options)


async def test_answers_with_its_whole_bill(
    gemini: Gemini, google: TypedServer, says: GeminiSays
) -> None:
    says.usage = {
        "promptTokenCount": 1000, "cachedContentTokenCount": 900, "toolUsePromptTokenCount": 50,
        "candidatesTokenCount": 30, "thoughtsTokenCount": 20, "totalTokenCount": 1100,
    }  # fmt: skip
    reply = await gemini.reply(asking(max_tokens=77, temperature=0.5, seed=3))
    assert reply.message == Message("assistant", "In Italy.")
    assert reply.usage == Usage(input=150, cache_read=900, output=30, reasoning=20)
    assert (reply.finish_reason, reply.model, reply.response_id) == (
        "stop", "gemini-3-flash-001", "resp1",
    )  # fmt: skip
    body = google.bodies[-1]
    assert body["generationConfig"] == {"maxOutputTokens": 77, "temperature": 0.5, "seed": 3}
    assert body["systemInstruction"] == {"parts": [{"text": "Be brief."}]}
    assert body["contents"] == [{"role": "user", "parts": [{"text": "Where is Rome?"}]}]
    assert google.headers[-1]["x-goog-api-key"] == "AIzaSecret"
    assert "authorization" not in google.headers[-1]


def test_the_sdk_sends_the_same(google: TypedServer) -> None:
    """google-genai's own client, told the same, sends the same body to the same place."""
    from google.genai import Client, types

    answered = Message("assistant", "", (ToolCall("c1", "lookup", '{"query":"Rome"}'),))
    result = Message("tool", "Italy", tool_call_id="c1")
    ours = Gemini("gemini-2.5-flash", base_url=google.url, api_key="k")
    asyncio.run(ours.reply(asking(*ASKED, answered, result, max_tokens=9, tool_choice="none")))
    with Client(api_key="k", http_options=types.HttpOptions(base_url=google.url)) as client:
        client.models.generate_content(
            model="gemini-2.5-flash",
            contents=[
                types.Content(role="user", parts=[types.Part(text="Where is Rome?")]),
                types.Content(
                    role="model",
                    parts=[types.Part(function_call=types.FunctionCall(
                        name="lookup", args={"query": "Rome"},
                    ))],
                ),
                types.Content(
                    role="user",
                    parts=[types.Part.from_function_response(
                        name="lookup", response={"output": "Italy"}
                    )],
                ),
            ],
            config=types.GenerateContentConfig(
                system_instruction=types.Content(parts=[types.Part(text="Be brief.")]),
                max_output_tokens=9,
                tools=[types.Tool(function_declarations=[
                    types.FunctionDeclaration(
                        name=LOOKUP.name, description=LOOKUP.description,
                        parameters_json_schema=dict(LOOKUP.parameters),
                    ),
                    types.FunctionDeclaration(name=NOW.name, description=NOW.description),
                ])],
                tool_config=types.ToolConfig(
                    function_calling_config=types.FunctionCallingConfig(mode="NONE")
                ),
            ),
        )  # fmt: skip
    assert google.bodies[0] == _camel(google.bodies[1])
    assert google.paths[0] == google.paths[1]


def _camel(value: Any) -> Any:
    """Google reads both spellings of a field; the SDK mixes them."""
    if isinstance(value, dict):
        return {
            re.sub(r"_(\w)", lambda found: found[1].upper(), name): _camel(part)
            for name, part in value.items()
        }
    return [_camel(part) for part in value] if isinstance(value, list) else value


async def test_calls_go_round_with_signatures_to_the_letter(
    gemini: Gemini, google: TypedServer, says: GeminiSays
) -> None:
    thought = {"text": "Look it up.", "thought": True}
    first = {
        "functionCall": {"name": "lookup", "args": {"query": "Rome"}}, "thoughtSignature": SIGNED,
    }  # fmt: skip
    second = {"functionCall": {"name": "now", "id": "fc-2"}}
    says.parts = [thought, {"text": "Let me see."}, first, second]
    told: list[tuple[int, ToolCall]] = []
    reply = await gemini.reply(asking(on_call=lambda *call: told.append(call)))
    one, two = reply.message.tool_calls
    assert (one.name, one.arguments, two.name, two.arguments) == (
        "lookup", '{"query":"Rome"}', "now", "{}",
    )  # fmt: skip
    assert len(one.id) == 9
    assert two.id == "fc-2"
    assert (reply.message.content, reply.finish_reason) == ("Let me see.", "tool_calls")
    assert told == ([(0, one), (1, two)] if gemini.stream else [])
    kept = message_from(message_to(reply.message))
    results = [Message("tool", f"of {call.name}", tool_call_id=call.id) for call in (one, two)]
    await gemini.reply(asking(Message("user", "Where?"), kept, *results))
    assert google.bodies[-1]["contents"][1:] == [
        {"role": "model", "parts": says.parts},
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"name": "lookup", "response": {"output": "of lookup"}}},
                {"functionResponse": {
                    "name": "now", "id": "fc-2", "response": {"output": "of now"},
                }},
            ],
        },
    ]  # fmt: skip


async def test_a_streamed_signature_stands_where_it_came(
    google: TypedServer, says: GeminiSays
) -> None:
    says.parts = [{"text": "a"}, {"text": "b"}, {"text": "", "thoughtSignature": SIGNED}]
    gemini = Gemini("gemini-3-flash", base_url=google.url, api_key="k", stream=True)
    pieces: list[str] = []
    reply = await gemini.reply(asking(on_text=pieces.append))
    assert (pieces, reply.message.content) == (["a", "b"], "ab")
    await gemini.reply(asking(Message("user", "?"), reply.message, Message("user", "Sure?")))
    assert google.bodies[-1]["contents"][1]["parts"] == [
        {"text": "ab"}, {"text": "", "thoughtSignature": SIGNED},
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("model", "signature"),
    [("gemini-3-flash", "skip_thought_signature_validator"), ("gemini-2.5-pro", None)],
)
async def test_calls_of_another_model_are_marked_where_gemini_asks_for_it(
    google: TypedServer, model: str, signature: str | None
) -> None:
    calls = tuple(ToolCall(f"c{n}", "lookup", text) for n, text in enumerate(("{}", "[1]")))
    other = {"http://other": {"reasoning_content": "hm"}}
    said = Message("assistant", "", calls, provider=other)
    await Gemini(model, base_url=google.url, api_key="k").reply(asking(Message("user", "?"), said))
    first, second = google.bodies[-1]["contents"][1]["parts"]
    assert first.get("thoughtSignature") == signature
    assert second == {"functionCall": {"name": "lookup", "args": {"malformed": "[1]"}}}
    assert "hm" not in str(google.bodies[-1])


async def test_calls_that_were_cut_off_are_not_given_back(
    gemini: Gemini, google: TypedServer, says: GeminiSays
) -> None:
    calls = [{"functionCall": {"name": "now", "id": f"f{n}"}} for n in range(2)]
    says.parts = [{"text": "See."}, *calls]
    said = (await gemini.reply(asking())).message
    kept = Message("assistant", said.content, said.tool_calls[:1], provider=said.provider)
    await gemini.reply(asking(Message("user", "?"), kept))
    assert google.bodies[-1]["contents"][1]["parts"] == says.parts[:2]


@pytest.mark.parametrize(
    ("finish", "told"),
    [
        ("MAX_TOKENS", "length"),
        ("SAFETY", "content_filter"),
        ("PROHIBITED_CONTENT", "content_filter"),
        ("RECITATION", "content_filter"),
        ("MALFORMED_FUNCTION_CALL", "malformed_function_call"),
        ("OTHER", "other"),
    ],
)
async def test_how_a_reply_ended_is_told(
    gemini: Gemini, says: GeminiSays, finish: str, told: str
) -> None:
    says.finish, says.parts = finish, []
    reply = await gemini.reply(asking())
    assert (reply.message, reply.finish_reason) == (Message("assistant", ""), told)
    assert reply.usage == Usage(input=10, output=4)


async def test_a_blocked_prompt_is_billed_and_filtered(gemini: Gemini, says: GeminiSays) -> None:
    body = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 10}}
    says.answer = HttpAnswer(body, events=[event(body)] if gemini.stream else ())
    reply = await gemini.reply(asking())
    assert (reply.finish_reason, reply.usage) == ("content_filter", Usage(input=10))


async def test_thoughts_stay_below_what_the_call_may_write(google: TypedServer) -> None:
    gemini = Gemini("gemini-2.5-pro", base_url=google.url, api_key="k", thinking_budget=2048)
    assert gemini.headroom == 2048
    await gemini.reply(asking())
    assert google.bodies[-1]["generationConfig"]["thinkingConfig"] == {"thinkingBudget": 2048}
    with pytest.raises(CallRefused, match="nothing was sent"):
        await gemini.reply(asking(max_tokens=1000))
    assert len(google.bodies) == 1
    with pytest.raises(UsageError, match="leaves no room for an answer"):
        Gemini("gemini-2.5-pro", thinking_budget=4096)


@pytest.mark.parametrize(
    ("status", "error", "kind", "said", "wait"),
    [
        (400, {"message": "API key not valid.", "details": [{"reason": "API_KEY_INVALID"}]},
         CallRefused, "set OUTLAY_API_KEY to a valid one", None),
        (400, {"message": "The input token count exceeds the maximum number of tokens allowed"},
         CallRefused, "longer than gemini-3-flash can read", None),
        (429, {"message": "Quota.", "details": [{"retryDelay": "17.5s"}]},
         CallRefused, r"asks to wait 17\.5 s: Quota", 17.5),
        (500, {"message": "Internal."}, OutcomeUnknown, "failed", None),
        (503, {"message": "Overloaded."}, CallRefused, "Overloaded", None),
    ],
)  # fmt: skip
async def test_a_status_decides_what_is_booked(
    gemini: Gemini, google: TypedServer, says: GeminiSays,
    status: int, error: Any, kind: type[Exception], said: str, wait: float | None,
) -> None:  # fmt: skip
    says.answer = HttpAnswer({"error": {"code": status, **error}}, status=status)
    with pytest.raises(kind, match=said) as caught:
        await gemini.reply(asking())
    assert caught.value.retry_after == wait  # type: ignore[attr-defined]
    assert len(google.bodies) == 1


async def test_an_error_in_a_200_is_what_its_code_says(gemini: Gemini, says: GeminiSays) -> None:
    body = {"error": {"code": 429, "message": "Quota.", "details": [{"retryDelay": "3s"}]}}
    says.answer = HttpAnswer(body, events=[event(body)] if gemini.stream else ())
    with pytest.raises(CallRefused, match="Quota") as caught:
        await gemini.reply(asking())
    assert caught.value.retry_after == 3


@pytest.mark.parametrize("body", [{}, [], {"candidates": []}])
async def test_what_makes_no_sense_is_unknown(gemini: Gemini, says: GeminiSays, body: Any) -> None:
    says.answer = HttpAnswer(body, events=[event(body)] if gemini.stream else ())
    with pytest.raises(OutcomeUnknown):
        await gemini.reply(asking())


async def test_a_stream_that_is_cut_is_unknown_and_one_that_ended_is_a_reply(
    google: TypedServer, says: GeminiSays
) -> None:
    gemini = Gemini("gemini-3-flash", base_url=google.url, api_key="k", stream=True)
    says.cut = True
    with pytest.raises(OutcomeUnknown):
        await gemini.reply(asking())
    ended = event(response([{"text": "Italy."}], "STOP", says.usage))
    says.answer = HttpAnswer(events=[ended, b"data: {"], cut=True)
    assert (await gemini.reply(asking())).usage == Usage(input=10, output=4)


async def test_json_where_a_stream_was_asked_for_is_read(
    google: TypedServer, says: GeminiSays
) -> None:
    gemini = Gemini("gemini-3-flash", base_url=google.url, api_key="k", stream=True)
    says.answer = HttpAnswer([response([{"text": "Italy."}], "STOP", says.usage)])
    reply = await gemini.reply(asking())
    assert (reply.message.content, reply.usage) == ("Italy.", Usage(input=10, output=4))


def test_keys_are_checked_at_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    model = policy("google/gemini-3-flash")
    assert isinstance(model, Gemini)
    with pytest.raises(UsageError, match="set GEMINI_API_KEY"):
        model.check()
    monkeypatch.setenv("GOOGLE_API_KEY", "AIza\n")
    with pytest.raises(UsageError, match=r"a line break.*set GOOGLE_API_KEY"):
        Gemini("gemini-3-flash").check()
    monkeypatch.delenv("GOOGLE_API_KEY")
    monkeypatch.setenv("GEMINI_API_KEY", "AIza")
    Gemini("gemini-3-flash").check()


async def test_googles_key_goes_to_no_other_server(
    google: TypedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GEMINI_API_KEY", "AIzaSecret")
    await Gemini("gemini-3-flash", base_url=google.url).reply(asking())
    assert google.headers[-1].get("x-goog-api-key") in (None, "")
    monkeypatch.setenv("GOOGLE_GEMINI_BASE_URL", google.url + "/v1beta")
    await Gemini("gemini-3-flash").reply(asking())
    assert google.headers[-1]["x-goog-api-key"] == "AIzaSecret"
    assert google.paths[-1] == "/v1beta/models/gemini-3-flash:generateContent"


def test_several_event_loops_in_turn(gemini: Gemini) -> None:
    for _ in range(3):
        assert asyncio.run(gemini.reply(asking())).message.content == "In Italy."
