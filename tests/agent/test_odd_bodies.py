"""Bodies that are odd but whole are read, and what has shown its bill is settled at it."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from raw_server import (
    EVENTS,
    JSON,
    PAID,
    STOP,
    TEXT,
    USAGE,
    WHOLE,
    events,
    raw_server,
)

BILL = Decimal("0.0015")
"""1000 tokens at $1 a million, and 50 at $10."""
ZEROS = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
DONE = b"data: [DONE]\n\n"
STREAM = events(TEXT, STOP, PAID)
Ask = Callable[..., Any]

WHOLE_JSON = json.dumps(WHOLE).encode()
GOOD: dict[str, tuple[bytes, str]] = {
    "an empty event first": (b"data:\n\n" + STREAM + DONE, EVENTS),
    "empty events between": (
        b"data: \n\ndata:\n\n" + STREAM.replace(b"\n\n", b"\n\ndata: \n\n") + DONE,
        EVENTS,
    ),
    "null events": (b"data: null\n\n" + STREAM + DONE, EVENTS),
    "text that is no event": (b"data: ping\n\n" + STREAM + DONE, EVENTS),
    "comments": (b": OPENROUTER PROCESSING\n\n" + STREAM + DONE, EVENTS),
    "a byte order mark": (b"\xef\xbb\xbf" + STREAM + DONE, EVENTS),
    "no end mark": (STREAM, EVENTS),
    "no finish reason": (events(TEXT, PAID) + DONE, EVENTS),
    "neither": (events(TEXT, PAID), EVENTS),
    "no blank lines": (STREAM.replace(b"\n\n", b"\n") + b"data: [DONE]\n", EVENTS),
    "carriage returns": (STREAM.replace(b"\n", b"\r\n") + b"data: [DONE]\r\n\r\n", EVENTS),
    "zeros after the bill": (events(TEXT, STOP, PAID, {"choices": [], "usage": ZEROS}), EVENTS),
    "zeros before the bill": (events({**TEXT, "usage": ZEROS}, STOP, PAID), EVENTS),
    "the bill with the choice": (
        events({**TEXT, "usage": {**USAGE, "completion_tokens": 1}}, {**STOP, "usage": USAGE}),
        EVENTS,
    ),
    "Moonshot's place for the bill": (
        events(TEXT, {"choices": [{**STOP["choices"][0], "usage": USAGE}]}) + DONE,
        EVENTS,
    ),
    "Groq's place for the bill": (events(TEXT, {**STOP, "x_groq": {"usage": USAGE}}), EVENTS),
    "a message in place of pieces": (events({**WHOLE, "object": "chat.completion"}), EVENTS),
    "the whole message again at the end": (events(TEXT, WHOLE) + DONE, EVENTS),
    "a whole reply": (WHOLE_JSON, JSON),
    "a whole reply called events": (b"\n\n " + WHOLE_JSON + b"\n", EVENTS),
    "a byte order mark before JSON": (b"\xef\xbb\xbf" + WHOLE_JSON, JSON),
    "JSON with something behind it": (WHOLE_JSON + b"\n\n[DONE]", JSON),
    "a list of one": (b"[" + WHOLE_JSON + b"]", JSON),
    "JSON in a string": (json.dumps(json.dumps(WHOLE)).encode(), JSON),
    "an envelope": (json.dumps({"success": True, "result": WHOLE}).encode(), JSON),
    "a piece in place of a message": (json.dumps({**STOP, **TEXT, "usage": USAGE}).encode(), JSON),
    "a line of JSON for each piece": (
        b"\n".join(json.dumps(each).encode() for each in (TEXT, STOP, PAID)),
        "application/x-ndjson",
    ),
    "a list of pieces": (json.dumps([TEXT, STOP, PAID]).encode(), JSON),
    "an error field of null": (json.dumps({**WHOLE, "error": None}).encode(), JSON),
    "legacy text": (
        json.dumps({"choices": [{"text": "Answer: 7"}], "usage": USAGE}).encode(),
        JSON,
    ),
}


@pytest.mark.parametrize("stream", [False, True], ids=["whole asked", "stream asked"])
@pytest.mark.parametrize("case", GOOD)
async def test_an_odd_body_is_one_paid_reply(case: str, stream: bool, ask: Ask, book: Any) -> None:
    async with raw_server(*GOOD[case]) as raw:
        result = await ask(raw, stream=stream)
    assert (result.status, result.answer, raw.requests) == ("answered", "7", 1)
    assert [Decimal(event.body["usd"]) for event in book.events("settle")] == [BILL]


BILLED: dict[str, tuple[bytes, str, bool]] = {
    "no choices": (json.dumps({"choices": [], "usage": USAGE}).encode(), JSON, False),
    "no choices at all": (json.dumps({"usage": USAGE}).encode(), JSON, False),
    "null choices": (json.dumps({"choices": None, "usage": USAGE}).encode(), JSON, False),
    "a choice of null": (json.dumps({"choices": [None], "usage": USAGE}).encode(), JSON, False),
    "no message": (json.dumps({"choices": [{}], "usage": USAGE}).encode(), JSON, False),
    "a stream of the bill alone": (events(PAID) + DONE, EVENTS, False),
    "an error beside the bill": (
        json.dumps({"error": {"code": 502, "message": "x"}, "usage": USAGE}).encode(),
        JSON,
        False,
    ),
    "a broken piece": (events(TEXT) + b'data: {"cho\n\n' + events(STOP, PAID), EVENTS, False),
    "an error after the bill": (
        events(TEXT, PAID, {"error": {"code": 502, "message": "late"}}),
        EVENTS,
        False,
    ),
    "a cut after the bill": (events(TEXT, PAID), EVENTS, True),
}


@pytest.mark.parametrize("stream", [False, True], ids=["whole asked", "stream asked"])
@pytest.mark.parametrize("case", BILLED)
async def test_what_has_shown_its_bill_is_settled_at_it(
    case: str, stream: bool, ask: Ask, book: Any
) -> None:
    body, kind, cuts = BILLED[case]
    if cuts and not stream:
        pytest.skip("a cut body that is read whole never shows its bill")
    async with raw_server(body, kind, cuts=cuts) as raw:
        await ask(raw, stream=stream)
    settled = [Decimal(event.body["usd"]) for event in book.events("settle")]
    assert settled == [BILL] * raw.requests
    assert raw.requests < 5
    assert not book.events("unknown", "overrun")


def error(code: Any, message: str = "not for you") -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


REFUSED: dict[str, tuple[bytes, str]] = {
    "a number": (json.dumps(error(401)).encode(), "401"),
    "digits": (json.dumps(error("403")).encode(), "403"),
    "a name": (json.dumps(error("invalid_api_key")).encode(), "401"),
    "a choice's": (json.dumps({"choices": [{"message": {}, **error(400)}]}).encode(), "400"),
    "a bare one": (b'{"object": "error", "message": "not for you", "code": 404}', "404"),
    "in a list": (json.dumps([error(400)]).encode(), "400"),
    "an event": (events(error(402)), "402"),
    "an event of its kind": (b"event: error\n" + events(error(401)), "401"),
    "after a comment": (b": wait\n\n" + events(error(400)) + DONE, "400"),
}  # fmt: skip


@pytest.mark.parametrize("stream", [False, True], ids=["whole asked", "stream asked"])
@pytest.mark.parametrize("case", REFUSED)
async def test_a_reported_error_costs_what_its_code_says(
    case: str, stream: bool, ask: Ask, book: Any
) -> None:
    body, status = REFUSED[case]
    async with raw_server(body, EVENTS if body.startswith(b"data") else JSON) as raw:
        result = await ask(raw, stream=stream)
    assert (result.status, result.cost, raw.requests) == ("failed", 0, 1)
    assert status in result.why
    assert "not for you" in result.why
    assert book.events("release")


@pytest.mark.parametrize("stream", [False, True], ids=["whole asked", "stream asked"])
async def test_a_reported_rate_limit_is_waited_for_and_free(
    stream: bool, ask: Ask, book: Any
) -> None:
    async with raw_server(json.dumps(error(429)).encode(), JSON) as raw:
        result = await ask(raw, stream=stream)
    assert (result.cost, raw.requests) == (0, 5)


@pytest.mark.parametrize("stream", [False, True], ids=["whole asked", "stream asked"])
async def test_an_error_without_a_code_is_unknown_and_told_once(
    stream: bool, ask: Ask, book: Any
) -> None:
    async with raw_server(b'{"error": "the moon is in the wrong house"}', JSON) as raw:
        result = await ask(raw, stream=stream)
    assert (result.status, raw.requests) == ("failed", 1)
    assert "the moon is in the wrong house" in result.why
    assert len(book.events("unknown")) == 1


async def test_zero_tokens_for_a_prompt_are_no_bill(ask: Ask, book: Any) -> None:
    body = json.dumps({**WHOLE, "usage": ZEROS}).encode()
    async with raw_server(body, JSON) as raw:
        result = await ask(raw, stream=False)
    (hold,) = book.model_holds
    assert f"{result.cost:f}" == hold.body["usd"]
