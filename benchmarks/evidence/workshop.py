"""What exact search and subroutines are worth on the Workshop, against the same search without.

    python -m outlay.benchmarks.evidence.workshop

For each seed a shop is drawn. Orders of that shop are first carried out by search alone, and what
they show is mined. Then every set-up carries out the same further orders:

- `known`: search, with a catalogue that tells what every tool will do on the day;
- `search`: search, with a catalogue of averages that may be wrong;
- `estimates`: search that reckons with what tools were found to cost;
- `subroutines`: subroutines first, search as in `search` where they fail or there are none;
- `both`.

A run's overhead is what it spent beside the steps that its products are made of: looks into the
catalogue, failed calls, steps of plans that were given up. No policy is asked, so there are no
policy tokens.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...agent import Agent, Home
from ...agent.history.subtask_traces import recorded_traces
from ...planners.toolpath import SUBROUTINES_FILE, SubroutineLibrary, SubtaskTrace, toolpath
from ...policies import ScriptedPolicy
from ..statistics import Estimate, bootstrap
from ..suite import Task
from ..suites.workshop.gold import WEIGHTS
from ..suites.workshop.suite import Workshop, workshop

BATCH = 20
"""Orders after which is mined (FaSTA* does so every 20 traces)."""
SET_UPS: Mapping[str, tuple[str, bool, bool]] = {
    "known": ("true", False, False),
    "search": ("vague", False, False),
    "estimates": ("vague", False, True),
    "subroutines": ("vague", True, False),
    "both": ("vague", True, True),
}
"""What the catalogue tells; whether subroutines are tried; whether estimates are used."""


_PAIRS = (
    ("search", "estimates"),
    ("search", "subroutines"),
    ("search", "both"),
    ("estimates", "both"),
)
"""Set-ups that are compared, the base first."""


@dataclass(frozen=True, kw_only=True)
class OrderResult:
    """One order, carried out."""

    task: str
    success: bool
    usd: float
    useful: float
    """USD of the steps that the products are made of."""
    quality: float
    """Of what was ordered last; 0 if it was not made."""
    gap: float
    """What calls cost and lose above the optimal path, as a share of that; without looks."""
    subtasks: int
    searched: int
    """Subtasks that something was searched for."""
    searches: int
    failed: int
    """Calls that made nothing, or nothing good enough."""
    expansions: int


async def carry_out(
    suite: Workshop,
    tasks: Sequence[Task],
    home: Path,
    *,
    learned: Path | None,
    subroutines: bool,
    estimates: bool,
    mining: bool = False,
) -> list[OrderResult]:
    """Carries out orders one after the other.

    Args:
        home: is to hold these runs only: they are named after the tasks, so that the same runs
            are held out each time.
        learned: file of what is known; None: nothing is.
        mining: whether the file is written anew after every `BATCH` orders.
    """
    planner = toolpath(
        learned=str(learned or ""), subroutines=subroutines, estimates=estimates
    )  # fmt: skip
    answers: dict[str, tuple[Task, str | None, float]] = {}
    for number, task in enumerate(tasks, start=1):
        agent = Agent(
            model=ScriptedPolicy([]), tools=suite.world(task).tools(), planner=planner,
            budget="tool_calls=10k", home=home,
        )  # fmt: skip
        result = await agent.run(task.prompt, run=f"order-{task.id}")
        answers[result.run] = (task, result.text, float(result.spend.usd))
        if mining and learned is not None and number % BATCH == 0:
            SubroutineLibrary.load(learned).updated(recorded_traces(Home.at(home))).save(learned)
    recorded = recorded_traces(Home.at(home))
    return [
        _made(suite, task, answer, usd, [trace for trace in recorded if trace.run == run])
        for run, (task, answer, usd) in answers.items()
    ]


async def compare(
    seeds: Iterable[int],
    learning: int,
    tasks: int,
    *,
    names: Iterable[str] = tuple(SET_UPS),
    **knobs: Any,
) -> dict[str, list[OrderResult]]:
    """Returns what each set-up made of the same orders, in the same order.

    Args:
        seeds: of the shops.
        learning: orders of each shop that are mined first.
        tasks: further orders of each shop.
        names: the set-ups.
        knobs: of the suite.
    """
    found: dict[str, list[OrderResult]] = {name: [] for name in names}
    for seed in seeds:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            suite = workshop(**knobs)
            orders = suite.tasks(learning + tasks, seed)
            home = root / "learning"
            learned = home / SUBROUTINES_FILE
            await carry_out(
                suite, orders[:learning], home, learned=learned, subroutines=False,
                estimates=True, mining=True,
            )  # fmt: skip
            Home.at(home).close()
            for name in found:
                declared, subroutines, estimates = SET_UPS[name]
                told = workshop(**{**knobs, "declared": declared})
                place = root / name
                found[name] += await carry_out(
                    told, told.tasks(learning + tasks, seed)[learning:], place, learned=learned,
                    subroutines=subroutines, estimates=estimates,
                )  # fmt: skip
                Home.at(place).close()
    return found


def _made(
    suite: Workshop, task: Task, answer: str | None, usd: float, traces: Sequence[SubtaskTrace]
) -> OrderResult:
    path = [step for trace in traces for step in trace.path]
    steps = [step for trace in traces for step in trace.steps]
    loss = -sum(math.log(step.quality or 1) for step in path)
    objective = WEIGHTS.usd * sum(float(step.usd or 0) for step in steps) + WEIGHTS.quality * loss
    return OrderResult(
        task=task.id,
        success=suite.scorer.score(task, answer) >= 1,
        usd=usd,
        useful=float(sum(step.usd or 0 for step in path)),
        quality=suite.scorer.quality(task, answer) or 0.0,
        gap=objective / task.metadata["objective"] - 1,
        subtasks=len(traces),
        searched=sum(trace.searches > 0 for trace in traces),
        searches=sum(trace.searches for trace in traces),
        failed=sum(not step.ok for step in steps),
        expansions=sum(trace.expansions for trace in traces),
    )


def table(found: Mapping[str, Sequence[OrderResult]]) -> list[str]:
    """Returns the lines of a table, one for each set-up."""
    head = f"{'set-up':<12} success  USD/order  overhead  quality  no search  replans  failed  gap"
    return [head, *(_line(name, made) for name, made in found.items())]


def _line(name: str, made: Sequence[OrderResult]) -> str:
    n, subtasks = len(made), sum(each.subtasks for each in made)
    alone = 1 - sum(each.searched for each in made) / subtasks
    again = sum(max(each.searches - each.searched, 0) for each in made) / n
    return (
        f"{name:<12} {_mean(each.success for each in made):7.1%}"
        f"  {_mean(each.usd for each in made):9.4f}"
        f"  {_mean(each.usd - each.useful for each in made):8.4f}"
        f"  {_mean(each.quality for each in made):7.4f}  {alone:9.1%}  {again:7.2f}"
        f"  {sum(each.failed for each in made) / n:6.2f}"
        f"  {_mean(each.gap for each in made):.4f}"
    )


def saving(base: Sequence[OrderResult], other: Sequence[OrderResult], what: str) -> Estimate:
    """Returns which share of USD, of overhead, or of quality the other set-up does without."""
    columns = []
    for made in (base, other):
        each = {m.task: m.usd - m.useful if what == "overhead" else getattr(m, what) for m in made}
        columns.append({task: float(value) for task, value in each.items()})
    return bootstrap(columns, lambda sums: 1 - sums[1] / sums[0], resamples=2000)


def _mean(values: Iterable[float]) -> float:
    listed = [float(value) for value in values]
    return math.fsum(listed) / len(listed)


def _shares(estimate: Estimate) -> str:
    interval = estimate.interval
    around = f" [{interval.low:.1%}, {interval.high:.1%}]" if interval else ""
    return f"{estimate.value:.1%}{around}"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=3, help="shops, from seed 0 on")
    parser.add_argument("--learning", type=int, default=100, help="orders that are mined")
    parser.add_argument("--tasks", type=int, default=100, help="orders that are compared")
    parser.add_argument("--look-price", default="0.002", help="USD for a look into the catalogue")
    options = parser.parse_args()
    found = asyncio.run(
        compare(
            range(options.seeds), options.learning, options.tasks, look_price=options.look_price
        )
    )
    print(
        f"{options.seeds} shops, {options.tasks} orders each, after {options.learning} mined ones"
    )
    print("\n".join(table(found)))
    print("saved of              USD                    overhead               quality (lost)")
    for base, name in _PAIRS:
        shares = (
            _shares(saving(found[base], found[name], what))
            for what in ("usd", "overhead", "quality")
        )
        print(f"{name:<11} / {base:<9} " + " ".join(f"{share:<22}" for share in shares).rstrip())


if __name__ == "__main__":
    main()
