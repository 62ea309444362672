"""Carries out `bursar train sft` and `bursar train rl` and tells how they go."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from rich.console import Console

from ...agent import Home, Record, new_run_id
from ...benchmarks.suite import suite as make_suite
from ...ledger.account import Account
from ...ledger.amount import NOTHING, Amount
from ...ledger.budget import Budget
from ...ledger.errors import UsageError
from ...ledger.prices import PriceBook
from ...training import rollout
from ...training.examples import Example
from ...training.fitting import Fitting, Step, fit
from ...training.loss import LOOP, REPLAY, SFT
from ...training.metrics import Metrics, draw
from ...training.models import Loaded, load
from ...training.offline import imitated, replayed
from ...training.recorded import recorded
from ...training.reinforce import Learner, Reinforcement, Round
from ...training.rollout import Stage
from ...training.rounds import Rounds
from ...training.watch import Watch
from ..benching import knob
from ..screen import console
from ..wording import exact_usd


@dataclass(frozen=True, kw_only=True)
class Common:
    model: Path
    out: Path
    rate: float
    seed: int
    home: Path | None


@dataclass(frozen=True, kw_only=True)
class Imitation(Common):
    experiment: str | None
    epochs: int
    cheapest: float
    lora: int


@dataclass(frozen=True, kw_only=True)
class Replay(Common):
    experiment: str
    cost_share: float
    lora: int


@dataclass(frozen=True, kw_only=True)
class Play(Common):
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
    cost_share: float
    prices: Path | None


def imitate(order: Imitation, *, plain: bool) -> None:
    """Trains on right runs."""

    loaded = load(order.model, lora=order.lora)
    runs = recorded(Home.at(order.home).store, order.experiment)
    given = imitated(runs, loaded.trainable.tokenizer, cheapest=order.cheapest)
    plan = Fitting(how=SFT, epochs=order.epochs, rate=order.rate, seed=order.seed)
    _fit(order, loaded, given, plan, console(plain))


def replay(order: Replay, *, plain: bool) -> None:
    """Trains off-policy on judged runs."""

    loaded = load(order.model, lora=order.lora)
    runs = list(recorded(Home.at(order.home).store, order.experiment))
    given = replayed(runs, loaded.trainable.tokenizer, cost_share=order.cost_share)
    plan = Fitting(how=REPLAY, rate=order.rate, seed=order.seed)
    _fit(order, loaded, given, plan, console(plain), Watch())


def play(order: Play, *, plain: bool) -> None:
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
        asyncio.run(_play(order, home, screen))
    finally:
        home.close()
    _end(order.out, screen)


async def _play(order: Play, home: Home, screen: Console) -> None:
    file, plan = _beside(order.out, ".rounds.json"), str(replace(order, home=None, rounds=0))
    begun = Rounds.load(file, plan) or Rounds(plan=plan, experiment=f"train-{new_run_id()}")
    loaded = load(order.out if begun.done else order.model)
    game = _Game(order, loaded, home, begun)
    for number in range(begun.done, order.rounds):
        done = await game.round(number)
        if done is None:
            screen.print(f"the budget of the training is used up after {number} rounds")
            break
        loaded.save(order.out)
        replace(begun, done=number + 1, known=game.learner.known).save(file)
        told = ", ".join(f"{name} {value:.4g}" for name, value in _figures(done).items())
        screen.print(
            f"round {number + 1} of {order.rounds}: {done.runs} runs, {told}", soft_wrap=True
        )
    screen.print(
        f"{exact_usd(game.account.spent.usd)} spent on rollouts (experiment {begun.experiment})",
        soft_wrap=True,
    )


class _Game:
    """A suite that is played under one account, by a model that learns from it."""

    def __init__(self, order: Play, loaded: Loaded, home: Home, begun: Rounds) -> None:
        if loaded.policy is None:
            raise UsageError(
                f"{order.model} cannot be played here: serve it, record runs with "
                "`--model http://HOST:PORT/v1#NAME?tokenizer=…`, and give --from EXPERIMENT"
            )
        made = make_suite(order.suite or "", **dict(map(knob, order.knobs)))
        self._order = order
        self._policy = loaded.policy
        self._home = home
        self._experiment = begun.experiment
        self._pool = made.tasks(order.tasks, order.seed)
        self._stage = Stage(
            suite=made, planner=order.planner, memory=order.memory, budgets=tuple(order.budgets)
        )
        total = Budget.parse(order.total_budget) if order.total_budget else Budget()
        spent = _spent(home, begun.experiment) if begun.done else NOTHING
        self.account = Account(total, name="the training", spent=spent)
        fitting = Fitting(how=LOOP, rate=order.rate, seed=order.seed, warm_up=0.0)
        plan = Reinforcement(
            fitting=fitting, group=order.group, cost_share=order.cost_share, uniform=order.uniform
        )
        self.learner = Learner(loaded.trainable, plan, known=dict(begun.known))
        self._metrics = Metrics(_beside(order.out, ".metrics.duckdb"))

    async def round(self, number: int) -> Round | None:
        """Plays and learns; returns None where the money is used up."""
        order = self._order
        draw = random.Random(f"{order.seed}/{number}")
        some = draw.sample(self._pool, min(order.per_round, len(self._pool)))
        tasks = {task.id: task for task in some}
        money = _money_of_round(self.account, order.rounds - number)
        policy = self._policy()
        runs = await rollout.play(
            policy, self._stage, tasks, self.learner.counts(tasks, money), round=number,
            account=self.account, home=self._home, prices=PriceBook.load(order.prices),
            experiment=self._experiment,
        )  # fmt: skip
        await policy.close()
        if not runs:
            return None
        done = self.learner.learn(number, runs)
        self._metrics.write(number, _figures(done))
        return done


def _figures(done: Round) -> dict[str, float]:
    figures = {"success": done.success, "usd": done.usd, "useful groups": done.useful}
    last = done.steps[-1] if done.steps else None
    return figures | ({"entropy": last.entropy, "kl": last.kl} if last else {})


def _spent(home: Home, experiment: str) -> Amount:
    """Returns what the rounds so far have spent, the broken one included."""
    total = NOTHING
    for events in home.store.events_of_experiment(experiment):
        total += Record.of(events).charged
    return total


def _money_of_round(account: Account, rounds: int) -> Decimal | None:
    left = account.remaining("usd")
    return None if left is None else Decimal(left) / rounds


def _fit(
    order: Common,
    loaded: Loaded,
    given: Sequence[Example],
    plan: Fitting,
    screen: Console,
    watch: Watch | None = None,
) -> None:
    metrics = Metrics(_beside(order.out, ".metrics.duckdb"))

    def told(step: Step) -> None:
        figures = {"loss": step.loss, "entropy": step.entropy, "kl": step.kl, "norm": step.norm}
        metrics.write(step.number, figures)
        if step.number % 10 == 0 or step.number + 1 == step.of:
            screen.print(
                f"step {step.number + 1} of {step.of}: loss {step.loss:.4f}, "
                f"entropy {step.entropy:.3f}, kl {step.kl:.4f}, effective {step.effective:.0%}",
                soft_wrap=True,
            )

    kept = _beside(order.out, ".training")
    fit(loaded.trainable, given, plan, told=told, folder=kept, watch=watch)
    loaded.save(order.out)
    _end(order.out, screen)


def _end(out: Path, screen: Console) -> None:
    """Draws the curves and says where everything is."""
    kept, picture = _beside(out, ".metrics.duckdb"), _beside(out, ".svg")
    picture.write_text(draw(Metrics(kept).curves()), encoding="utf-8")
    screen.print(f"model: {out}; metrics: {kept}; curves: {picture}", soft_wrap=True)


def _beside(out: Path, ending: str) -> Path:
    return out.with_name(out.stem + ending)
