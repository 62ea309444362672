"""Exact statistics of runs that repeat the same tasks; nothing here knows what a run is."""

from .clusters import VarianceComponents, components, design_effect
from .estimates import (
    Estimate,
    Interval,
    bootstrap,
    cost_of_pass,
    difference,
    mean,
    success_rate,
    task_means,
    wilson,
)
from .frontier import frontier, frontier_cost, frontier_odds
from .paired import mcnemar, sign_flip
from .repeats import pass_all_k, pass_at_k
from .samples import detectable, tasks_needed

__all__ = [
    "Estimate",
    "Interval",
    "VarianceComponents",
    "bootstrap",
    "components",
    "cost_of_pass",
    "design_effect",
    "detectable",
    "difference",
    "frontier",
    "frontier_cost",
    "frontier_odds",
    "mcnemar",
    "mean",
    "pass_all_k",
    "pass_at_k",
    "sign_flip",
    "success_rate",
    "task_means",
    "tasks_needed",
    "wilson",
]
