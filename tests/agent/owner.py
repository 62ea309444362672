"""A process that owns a run and stops at gates, for tests of who owns what (`test_ownership.py`).

`owner.py HOME URL` runs the task; `agent` makes the same agent for whoever resumes it.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from outlay.agent import Agent
from outlay.policies import Endpoint
from outlay.tools import tool


def agent(home: Path, url: str) -> Agent:
    @tool(price="0.002")
    def note(text: str) -> str:
        """Writes a line into a file: a thing not to be done twice."""
        with (home / "notes.txt").open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")
        pass_gate(home, text)
        return f"wrote {text}"

    policy = Endpoint("m", base_url=url, name="scripted/owned", timeout=60)
    policy.is_hosted = False  # it charges nothing
    return Agent(model=policy, tools=[note], budget="usd=1,model_calls=200", home=home)


def pass_gate(home: Path, name: str) -> None:
    """Says that somebody is at a gate, and waits until it is open; most are not there."""
    gate = home / f"{name}.gate"
    while gate.exists():
        (home / f"{name}.at").touch()
        time.sleep(0.005)


if __name__ == "__main__":
    agent(Path(sys.argv[1]), sys.argv[2]).run_sync("note things")
