"""A process that forks runs of an agent, for tests that kill them (`test_kill.py`).

Each line of its input is a JSON object `{"home", "url", "task", "run", "kill_at", "linger"}`; it
forks a child that starts the task, or resumes `run` where one is named, sends it SIGKILL `linger`
seconds after the journals have grown to `kill_at` bytes (null: never), and prints its exit status
(below 0: the signal) and its report. Bytes, not seconds: how far a run gets in a second differs
from machine to machine.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from outlay.agent import Agent, Result
from outlay.policies import Endpoint
from outlay.policies.endpoint.clients import ServerKey, new_client
from outlay.policies.endpoint.wire import chat_message
from outlay.tools import Tool, tool


def tools(home: Path) -> list[Tool]:
    @tool(price="0.001", read_only=True)
    async def look(place: str) -> str:
        """Looks at a place."""
        await asyncio.sleep(0.001)
        return f"{place} is empty"

    @tool(price="0.002")
    def note(text: str) -> str:
        """Writes a line into a file: a thing not to be done twice."""
        with (home / "notes.txt").open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")
        return f"wrote {text}"

    return [look, note]


async def work(order: dict[str, Any]) -> Result:
    home = Path(order["home"])
    policy = Endpoint("m", base_url=order["url"], name="scripted/killed", timeout=10)
    policy.is_hosted = False  # it charges nothing
    agent = Agent(
        model=policy, tools=tools(home), budget="usd=1,tokens=2m,model_calls=200", home=home,
        planner="tracker",
    )  # fmt: skip
    if order["run"]:
        return await agent.resume(order["run"])
    return await agent.run(order["task"])


def child(order: dict[str, Any], output: int) -> None:
    result = asyncio.run(work(order))
    report = {
        "status": result.status,
        "answer": result.answer,
        "spend": {name: str(quantity) for name, quantity in result.spend.items()},
        "trajectory": [chat_message(message) for message in result.trajectory],
    }
    os.write(output, json.dumps(report).encode())


def kill(pid: int, home: Path, size: int, linger: float) -> None:
    """Kills a child once its journals have so many bytes, or leaves it if it ends before."""
    while written(home) < size:
        if os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            return
        time.sleep(0.0005)
    time.sleep(linger)
    os.kill(pid, signal.SIGKILL)


def written(home: Path) -> int:
    return sum(path.stat().st_size for path in (home / "journals").glob("*.jsonl"))


def warm_up() -> None:
    """Imports, once and here, what each child would import at its first call."""
    import duckdb  # noqa: F401
    from langgraph.graph import StateGraph  # noqa: F401

    new_client(ServerKey("http://127.0.0.1:9/v1", None), None)


def main() -> None:
    warm_up()
    for line in sys.stdin:
        order = json.loads(line)
        reading, writing = os.pipe()
        pid = os.fork()
        if not pid:
            status = 1
            try:
                child(order, writing)
                status = 0
            finally:
                sys.stderr.flush()
                os._exit(status)
        os.close(writing)
        if order["kill_at"] is not None:
            kill(pid, Path(order["home"]), order["kill_at"], order["linger"])
        with os.fdopen(reading, "rb") as file:
            report = file.read().decode()
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        print(json.dumps({"status": status, "report": report}), flush=True)


if __name__ == "__main__":
    main()
