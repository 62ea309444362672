"""What memories cost and lose on long tasks, measured over whole runs of an `Agent`.

`python -m outlay.benchmarks.evidence.longrun [growth] [spend] [loss] [rules]` prints the tables.
The policy is the rule-following `ChainWalker`; tokens are words; cache reads are billed as such.
Growth runs take one process each, so that their resident memory can be compared.
"""

from __future__ import annotations

import argparse
import asyncio
import multiprocessing
import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from statistics import mean

from ...agent import Agent, AgentOptions, Result
from ...journal.record.costs import costs
from ...journal.record.recorded_events import value_from
from ...journal.records import Reply, Request
from ...ledger.prices.model_prices import ModelPrice, Rate
from ...ledger.prices.price_book import PriceBook
from ..suite import Task, is_success
from ..suites.longrun.suite import Kind, Longrun
from ..suites.longrun.walker import ChainWalker

MEMORIES = ("full", "window", "workspace", "summary", "curated", "state")
RULES = ("summary:when=full:times=999", "summary:when=steps:times=999",
         "summary:when=saving:times=999:cap=400")  # fmt: skip
"""At 80 % of the limit, every 5 steps, and when it is expected to pay."""

INPUT, CACHE_READ, OUTPUT = Decimal("0.25"), Decimal("0.025"), Decimal(2)
"""USD per million tokens: those of a small hosted model."""
MOST_CALLS = 4
"""Policy calls for each document after which a run is given up."""
PARTS = ("growth", "spend", "loss", "rules")
BUDGETS = ("usd=0.06", "usd=0.065", "usd=0.07", "usd=0.08", "usd=0.1")


@dataclass(frozen=True)
class GrowthPoint:
    """A run after so many policy calls."""

    calls: int
    prompt: int
    """Tokens of this call's prompt."""
    total: int
    """Prompt tokens of all calls so far."""
    resident: int
    """Bytes of memory of the process."""
    journal: int
    """Bytes of the journal."""


@dataclass(frozen=True, kw_only=True)
class LongrunResult:
    """A run to its end."""

    memory: str
    success: bool
    usd: Decimal
    points: tuple[GrowthPoint, ...] = ()
    summaries: int = 0
    saved: Decimal | None = None
    """USD that compaction has saved less its cost, as last booked; None: nothing was booked."""


@dataclass
class MeasuredWalker(ChainWalker):
    """A walker that takes note of how the run grows."""

    home: Path
    at: Sequence[int]
    slip: float = 0.0
    points: list[GrowthPoint] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(slip=self.slip)
        self._calls = self._total = 0

    async def reply(self, request: Request) -> Reply:
        reply = await super().reply(request)
        prompt = reply.usage.input_tokens if reply.usage else 0
        self._calls += 1
        self._total += prompt
        if self._calls in self.at:
            journal = sum(file.stat().st_size for file in (self.home / "journals").iterdir())
            self.points.append(GrowthPoint(self._calls, prompt, self._total, _resident(), journal))
        return reply


async def run(
    suite: Longrun,
    task: Task,
    memory: str,
    *,
    budget: str = "usd=1000",
    slip: float = 0.0,
    at: Sequence[int] = (),
) -> LongrunResult:
    """Runs one task under a memory.

    Args:
        budget: of the run.
        slip: how often the note-taker forgets.
        at: the policy calls after which a point is taken.
    """
    with tempfile.TemporaryDirectory() as folder:
        walker = MeasuredWalker(home=Path(folder), at=at, slip=slip)
        agent = Agent(
            model=walker, tools=suite.world(task).tools(), memory=memory,
            budget=f"{budget},model_calls={MOST_CALLS * suite.length}",
            prices=prices(), home=folder, options=AgentOptions(system=suite.system_prompt),
        )  # fmt: skip
        result = await agent.run(task.prompt)
        events = agent.home.events(result.run)
        await agent.close()
        agent.home.close()
    asked = sum(line.node == "compact" for line in costs(events))
    reckoned = map(value_from, events)
    saved = [v["realised_saving_usd"] for v in reckoned if _is_decision(v)]
    return LongrunResult(
        memory=memory, success=_success(suite, task, result), usd=result.spend.usd,
        points=tuple(walker.points), summaries=asked,
        saved=Decimal(saved[-1]) if saved else None,
    )  # fmt: skip


def grown(
    memories: Sequence[str], length: int, at: Sequence[int], seed: int
) -> list[LongrunResult]:
    """Runs one task of the kind `all` to its end under each memory, a process for each."""
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, spawn, max_tasks_per_child=1) as pool:
        return [pool.submit(_grow, name, length, at, seed).result() for name in memories]


def _grow(memory: str, length: int, at: Sequence[int], seed: int) -> LongrunResult:
    suite = Longrun(length=length, kinds=("all",))
    return asyncio.run(run(suite, suite.tasks(1, seed)[0], memory, at=at))


def growth_table(ended: Sequence[LongrunResult]) -> str:
    """Returns prompts, memory and journal by memory and by policy call."""
    lines = [
        "| memory | call | prompt tokens | in all | resident MB | journal bytes a call |",
        "|---|---|---|---|---|---|",
    ]
    for one in ended:
        before = GrowthPoint(0, 0, 0, 0, 0)
        for point in one.points:
            rate = (point.journal - before.journal) / (point.calls - before.calls)
            lines.append(
                f"| {one.memory} | {point.calls:,} | {point.prompt:,} | {point.total:,} | "
                f"{point.resident / 1e6:.0f} | {rate:,.0f} |"
            )
            before = point
    return "\n".join(lines)


async def success_table(
    memories: Sequence[str], length: int, tasks: int, budgets: Sequence[str], seed: int
) -> str:
    """Returns how many tasks of all kinds each memory solves on each budget."""
    suite = Longrun(length=length)
    lines = [
        f"| memory | {' | '.join(budgets)} | mean USD without a limit |",
        "|---|" + "---|" * (len(budgets) + 1),
    ]
    for memory in memories:
        free = [await run(suite, task, memory) for task in suite.tasks(tasks, seed)]
        cells = []
        for budget in budgets:
            some = [await run(suite, t, memory, budget=budget) for t in suite.tasks(tasks, seed)]
            cells.append(f"{sum(one.success for one in some)}/{tasks}")
        cost = mean(one.usd for one in free)
        lines.append(f"| {memory} | {' | '.join(cells)} | {cost:.4f} |")
    return "\n".join(lines)


async def loss_table(
    memories: Sequence[str], length: int, tasks: int, slips: Sequence[float], seed: int
) -> str:
    """Returns how many tasks of each kind are solved by a note-taker that forgets."""
    kinds: tuple[Kind, ...] = ("all", "back")
    heads = [f"{kind}, slip {slip:g}" for kind in kinds for slip in slips]
    lines = [f"| memory | {' | '.join(heads)} |", "|---|" + "---|" * len(heads)]
    for memory in memories:
        cells = []
        for kind in kinds:
            suite = Longrun(length=length, kinds=(kind,))
            for slip in slips:
                some = [await run(suite, t, memory, slip=slip) for t in suite.tasks(tasks, seed)]
                cells.append(f"{sum(one.success for one in some)}/{tasks}")
        lines.append(f"| {memory} | {' | '.join(cells)} |")
    return "\n".join(lines)


async def rules_table(rules: Sequence[str], lengths: Sequence[int], tasks: int, seed: int) -> str:
    """Returns what runs cost by the rule that says when to compact."""
    lines = [
        "| memory | documents | solved | mean USD | of it without tools | summaries | "
        "saved, as booked |",
        "|---|---|---|---|---|---|---|",
    ]
    for length in lengths:
        suite = Longrun(length=length)
        opened = suite.tasks(1, seed)[0].gold_cost or Decimal(0)
        for rule in rules:
            some = [await run(suite, task, rule) for task in suite.tasks(tasks, seed)]
            usd = mean(one.usd for one in some)
            saved = [one.saved for one in some if one.saved is not None]
            booked = f"{mean(saved):.4f}" if saved else "-"
            lines.append(
                f"| {rule} | {length} | {sum(one.success for one in some)}/{tasks} | {usd:.4f} | "
                f"{usd - opened:.4f} | {mean(one.summaries for one in some):.1f} | {booked} |"
            )
    return "\n".join(lines)


def prices() -> PriceBook:
    """Returns the prices of the walker's tokens."""
    price = ModelPrice(
        ChainWalker.name, input=Rate(INPUT), cache_read=Rate(CACHE_READ), cache_write=Rate(INPUT),
        output=Rate(OUTPUT), reasoning=Rate(OUTPUT), source="longrun",
    )  # fmt: skip
    return PriceBook({ChainWalker.name: price})


def _success(suite: Longrun, task: Task, result: Result) -> bool:
    return is_success(suite.scorer.score(task, result.answer))


def _is_decision(value: object) -> bool:
    return isinstance(value, dict) and "realised_saving_usd" in value


def _resident() -> int:
    """Returns the bytes of memory that the process holds now (Linux), or 0."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def main() -> None:
    parser = argparse.ArgumentParser(prog="longrun", description=__doc__.split("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--memories", nargs="*", default=MEMORIES, help="which are compared")
    parser.add_argument("--interactions", type=int, default=2_048, help="of the growth runs")
    parser.add_argument("--length", type=int, default=256, help="documents of the other tasks")
    parser.add_argument("--tasks", type=int, default=6, help="of each cell")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for part in options.parts or PARTS:
        if part not in PARTS:
            parser.error(f"there is no part {part!r}: the parts are {', '.join(PARTS)}")
        print(f"## {part}\n\n{_table(part, options)}\n", flush=True)


def _table(part: str, options: argparse.Namespace) -> str:
    memories, length = options.memories, options.length
    if part == "growth":
        at = [n for n in (50, 128, 512, 1_024, 2_048, 4_096) if n <= options.interactions]
        ended = grown(memories, options.interactions, at, options.seed)
        solved = ", ".join(f"{one.memory} {'yes' if one.success else 'no'}" for one in ended)
        return f"{growth_table(ended)}\n\nSolved: {solved}"
    if part == "spend":
        made = success_table(memories, length, options.tasks, BUDGETS, options.seed)
    elif part == "loss":
        made = loss_table(memories, length, options.tasks, (0.0, 0.005, 0.02), options.seed)
    else:
        made = rules_table(RULES, (length // 4, length, 2 * length), options.tasks, options.seed)
    return asyncio.run(made)


if __name__ == "__main__":
    main()
