"""Journals of made-up runs, shaped like those of a benchmark: for measuring the store."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any
from zlib import crc32

import orjson

TURNS = (8, 16)
"""Least and most turns of a run; each has one policy call and one tool call."""
AT_ONCE = 16
"""Runs under way in a journal at any time."""

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_RULES = (
    "You solve tasks with tools. Work step by step: say in one or two sentences what you know and "
    "what is missing, then call the tools that you need. Every call and every token costs money. "
    "When you know the answer, reply without a tool call and end with one line: Answer: <answer>. "
) * 5
_PLAN = {
    "suite": "made", "policy": "made", "planners": ["react"], "memory": "full", "repeats": 1,
    "budgets": ["usd=0.05"], "tasks": 1000, "seed": 0, "knobs": {},
}  # fmt: skip

Body = dict[str, Any]


def write_journals(folder: Path, events: int, per_journal: int, seed: int = 0) -> int:
    """Writes journals with about so many events into `folder`; returns how many bytes.

    Args:
        folder: it is made if it does not exist.
        events: lines of all journals together.
        per_journal: lines of each journal but the last.
        seed: of the texts, amounts and lengths.
    """
    folder.mkdir(parents=True, exist_ok=True)
    size = 0
    for number, first in enumerate(range(0, events, per_journal)):
        name = f"20260101T{number:06d}-{seed:08x}"
        wanted = min(per_journal, events - first)
        path = folder / f"{name}.jsonl"
        with path.open("wb") as file:
            file.writelines(islice(_lines(name, first, Random(f"{seed}/{number}")), wanted))
        size += path.stat().st_size
    return size


def _lines(journal: str, first: int, random: Random) -> Iterator[bytes]:
    """Yields the lines of one journal without end: sixteen runs, a new one for each that ends."""
    head = {"format": 1, "journal": journal, "pid": 1, "host": "made"}
    yield _line(journal, 0, {"run": "", "seq": 0, "at": 0.0, "kind": "journal", "key": "", **head})
    begun = 0
    under_way: list[Iterator[Body]] = []
    line = 1
    while True:
        while len(under_way) < AT_ONCE:
            under_way.append(_run(first + begun, random))
            begun += 1
        place = random.randrange(AT_ONCE)
        event = next(under_way[place], None)
        if event is None:
            del under_way[place]
        else:
            yield _line(journal, line, event, first)
            line += 1


def _line(journal: str, line: int, event: Body, first: int = 0) -> bytes:
    t = 1.767e9 + (first + line) / 500
    return orjson.dumps({"id": f"{journal}:{line}", "t": t, **event}) + b"\n"


def _run(number: int, random: Random) -> Iterator[Body]:
    """Yields the events of one run, in order."""
    run = f"1m{_text(number)}"
    seq = 0

    def event(kind: str, key: str = "", **body: Any) -> Body:
        nonlocal seq
        seq += 1
        return {"run": run, "seq": seq - 1, "at": seq * 0.21, "kind": kind, "key": key, **body}

    task = f"Who is the {_words(random, 6)}?"
    yield event(
        "run_started", task=task, task_id=f"test-{number % 1000}",
        experiment=f"made-{number // 1000}", parent=None, planner="react", memory="full",
        model="openai/made", agent={"tools": ["search", "open"], "plan": _PLAN},
        budget={"usd": "0.05"}, seed=0, repeat=0,
    )  # fmt: skip
    base: str | None = None
    new: list[Body] = [{"role": "system", "content": _RULES}, {"role": "user", "content": task}]
    for turn in range(random.randint(*TURNS)):
        think, act = f"0/think/{2 * turn}/0/0", f"0/act/{2 * turn + 1}/0/0"
        yield event("value", f"0/act/{2 * turn - 1}/0/0", value=_budget(turn))
        query = orjson.dumps({"query": _words(random, 4)}).decode()
        yield event("hold", think, **_asked(run, think, base, turn, new))
        said = {"role": "assistant", "content": _words(random, 25), "calls": [_call(query)]}
        yield event("settle", think, hold=f"{run}:{think}#1", **_replied(random, turn, said))
        yield event("hold", act, **_called(run, act, query))
        found = _words(random, 35)
        yield event("settle", act, hold=f"{run}:{act}#1", **_observed(random, found))
        base = f"{run}:{think}#1"
        new = [said, {"role": "tool", "content": found}]
    answer = f"{_words(random, 20)}\nAnswer: {_words(random, 2)}"
    yield event("run_ended", status="answered", answer=answer, why="")
    yield event("scored", score=float(number % 3 == 0), success=number % 3 == 0) | {"seq": -1}


def _asked(run: str, key: str, base: str | None, turn: int, new: list[Body]) -> Body:
    return {
        "hold": f"{run}:{key}#1", "call": "model", "name": "openai/made", "node": "think",
        "attempt": 1, "usd": f"0.00{40 + turn}", "input_tokens": 900 + 150 * turn,
        "output_tokens": 1024, "price": "built in", "max_tokens": 1024,
        "prompt": "react@1,budget@2",
        "request": {
            "base": base, "keep": 2 * turn, "new": new, "hash": f"{crc32(key.encode()):08x}",
            "tools": "5b8a4c", "max_tokens": 1024,
        },
    }  # fmt: skip


def _replied(random: Random, turn: int, said: Body) -> Body:
    fresh, read, output = random.randint(80, 400), 128 * turn, random.randint(20, 90)
    usd = {"input": fresh * 25e-8, "cache_read": read * 3e-8, "output": output * 2e-6}
    return {
        "usd": f"{sum(usd.values()):.12f}",
        "usd_by_class": {name: f"{part:.12f}" for name, part in usd.items()},
        "input": fresh, "cache_read": read, "cache_write": 0, "output": output, "reasoning": 0,
        "seconds": 0.4 + random.random(), "ok": True, "final": True,
        "reply": {
            "message": said, "finish_reason": "tool_calls", "model": "made", "response_id": "",
        },
    }  # fmt: skip


def _called(run: str, key: str, arguments: str) -> Body:
    return {
        "hold": f"{run}:{key}#1", "call": "tool", "name": "search", "node": "act", "attempt": 1,
        "usd": "0.001", "input_tokens": 0, "output_tokens": 0, "price": "the tool",
        "arguments": arguments, "call_id": "call_0", "calls": 1,
    }  # fmt: skip


def _observed(random: Random, text: str) -> Body:
    return {
        "usd": "0.001", "usd_by_class": {"call": "0.001"}, "seconds": 0.05 + random.random() / 10,
        "ok": True, "final": True,
        "observation": {"call_id": "call_0", "tool": "search", "text": text, "ok": True},
    }  # fmt: skip


def _call(arguments: str) -> Body:
    return {"id": "call_0", "name": "search", "arguments": arguments}


def _budget(turn: int) -> str:
    return f"<budget>\nusd: used 0.00{turn}, remaining 0.04{turn}\n</budget>"


def _words(random: Random, count: int) -> str:
    return " ".join(random.choices(_VOCABULARY, k=count))


def _text(number: int) -> str:
    """Returns a number in base 36 with eight digits."""
    digits = ""
    for _ in range(8):
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits


_VOCABULARY = [
    first + second + third
    for first in ("na", "ke", "tasi", "bo", "lu", "mer", "vi", "so")
    for second in ("", "ra", "lin", "go", "tu", "pem", "qua", "zi")
    for third in ("x", "n", "dor", "li", "mas", "o", "ter", "ve")
]
