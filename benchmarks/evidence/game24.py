"""Success and cost of six searches against expansions, on the same proposals.

`python -m outlay.benchmarks.evidence.game24 --data FOLDER --tasks 100` lets every search play the
same puzzles with the simulated player and prints a table per strength of the player (its error
rates stand in `player.STRENGTHS`): once with steps tried out on forks of the game, once with steps
that are only planned. A search is played once per puzzle, at the largest number of expansions:
none of them looks at the limit, so what it had found and spent by then is what it finds and spends
at a smaller one. An expansion is one policy call with k samples; a cost is tokens, by the player's
rule of thumb, at the prices given.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import product
from pathlib import Path
from statistics import fmean

from ...journal.effects import Refusal
from ...journal.records import Message, Reply, ReplySchema, Request, ToolChoice
from ...planners.toolchain import (
    SEARCHES,
    ForkLookahead,
    Plans,
    PolicyProposer,
    ScoreWeights,
    SearchTree,
    search,
    search_named,
)
from ..statistics import difference, wilson
from ..suite import Task
from ..suites.game24.player import STRENGTHS, Game24Player
from ..suites.game24.suite import Game24, game24

DEPTH = 3
"""Combinations that leave one of four numbers."""
WIDTH = 5
"""Nodes that the beam keeps, as in Tree of Thoughts."""
MILLION = Decimal(1_000_000)


@dataclass(frozen=True, kw_only=True)
class SearchSetting:
    """A search and how its tree is scored."""

    name: str
    search: str
    weights: ScoreWeights = field(default_factory=ScoreWeights)
    remembers: bool = False
    """Whether it is given the plans of solved puzzles that are not played."""


SETTINGS = (
    *(SearchSetting(name=name, search=name) for name in SEARCHES),
    SearchSetting(name="astar, h × steps left", search="astar", weights=ScoreWeights(scaled=True)),
    SearchSetting(name="astar, plans remembered", search="astar", remembers=True),
)
"""The six searches, and variants of ToolChain*."""


@dataclass(frozen=True)
class PuzzleResult:
    """What one search did with one puzzle."""

    solved: bool
    costs: tuple[Decimal, ...]
    """USD of each expansion, in order."""

    def solved_within(self, expansions: int) -> bool:
        return self.solved and len(self.costs) <= expansions

    def cost_within(self, expansions: int) -> float:
        return float(sum(self.costs[:expansions], Decimal(0)))


class MeteredPolicy:
    """Asks a policy without a run around it, and notes what each call cost.

    Args:
        input, output: USD per million tokens.
    """

    def __init__(
        self, player: Game24Player, game: Game24, task: Task, input: Decimal, output: Decimal
    ):
        self.costs: list[Decimal] = []
        self._player = player
        self._tools = tuple(tool.spec for tool in game.world(task).tools())
        self._prices = (input, output)

    async def ask(
        self,
        messages: Sequence[Message],
        *,
        tool_choice: ToolChoice = "auto",
        purpose: str = "",
        max_tokens: int | None = None,
        samples: int = 1,
        schema: ReplySchema | None = None,
    ) -> Reply | Refusal:
        request = Request(
            tuple(messages), self._tools, tool_choice, max_tokens, samples=samples, schema=schema
        )
        reply = await self._player.reply(request)
        if reply.usage is not None:
            used = (reply.usage.input_tokens, reply.usage.output_tokens)
            cost = sum(n * price for n, price in zip(used, self._prices, strict=True))
            self.costs.append(cost / MILLION)
        return reply


async def play(
    game: Game24,
    task: Task,
    player: Game24Player,
    setting: SearchSetting,
    plans: Plans,
    *,
    tried: bool,
    k: int,
    expansions: int,
    prices: tuple[Decimal, Decimal],
) -> PuzzleResult:
    """Plays one puzzle with one search.

    Args:
        tried: whether steps are tried out on forks of the game, so that a dead end costs no
            expansion; without it steps are only planned, and the player has to tell.
    """
    metered = MeteredPolicy(player, game, task, *prices)
    opening = (Message("system", game.system_prompt), Message("user", task.prompt))
    tree = SearchTree(plans if setting.remembers else Plans(), setting.weights, depth=DEPTH)
    await search(
        tree, search_named(setting.search, width=WIDTH), PolicyProposer(metered, opening),
        k=k, expansions=expansions, lookahead=ForkLookahead(game.world(task)) if tried else None,
    )  # fmt: skip
    return PuzzleResult(tree.goal is not None, tuple(metered.costs))


def table(
    results: Mapping[str, Sequence[PuzzleResult]], expansions: Sequence[int], title: str
) -> list[str]:
    """Returns a table in Markdown: success with its 95 % Wilson interval, and mean USD a puzzle."""
    heads = [f"{limit} expansions" for limit in expansions]
    lines = [f"| {title} | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for name, played in results.items():
        cells = [_cell(played, limit) for limit in expansions]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def _cell(played: Sequence[PuzzleResult], limit: int) -> str:
    solved = sum(one.solved_within(limit) for one in played)
    interval = wilson(solved, len(played))
    cost = fmean(one.cost_within(limit) for one in played)
    share = f"{solved / len(played):.0%} [{interval.low:.0%}, {interval.high:.0%}]"
    return f"{share}, ${cost:.5f}"


def gaps(results: Mapping[str, Sequence[PuzzleResult]], limit: int) -> str:
    """Returns how much more often the first search solves the puzzles than each other one.

    In percentage points, with the 95 % interval of the paired difference.
    """
    solved = {
        name: {str(place): float(one.solved_within(limit)) for place, one in enumerate(played)}
        for name, played in results.items()
    }
    first, *others = solved
    told = []
    for other in others:
        gap = difference(solved[other], solved[first], shares=True)
        reach = gap.interval
        shown = f" [{reach.low * 100:+.0f}, {reach.high * 100:+.0f}]" if reach else ""
        told.append(f"{other} {gap.value * 100:+.0f}{shown}")
    return f"{first} against others at {limit} expansions, in points: {'; '.join(told)}."


async def _measured(options: argparse.Namespace) -> None:
    game = game24(data=options.data)
    drawn = game.tasks(options.tasks + options.plans, options.seed)
    tasks, solved = drawn[: options.tasks], drawn[options.tasks :]
    plans = Plans([tool for tool, _ in task.gold_path] for task in solved)
    limits = sorted(options.expansions)
    for tried, (strength, rates) in product((True, False), STRENGTHS.items()):
        player = Game24Player(rates, seed=options.seed)
        results: dict[str, list[PuzzleResult]] = {}
        for setting in SETTINGS:
            results[setting.name] = [
                await play(
                    game, task, player, setting, plans, tried=tried, k=options.k,
                    expansions=limits[-1], prices=(options.input, options.output),
                )
                for task in tasks
            ]  # fmt: skip
        title = f"{strength}, {'tried out' if tried else 'only planned'}"
        print("\n".join((*table(results, limits, title), "")))
        print("\n".join(gaps(results, limit) for limit in options.compare), end="\n\n", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="game24", description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder with 24.csv")
    parser.add_argument("--tasks", type=int, default=100, help="puzzles")
    parser.add_argument("--plans", type=int, default=20, help="solved puzzles to remember")
    parser.add_argument("--expansions", type=_numbers, default=[4, 8, 16, 32, 64], help="limits")
    parser.add_argument("--compare", type=_numbers, default=[8, 32], help="limits, in pairs")
    parser.add_argument("--k", type=int, default=5, help="samples an expansion")
    parser.add_argument("--seed", type=int, default=0, help="of the puzzles and of the player")
    parser.add_argument("--input", type=Decimal, default=Decimal("0.25"), help="USD per 1M tokens")
    parser.add_argument("--output", type=Decimal, default=Decimal("2"), help="USD per 1M tokens")
    asyncio.run(_measured(parser.parse_args()))


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


if __name__ == "__main__":
    main()
