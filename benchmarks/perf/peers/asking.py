"""Runs a peer's script against a server of its own and checks what the server was asked."""

from __future__ import annotations

import json
import os
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..serving import in_process
from .environments import Peer
from .errors import PeerFailed

_QUIET = {
    "INSPECT_DISPLAY": "none",
    "LANGSMITH_TRACING": "false",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "OPENAI_AGENTS_DISABLE_TRACING": "1",
}
"""No progress bars, no traces, no price list from the internet."""
_SECRET = ("_API_KEY", "_TOKEN", "_proxy", "_PROXY")
_LIMIT = 900
"""Seconds that a script may take."""


class Server:
    """The loopback server of a comparison, seen from outside its process."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._root = url.removesuffix("/v1")

    def plan(self, steps: list[dict[str, Any]]) -> None:
        """Plans the next answers, objects with the fields of `outlay.testing.ScriptedAnswer`."""
        self._ask("/plan", json.dumps(steps).encode())

    def served(self) -> dict[str, int]:
        """Returns what it did and billed so far, the fields of `outlay.testing.ServerCounts`."""
        found: dict[str, int] = self._ask("/served")
        return found

    def _ask(self, path: str, body: bytes | None = None) -> Any:
        with urllib.request.urlopen(self._root + path, body, timeout=30) as response:
            return json.load(response)


@contextmanager
def serving() -> Iterator[Server]:
    """Runs a server in a process of its own."""
    with in_process() as url:
        yield Server(url)


def told_by(peer: Peer, *arguments: str) -> dict[str, Any]:
    """Returns the line of JSON that the peer's script prints.

    Raises:
        PeerFailed: the script fails, takes too long or prints no such line.
    """
    command = [str(peer.python), "-P", "-m", f"scripts.{peer.name}", *arguments]
    kept = {name: value for name, value in os.environ.items() if not name.endswith(_SECRET)}
    environment = {**kept, **_QUIET, "PYTHONPATH": str(peer.folder)}
    try:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=_LIMIT
        )
    except subprocess.TimeoutExpired:
        raise PeerFailed(peer.name, "running", f"no end after {_LIMIT} s") from None
    if done.returncode:
        raise PeerFailed(peer.name, "running", (done.stderr.strip() or "?").splitlines()[-1])
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if not lines:
        raise PeerFailed(peer.name, "running", "its script printed no line of JSON")
    told: dict[str, Any] = json.loads(lines[-1])
    return told
