"""What the scripts share: the conversation, the clock, the cap, and the line of JSON they print."""

from __future__ import annotations

import argparse
import asyncio
import json
import socket
import sys
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any, Literal

SYSTEM = "You answer questions with the tools at hand."
KEY = "none"

TOKENS = 4_000
"""What runs at a cap share, where it can be said in tokens."""

LONG = "word " * 100
"""What each of them asks."""

Play = Callable[[str], Awaitable[str]]
"""Plays one conversation from a question to its answer."""

PlayAll = Callable[[Sequence[str]], Awaitable[Sequence[str]]]
"""Plays a conversation for each question, all at once."""

Playing = Callable[[str, str], AbstractAsyncContextManager[PlayAll]]
"""From the server's address and the model."""


@dataclass(frozen=True, kw_only=True)
class Cap:
    """A limit that concurrent runs of a peer share."""

    name: str
    """What the peer calls it."""
    unit: Literal["tokens", "calls"]
    amount: int
    ask: Callable[[str, str, Sequence[str]], Awaitable[Sequence[object]]]
    """Answers under the cap, or errors in their place; from address, model and questions."""


@dataclass(frozen=True, kw_only=True)
class Timing:
    """What conversations cost this process."""

    cpu_ms: float
    """Milliseconds of user and system time per turn, all threads."""
    wall_s: float
    """Seconds until the last conversation had ended (of one repeat)."""
    memory_kb: float
    """Growth of the peak resident memory by conversation at once, in kB."""


def lookup(query: str) -> str:
    """Looks something up.

    Args:
        query: what is sought.
    """
    return f"What is known of {query} is this."


TOOL: Any = {
    "type": "function",
    "function": {
        "name": "lookup",
        "description": "Looks something up.",
        "parameters": {
            "type": "object",
            "properties": {"query": {"type": "string", "description": "what is sought."}},
            "required": ["query"],
        },
    },
}
"""`lookup`, for a loop by hand."""


def observed(call: Any) -> dict[str, str]:
    """Returns what a loop by hand sends back for a call, an object of the openai client."""
    text = lookup(**json.loads(call.function.arguments))
    return {"role": "tool", "tool_call_id": call.id, "content": text}


def at_once(play: Play) -> PlayAll:
    """Returns what plays all conversations as tasks of one event loop."""

    async def play_all(questions: Sequence[str]) -> Sequence[str]:
        return await asyncio.gather(*map(play, questions))

    return play_all


async def all_ends(asked: Sequence[Awaitable[object]]) -> Sequence[object]:
    """Returns the results of all, an exception in place of each that failed."""
    return await asyncio.gather(*asked, return_exceptions=True)


async def timed(play_all: PlayAll, *, agents: int, turns: int, repeats: int) -> Timing:
    """Plays as many conversations at once, as often as told, and returns what they cost."""
    memory = _peak_kb()
    wall, cpu = time.perf_counter(), time.process_time()
    for repeat in range(repeats):
        await play_all([f"Question {repeat}.{number}" for number in range(agents)])
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return Timing(
        cpu_ms=cpu * 1000 / (agents * turns * repeats),
        wall_s=wall / repeats,
        memory_kb=(_peak_kb() - memory) / agents,
    )


def main(distribution: str, playing: Playing, cap: Cap | None = None) -> None:
    """Measures the peer, or what it does at its cap, and prints one line of JSON."""
    chosen = _parser().parse_args()
    _stay_on_loopback()
    if chosen.at_cap:
        told = asyncio.run(_at_cap(cap, chosen.url, chosen.model, chosen.agents)) if cap else {}
    else:
        told = asyncio.run(_measured(playing, chosen))
    print(json.dumps({"version": version(distribution), **told}), flush=True)


async def _measured(playing: Playing, chosen: argparse.Namespace) -> dict[str, Any]:
    async with playing(chosen.url, chosen.model) as play_all:
        (answer,) = await play_all(["To warm up"])
        if f"after {chosen.turns - 1} turns" not in answer:
            raise RuntimeError(f"the conversation ended early, in {answer!r}")
        return asdict(
            await timed(play_all, agents=chosen.agents, turns=chosen.turns, repeats=chosen.repeats)
        )


async def _at_cap(cap: Cap, url: str, model: str, runs: int) -> dict[str, Any]:
    ends = await cap.ask(url, model, [LONG] * runs)
    errors = Counter(type(end).__name__ for end in ends if isinstance(end, BaseException))
    return {
        "cap": cap.name,
        "unit": cap.unit,
        "amount": cap.amount,
        "answers": len(ends) - errors.total(),
        "errors": dict(errors),
    }


def _stay_on_loopback() -> None:
    """Lets no name be looked up but the loopback's, so that nothing is reported to anybody."""
    resolve = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **options: Any) -> Any:
        if host not in ("127.0.0.1", b"127.0.0.1", "localhost", None):
            raise socket.gaierror(socket.EAI_NONAME, f"a benchmark may not look up {host!r}")
        return resolve(host, *args, **options)

    socket.getaddrinfo = getaddrinfo


def _peak_kb() -> float:
    """Returns the most memory that the process has had so far; Windows does not tell."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1024 if sys.platform == "darwin" else float(peak)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="What a turn costs a peer, as a line of JSON.")
    parser.add_argument("--url", required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--agents", type=int, required=True, help="conversations at once")
    parser.add_argument("--turns", type=int, default=1, help="model calls of each conversation")
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--at-cap", action="store_true", help="share a cap instead")
    return parser
