"""What never left costs nothing: its hold is released, and it is told as what it is."""

from __future__ import annotations

import asyncio
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest

from outlay.agent import Agent, AgentOptions
from outlay.policies import Endpoint, Policy
from outlay.policies.anthropic.messages import AnthropicMessages
from outlay.policies.gemini.gemini import Gemini
from outlay.policies.responses.responses import OpenAIResponses

KINDS: dict[str, Callable[..., Policy]] = {
    "endpoint": Endpoint,
    "responses": OpenAIResponses,
    "gemini": Gemini,
    "anthropic": AnthropicMessages,
}


@asynccontextmanager
async def listening(answer: bytes = b"") -> AsyncIterator[int]:
    """Yields the port of a server that says one thing to whatever comes."""

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer)
        writer.close()

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        await reader.read()
    finally:
        writer.close()


@pytest.fixture
def booked(home: Path, prices: Path) -> Callable[..., Any]:
    async def run(policy: Policy) -> tuple[str, Decimal | None]:
        options = AgentOptions(attempts=1)
        agent = Agent(model=policy, budget="usd=1", home=home, prices=prices, options=options)
        result = await agent.run("Well?")
        return result.why, result.cost

    return run


@pytest.fixture(params=[False, True], ids=["shared", "own"])
def http_client(request: pytest.FixtureRequest) -> httpx2.AsyncClient | None:
    return httpx2.AsyncClient() if request.param else None


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("kind", ["endpoint", "responses"])
async def test_a_header_that_cannot_be_written(
    kind: str,
    stream: bool,
    http_client: httpx2.AsyncClient | None,
    booked: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_ORG_ID", "secret\nb")
    async with listening() as port:
        policy = KINDS[kind](
            "m", base_url=f"http://127.0.0.1:{port}/v1", api_key="k", stream=stream,
            http_client=http_client, name="priced",
        )  # fmt: skip
        why, cost = await booked(policy)
    assert cost == 0
    assert "was not asked" in why
    assert "secret" not in why


@pytest.mark.parametrize("kind", KINDS)
async def test_a_server_without_tls(
    kind: str, http_client: httpx2.AsyncClient | None, booked: Callable[..., Any]
) -> None:
    async with listening(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        url = f"https://127.0.0.1:{port}/v1"
        policy = KINDS[kind]("m", base_url=url, api_key="k", http_client=http_client, name="priced")
        why, cost = await booked(policy)
    assert cost == 0
    assert "cannot be reached" in why


async def test_a_certificate_that_nobody_trusts(
    tmp_path: Path, http_client: httpx2.AsyncClient | None, booked: Callable[..., Any]
) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl to make a certificate")
    file = tmp_path / "self-signed"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
         "-nodes", "-subj", "/CN=localhost", "-keyout", file, "-out", f"{file}.crt"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(f"{file}.crt", file)
    async with await asyncio.start_server(silent, "127.0.0.1", 0, ssl=context) as site:
        url = f"https://127.0.0.1:{site.sockets[0].getsockname()[1]}/v1"
        policy = Endpoint("m", base_url=url, http_client=http_client, name="priced")
        why, cost = await booked(policy)
    assert (cost, "cannot be reached" in why, "certificate" in why) == (0, True, True)


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a..b", "x" * 80 + ".invalid", "a b"])
async def test_hosts_that_do_not_exist(
    host: str, http_client: httpx2.AsyncClient | None, booked: Callable[..., Any]
) -> None:
    url = f"http://{host}/v1"
    why, cost = await booked(Endpoint("m", base_url=url, http_client=http_client, name="priced"))
    assert cost == 0
    assert host in why


@pytest.mark.parametrize("own", [False, True])
async def test_a_proxy_that_lets_nobody_through(
    own: bool, booked: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with listening(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n") as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        policy = Endpoint(
            "m", base_url="https://example.invalid/v1", name="priced",
            http_client=httpx2.AsyncClient() if own else None,
        )  # fmt: skip
        why, cost = await booked(policy)
    assert (cost, "cannot be reached" in why) == (0, True)


async def test_a_client_that_cannot_be_made(
    booked: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "gopher://127.0.0.1:9")
    why, cost = await booked(Endpoint("m", base_url="http://127.0.0.1:9/v1", name="priced"))
    assert (cost, "was not asked" in why) == (0, True)


async def test_a_full_pool_of_connections(booked: Callable[..., Any]) -> None:
    taken = asyncio.Event()

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        taken.set()
        await silent(reader, writer)

    async with await asyncio.start_server(speak, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        client = httpx2.AsyncClient(limits=httpx2.Limits(max_connections=1))
        ahead = asyncio.create_task(client.get(url, timeout=60))
        await taken.wait()
        why, cost = await booked(
            Endpoint("m", base_url=url, http_client=client, timeout=4, name="priced")
        )
        ahead.cancel()
        await client.aclose()
    assert (cost, "did not accept" in why) == (0, True), why


@pytest.mark.parametrize("kind", KINDS)
async def test_a_request_that_was_read_may_have_been_billed(
    kind: str, http_client: httpx2.AsyncClient | None, booked: Callable[..., Any]
) -> None:
    async with listening() as port:
        url = f"http://127.0.0.1:{port}/v1"
        why, cost = await booked(
            KINDS[kind]("m", base_url=url, api_key="k", http_client=http_client, name="priced")
        )
    assert cost > 0
    assert "broke" in why
