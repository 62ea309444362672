"""Muon: steepest descent for matrices (Jordan et al. 2024, kellerjordan.github.io/posts/muon).

torch's own Muon orthogonalises in bfloat16, which a processor without such units does twenty times
slower than this one in float32.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

_STEPS = 5
_FIRST, _THIRD, _FIFTH = 3.4445, -4.7750, 2.0315
"""Coefficients of the Newton-Schulz polynomial, from the post."""
_LIKE_ADAM = 0.2
"""Root mean square of an update, as AdamW's are (Liu et al. 2025, arXiv 2502.16982, §2.2)."""


class Muon(torch.optim.Optimizer):
    """Steps along the orthogonalised Nesterov momentum; for matrices only."""

    def __init__(
        self,
        matrices: Iterable[torch.nn.Parameter],
        lr: float,
        momentum: float = 0.95,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(matrices, {"lr": lr, "momentum": momentum, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Makes one step. Takes no closure."""
        for group in self.param_groups:
            for matrix in group["params"]:
                if matrix.grad is not None:
                    self._step(matrix, matrix.grad, group)

    def _step(self, matrix: Tensor, gradient: Tensor, group: dict[str, float]) -> None:
        state = self.state[matrix]
        mean = state.setdefault("mean", torch.zeros_like(matrix))
        mean.lerp_(gradient, 1 - group["momentum"])
        update = orthogonal(torch.lerp(gradient, mean, group["momentum"]))
        matrix.mul_(1 - group["lr"] * group["weight_decay"])
        matrix.add_(update, alpha=-group["lr"] * _LIKE_ADAM * max(matrix.shape) ** 0.5)


def orthogonal(matrix: Tensor) -> Tensor:
    """Returns a matrix with about the same singular vectors and all singular values near 1."""
    is_tall = matrix.shape[0] > matrix.shape[1]
    flat = matrix.T if is_tall else matrix
    out: Tensor = flat / (flat.norm() + 1e-7)
    for _ in range(_STEPS):
        square = out @ out.T
        out = _FIRST * out + (_THIRD * square + _FIFTH * square @ square) @ out
    return out.T if is_tall else out
