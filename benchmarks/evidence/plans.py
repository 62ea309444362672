"""Six searches over recorded plans of tool calls: the multi-turn dialogues of BFCL.

`python -m outlay.benchmarks.evidence.plans --data FOLDER --tasks 100` takes the gold calls of all
turns of a dialogue (2 to 10) as the one right plan. Nothing is executed: the steps are only
planned, and a plan is right if it is the gold one. The plans of all other dialogues can be
remembered, which is what ToolChain* is about.

A simulated planner with stated error rates proposes steps; it is no model. On the right way it
knows the next call, or, with probability `error`, has no idea; off the right way it never has one.
Its ranking has the right call, where there is one, and calls of other dialogues: the right one
first if it knows, any order if not. Rankings and samples are drawn like those of the player of the
Game of 24. It sees when a plan is complete, and that a wrong one is wrong once it is as long as
the right one; its guess at the steps that are left is off by up to one.
"""

from __future__ import annotations

import argparse
import ast
import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from math import ceil
from pathlib import Path
from random import Random
from typing import Any

from ...ledger.errors import UsageError
from ...planners.toolchain import (
    FINISH,
    Action,
    Plans,
    Proposal,
    ScoreWeights,
    SearchTree,
    search,
    search_named,
)
from ...planners.toolchain.actions import PlanStep
from ...planners.toolchain.policy_proposer import question
from ..suites.game24.player import BYTES_PER_TOKEN, STRENGTHS, PlayerErrorRates
from .game24 import MILLION, SETTINGS, WIDTH, PuzzleResult, SearchSetting, gaps, table

GOLD = Path("recorded/gold_trace_multi_turn_base.jsonl")
QUESTIONS = Path("BFCL_v4_multi_turn_base.json")

CANDIDATES = 8
"""Calls that a ranking has."""
DEPTH = 12
ERROR = 0.2
"""In place of the player's 0.5: the plans are twice as long."""
MORE = (
    SearchSetting(name="astar, no plans remembered", search="astar"),
    SearchSetting(name="astar, h × steps left", search="astar", remembers=True,
            weights=ScoreWeights(scaled=True)),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class PlannedDialogue:
    """What a dialogue asks for, and the calls that do it."""

    id: str
    asked: str
    plan: tuple[Action, ...]


class DialogueProposer:
    """Proposes steps of a dialogue's plan, and errs.

    Args:
        calls: what it may take for the next call: those of all dialogues.
        prices: USD per million input and output tokens; tokens are estimated from bytes.
    """

    def __init__(
        self,
        dialogue: PlannedDialogue,
        calls: Sequence[Action],
        rates: PlayerErrorRates,
        seed: int,
        prices: tuple[Decimal, Decimal],
    ) -> None:
        self.costs: list[Decimal] = []
        self._gold = dialogue.plan
        self._asked = dialogue.asked
        self._calls = calls
        self._rates = rates
        self._seed = f"{seed}/{dialogue.id}"
        self._prices = prices

    async def propose(self, path: Sequence[PlanStep], k: int) -> list[Proposal]:
        plan = tuple(step.action for step in path)
        samples = self._samples(plan, k)
        said = sum(
            len(str(sample.action)) * (1 + (sample.remaining or 0)) // BYTES_PER_TOKEN
            for sample in samples
        )
        shown = ceil(len(f"{self._asked}{question(path)}".encode()) / BYTES_PER_TOKEN)
        self.costs.append((shown * self._prices[0] + said * self._prices[1]) / MILLION)
        return samples

    def _samples(self, plan: tuple[Action, ...], k: int) -> list[Proposal]:
        if plan == self._gold:
            return [Proposal(FINISH, 0)] * k
        left = len(self._gold) - len(plan) - 1
        if left < 0:
            return []
        ranking, chance = self._ranking(plan)
        random = Random(f"{self._seed}/{plan}/samples")
        samples = []
        for _ in range(k):
            rank = 0
            while random.random() >= chance:
                rank += 1
            guess = max(left + random.choice((-1, 0, 1)), 0)
            samples.append(Proposal(ranking[rank % len(ranking)], guess))
        return samples

    def _ranking(self, plan: tuple[Action, ...]) -> tuple[list[Action], float]:
        random = Random(f"{self._seed}/{plan}")
        right = self._gold[len(plan)] if plan == self._gold[: len(plan)] else None
        ranked = random.sample([call for call in self._calls if call != right], CANDIDATES)
        if right is None:
            return ranked, self._rates.unsure
        if random.random() < self._rates.error:
            ranked[random.randrange(CANDIDATES)] = right
            return ranked, self._rates.unsure
        return [right, *ranked[1:]], self._rates.sure


def dialogues(data: Path) -> list[PlannedDialogue]:
    """Reads the dialogues with their recorded gold calls, in the order of the file.

    Raises:
        UsageError: the data cannot be read.
    """
    try:
        asked = {row["id"]: _said(row["question"]) for row in _rows(data / QUESTIONS)}
        return [
            PlannedDialogue(
                id=row["id"],
                asked=asked[row["id"]],
                plan=tuple(_action(made["call"]) for turn in row["turns"] for made in turn),
            )
            for row in _rows(data / GOLD)
        ]
    except (OSError, ValueError, KeyError, TypeError, SyntaxError) as error:
        raise UsageError(
            f"the dialogues in {data} cannot be read ({error!r}): give the folder of BFCL with "
            f"{QUESTIONS} and {GOLD}"
        ) from error


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def _said(turns: Sequence[Sequence[dict[str, str]]]) -> str:
    return "\n".join(message["content"] for turn in turns for message in turn)


def _action(text: str) -> Action:
    """Returns the step that a Python call with literal arguments stands for."""
    call = ast.parse(text, mode="eval").body
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        raise ValueError(f"{text!r} is no call")
    named = {word.arg or "": ast.literal_eval(word.value) for word in call.keywords}
    placed = {str(place): ast.literal_eval(value) for place, value in enumerate(call.args)}
    return Action.of(call.func.id, json.dumps({**placed, **named}))


async def play(
    dialogue: PlannedDialogue,
    all: Sequence[PlannedDialogue],
    rates: PlayerErrorRates,
    setting: SearchSetting,
    *,
    k: int,
    expansions: int,
    seed: int,
    prices: tuple[Decimal, Decimal],
) -> PuzzleResult:
    """Searches for the plan of one dialogue; the plans of all others may be remembered."""
    others = [other for other in all if other is not dialogue]
    calls = sorted({call for other in all for call in other.plan}, key=str)
    plans = Plans([call.name for call in other.plan] for other in others)
    proposer = DialogueProposer(dialogue, calls, rates, seed, prices)
    tree = SearchTree(plans if setting.remembers else Plans(), setting.weights, depth=DEPTH)
    choose = search_named(setting.search, width=WIDTH)
    await search(tree, choose, proposer, k=k, expansions=expansions)
    return PuzzleResult(tree.goal is not None, tuple(proposer.costs))


async def _measured(options: argparse.Namespace) -> None:
    all = dialogues(options.data)
    played = Random(options.seed).sample(all, min(options.tasks, len(all)))
    limits = sorted(options.expansions)
    six = [replace(setting, remembers=True) for setting in SETTINGS[:6]]
    for strength, rates in STRENGTHS.items():
        results: dict[str, list[PuzzleResult]] = {}
        for setting in (*six, *MORE):
            results[setting.name] = [
                await play(
                    dialogue, all, replace(rates, error=ERROR), setting, k=options.k,
                    expansions=limits[-1], seed=options.seed,
                    prices=(options.input, options.output),
                )
                for dialogue in played
            ]  # fmt: skip
        print("\n".join((*table(results, limits, strength), "")))
        print("\n".join(gaps(results, limit) for limit in options.compare), end="\n\n", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="plans", description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="the folder of BFCL")
    parser.add_argument("--tasks", type=int, default=100, help="dialogues")
    parser.add_argument("--expansions", type=_numbers, default=[8, 16, 32, 64], help="limits")
    parser.add_argument("--compare", type=_numbers, default=[8, 64], help="limits, in pairs")
    parser.add_argument("--k", type=int, default=5, help="samples an expansion")
    parser.add_argument("--seed", type=int, default=0, help="of the dialogues and the proposals")
    parser.add_argument("--input", type=Decimal, default=Decimal("0.25"), help="USD per 1M tokens")
    parser.add_argument("--output", type=Decimal, default=Decimal("2"), help="USD per 1M tokens")
    asyncio.run(_measured(parser.parse_args()))


def _numbers(text: str) -> list[int]:
    return [int(part) for part in text.split(",")]


if __name__ == "__main__":
    main()
