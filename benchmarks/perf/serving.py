"""The loopback server in a process of its own, so that its work is not taken for the agent's.

`python -m outlay.benchmarks.perf.serving --port 0` prints its address and serves until its input
ends.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ...testing import LoopbackServer, ScriptedAnswer
from ...testing.answers import default_script


def by_replies(body: dict[str, Any]) -> ScriptedAnswer:
    """Answers like `default_script`, also a client that sends its calls back as text."""
    spoken = [{"tool_calls": True} for m in body["messages"] if m["role"] == "assistant"]
    return default_script({**body, "messages": spoken})


@contextmanager
def in_process() -> Iterator[str]:
    """Runs a server in a process of its own and yields its address."""
    command = [sys.executable, "-m", "outlay.benchmarks.perf.serving", "--port", "0"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield process.stdout.readline().decode().strip()
        finally:
            process.stdin.close()
            process.wait(10)


async def _main(port: int) -> None:
    server = LoopbackServer(by_replies)
    serving = asyncio.create_task(server.serve(port))
    while not server.port and not serving.done():
        await asyncio.sleep(0.01)
    print(server.url, flush=True)
    closed = asyncio.create_task(asyncio.to_thread(sys.stdin.read))
    await asyncio.wait([serving, closed], return_when=asyncio.FIRST_COMPLETED)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="A loopback OpenAI-compatible server.")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    asyncio.run(_main(parser.parse_args().port))
