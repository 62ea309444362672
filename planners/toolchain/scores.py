"""How good a plan looks: f = g + h of ToolChain* (Zhuang et al. 2024, arXiv 2310.13227).

Where the paper slips, the sound form stands here. The next node is the argmin of f (its algorithm
prints argmax once). The position of a step in remembered plans is an average over those plans (the
text says so, the formula prints a sum). The printed h stays below 1 for all the steps that are
left together, while g adds a cost of up to 1 for every step; `scaled` brings both to one scale by
multiplying h by the number of steps that are left. It is off: on long plans it was measured to
chase whatever guesses that little is left (docs/toolchain.md). There is no guarantee of
optimality: f is plausibility, not money, and h may err on both sides.
"""

from __future__ import annotations

from dataclasses import dataclass

from ...ledger.errors import UsageError


@dataclass(frozen=True, kw_only=True)
class ScoreWeights:
    """How the scores are weighed."""

    alpha: float = 0.5
    """Weight from 0 to 1 of likeness to remembered plans in g; the rest is self-consistency."""
    beta: float = 0.5
    """Weight from 0 to 1 of the position in remembered plans in h; the rest is imagination."""
    scaled: bool = False
    """Whether h is multiplied by the steps that are imagined to be left."""

    def __post_init__(self) -> None:
        for name in ("alpha", "beta"):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(
                    f"toolchain option {name} must be from 0 to 1, not {getattr(self, name)}"
                )

    def cost(self, likeness: float | None, share: float) -> float:
        """Returns what a step adds to g: (1 - likeness)^alpha (1 - share)^(1 - alpha).

        Args:
            likeness: of the plan up to this step to remembered plans; None: nothing to compare.
            share: of the samples that propose the step (self-consistency).
        """
        return _distance(likeness, share, self.alpha)

    def ahead(self, position: float | None, depth: int, remaining: float | None) -> float:
        """Returns h: (1 - position)^beta (1 - depth / (depth + remaining))^(1 - beta).

        Args:
            position: where the step stands in remembered plans, above 0 to 1; None: unknown.
            depth: steps of the plan, this one included.
            remaining: imagined steps after this one; None: unknown.
        """
        progress = None if remaining is None else depth / max(depth + remaining, 1)
        distance = _distance(position, progress, self.beta)
        return distance * remaining if self.scaled and remaining is not None else distance


def _distance(first: float | None, second: float | None, weight: float) -> float:
    """Returns the weighted geometric mean of the complements of what is known, 1 if nothing is."""
    if first is None:
        return 1.0 if second is None else 1 - second
    if second is None:
        return 1 - first
    return float((1 - first) ** weight * (1 - second) ** (1 - weight))
