from __future__ import annotations

import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


class Api(ThreadingHTTPServer):
    """A loopback HTTP API that keeps what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[dict[str, Any]] = []

    @classmethod
    @contextlib.contextmanager
    def serving(cls) -> Iterator[Api]:
        with cls() as server:
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            yield server
            server.shutdown()
            thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Api

    def answer(self) -> None:
        size = int(self.headers.get("content-length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        body = self.rfile.read(size).decode()
        asked = {"method": self.command, "path": self.path, "headers": headers, "body": body}
        self.server.asked.append(asked)
        path = self.path.partition("?")[0]
        if path.endswith("/away"):
            self.reply(302, "", {"location": "http://localhost:9/elsewhere"})
        elif path.endswith("/moved"):
            self.reply(302, "", {"location": "/v1/echo?moved=1"})
        elif path.endswith("/round"):
            self.reply(302, "", {"location": "/v1/round"})
        elif path.endswith("/packed"):
            self.reply(200, "x", {"content-encoding": "gzip"})
        elif path.endswith("/picture"):
            self.reply(200, "1234", {"content-type": "image/png"})
        elif path.endswith("/endless"):
            self.endless()
        elif path.endswith("/missing"):
            self.reply(404, json.dumps({"error": "gone", "you sent": headers}))
        else:
            self.reply(200, json.dumps(asked))

    do_GET = do_POST = do_PUT = do_DELETE = answer  # noqa: N815

    def reply(self, status: int, text: str, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"content-type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def endless(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/plain")
        self.end_headers()
        try:
            while True:
                self.wfile.write(b"x" * 1_000_000)
        except OSError:
            return

    def log_message(self, format: str, *args: Any) -> None:
        """Stays silent."""


@pytest.fixture
def api() -> Iterator[Api]:
    with Api.serving() as server:
        yield server


@pytest.fixture
def second() -> Iterator[Api]:
    with Api.serving() as server:
        yield server
