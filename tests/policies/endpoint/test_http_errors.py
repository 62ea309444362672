"""Every way in which a call can go wrong, through the real client over real HTTP."""

from __future__ import annotations

import asyncio
import socket
from email.utils import formatdate

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.journal.records import Message, Request
from outlay.journal.secrets import cleaner_of, without_keys
from outlay.ledger.errors import CallRefused, OutcomeUnknown, PolicyError
from outlay.policies import Endpoint
from outlay.policies.endpoint import error_body
from outlay.policies.endpoint.error_words import is_too_long
from outlay.policies.endpoint.http_errors import refusal, retry_after
from outlay.policies.endpoint.waits import span
from outlay.testing import LoopbackServer, ScriptedAnswer

ASK = Request((Message("user", "Well?"),))


async def failure(
    server: LoopbackServer, step: ScriptedAnswer, *, stream: bool = False, timeout: float = 5
) -> PolicyError:
    server.steps(step)
    endpoint = Endpoint("m", base_url=server.url, stream=stream, timeout=timeout)
    with pytest.raises(PolicyError) as caught:
        await endpoint.reply(ASK)
    assert server.served.requests == 1, "the client tried again by itself"
    return caught.value


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [408, 409, 429, 503])
async def test_refused_for_now(server: LoopbackServer, status: int, stream: bool) -> None:
    step = ScriptedAnswer(status=status, headers={"retry-after": "1.5"})
    error = await failure(server, step, stream=stream)
    assert isinstance(error, CallRefused)
    assert (error.retryable, error.retry_after) == (True, 1.5)


@pytest.mark.parametrize(
    ("status", "error", "sentence"),
    [
        (400, {"message": "no such field"}, r"refused the request \(400\): no such field"),
        (400, {"code": "context_length_exceeded"}, "longer than m can read"),
        (400, {"message": "maximum context length is 8192"}, "longer than m can read"),
        (401, {"message": "bad"}, r"refused the key \(401\): set OUTLAY_API_KEY"),
        (401, {"message": ""}, "refused the key"),
        (403, {"message": "Invalid API key"}, r"refused the key \(403\): set OUTLAY_API_KEY"),
        (
            403,
            {"message": "Country, region, or territory not supported"},
            r"refused the request \(403\): Country, region, or territory not supported",
        ),
        (402, {"message": "Insufficient Balance"}, r"no credit left \(402\): Insufficient"),
        (
            400,
            {"message": "Access denied, account is in good standing", "type": "Arrearage"},
            "no credit left",
        ),
        (
            400,
            {
                "message": "max_tokens is too large: 32000. This model supports at most 16384 "
                "completion tokens"
            },
            r"m cannot write so much \(400\): use a smaller",
        ),
        (404, {}, "does not know the model 'm'"),
        (413, {}, "longer than m can read"),
        (422, {}, "refused the request"),
        (429, {"code": "insufficient_quota"}, "no credit left"),
        (307, {}, "points elsewhere"),
    ],
)
async def test_refused_for_good(
    server: LoopbackServer, status: int, error: dict[str, str], sentence: str
) -> None:
    caught = await failure(server, ScriptedAnswer(status=status, error=error))
    assert isinstance(caught, CallRefused)
    assert not caught.retryable
    with pytest.raises(CallRefused, match=sentence):
        raise caught
    assert "\n" not in str(caught)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", [500, 502, 504, 529])
async def test_failed_servers_may_have_billed(
    server: LoopbackServer, status: int, stream: bool
) -> None:
    error = await failure(server, ScriptedAnswer(status=status), stream=stream)
    assert isinstance(error, OutcomeUnknown)
    assert error.retryable


@pytest.mark.parametrize(
    ("fault", "stream", "sentence"),
    [
        ("reset", False, "the connection to .* broke"),
        ("reset", True, "the connection to .* broke"),
        ("cut", False, "the connection to .* broke"),
        ("cut", True, "the connection to .* broke|was cut"),
        ("half_json", False, "is not JSON"),
        ("html", False, "is not JSON"),
        ("html", True, "was cut"),
        ("hang", False, "did not reply within 1 s"),
        ("hang", True, "did not reply within 1 s"),
    ],
)
async def test_billed_and_lost(
    server: LoopbackServer, fault: str, stream: bool, sentence: str
) -> None:
    timeout = 1 if fault == "hang" else 5
    step = ScriptedAnswer("some words to be cut", fault=fault)  # type: ignore[arg-type]
    error = await failure(server, step, stream=stream, timeout=timeout)
    assert isinstance(error, OutcomeUnknown)
    assert error.retryable
    assert server.served.replies == 1
    with pytest.raises(OutcomeUnknown, match=sentence):
        raise error


async def test_error_inside_a_good_status(server: LoopbackServer) -> None:
    server.steps(ScriptedAnswer("x", usage={"prompt_tokens": -1}))
    reply = await Endpoint("m", base_url=server.url).reply(ASK)
    assert reply.usage is None


async def test_request_timeout_is_the_shorter(server: LoopbackServer) -> None:
    server.steps(ScriptedAnswer(fault="hang"))
    hasty = Request(ASK.messages, timeout=0.2)
    with pytest.raises(OutcomeUnknown, match=r"within 0\.2 s"):
        await Endpoint("m", base_url=server.url, timeout=60).reply(hasty)


@pytest.mark.parametrize("stream", [False, True])
async def test_nobody_listens(stream: bool) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{held.getsockname()[1]}/v1"
        with pytest.raises(CallRefused, match="cannot be reached") as caught:
            await Endpoint("m", base_url=url, stream=stream).reply(ASK)
    assert caught.value.retryable


async def test_unknown_host() -> None:
    with pytest.raises(CallRefused, match="cannot be reached") as caught:
        await Endpoint("m", base_url="http://no-such-host.invalid/v1").reply(ASK)
    assert caught.value.retryable


@pytest.mark.parametrize("greeting", [b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\0" * 99])
async def test_something_that_speaks_no_http(greeting: bytes) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(greeting)
        writer.close()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as other:
        url = f"http://127.0.0.1:{other.sockets[0].getsockname()[1]}/v1"
        with pytest.raises(OutcomeUnknown, match="broke"):
            await Endpoint("m", base_url=url, timeout=5).reply(ASK)


@pytest.mark.parametrize("rest", [b"", b'data: {"error":"late"}\n\n', b"data: {\n\n"])
async def test_finished_stream_whose_bill_never_comes_is_kept(rest: bytes) -> None:
    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        chunk = b'data: {"choices":[{"delta":{"content":"Paid."},"finish_reason":"stop"}]}\n\n'
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n" + chunk + rest)
        try:
            await reader.read()
        finally:
            writer.close()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as other:
        url = f"http://127.0.0.1:{other.sockets[0].getsockname()[1]}/v1"
        reply = await Endpoint("m", base_url=url, stream=True, timeout=1).reply(ASK)
        assert (reply.message.content, reply.usage) == ("Paid.", None)


@pytest.mark.parametrize("key", ["sk-verysecret-0123456789", "my own secret"])
async def test_key_is_never_shown(server: LoopbackServer, key: str) -> None:
    server.steps(ScriptedAnswer(status=401, error={"message": f"Incorrect key {key}"}))
    endpoint = Endpoint("m", base_url=server.url, api_key=key)
    with pytest.raises(CallRefused) as caught:
        await endpoint.reply(ASK)
    assert "secret" not in str(caught.value)
    assert "secret" not in repr(endpoint)


def test_retry_after_in_all_its_forms() -> None:
    assert retry_after({"retry-after": "20"}) == 20
    assert retry_after({"retry-after-ms": "250", "retry-after": "20"}) == 0.25
    assert retry_after({"retry-after": formatdate(1_000_030, usegmt=True)}, now=1_000_000) == 30
    assert retry_after({"retry-after": formatdate(900, usegmt=True)}, now=1_000) == 0
    assert retry_after({}) is None


@given(st.text())
def test_retry_after_survives_anything(text: str) -> None:
    wait = retry_after({"retry-after": text, "retry-after-ms": text})
    assert wait is None or 0 <= wait < float("inf")


def test_what_looks_like_a_key_goes() -> None:
    assert without_keys("key sk-abc123def456 is bad") == "key (key) is bad"


def told(status: int, body: object, headers: dict[str, str] | None = None) -> PolicyError:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return refusal(
        status, headers or {}, raw, server="s", model="m", key_from="OUTLAY_API_KEY",
        clean=cleaner_of([]),
    )  # fmt: skip


EXTRA = {"type": "extra_forbidden", "loc": ["body", "colour"], "msg": "Extra inputs are forbidden"}
UPSTREAM = orjson.dumps({"error": {"message": "at most 1 image per prompt"}}).decode()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"detail": [EXTRA]}, "colour: Extra inputs are forbidden"),
        ({"object": "error", "message": {"detail": [EXTRA]}}, "colour: Extra inputs are forbidden"),
        ({"detail": {"error": {"message": "deep"}}}, "deep"),
        ({"error": ["first", "second"]}, "first; second"),
        ({"errors": [{"code": 7, "message": "one"}, {"message": "two"}]}, "one; two"),
        ({"error": "a text"}, "a text"),
        ({"error": {"message": "Provider returned error", "metadata": {"raw": UPSTREAM}}},
         "Provider returned error; at most 1 image per prompt"),
        ({"error": {"message": "Provider returned error", "metadata": {"raw": "busy upstream"}}},
         "Provider returned error; busy upstream"),
        ([{"error": {"message": "in a list"}}], "in a list"),
        ({"title": "Bad Request", "detail": "unknown field"}, "unknown field; Bad Request"),
        ({"unheard": {"of": 1}}, '{"unheard":{"of":1}}'),
        (b"no such\nroute\n", "no such route"),
        (b"<html><head><title>403 Forbidden</title></head><body>x</body></html>", "403 Forbidden"),
        (b"<!DOCTYPE html><style>p{}</style><p>Away</p><p>now</p>", "Away now"),
    ],
)  # fmt: skip
def test_reasons_are_told_wherever_they_are(body: object, said: str) -> None:
    assert str(told(422, body)) == f"s refused the request (422): {said}"


@pytest.mark.parametrize("raw", [b"", b"{}", b"null", b"[]"])
def test_a_body_that_says_nothing(raw: bytes) -> None:
    assert str(told(422, raw)) == "s refused the request (422)"


@given(
    st.recursive(
        st.text() | st.none() | st.booleans(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(st.sampled_from(["error", "message", "detail", "loc", "raw"]), inner)
        ),
    )
)
def test_any_body_makes_a_sentence(body: object) -> None:
    sentence = str(told(400, body))
    assert sentence
    assert len(sentence) < 500
    assert "\n" not in sentence


@pytest.mark.parametrize(
    "words",
    [
        "the request exceeds the available context size, try increasing it",
        "request (4390 tokens) exceeds the available context size (4096 tokens)",
        "Context size has been exceeded.",
        "Requested tokens (2285) exceed context window of 2048",
        "<400> InternalError.Algo.InvalidParameter: Range of input length should be [1, 129024]",
        "This model's maximum context length is 8192 tokens. However, you requested 9000 tokens",
        "Your input exceeds the context window of this model.",
        "prompt is too long: 213462 tokens > 200000 maximum",
        "input length and `max_tokens` exceed context limit: 199000 + 8192 > 200000",
        "The input token count (1196265) exceeds the maximum number of tokens allowed (1048575).",
        "This model's maximum prompt length is 131072 but the request contains 537812 tokens.",
        "Please reduce the length of the messages or completion.",
        "The decoder prompt (length 5000) is longer than the maximum model length of 4096.",
        "The input (5000 tokens) is longer than the model's context length (4096 tokens).",
        "`inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens",
        "Prompt contains 40000 tokens, too large for model with 32768 maximum context length",
        "Input is too long for requested model.",
        "too many tokens: total number of tokens in the prompt cannot exceed 4081",
        "Invalid request: Your request exceeded model token limit: 262144",
        "prompt too long; exceeded max context length by 12 tokens",
        "prompt token count of 70000 exceeds the limit of 64000",
        "Prompt exceeds max length",
        "Prompt 超长",
        "invalid params, context window exceeds limit (2013)",
    ],
)
def test_a_full_context_in_many_words(words: str) -> None:
    assert is_too_long(error_body.of({"error": {"message": words}}))
    error = told(400, {"error": {"message": words}})
    assert isinstance(error, CallRefused)
    assert "the prompt is longer than m can read (400)" in str(error)


@pytest.mark.parametrize(
    "words",
    [
        "max_tokens is too large: 32000. This model supports at most 16384 completion tokens",
        "Range of max_tokens should be [1, 8192]",
        "Invalid API key", "Rate limit reached for tokens per minute", "messages must not be empty",
        "Unsupported parameter: 'max_tokens' is not supported with this model.",
    ],
)  # fmt: skip
def test_other_words_are_no_full_context(words: str) -> None:
    assert not is_too_long(error_body.of({"error": {"message": words}}))


def test_a_full_context_behind_500_is_asked_once() -> None:
    named = {"error": {"code": 500, "message": "x", "type": "exceed_context_size_error"}}
    assert isinstance(told(500, named), CallRefused)
    error = told(500, {"error": {"code": 500, "message": "Context size has been exceeded."}})
    assert isinstance(error, OutcomeUnknown)
    assert not error.retryable


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("https://new.example/v1/chat/completions?token=secret", "https://new.example/v1"),
        ("https://me:secret@new.example/v1/", "https://new.example/v1"),
        ("/openai/v1/chat/completions", "{server}/openai/v1"),
    ],
)
async def test_redirections_say_where_to(
    server: LoopbackServer, status: int, location: str, shown: str
) -> None:
    error = await failure(server, ScriptedAnswer(status=status, headers={"location": location}))
    place = server.url.removeprefix("http://").removesuffix("/v1")
    assert isinstance(error, CallRefused)
    assert f"use the address {shown.format(server=place)} that" in str(error)
    assert "secret" not in str(error)


@pytest.mark.parametrize("stream", [False, True])
async def test_long_headers_are_taken(server: LoopbackServer, stream: bool) -> None:
    server.steps(ScriptedAnswer("Fine.", headers={"x-policy": "p" * 100_000}))
    reply = await Endpoint("m", base_url=server.url, stream=stream).reply(ASK)
    assert reply.message.content == "Fine."


@pytest.mark.parametrize(
    ("headers", "body", "wait"),
    [
        ({}, [{"error": {"details": [{"@type": "RetryInfo", "retryDelay": "12.5s"}]}}], 12.5),
        ({"retry-after": "3"}, {"error": {"details": [{"retryDelay": "12.5s"}]}}, 3),
        ({}, {"error": {"message": "Rate limit reached. Please try again in 6m0s."}}, 360),
        ({}, {"error": {"message": "Please try again in 20ms."}}, 0.02),
        ({}, {"error": {"message": "Please retry after 26 seconds."}}, 26),
        ({}, {"error": {"message": "x", "metadata": {"headers": {
            "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1700000030000"}}}}, 30),
        ({"retry-after": "1m30s"}, {}, 90),
        ({"x-ratelimit-reset-requests": "1s", "x-ratelimit-reset-tokens": "6m0s"}, {}, 1),
        ({"x-ratelimit-reset-requests": "1s", "x-ratelimit-reset-tokens": "2m59.56s",
          "x-ratelimit-remaining-tokens": "0"}, {}, 179.56),
        ({"x-ratelimit-reset": "1700000010"}, {}, 10),
        ({"ratelimit-reset": "7"}, {}, 7),
        ({"anthropic-ratelimit-tokens-reset": "2023-11-14T22:13:25Z"}, {}, 5),
        ({"x-ratelimit-reset": "1600000000"}, {}, None),
        ({}, {"error": {"message": "You tried 3 times again in 2024"}}, None),
    ],
)  # fmt: skip
def test_waits_in_all_their_forms(
    headers: dict[str, str], body: object, wait: float | None
) -> None:
    found = retry_after(headers, 1_700_000_000, error_body.of(body))
    assert found == (None if wait is None else pytest.approx(wait))


@given(st.text(), st.text())
def test_waits_survive_anything(text: str, name: str) -> None:
    body = error_body.of({"error": {"message": f"try again in {text}", "retryDelay": text}})
    headers = {"x-ratelimit-reset": text, f"x-ratelimit-reset-{name}": text}
    wait = retry_after(headers, body=body)
    assert wait is None or 0 <= wait < float("inf")
    assert (spanned := span(text)) is None or spanned >= 0
