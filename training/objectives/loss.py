"""One loss from four parts, for imitation, reinforcement and replay alike.

The gradient of every method here is, token by token,

    stable · (1 / pi_ref) · A · grad pi

(the unified policy gradient estimator, Lv et al. 2025, arXiv 2509.04419): a stabilisation mask, a
reference denominator, an advantage, and the gradient of the token's likelihood. Imitation divides
by the policy itself, PPO and GSPO by the policy that sampled, as far as the ratio is near 1, and
replay by the logged policy, with the ratio cut off above.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from ...ledger.errors import UsageError

Reference = Literal["policy", "token", "sequence"]
"""What a likelihood is divided by: the policy itself, or the one that sampled, with one ratio for
each token or one for each row (GSPO)."""
Aggregation = Literal["token_mean", "trajectory_mean", "sequence_mean", "constant"]


@dataclass(frozen=True, kw_only=True)
class LossConfig:
    """How tokens become one number."""

    reference: Reference
    clip: tuple[float, float] | None = None
    """How far below and above 1 a ratio still moves the policy (PPO); None: no such bound."""
    most: float | None = None
    """The largest ratio that counts (truncated importance sampling); None: any."""
    uses_advantages: bool = True
    """False: every token counts 1, as in imitation."""
    entropy: float = 0.0
    """What a nat of mean entropy is worth."""
    kl: float = 0.0
    """What a nat of divergence from the reference model costs (k3)."""
    aggregation: Aggregation = "token_mean"
    constant: float = 1.0
    """What the sum is divided by under `constant` (Dr.GRPO: rows times their longest length)."""


SFT = LossConfig(reference="policy", uses_advantages=False)
"""Imitation: {1, pi, 1}."""
REINFORCE = LossConfig(reference="policy")
"""{1, pi, A} (Williams 1992)."""
PPO = LossConfig(reference="token", clip=(0.2, 0.2))
"""{clip mask, pi_old, A} (Schulman et al. 2017; GRPO's too)."""
LOOP = LossConfig(reference="token", clip=(0.1, 0.1), aggregation="trajectory_mean")
"""PPO as in Chen et al. 2025 (arXiv 2502.01600)."""
GSPO = LossConfig(reference="sequence", clip=(3e-4, 4e-4), aggregation="sequence_mean")
"""One ratio a row, its tokens' geometric mean (Zheng et al. 2025, arXiv 2507.18071)."""
OFF_POLICY = LossConfig(reference="token", most=2.0)
"""Off-policy: {cut ratio, logged policy, A}, the ratio cut off at 2."""


@dataclass(frozen=True, kw_only=True)
class TokenBatch:
    """The trained tokens of some rows, flattened: each tensor has one entry for each token."""

    logprobs: Tensor
    """Under the policy that is trained, with its gradient; natural logarithm."""
    sampled: Tensor
    """Under the policy that sampled them; not looked at with the reference `policy`."""
    advantages: Tensor
    rows: Tensor
    """Which row each token stands in, from 0."""
    trajectories: Tensor
    """Which trajectory each token belongs to, from 0."""
    entropies: Tensor | None = None
    """Of the distribution that each token was drawn from, with its gradient, in nats."""
    hits: Tensor | None = None
    """Whether each token was the likeliest one."""
    referred: Tensor | None = None
    """Log-probabilities under the reference model, where divergence from it costs."""


@dataclass(frozen=True, kw_only=True)
class LossMetrics:
    """What can be told of a step besides its loss."""

    loss: Tensor
    """With its gradient."""
    kl: float
    """Mean divergence from the policy that sampled (k3), in nats a token."""
    clipped: float
    """Share of the tokens that the stabilisation mask left out, or whose ratio was cut off."""
    effective: float
    """Effective sample size over the number of tokens: (sum w)^2 / (n sum w^2)."""
    entropy: float
    """Mean, in nats a token; 0 where it was not asked for."""
    accuracy: float
    """Share of the tokens that were the likeliest ones, each counted by the size of its weight."""


def loss_of(tokens: TokenBatch, how: LossConfig, scales: Tensor | None = None) -> LossMetrics:
    """Returns the loss of some rows.

    Args:
        scales: how much each token counts, where the rows are only a part of a step: see
            `scales_of`. None: they are the whole of it.

    Raises:
        UsageError: divergence from a reference model costs, and there is none.
    """
    weights = tokens.advantages if how.uses_advantages else torch.ones_like(tokens.advantages)
    ratios = _ratios(tokens, how)
    stable = _stable(ratios.detach(), weights, how)
    losses = -stable * _counted(tokens, ratios, how) * weights
    if how.kl:
        if tokens.referred is None:
            raise UsageError("divergence costs only where a reference model is given")
        losses = losses + how.kl * k3(tokens.referred - tokens.logprobs)
    if how.entropy and tokens.entropies is not None:
        losses = losses - how.entropy * tokens.entropies
    fixed = ratios.detach()
    left_out = 1 - stable if how.most is None else (fixed > how.most).to(fixed.dtype)
    return LossMetrics(
        loss=(losses * _scales(tokens, how, losses.dtype, scales)).sum(),
        kl=_drift(tokens, how),
        clipped=float(left_out.mean()),
        effective=float(fixed.sum() ** 2 / (len(fixed) * fixed.square().sum())),
        entropy=0.0 if tokens.entropies is None else float(tokens.entropies.detach().mean()),
        accuracy=_accuracy(tokens, weights),
    )


def k3(difference: Tensor) -> Tensor:
    """Returns exp(d) - d - 1: an unbiased, never negative estimate of the divergence.

    Args:
        difference: log-probability under the other policy less that under the one that sampled.
    """
    return difference.exp() - difference - 1


def _ratios(tokens: TokenBatch, how: LossConfig) -> Tensor:
    """Returns pi / pi_ref, which is 1 for the reference `policy`."""
    if how.reference == "policy":
        return torch.ones_like(tokens.logprobs)
    differences = tokens.logprobs - tokens.sampled
    if how.reference == "token":
        return differences.exp()
    means = _mean_by(differences, tokens.rows)[tokens.rows]
    # the value of the row's ratio, and at each token the gradient of its own likelihood
    return (means.detach() + tokens.logprobs - tokens.logprobs.detach()).exp()


def _stable(ratios: Tensor, weights: Tensor, how: LossConfig) -> Tensor:
    """Returns 0 where PPO's clipping would take the gradient away, else 1."""
    if how.clip is None:
        return torch.ones_like(ratios)
    below, above = how.clip
    out = torch.where(weights >= 0, ratios > 1 + above, ratios < 1 - below)
    return (~out).to(ratios.dtype)


def _counted(tokens: TokenBatch, ratios: Tensor, how: LossConfig) -> Tensor:
    """Returns what stands for each likelihood: its logarithm, its ratio, or the ratio cut off.

    Where a ratio is cut off, the gradient is still that of the likelihood times the bound.
    """
    if how.reference == "policy":
        return tokens.logprobs
    if how.most is None:
        return ratios
    return ratios * (how.most / ratios.detach()).clamp(max=1.0)


def scales_of(rows: Tensor, trajectories: Tensor, how: LossConfig) -> Tensor:
    """Returns how much each token counts in the sum that is the loss of a step.

    Args:
        rows, trajectories: the place of each trained token's row and trajectory.
    """
    if how.aggregation == "token_mean":
        return torch.full((len(rows),), 1 / max(len(rows), 1), dtype=torch.float64)
    if how.aggregation == "constant":
        return torch.full((len(rows),), 1 / how.constant, dtype=torch.float64)
    groups = rows if how.aggregation == "sequence_mean" else trajectories
    counts = torch.bincount(groups)
    return 1 / (int((counts > 0).sum()) * counts[groups].double())


def _scales(
    tokens: TokenBatch, how: LossConfig, dtype: torch.dtype, scales: Tensor | None
) -> Tensor:
    if scales is None:
        scales = scales_of(tokens.rows, tokens.trajectories, how)
    return scales.to(tokens.logprobs.device, dtype)


def _mean_by(values: Tensor, groups: Tensor) -> Tensor:
    size = int(groups.max()) + 1
    sums = values.new_zeros(size).index_add(0, groups, values)
    counts = values.new_zeros(size).index_add(0, groups, torch.ones_like(values))
    return sums / counts.clamp(min=1)


def _accuracy(tokens: TokenBatch, weights: Tensor) -> float:
    sizes = weights.abs()
    if tokens.hits is None or not sizes.any():
        return 0.0
    return float((sizes * tokens.hits).sum() / sizes.sum())


def _drift(tokens: TokenBatch, how: LossConfig) -> float:
    if how.reference == "policy":
        return 0.0
    return float(k3((tokens.logprobs.detach() - tokens.sampled).double()).mean())
