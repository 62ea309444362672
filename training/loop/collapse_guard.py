"""Whether a policy is about to collapse while it is trained: entropy gone, or too far from home."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from ...ledger.errors import UsageError


class PolicyCollapsed(UsageError):
    """Training was stopped because the policy was being lost."""


@dataclass
class CollapseGuard:
    """Looks at each step's figures."""

    least_entropy: float = 0.005
    """Nats a token; below it the policy has stopped to explore."""
    most_kl: float = 1.0
    """Nats a token from the policy that sampled; above it the data say nothing of the policy."""
    patience: int = 5
    """Steps in a row after which it is believed."""
    _low: deque[bool] = field(default_factory=deque)
    _far: deque[bool] = field(default_factory=deque)

    def see(self, step: int, *, entropy: float | None, kl: float) -> None:
        """Takes note of a step.

        Raises:
            Collapsed: entropy or divergence was out of bounds for `patience` steps in a row.
        """
        if entropy is not None and self._is_lasting(self._low, entropy < self.least_entropy):
            raise PolicyCollapsed(
                f"stopped at step {step}: for {self.patience} steps the entropy was below "
                f"{self.least_entropy} nats a token (now {entropy:.4f}), so nothing new is tried; "
                "go on from an earlier checkpoint with a larger entropy bonus or a smaller rate"
            )
        if self._is_lasting(self._far, kl > self.most_kl):
            raise PolicyCollapsed(
                f"stopped at step {step}: for {self.patience} steps the policy was more than "
                f"{self.most_kl} nats a token from the one that sampled (now {kl:.2f}); "
                "go on from an earlier checkpoint with a smaller rate, or with newer runs"
            )

    def _is_lasting(self, seen: deque[bool], is_out: bool) -> bool:
        seen.append(is_out)
        while len(seen) > self.patience:
            seen.popleft()
        return len(seen) == self.patience and all(seen)
