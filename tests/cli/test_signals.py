"""SIGTERM and SIGHUP end a run as Ctrl-C does: cancelled, booked, and its children ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from outlay.agent import Home
from outlay.testing import LoopbackServer

from .conftest import PROGRAM, hear_ctrl_c

SERVER = """
import os, sys
from pathlib import Path
from mcp.server.mcpserver import MCPServer

Path(sys.argv[1]).write_text(str(os.getpid()))
server = MCPServer("sums")


@server.tool()
def add(a: int, b: int) -> str:
    "Adds two numbers."
    return str(a + b)


server.run()
"""


def ignore_ctrl_c() -> None:
    """In a child before it starts: as a shell starts its background jobs."""
    hear_ctrl_c()
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("start", [hear_ctrl_c, ignore_ctrl_c])
def test_a_run_is_cancelled_and_booked(
    place: Path, server: LoopbackServer, number: int, start: Callable[[], None]
) -> None:
    (place / "server.py").write_text(SERVER)
    (place / "prices.toml").write_text("[tools.add]\ncall = 0\n")
    child = place / "pid"
    command = [
        PROGRAM, "run", "x", "--model", f"{server.url}#turns-3-wait-60000ms", "--budget",
        "tokens=90k", "--mcp", f"{sys.executable} {place / 'server.py'} {child}",
        "--prices", "prices.toml", "--plain",
    ]  # fmt: skip
    with subprocess.Popen(
        command, preexec_fn=start, cwd=place, stdout=subprocess.PIPE, text=True
    ) as running:
        while not server.served.requests:
            assert running.poll() is None
            time.sleep(0.01)
        running.send_signal(number)
        output = running.communicate(timeout=60)[0]
    assert (running.returncode, server.served.requests) == (130, 1)
    assert "status   cancelled\n" in output
    store = Home.at(place / ".outlay").store
    assert store.query("select status from runs").rows == [("cancelled",)]
    assert store.query("select state, usd from calls").rows == [("unknown", None)]
    with pytest.raises(ProcessLookupError):
        os.kill(int(child.read_text()), 0)


def test_what_nohup_ignores_stays_ignored(place: Path, server: LoopbackServer) -> None:
    command = [PROGRAM, "run", "x", "--model", f"{server.url}#turns-2-wait-300ms"]
    with subprocess.Popen(
        ["nohup", *command, "--budget", "tokens=90k"], cwd=place,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ) as running:  # fmt: skip
        while not server.served.requests:
            assert running.poll() is None
            time.sleep(0.01)
        running.send_signal(signal.SIGHUP)
        assert "status   answered\n" in running.communicate(timeout=60)[0]
