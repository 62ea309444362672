"""What a turn costs: CPU, wall, memory and journal, against floors measured in the same run.

`python -m outlay.benchmarks.perf.overhead` measures one agent of 20 turns against a server that
answers at once, and 200 and 1,000 concurrent agents of 10 turns against one that takes 200 ms.
The server runs in a process of its own, and so does each measurement; the set-ups take turns, so
that a busy machine slows all of them alike. Compare ratios, not absolute times.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import multiprocessing
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from .floors import SET_UPS
from .peers.scripts.stage import Timing, at_once, timed
from .serving import in_process

FLOOR = next(iter(SET_UPS))
REPEATS = 10
"""Conversations that a single agent plays one after another in a measurement."""


@dataclass(frozen=True, kw_only=True)
class LoadCase:
    """What is played."""

    agents: int
    """Conversations at once."""
    turns: int
    """Model calls of each conversation; the last one answers."""
    wait_ms: int
    """Milliseconds until the server answers."""
    gc_threshold: int | None = None
    """Objects allocated between garbage collections; None leaves it at Python's 700."""

    @property
    def model(self) -> str:
        return f"turns-{self.turns - 1}-calls-1-wait-{self.wait_ms}ms"

    @property
    def repeats(self) -> int:
        return REPEATS if self.agents == 1 else 1

    @property
    def all_turns(self) -> int:
        return self.agents * self.turns * self.repeats

    def __str__(self) -> str:
        agents = "1 agent" if self.agents == 1 else f"{self.agents:,} agents"
        server = f"{self.wait_ms} ms a reply" if self.wait_ms else "no latency"
        collector = f", gc threshold {self.gc_threshold:,}" if self.gc_threshold else ""
        return f"{agents} × {self.turns} turns, {server}{collector}"


@dataclass(frozen=True, kw_only=True)
class Measurement(Timing):
    """One measurement."""

    journal_bytes: float
    """Bytes of journal per turn."""


@dataclass(frozen=True, kw_only=True)
class OverheadRow:
    """The medians of a set-up in one case."""

    case: str
    agents: int
    turns: int
    wait_ms: int
    gc_threshold: int | None
    set_up: str
    cpu_ms: float
    cpu_low_ms: float
    cpu_high_ms: float
    ratio: float
    """CPU against the first floor; the median of the rounds' ratios."""
    wall_s: float
    memory_kb: float
    journal_bytes: float
    rounds: int


def measure(set_up: str, url: str, case: LoadCase) -> Measurement:
    """Plays the case in this process after a conversation to warm up."""
    with tempfile.TemporaryDirectory(prefix="outlay-overhead-") as folder:
        return asyncio.run(_measure(set_up, url, case, Path(folder)))


async def _measure(set_up: str, url: str, case: LoadCase, folder: Path) -> Measurement:
    async with SET_UPS[set_up](url, case.model, folder) as play:
        await play("To warm up")
        if case.gc_threshold is not None:
            gc.set_threshold(case.gc_threshold, 20, 50)
        written = _written(folder)
        timing = await timed(
            at_once(play), agents=case.agents, turns=case.turns, repeats=case.repeats
        )
        journal_bytes = (_written(folder) - written) / case.all_turns
        return Measurement(**asdict(timing), journal_bytes=journal_bytes)


def compare(case: LoadCase, set_ups: Sequence[str], rounds: int) -> list[OverheadRow]:
    """Measures the set-ups in turns, each in a fresh process, and returns their medians."""
    samples: dict[str, list[Measurement]] = {set_up: [] for set_up in set_ups}
    with in_process() as url, fresh_processes() as pool:
        for _ in range(rounds):
            for set_up in set_ups:
                samples[set_up].append(pool.submit(measure, set_up, url, case).result())
    return [medians(case, set_up, samples) for set_up in set_ups]


def medians(case: LoadCase, set_up: str, samples: dict[str, list[Measurement]]) -> OverheadRow:
    """Returns the medians of a set-up; without `FLOOR` among them the first is the floor."""
    own, floor = samples[set_up], samples.get(FLOOR) or next(iter(samples.values()))
    return OverheadRow(
        case=str(case),
        **asdict(case),
        set_up=set_up,
        cpu_ms=median(s.cpu_ms for s in own),
        cpu_low_ms=min(s.cpu_ms for s in own),
        cpu_high_ms=max(s.cpu_ms for s in own),
        ratio=median(s.cpu_ms / f.cpu_ms for s, f in zip(own, floor, strict=True)),
        wall_s=median(s.wall_s for s in own),
        memory_kb=median(s.memory_kb for s in own),
        journal_bytes=median(s.journal_bytes for s in own),
        rounds=len(own),
    )


def fresh_processes() -> ProcessPoolExecutor:
    """Returns a pool that starts a new process for each measurement."""
    return ProcessPoolExecutor(
        1, mp_context=multiprocessing.get_context("spawn"), max_tasks_per_child=1
    )


def table(rows: Sequence[OverheadRow]) -> str:
    """Returns the rows as text, a block by case."""
    return "\n".join(_lines(rows))


def main(arguments: Sequence[str] | None = None) -> None:
    chosen = _parser().parse_args(arguments)
    rows: list[OverheadRow] = []
    for agents in chosen.agents:
        alone = agents == 1
        case = LoadCase(
            agents=agents,
            turns=chosen.turns or (20 if alone else 10),
            wait_ms=0 if alone else chosen.wait,
            gc_threshold=chosen.gc_threshold,
        )
        found = compare(case, chosen.set_ups, chosen.rounds)
        print(table(found), flush=True)
        rows += found
    if chosen.json:
        chosen.json.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")


def _lines(rows: Sequence[OverheadRow]) -> Iterator[str]:
    case = ""
    for row in rows:
        if row.case != case:
            case = row.case
            yield f"\n{case} (median of {row.rounds})"
            yield (
                f"{'set-up':<22}{'CPU ms/turn':>12}{'(range)':>14}{'ratio':>7}"
                f"{'wall s':>9}{'kB/agent':>10}{'journal B/turn':>16}"
            )
        spread = f"{row.cpu_low_ms:.2f}-{row.cpu_high_ms:.2f}"
        journal = f"{row.journal_bytes:,.0f}" if row.journal_bytes else "-"
        yield (
            f"{row.set_up:<22}{row.cpu_ms:>12.2f}{spread:>14}{row.ratio:>7.1f}"
            f"{row.wall_s:>9.2f}{row.memory_kb:>10,.0f}{journal:>16}"
        )


def _written(folder: Path) -> int:
    return sum(file.stat().st_size for file in (folder / "journals").glob("*.jsonl"))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="overhead", description="What a turn costs, against floors measured in the same run."
    )
    parser.add_argument("--agents", type=_numbers, default=[1, 200, 1000], help="1,200,1000")
    parser.add_argument("--turns", type=int, help="model calls an agent; 20 for one agent, else 10")
    parser.add_argument("--wait", type=int, default=200, help="ms a reply, for several agents")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each set-up")
    parser.add_argument("--set-ups", type=_set_ups, default=list(SET_UPS), help=", ".join(SET_UPS))
    parser.add_argument(
        "--gc-threshold", type=int, help="objects between garbage collections; Python's own is 700"
    )
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    return parser


def _numbers(text: str) -> list[int]:
    numbers = [int(part) for part in text.split(",")]
    if min(numbers) < 1:
        raise argparse.ArgumentTypeError("numbers of agents start at 1")
    return numbers


def _set_ups(text: str) -> list[str]:
    names = text.split(",")
    for name in names:
        if name not in SET_UPS:
            raise argparse.ArgumentTypeError(f"no set-up {name!r}: there are {', '.join(SET_UPS)}")
    return names


if __name__ == "__main__":
    main()
