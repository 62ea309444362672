from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from outlay.journal.records import Observation
from outlay.ledger.errors import UsageError
from outlay.tools.mcp import mcp_tools

SERVER = Path(__file__).parent / "a_server.py"

Use = Callable[..., Awaitable[Observation]]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def serving(port: int) -> Iterator[subprocess.Popen[bytes]]:
    quiet = subprocess.DEVNULL
    command = [sys.executable, str(SERVER), str(port)]
    with subprocess.Popen(command, stdout=quiet, stderr=quiet) as process:
        try:
            for _ in range(200):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            yield process
        finally:
            process.kill()


async def test_a_server_over_http_that_dies_in_mid_call_and_comes_back(use: Use) -> None:
    port = free_port()
    with serving(port):
        tools = mcp_tools(f"http://127.0.0.1:{port}/mcp", prices={"*": 0}).open()
        try:
            assert (await use(tools, "add", a=1, b=2)).text == "3"
            died = await use(tools, "book", seat=1)
            assert "whether it took effect is unknown" in died.text
            gone = await use(tools, "add", a=1, b=2)
            assert gone.text.startswith("Error: the MCP server 127.0.0.1 is dead")
            with serving(port):
                assert (await use(tools, "add", a=2, b=2)).text == "4"
        finally:
            tools.close()


async def test_a_server_that_restarts_between_calls_is_reached_again(use: Use) -> None:
    port = free_port()
    with serving(port):
        tools = mcp_tools(f"http://127.0.0.1:{port}/mcp").open()
    try:
        with serving(port):
            texts = [(await use(tools, "add", a=2, b=2)).text for _ in range(2)]
    finally:
        tools.close()
    assert texts[-1] == "4"


def test_an_address_shows_no_secret() -> None:
    tools = mcp_tools("https://example.org/mcp", headers={"Authorization": "Bearer hunter2"})
    assert tools.label == "example.org"
    assert "hunter2" not in repr(vars(tools))


@pytest.mark.parametrize("address", ["uvx mcp-server-time", "/usr/bin/python -m mcp-server-time"])
def test_the_label_of_a_command_is_its_server(address: str) -> None:
    assert mcp_tools(address).label in ("mcp-server-time", "python")


class _Refusing(BaseHTTPRequestHandler):
    status = 401

    def do_POST(self) -> None:
        self.send_response(self.status)
        self.send_header("Location", "https://elsewhere.example/mcp")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "401 Unauthorized: give it a key by --mcp-header"),
        (403, "403 Forbidden: give it a key"),
        (404, "404 Not Found: no streamable HTTP server is there"),
        (405, "405 Method Not Allowed: .* older SSE transport"),
        (307, "307 Temporary Redirect: give the address that it names, https://elsewhere"),
        (503, "503 Service Unavailable"),
        (799, "answered 799"),
    ],
)
def test_a_server_that_refuses_is_told_with_what_mends_it(status: int, said: str) -> None:
    handler = type("Refusing", (_Refusing,), {"status": status})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        with pytest.raises(UsageError, match=said):
            mcp_tools(f"http://127.0.0.1:{server.server_port}/mcp").open()
        server.shutdown()
