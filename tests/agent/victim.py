"""A process that forks runs of an agent, for tests that kill them (`test_kill.py`).

Each line of its input is a JSON object `{"home", "url", "task", "run", "kill_after"}`; it forks a
child that starts the task, or resumes `run` where one is named, sends it SIGKILL after so many
seconds (null: never), and prints its exit status (below 0: the signal) and its report.
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

from bursar.agent import Agent, Result
from bursar.policies import Endpoint
from bursar.policies.connections import Place, new_client
from bursar.tools import Tool, tool


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
        "trajectory": [message.to_dict() for message in result.trajectory],
    }
    os.write(output, json.dumps(report).encode())


def warm_up() -> None:
    """Imports, once and here, what each child would import at its first call."""
    import duckdb  # noqa: F401
    from langgraph.graph import StateGraph  # noqa: F401

    new_client(Place("http://127.0.0.1:9/v1", None), None)


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
        if order["kill_after"] is not None:
            time.sleep(order["kill_after"])
            os.kill(pid, signal.SIGKILL)
        with os.fdopen(reading, "rb") as file:
            report = file.read().decode()
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        print(json.dumps({"status": status, "report": report}), flush=True)


if __name__ == "__main__":
    main()
