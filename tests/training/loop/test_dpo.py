"""Preference: DPO by hand, against finite differences, and that it learns from the reference on."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from outlay.ledger.errors import UsageError  # noqa: E402
from outlay.training.loop.dpo import DpoConfig, DpoStep, TokenPair, _learn, dpo, prefer  # noqa: E402
from outlay.training.loop.examples import Trainable, TrainingExample  # noqa: E402
from outlay.training.loop.reference_logprobs import logprobs_of  # noqa: E402

WORDS = 6
PLAN = DpoConfig(beta=0.5, epochs=3, rows=4, rate=0.02, keep_every=2)


def model(seed: int = 0) -> Trainable:
    torch.manual_seed(seed)
    module = torch.nn.Sequential(torch.nn.Embedding(WORDS, 8), torch.nn.Linear(8, WORDS)).double()
    return Trainable(module=module, logits=module, tokenizer="t")


def example(prompt: tuple[int, ...], reply: tuple[int, ...]) -> TrainingExample:
    return TrainingExample(
        ids=prompt + reply, mask=(False,) * len(prompt) + (True,) * len(reply),
        weights=(1.0,) * (len(prompt) + len(reply)), trajectory="t",
    )  # fmt: skip


def pair(prompt: tuple[int, ...], good: tuple[int, ...], bad: tuple[int, ...]) -> TokenPair:
    return TokenPair(chosen=example(prompt, good), rejected=example(prompt, bad))


def some(count: int, seed: int = 0) -> list[TokenPair]:
    random = Random(seed)

    def drawn(least: int) -> tuple[int, ...]:
        return tuple(random.randrange(1, WORDS) for _ in range(random.randint(least, 5)))

    return [pair(drawn(1), drawn(1), drawn(1)) for _ in range(count)]


def parameters(of: Trainable) -> list[float]:
    return [value for p in of.module.parameters() for value in p.detach().view(-1).tolist()]


def after(plan: DpoConfig, given: list[TokenPair], **more: object) -> list[float]:
    made = model()
    prefer(made, given, plan, **more)  # type: ignore[arg-type]
    return parameters(made)


def test_golden_loss_and_margin() -> None:
    """At the reference ln 2; then beta (1 + 0.5) = 0.15: ln(1 + e^-0.15); by hand."""
    before = torch.tensor([[-3.0, -4.0], [-3.0, -4.0]], dtype=torch.float64)
    now = torch.tensor([[-3.0, -4.0], [-2.0, -4.5]], dtype=torch.float64)
    losses, margins = dpo(now, before, 0.1)
    assert losses.tolist() == pytest.approx([math.log(2), math.log1p(math.exp(-0.15))])
    assert margins.tolist() == pytest.approx([0, 0.15])


def test_golden_gradient_of_a_reply() -> None:
    """-beta sigmoid(-margin) on the chosen, the opposite on the rejected."""
    now = torch.tensor([[-2.0, -4.5]], dtype=torch.float64, requires_grad=True)
    losses, _ = dpo(now, torch.tensor([[-3.0, -4.0]], dtype=torch.float64), 0.1)
    (found,) = torch.autograd.grad(losses.sum(), now)
    share = 0.1 / (1 + math.exp(0.15))
    assert found.tolist() == [pytest.approx([-share, share])]


def test_gradient_of_a_model_against_finite_differences() -> None:
    """A step of plain descent at a tiny rate is the gradient: the loss's slope along parameters."""
    given, made = some(5), model()
    before = torch.tensor(
        [[sum(v) - 0.3 for v in logprobs_of(made, [p.chosen, p.rejected], 99)] for p in given],
        dtype=torch.float64,
    )

    def loss() -> torch.Tensor:
        rows = []
        for each in given:
            sums = []
            for one in (each.chosen, each.rejected):
                table = torch.log_softmax(made.logits(torch.tensor([one.ids])), -1)[0]
                sums.append(sum(table[at - 1, one.ids[at]] for at, on in enumerate(one.mask) if on))
            rows.append(torch.stack(sums))
        return dpo(torch.stack(rows), before, 0.7)[0].mean()

    plan = replace(PLAN, beta=0.7, batch_tokens=25)
    shown = _learn(made, given, before, plan, Random(0))
    assert shown["loss"] == pytest.approx(float(loss().detach()))
    for parameter in made.module.parameters():
        assert parameter.grad is not None
        flat, slope = parameter.data.view(-1), parameter.grad.view(-1)
        for place in range(0, len(flat), 5):
            held, step = float(flat[place]), 1e-6
            flat[place] = held + step
            above = float(loss().detach())
            flat[place] = held - step
            below = float(loss().detach())
            flat[place] = held
            assert (above - below) / (2 * step) == pytest.approx(
                float(slope[place]), rel=1e-5, abs=1e-9
            )


def test_only_replies_count() -> None:
    """What the masks leave out moves nothing: a later observation in one of the two sequences."""
    plain = pair((1, 2), (3,), (4, 5))
    chosen = replace(
        plain.chosen, ids=(*plain.chosen.ids, 5), mask=(*plain.chosen.mask, False),
        weights=(1.0,) * 4,
    )  # fmt: skip
    assert after(PLAN, [plain]) == pytest.approx(
        after(PLAN, [replace(plain, chosen=chosen)]), abs=1e-12
    )


def test_how_a_step_is_cut_into_batches_does_not_matter() -> None:
    whole = after(PLAN, some(9))
    assert after(replace(PLAN, batch_tokens=1), some(9)) == pytest.approx(whole, abs=1e-12)


def test_the_margin_rises_from_nothing_and_the_reference_stays() -> None:
    """After word 1, word 2 is better than 3: the first step starts at the reference itself."""
    made, steps = model(), []
    given = [pair((1,), (2,), (3,)), pair((4, 1), (2, 5), (3, 5))] * 8
    was = [sum(values) for values in logprobs_of(made, [given[0].chosen, given[0].rejected], 99)]
    plan = DpoConfig(beta=0.1, epochs=40, rows=8, rate=0.02)
    prefer(made, given, plan, told=steps.append)
    first, last = steps[0], steps[-1]
    assert (first.loss, first.margin) == (pytest.approx(math.log(2)), pytest.approx(0, abs=1e-12))
    assert (first.chosen, first.rejected) == (pytest.approx(0), pytest.approx(0))
    assert last.margin > 0.3
    assert last.accuracy == 1
    now = [sum(values) for values in logprobs_of(made, [given[0].chosen, given[0].rejected], 99)]
    gained = [new - old for new, old in zip(now, was, strict=True)]
    assert gained[0] > 0 > gained[1]


def test_a_greater_beta_stays_nearer_to_the_reference() -> None:
    distances = []
    for beta in (0.05, 2.0):
        told: list[DpoStep] = []
        plan = DpoConfig(beta=beta, epochs=60, rows=2, rate=0.05)
        prefer(model(), [pair((1,), (2,), (3,))] * 2, plan, told=told.append)
        distances.append(told[-1].chosen - told[-1].rejected)
    assert distances[0] > 2 * distances[1] > 0


def test_a_broken_training_goes_on_from_the_same_reference(tmp_path: Path) -> None:
    unbroken = after(PLAN, some(20))

    class DpoStopped(Exception):
        pass

    def stop(step: DpoStep) -> None:
        if step.number == 7:
            raise DpoStopped

    with pytest.raises(DpoStopped):
        after(PLAN, some(20), folder=tmp_path, told=stop)
    seen: list[int] = []
    found = after(PLAN, some(20), folder=tmp_path, told=lambda step: seen.append(step.number))
    assert found == unbroken
    assert seen == list(range(6, 15))
    with pytest.raises(UsageError, match="is of another training"):
        after(replace(PLAN, beta=0.2), some(20), folder=tmp_path)
