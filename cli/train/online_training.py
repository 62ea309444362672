"""Carries out `outlay train rl --suite`: rounds of play and learning, and how they go."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from rich.console import Console

from ...agent import Home, RunRecord, new_run_id
from ...benchmarks.suite import suite as make_suite
from ...ledger.account import Account
from ...ledger.amount import ZERO, Amount
from ...ledger.budget import Budget
from ...ledger.errors import UsageError
from ...ledger.prices.price_book import PriceBook
from ...training.data import rollouts
from ...training.data.rollouts import RolloutConfig
from ...training.loop.metrics import Metrics
from ...training.loop.plan_text import plan_text
from ...training.loop.reinforce import Learner, RlConfig, RoundResult
from ...training.loop.round_checkpoint import RoundCheckpoint
from ...training.loop.trainer import FineTuneConfig
from ...training.models.loading import LoadedModel, load
from ..experiment_plan import suite_knobs
from ..render.console import console
from ..render.format import exact_usd
from ..render.training_progress import TrainProgress
from .offline_training import RlRequest, beside, end


@dataclass(frozen=True, kw_only=True)
class OnlineRlRequest(RlRequest):
    """What `rl --suite` is told."""

    suite: str | None
    knobs: Sequence[str]
    tasks: int
    per_round: int
    planner: str
    memory: str
    budgets: Sequence[str]
    total_budget: str | None
    rounds: int
    group: int
    uniform: bool
    prices: Path | None


def play(order: OnlineRlRequest, *, plain: bool) -> None:
    """Trains on rollouts of its own, round by round.

    Raises:
        UsageError: there is no suite or no budget, or something else makes no sense.
    """
    if not order.suite or not order.budgets:
        raise UsageError(
            "rl plays tasks: give --suite and --budget, or --from EXPERIMENT to learn from logs"
        )
    screen = console(plain)
    home = Home.at(order.home)
    try:
        with home.own(f"the training of {order.out.absolute()}"):
            asyncio.run(_play(order, home, screen))
    finally:
        home.close()
    end(order.out, screen)


async def _play(order: OnlineRlRequest, home: Home, screen: Console) -> None:
    loaded = load(order.model, lora=order.lora, device=order.device)
    game = _OnlineTraining(order, loaded, home)
    with TrainProgress(screen, "round") as going:
        for number in range(game.rounds.done, order.rounds):
            done = await game.round(number)
            if done is None:
                screen.print(f"the budget of the training is used up after {number} rounds")
                break
            loaded.save(order.out)
            game.keep(number + 1)
            going.see(number, order.rounds, _told(done))
    spent = exact_usd(game.account.spent.usd)
    screen.print(f"{spent} spent on rollouts (experiment {game.rounds.experiment})", soft_wrap=True)


class _OnlineTraining:
    """A suite that is played under one account, by a model that learns from it."""

    def __init__(self, order: OnlineRlRequest, loaded: LoadedModel, home: Home) -> None:
        made = make_suite(order.suite or "", **suite_knobs(order.knobs))
        self._order = order
        self._policy = loaded.policy
        self._home = home
        self._pool = made.tasks(order.tasks, order.seed)
        self._stage = RolloutConfig(
            suite=made, planner=order.planner, memory=order.memory, budgets=tuple(order.budgets)
        )
        fitting = FineTuneConfig(how=order.how, rate=order.rate, seed=order.seed)
        plan = RlConfig(
            fitting=fitting, group=order.group, cost_share=order.cost_share, uniform=order.uniform
        )
        start = load(order.model, device=order.device).trainable if order.kl else None
        self._learner = Learner(loaded.trainable, plan, reference=start)
        self._folder = beside(order.out, ".training")
        self._plan = plan_text(replace(order, home=None, device=None, rounds=0))
        begun = RoundCheckpoint.load(self._folder, self._learner, plan=self._plan, store=home.store)
        self.rounds = begun or RoundCheckpoint(experiment=f"train-{new_run_id()}")
        total = Budget.parse(order.total_budget) if order.total_budget else Budget()
        spent = _spent(home, begun.experiment) if begun else ZERO
        self.account = Account(total, name="the training", spent=spent)
        self._metrics = Metrics(beside(order.out, ".metrics.duckdb"))

    def keep(self, done: int) -> None:
        """Keeps where it stands after so many rounds."""
        self.rounds = replace(self.rounds, done=done)
        self.rounds.save(self._folder, self._learner, plan=self._plan)

    async def round(self, number: int) -> RoundResult | None:
        """Plays and learns; returns None where the money is used up."""
        order = self._order
        draw = random.Random(f"{order.seed}/{number}")
        some = draw.sample(self._pool, min(order.per_round, len(self._pool)))
        tasks = {task.id: task for task in some}
        money = _money_of_round(self.account, order.rounds - number)
        policy = self._policy()
        runs = await rollouts.play(
            policy, self._stage, tasks, self._learner.counts(tasks, money), round=number,
            account=self.account, home=self._home, prices=PriceBook.load(order.prices),
            experiment=self.rounds.experiment,
        )  # fmt: skip
        await policy.close()
        if not runs:
            return None
        done = self._learner.learn(number, runs)
        self._metrics.write(number, _figures(done))
        return done


def _told(done: RoundResult) -> str:
    text = (
        f"{done.runs} runs, success {done.success:.0%}, ${done.usd:.4f} each, "
        f"useful {done.useful:.0%}"
    )
    last = done.steps[-1] if done.steps else None
    return text + (f", entropy {last.entropy:.3f}, kl {last.kl:.4f}" if last else "")


def _figures(done: RoundResult) -> dict[str, float]:
    figures = {"success": done.success, "usd": done.usd, "useful groups": done.useful}
    last = done.steps[-1] if done.steps else None
    return figures | ({"entropy": last.entropy, "kl": last.kl} if last else {})


def _spent(home: Home, experiment: str) -> Amount:
    """Returns what the rounds so far have spent, the broken one included."""
    total = ZERO
    for events in home.store.events_of_experiment(experiment):
        total += RunRecord.of(events).charged
    return total


def _money_of_round(account: Account, rounds: int) -> Decimal | None:
    left = account.remaining("usd")
    return None if left is None else Decimal(left) / rounds
