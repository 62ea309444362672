"""The loss: gradients against finite differences, golden numbers, and what must not matter."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="the extra `train` is not installed")

from outlay.ledger.errors import UsageError  # noqa: E402
from outlay.training.objectives.loss import (  # noqa: E402
    GSPO,
    LOOP,
    OFF_POLICY,
    PPO,
    REINFORCE,
    SFT,
    LossConfig,
    TokenBatch,
    k3,
    loss_of,
)

ALL = {
    "sft": SFT,
    "reinforce": REINFORCE,
    "ppo": PPO,
    "loop": LOOP,
    "gspo": GSPO,
    "replay": OFF_POLICY,
}


def tokens(
    logprobs: list[float],
    sampled: list[float],
    advantages: list[float],
    rows: list[int] | None = None,
    trajectories: list[int] | None = None,
) -> TokenBatch:
    places = rows or [0] * len(logprobs)
    return TokenBatch(
        logprobs=torch.tensor(logprobs, dtype=torch.float64, requires_grad=True),
        sampled=torch.tensor(sampled, dtype=torch.float64),
        advantages=torch.tensor(advantages, dtype=torch.float64),
        rows=torch.tensor(places),
        trajectories=torch.tensor(trajectories or places),
    )


def gradient(given: TokenBatch, how: LossConfig) -> list[float]:
    (found,) = torch.autograd.grad(loss_of(given, how).loss, given.logprobs)
    return [round(value, 12) for value in found.tolist()]


def test_golden_gradients_of_each_method() -> None:
    """Two rows; ratios e^0.1, e^-0.3, e^0.5 and 1; by hand."""
    given = tokens([-1, -1.3, -0.5, -2], [-1.1, -1, -1, -2], [1, -1, 2, 0.5], [0, 0, 1, 1])
    up, down, far = math.exp(0.1), math.exp(-0.3), math.exp(0.5)
    assert gradient(given, SFT) == [-0.25] * 4
    assert gradient(given, REINFORCE) == [-0.25, 0.25, -0.5, -0.125]
    assert gradient(given, PPO) == [round(-up / 4, 12), 0.0, 0.0, -0.125]
    assert down < 0.8 < 1.2 < far
    assert gradient(given, OFF_POLICY) == [
        round(value / 4, 12) for value in (-up, down, -2 * far, -0.5)
    ]
    truncated = replace(OFF_POLICY, most=1.5)
    assert gradient(given, truncated)[2] == round(-2 * 1.5 / 4, 12)
    first, second = math.exp(-0.1), math.exp(0.25)
    wide = replace(GSPO, clip=(1, 1))
    assert gradient(given, wide) == [
        round(value / 4, 12) for value in (-first, first, -2 * second, -0.5 * second)
    ]


@pytest.mark.parametrize("clip", [(0.2, 0.2), (0.1, 0.3)])
def test_the_clipped_gradient_is_that_of_ppos_minimum(clip: tuple[float, float]) -> None:
    """-min(r A, clip(r) A), written as in the paper."""
    generator = torch.Generator().manual_seed(0)
    now, then, gains = torch.randn(3, 50, generator=generator, dtype=torch.float64) * 0.5
    given = tokens(now.tolist(), then.tolist(), gains.tolist())
    ratio = (given.logprobs - given.sampled).exp()
    surrogate = torch.minimum(
        ratio * given.advantages, ratio.clamp(1 - clip[0], 1 + clip[1]) * given.advantages
    )
    (wanted,) = torch.autograd.grad(-surrogate.mean(), given.logprobs)
    assert gradient(given, replace(PPO, clip=clip)) == [round(v, 12) for v in wanted.tolist()]


def _model(seed: int) -> tuple[torch.nn.Module, torch.Tensor]:
    torch.manual_seed(seed)
    model = torch.nn.Sequential(
        torch.nn.Embedding(5, 4), torch.nn.Tanh(), torch.nn.Linear(4, 5)
    ).double()
    return model, torch.randint(0, 5, (3, 6))


@pytest.mark.parametrize("name", ["reinforce", "ppo", "replay", "kl", "entropy"])
def test_gradients_of_a_model_against_finite_differences(name: str) -> None:
    """Where the value of the loss has the gradient of the method: near the sampling policy."""
    uncut = replace(OFF_POLICY, most=None)
    how = {
        "kl": replace(uncut, kl=0.3),
        "entropy": replace(uncut, entropy=0.2),
        "reinforce": uncut,
        "ppo": PPO,
        "replay": OFF_POLICY,
    }[name]
    model, ids = _model(3)
    gains = torch.randn(3, 5, dtype=torch.float64)
    behind = _taken(model, ids)[0].detach()

    def loss() -> torch.Tensor:
        logprobs, entropies = _taken(model, ids)
        places = torch.arange(3).repeat_interleave(5)
        given = TokenBatch(
            logprobs=logprobs, sampled=behind - 0.01, advantages=gains.reshape(-1), rows=places,
            trajectories=places, entropies=entropies, referred=behind + 0.05,
        )  # fmt: skip
        return loss_of(given, how).loss

    parameters = list(model.parameters())
    found = torch.autograd.grad(loss(), parameters)
    for parameter, slope in zip(parameters, found, strict=True):
        for place in range(0, parameter.numel(), 3):
            flat, step = parameter.data.view(-1), 1e-6
            before = float(flat[place])
            flat[place] = before + step
            above = float(loss().detach())
            flat[place] = before - step
            below = float(loss().detach())
            flat[place] = before
            assert (above - below) / (2 * step) == pytest.approx(
                float(slope.view(-1)[place]), rel=1e-5, abs=1e-8
            )


def _taken(model: torch.nn.Module, ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    table = torch.log_softmax(model(ids[:, :-1]), -1)
    taken = table.gather(2, ids[:, 1:, None])[..., 0].reshape(-1)
    return taken, -(table.exp() * table).sum(-1).reshape(-1)


@pytest.mark.parametrize("name", ["sft", "reinforce", "ppo", "loop", "replay"])
@given(data=st.data())
def test_how_a_trajectory_was_cut_into_rows_does_not_matter(name: str, data: st.DataObject) -> None:
    size = data.draw(st.integers(2, 12))
    values = st.lists(st.floats(-2, 0), min_size=size, max_size=size)
    now, then = data.draw(values), data.draw(values)
    whole = data.draw(st.lists(st.integers(0, 1), min_size=size, max_size=size).map(sorted))
    cuts = data.draw(st.lists(st.booleans(), min_size=size, max_size=size))
    rows, row = [], 0
    for place in range(size):
        row += place > 0 and (cuts[place] or whole[place] != whole[place - 1])
        rows.append(row)
    gains = [1.5 if trajectory else -0.5 for trajectory in whole]
    uncut = tokens(now, then, gains, list(whole), list(whole))
    cut = tokens(now, then, gains, rows, list(whole))
    assert gradient(cut, ALL[name]) == gradient(uncut, ALL[name])


def test_at_the_sampling_policy_ppo_gspo_and_replay_are_reinforce() -> None:
    given = tokens([-1, -0.2, -3], [-1, -0.2, -3], [1, 1, 1])
    for how in (PPO, replace(GSPO, aggregation="token_mean"), OFF_POLICY):
        assert gradient(given, how) == gradient(given, REINFORCE)
    assert loss_of(given, PPO).effective == pytest.approx(1)
    assert loss_of(given, PPO).kl == 0


def test_aggregations_weigh_tokens_trajectories_rows_or_nothing() -> None:
    given = tokens([-1.0] * 4, [-1.0] * 4, [1.0] * 4, [0, 1, 1, 2], [0, 0, 0, 1])
    shares = {
        "token_mean": [0.25] * 4,
        "trajectory_mean": [1 / 6, 1 / 6, 1 / 6, 1 / 2],
        "sequence_mean": [1 / 3, 1 / 6, 1 / 6, 1 / 3],
        "constant": [0.1] * 4,
    }
    for name, wanted in shares.items():
        how = replace(REINFORCE, aggregation=name, constant=10.0)
        assert [-value for value in gradient(given, how)] == pytest.approx(wanted)


def test_figures_tell_how_far_the_policy_has_moved() -> None:
    given = tokens([-1, -0.1], [-1, -2], [1, 1])
    figures = loss_of(given, OFF_POLICY)
    weights = [1, math.exp(1.9)]
    assert figures.effective == pytest.approx(sum(weights) ** 2 / 2 / sum(w * w for w in weights))
    assert figures.clipped == 0.5
    assert figures.kl == pytest.approx((math.exp(1.9) - 1.9 - 1) / 2)
    assert float(k3(torch.tensor(0.0))) == 0


def test_divergence_without_a_reference_is_refused() -> None:
    with pytest.raises(UsageError, match="only where a reference model is given"):
        loss_of(tokens([-1], [-1], [1]), replace(PPO, kl=0.1))


def test_logged_log_probabilities_matter() -> None:
    given = tokens([-1, -1], [-0.5, -1.5], [1, 1])
    assert gradient(given, OFF_POLICY) != gradient(
        replace(given, sampled=given.logprobs.detach()), OFF_POLICY
    )
