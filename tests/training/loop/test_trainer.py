"""The optimiser loop: what it must not depend on, crashes, collapse, and that it learns."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from outlay.ledger.errors import UsageError  # noqa: E402
from outlay.training.data.rows import RowTier, TrainingRow  # noqa: E402
from outlay.training.loop import checkpoint  # noqa: E402
from outlay.training.loop.collapse_guard import CollapseGuard, PolicyCollapsed  # noqa: E402
from outlay.training.loop.examples import Trainable, TrainingExample, examples  # noqa: E402
from outlay.training.loop.trainer import FineTuneConfig, TrainStep, fit, name_of  # noqa: E402
from outlay.training.objectives.loss import OFF_POLICY, SFT  # noqa: E402

WORDS = 6


def model(seed: int = 0) -> Trainable:
    torch.manual_seed(seed)
    module = torch.nn.Sequential(torch.nn.Embedding(WORDS, 8), torch.nn.Linear(8, WORDS)).double()
    return Trainable(module=module, logits=module, tokenizer="t")


def some(count: int, seed: int = 0) -> list[TrainingExample]:
    random = Random(seed)
    found = []
    for number in range(count):
        ids = tuple(random.randrange(1, WORDS) for _ in range(random.randint(3, 12)))
        mask = (False, *(random.random() < 0.7 for _ in ids[2:]), True)
        found.append(
            TrainingExample(
                ids=ids, mask=mask, weights=tuple(random.uniform(-1, 1) for _ in ids),
                sampled=tuple(-1.8 if on else 0.0 for on in mask), trajectory=f"t{number // 2}",
            )
        )  # fmt: skip
    return found


def after(plan: FineTuneConfig, given: list[TrainingExample], **more: object) -> list[float]:
    made = model()
    fit(made, given, plan, **more)  # type: ignore[arg-type]
    return [value for p in made.module.parameters() for value in p.detach().view(-1).tolist()]


@pytest.mark.parametrize("aggregation", ["token_mean", "trajectory_mean", "sequence_mean"])
def test_how_a_step_is_cut_into_batches_and_padded_does_not_matter(aggregation: str) -> None:
    how = replace(OFF_POLICY, aggregation=aggregation)
    plan = FineTuneConfig(how=how, rows=8, rate=0.01, batch_tokens=10_000)
    whole, given = after(plan, some(20)), some(20)
    assert after(replace(plan, batch_tokens=1), given) == pytest.approx(whole, abs=1e-12)
    assert after(replace(plan, batch_tokens=30), given) == pytest.approx(whole, abs=1e-12)


def test_what_does_not_train_moves_nothing() -> None:
    """Another token where the mask is False and nothing behind it trains: the same parameters."""
    one = TrainingExample(ids=(1, 2, 3, 4), mask=(False, True, True, False), weights=(1.0,) * 4,
                  trajectory="t")  # fmt: skip
    plan = FineTuneConfig(how=SFT, rate=0.01)
    assert after(plan, [one]) == after(plan, [replace(one, ids=(1, 2, 3, 5))])
    assert after(plan, [one]) != after(plan, [replace(one, ids=(1, 2, 5, 4))])


def test_a_broken_training_goes_on_to_the_same_parameters(tmp_path: Path) -> None:
    plan = FineTuneConfig(how=OFF_POLICY, epochs=3, rows=4, rate=0.02, keep_every=2)
    unbroken = after(plan, some(20))

    class TrainingStopped(Exception):
        pass

    def stop(step: TrainStep) -> None:
        if step.number == 7:
            raise TrainingStopped

    with pytest.raises(TrainingStopped):
        after(plan, some(20), folder=tmp_path, told=stop)
    seen: list[int] = []
    found = after(plan, some(20), folder=tmp_path, told=lambda step: seen.append(step.number))
    assert found == unbroken
    assert seen == list(range(6, 15))
    assert after(plan, some(20), folder=tmp_path) == unbroken


KILLED = """
import sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_trainer import OFF_POLICY, FineTuneConfig, after, some
plan = FineTuneConfig(how=OFF_POLICY, epochs=60, rows=4, rate=0.02, keep_every=1)
print("ready", flush=True)
after(plan, some(20), folder=Path({folder!r}), told=lambda step: print(step.number, flush=True))
"""


def test_a_killed_training_leaves_a_whole_checkpoint(tmp_path: Path) -> None:
    code = KILLED.format(tests=str(Path(__file__).parent), folder=str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if line == b"25\n":
                running.kill()
                break
        running.stdout.read()
    plan = FineTuneConfig(how=OFF_POLICY, epochs=60, rows=4, rate=0.02, keep_every=1)
    kept = checkpoint.load(tmp_path, name_of(plan, some(20), model()))
    assert kept is not None
    assert 25 <= kept.step < 300
    assert after(plan, some(20), folder=tmp_path) == after(plan, some(20))


def test_a_checkpoint_of_another_training_or_no_checkpoint_is_refused(tmp_path: Path) -> None:
    plan = FineTuneConfig(how=SFT, rows=4)
    after(plan, some(8), folder=tmp_path)
    with pytest.raises(UsageError, match="is of another training"):
        after(replace(plan, rate=0.5), some(8), folder=tmp_path)
    with pytest.raises(UsageError, match="the same model, data and options"):
        after(plan, some(8, seed=1), folder=tmp_path)
    (tmp_path / checkpoint.NAME).write_bytes(b"torn")
    with pytest.raises(UsageError, match="is no checkpoint that can be read"):
        after(plan, some(8), folder=tmp_path)


def test_it_learns_what_is_rewarded_and_unlearns_what_is_not() -> None:
    """From logs of an even policy: after word 1 comes 2, for which there was a reward, not 3."""
    even = -1.791759469228055
    given = [
        TrainingExample(
            ids=(1, word), mask=(False, True), weights=(0.0, gain), sampled=(0.0, even),
            trajectory=f"{n}",
        )
        for n in range(20)
        for word, gain in ((2, 1.0), (3, -1.0), (4, 0.0))
    ]  # fmt: skip
    made = model()
    steps: list[TrainStep] = []
    plan = FineTuneConfig(how=OFF_POLICY, epochs=10, rows=30, rate=0.05)
    fit(made, given, plan, told=steps.append)
    shares = torch.softmax(made.logits(torch.tensor([[1]]))[0, 0], -1).tolist()
    assert shares[2] > 0.5
    assert shares[3] < 0.05
    assert steps[-1].loss < steps[0].loss
    assert steps[-1].kl > 0


def test_a_policy_that_is_being_lost_is_stopped() -> None:
    given = [TrainingExample(ids=(1, 2), mask=(False, True), weights=(0, 1.0), trajectory="t")] * 64
    plan = FineTuneConfig(how=SFT, epochs=200, rows=64, rate=0.1)
    with pytest.raises(PolicyCollapsed, match=r"entropy was below 0.2 nats a token \(now 0\.\d+\)"):
        after(plan, given, watch=CollapseGuard(least_entropy=0.2, patience=3))
    far = [replace(given[0], sampled=(0.0, -9.0))] * 8
    with pytest.raises(
        PolicyCollapsed, match=r"stopped at step 1: .* nats a token from the one that"
    ):
        after(FineTuneConfig(how=OFF_POLICY, epochs=4), far, watch=CollapseGuard(patience=2))


def row(**changes: object) -> TrainingRow:
    fields: dict[str, object] = {
        **{"run": "r", "trajectory": "r/0", "segment": 0, "task": "t", "policy": "p"},
        **{"ids": (1, 2), "mask": (False, True), "logprobs": (0.0, -1.0), "turns": (-1, 0)},
        **{"tier": RowTier.TOKENS, "tokenizer": "t", "messages": (), "trained": ()},
    }
    return TrainingRow(**(fields | changes))  # type: ignore[arg-type]


def test_rows_that_cannot_be_learned_from_are_named() -> None:
    assert len(examples([row()], [[0.0, 1.0]], "t", off_policy=True)) == 1
    for changes, fault in (
        ({"tokenizer": "u"}, r"row 0 of trajectory r/0 \(run r\) has ids of the tokenizer 'u'"),
        (
            {"tier": RowTier.TEXT, "ids": (), "mask": (), "turns": (), "logprobs": ()},
            "no token ids",
        ),
        ({"logprobs": ()}, "has no log-probabilities"),
        ({"logprobs": (0.0, float("nan"))}, "has the log-probability nan"),
    ):
        with pytest.raises(UsageError, match=fault):
            examples([row(**changes)], [[0.0, 1.0]], "t", off_policy=True)
    with pytest.raises(UsageError, match="has an advantage that is no number"):
        examples([row()], [[0.0, float("nan")]], "t")
    with pytest.raises(UsageError, match="there are no rows to train on"):
        examples([], [], "t")
