"""Two hundred runs killed with SIGKILL at random instants and resumed until they end."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson
import pytest

from outlay.testing import LoopbackServer, ScriptedAnswer

RUNS = 200
TURNS = 12
PROCESSES = 2
VICTIM = Path(__file__).with_name("victim.py")


@dataclass
class KillOutcome:
    """How a run went that was killed and resumed."""

    task: str
    home: Path
    report: dict[str, Any] = field(default_factory=dict)
    kills: int = 0


class Zygote:
    """A warm process that forks runs; one at a time."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, str(VICTIM)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(self, order: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        """Returns the exit status of the run, and its report if it came to its end."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin
        assert stdout
        stdin.write(json.dumps(order) + "\n")
        stdin.flush()
        ended = json.loads(stdout.readline())
        return ended["status"], json.loads(ended["report"] or "{}")

    def close(self) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.wait(10)
        self._process.stdout.close()


@dataclass
class Killed:
    outcomes: list[KillOutcome]
    whole: dict[str, Any]
    """The report of a run that nobody interrupted."""
    asked: dict[str, Counter[int]]
    """How often the server was asked for each turn, by task."""
    served: dict[str, Counter[str]]
    """Tokens that the server billed, by task."""


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Killed:
    folder = tmp_path_factory.mktemp("killed")
    asked: dict[str, Counter[int]] = {}
    served: dict[str, Counter[str]] = {}

    def script(body: dict[str, Any]) -> ScriptedAnswer:
        messages = body["messages"]
        task = messages[1]["content"].split("\n")[0]
        turn = sum(message["role"] == "assistant" for message in messages)
        asked.setdefault(task, Counter())[turn] += 1
        served.setdefault(task, Counter()).update(input_tokens=100 + turn, output_tokens=10)
        bill = {"prompt_tokens": 100 + turn, "completion_tokens": 10}
        if turn == TURNS:
            return ScriptedAnswer("Answer: 42", **bill)
        return ScriptedAnswer(f"Turn {turn}.", tool_calls=tuple(script_turn(turn)), **bill)

    zygotes = [Zygote() for _ in range(PROCESSES)]
    with LoopbackServer(script) as server:
        try:
            whole, size = uninterrupted(zygotes[0], server.url, folder)
            free = list(zygotes)
            guard = threading.Lock()

            def one(number: int) -> KillOutcome:
                with guard:
                    zygote = free.pop()
                try:
                    return kill_and_resume(zygote, server.url, folder, number, size)
                finally:
                    with guard:
                        free.append(zygote)

            with ThreadPoolExecutor(PROCESSES) as pool:
                outcomes = list(pool.map(one, range(RUNS)))
        finally:
            for zygote in zygotes:
                zygote.close()
    return Killed(outcomes, whole, asked, served)


def uninterrupted(zygote: Zygote, url: str, folder: Path) -> tuple[dict[str, Any], int]:
    """Returns the report of a whole run, and the bytes that it wrote."""
    home = folder / "whole"
    order = {"home": str(home), "url": url, "task": "whole", "run": None, "kill_at": None}
    status, report = zygote.run(order)
    assert (status, report["status"]) == (0, "answered")
    return report, written(home)


def kill_and_resume(zygote: Zygote, url: str, folder: Path, number: int, size: int) -> KillOutcome:
    """Kills a run once at least, then again with falling chance, and lets it come to its end."""
    chance = random.Random(number)
    outcome = KillOutcome(f"task {number}", folder / str(number))
    while True:
        order = {"home": str(outcome.home), "url": url, "task": outcome.task, "kill_at": None}
        order["run"] = started(outcome.home)
        if outcome.kills == 0 or chance.random() < 0.3:
            so_far = written(outcome.home)
            order["kill_at"] = so_far + int(chance.random() * max(size - so_far, size // TURNS))
            order["linger"] = chance.random() * 0.002
        status, outcome.report = zygote.run(order)
        if status == 0:
            return outcome
        assert status == -signal.SIGKILL, f"run {number} failed by itself"
        outcome.kills += 1


def written(home: Path) -> int:
    return sum(path.stat().st_size for path in (home / "journals").glob("*.jsonl"))


def started(home: Path) -> str | None:
    """Returns the run that has begun in this home, if one has."""
    begun = [event for event in journal(home) if event["kind"] == "run_started"]
    assert len(begun) <= 1
    return begun[0]["run"] if begun else None


def journal(home: Path) -> list[dict[str, Any]]:
    paths = sorted((home / "journals").glob("*.jsonl"))
    lines = [line for path in paths for line in path.read_bytes().split(b"\n")[:-1]]
    events = [event for event in map(orjson.loads, lines) if event["kind"] != "journal"]
    return sorted(events, key=lambda event: event["seq"])


def holds(events: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {event["hold"]: event for event in events if event["kind"] == "hold"}


def test_runs_were_killed_everywhere(killed: Killed) -> None:
    """The instants are spread: before the start, between any two events, and after the end."""
    assert sum(outcome.kills for outcome in killed.outcomes) >= RUNS * 0.9
    resumed = Counter(
        len([event for event in journal(outcome.home) if event["kind"] == "run_resumed"])
        for outcome in killed.outcomes
    )
    assert resumed[1] > RUNS / 4
    assert sum(resumed[times] for times in resumed if times > 1) > 0


def test_same_answer_and_trajectory(killed: Killed) -> None:
    for outcome in killed.outcomes:
        assert outcome.report["status"] == "answered"
        assert outcome.report["answer"] == "42"
        mine = [plain(message) for message in outcome.report["trajectory"][2:]]
        whole = [plain(message) for message in killed.whole["trajectory"][2:]]
        differing = [a for a, b in zip(mine, whole, strict=True) if a != b]
        assert all("outcome of this call of note is unknown" in text for text in differing)
        assert len(differing) <= outcome.kills


def plain(message: dict[str, Any]) -> str:
    """Returns what a message says, without the server's ids and without the budget block."""
    calls = [call["function"] for call in message.get("tool_calls", ())]
    return json.dumps([message["role"], message["content"].partition("\n\n<budget>")[0], calls])


def test_no_event_is_lost(killed: Killed) -> None:
    for outcome in killed.outcomes:
        events = journal(outcome.home)
        assert [event["seq"] for event in events] == list(range(len(events)))
        assert events[0]["kind"] == "run_started"
        assert events[-1]["kind"] == "run_ended"


def test_no_reply_is_paid_twice_unless_its_hold_was_open(killed: Killed) -> None:
    for outcome in killed.outcomes:
        events = journal(outcome.home)
        settled = {event["hold"] for event in events if event["kind"] == "settle"}
        model = [hold for hold in holds(events).values() if hold["call"] == "model"]
        left_open = Counter(hold["key"] for hold in model if hold["hold"] not in settled)
        keys = list(dict.fromkeys(hold["key"] for hold in model))
        assert len(keys) == TURNS + 1
        for turn, key in enumerate(keys):
            assert 1 <= killed.asked[outcome.task][turn] <= 1 + left_open[key]
            assert sum(hold["key"] == key and hold["hold"] in settled for hold in model) == 1


def test_no_side_effect_happens_twice(killed: Killed) -> None:
    for outcome in killed.outcomes:
        notes = Counter((outcome.home / "notes.txt").read_text("utf-8").splitlines())
        events = journal(outcome.home)
        unknown = {event["hold"] for event in events if event["kind"] == "unknown"}
        for id, hold in holds(events).items():
            if hold["name"] == "note":
                text = orjson.loads(hold["arguments"])["text"]
                assert notes[text] in ((0, 1) if id in unknown else (1,))
        assert set(notes.values()) == {1}


def test_spend_is_the_sum_of_the_events_and_covers_what_was_served(killed: Killed) -> None:
    for outcome in killed.outcomes:
        spend = {name: Decimal(value) for name, value in outcome.report["spend"].items()}
        events = journal(outcome.home)
        assert spend == booked(events)
        for name, served in killed.served[outcome.task].items():
            assert spend[name] >= served
        assert spend["model_calls"] >= sum(killed.asked[outcome.task].values())


def booked(events: list[dict[str, Any]]) -> dict[str, Decimal]:
    """Returns the sum over all holds: the bill where there is one, else the whole hold."""
    bills = {event["hold"]: event for event in events if event["kind"] == "settle"}
    total: Counter[str] = Counter()
    for id, hold in holds(events).items():
        bill = bills.get(id)
        usd = Decimal((bill or hold)["usd"])
        if hold["call"] == "tool":
            names = ("tool_calls", f"tool_calls.{hold['name']}")
            total.update({**dict.fromkeys(names, 1), "usd": usd, f"usd.{hold['name']}": usd})
            continue
        read = bill["input"] if bill else hold["input_tokens"]
        written = bill["output"] if bill else hold["output_tokens"]
        total.update(
            model_calls=1, usd=usd, input_tokens=read, output_tokens=written, tokens=read + written
        )
    return {name: Decimal(value) for name, value in total.items() if value}


def script_turn(turn: int) -> list[dict[str, Any]]:
    look = [{"name": "look", "arguments": {"place": f"place {turn}.{n}"}} for n in range(turn % 3)]
    return [*look, {"name": "note", "arguments": {"text": f"note {turn}"}}]
