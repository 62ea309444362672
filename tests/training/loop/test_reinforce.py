"""Learning from play and from logs, with the embedded transformer and the ordinary agent."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from outlay.agent import Home  # noqa: E402
from outlay.benchmarks.suite import suite  # noqa: E402
from outlay.embedded.transformer.weights import SHIPPED  # noqa: E402
from outlay.ledger.account import Account  # noqa: E402
from outlay.ledger.budget import Budget  # noqa: E402
from outlay.ledger.errors import UsageError  # noqa: E402
from outlay.ledger.prices.price_book import PriceBook  # noqa: E402
from outlay.training.data.outcome import Outcome  # noqa: E402
from outlay.training.data.recorded_runs import recorded  # noqa: E402
from outlay.training.data.rollouts import Rollout, RolloutConfig, play  # noqa: E402
from outlay.training.loop.offline import imitated, off_policy_examples  # noqa: E402
from outlay.training.loop.reinforce import Learner, RlConfig, TaskHistory  # noqa: E402
from outlay.training.loop.round_checkpoint import RoundCheckpoint  # noqa: E402
from outlay.training.loop.trainer import FineTuneConfig  # noqa: E402
from outlay.training.models.loading import LoadedModel, load  # noqa: E402
from outlay.training.objectives.loss import LOOP  # noqa: E402

PLAN = RlConfig(fitting=FineTuneConfig(how=LOOP, rate=1e-4), group=3)


async def played(
    loaded: LoadedModel, home: Path, limit: str, counts: dict[str, int]
) -> list[Rollout]:
    made = suite("almanac")
    stage = RolloutConfig(
        suite=made, planner="tracker", memory="full", budgets=("usd=0.004", "usd=0.008")
    )
    assert loaded.policy is not None
    policy = loaded.policy()
    account = Account(Budget.parse(limit), name="the training")
    tasks = {task.id: task for task in made.tasks(len(counts), seed=0)}
    wanted = dict(zip(tasks, counts.values(), strict=True))
    runs = await play(
        policy, stage, tasks, wanted, round=0, account=account, home=Home.at(home),
        prices=PriceBook.load(None), experiment="e",
    )  # fmt: skip
    assert account.spent.usd <= account.budget.usd  # type: ignore[operator]
    await policy.close()
    return runs


async def test_play_learn_and_learn_again_from_the_log(tmp_path: Path) -> None:
    loaded = load(SHIPPED)
    before = [p.detach().clone() for p in loaded.trainable.module.parameters()]
    runs = await played(loaded, tmp_path, "usd=1", dict.fromkeys("abcde", 3))
    assert len(runs) == 15
    learner = Learner(loaded.trainable, PLAN)
    done = learner.learn(0, runs)
    assert done.steps[0].kl < 1e-6  # NumPy sampled from the very distribution that torch has
    assert 0 < done.useful <= 1
    moved = zip(before, loaded.trainable.module.parameters(), strict=True)
    assert any(not torch.equal(old, new) for old, new in moved)
    assert sum(known.tried for known in learner.known.values()) == 15

    home = Home.at(tmp_path)
    logged = list(recorded(home.store, "e"))
    assert {run.outcome.run for run in logged} == {run.outcome.run for run in runs}
    right = imitated(logged, loaded.trainable.tokenizer, cheapest=0.4)
    tasks = {run.outcome.task for run in logged if run.outcome.success}
    assert len({each.trajectory for each in right}) >= len(tasks)
    weights = [
        weight
        for example in off_policy_examples(logged, loaded.trainable.tokenizer)
        for weight, on in zip(example.weights, example.mask, strict=True)
        if on
    ]
    assert min(weights) < 0 < max(weights)
    with pytest.raises(UsageError, match=r"has ids of the tokenizer '.*', not of 'other'"):
        off_policy_examples(logged, "other")
    home.close()


def failed(run: Rollout) -> Rollout:
    """Returns the same run under another name, as one that was wrong."""
    name = f"another {run.outcome.run}"
    rows = tuple(replace(row, run=name, trajectory=name) for row in run.rows)
    return Rollout(outcome=replace(run.outcome, run=name, score=0.0), rows=rows)


async def test_a_broken_off_training_goes_on_as_it_would_have(tmp_path: Path) -> None:
    def parameters(learner: Learner) -> list[Any]:
        return [p.detach().clone() for p in learner.model.module.parameters()]

    loaded, home = load(SHIPPED), Home.at(tmp_path / "home")
    runs = await played(loaded, home.path, "usd=1", dict.fromkeys("abc", 3))
    learner = Learner(loaded.trainable, PLAN)
    learner.learn(0, runs)
    rounds = RoundCheckpoint(experiment="e", done=1)
    rounds.save(tmp_path, learner, plan="p")

    again = Learner(load(SHIPPED).trainable, PLAN)
    assert RoundCheckpoint.load(tmp_path, again, plan="p", store=home.store) == rounds
    assert again.known == learner.known
    assert any(known.success for known in again.known.values())
    last = [failed(run) for run in runs]
    done, resumed = learner.learn(1, last), again.learn(1, last)
    assert done == resumed
    assert done.replayed > 0
    assert all(map(torch.equal, parameters(learner), parameters(again)))
    with pytest.raises(UsageError, match="is of another training"):
        RoundCheckpoint.load(tmp_path, again, plan="q", store=home.store)
    home.close()


async def test_play_ends_where_the_money_does(tmp_path: Path) -> None:
    runs = await played(load(SHIPPED), tmp_path, "usd=0.012", dict.fromkeys("abcd", 4))
    assert 0 < len(runs) < 16
    assert all(run.outcome.status == "answered" for run in runs)  # none was starved by others
    Home.at(tmp_path).close()


def rollout(task: str, number: int, score: float, usd: str = "0.01") -> Rollout:
    outcome = Outcome(
        run=f"{task}{number}", task=task, score=score, status="answered",
        usd={"tool.search": Decimal(usd)},
    )  # fmt: skip
    return Rollout(outcome=outcome, rows=())


def test_money_goes_where_a_gradient_is_likely() -> None:
    learner = Learner(load(SHIPPED).trainable, PLAN)
    tasks = dict.fromkeys(("even", "easy", "hard"))
    assert learner.counts(tasks, Decimal(1)) == dict.fromkeys(tasks, 3)  # type: ignore[arg-type]
    for task, solved in (("even", 4), ("easy", 12), ("hard", 0)):
        learner.known[task] = TaskHistory(solved=solved, tried=12, usd=Decimal("0.12"))
    found = learner.counts(tasks, Decimal("0.12"))  # type: ignore[arg-type]
    assert found["even"] > found.get("hard", 0) >= 0
    assert sum(found.values()) <= 12
    more = learner.counts({**tasks, "new": None}, Decimal("0.24"))  # type: ignore[dict-item]
    assert more["new"] > more.get("easy", 0)
    assert Learner(learner.model, RlConfig(fitting=PLAN.fitting, uniform=True)).counts(
        tasks,
        Decimal(1),  # type: ignore[arg-type]
    ) == dict.fromkeys(tasks, 8)


def test_a_group_without_a_success_gets_the_last_one_back() -> None:
    learner = Learner(load(SHIPPED).trainable, PLAN)
    learner.learn(0, [rollout("a", 1, 1.0), rollout("a", 2, 0.0)])
    done = learner.learn(1, [rollout("a", 3, 0.0), rollout("a", 4, 0.0), rollout("b", 1, 0.0)])
    assert (done.replayed, done.useful, done.runs) == (1, 1.0, 3)
    without = Learner(learner.model, RlConfig(fitting=PLAN.fitting, replays=False))
    without.learn(0, [rollout("a", 1, 1.0), rollout("a", 2, 0.0)])
    assert without.learn(1, [rollout("a", 3, 0.0), rollout("a", 4, 0.0)]).useful == 0


def test_nothing_right_is_nothing_to_imitate(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="none of these runs was right"):
        imitated([], "t")
