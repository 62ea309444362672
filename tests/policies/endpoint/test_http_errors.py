"""Every way in which a call can go wrong, through the real client over real HTTP."""

from __future__ import annotations

import asyncio
import socket
from email.utils import formatdate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.journal.records import Message, Request
from outlay.journal.secrets import without_keys
from outlay.ledger.errors import CallRefused, OutcomeUnknown, PolicyError
from outlay.policies import Endpoint
from outlay.policies.endpoint.http_errors import retry_after
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
        (403, {}, "refused the key"),
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
        ("empty_choices", False, "has no choices"),
        ("empty_choices", True, "was cut"),
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
