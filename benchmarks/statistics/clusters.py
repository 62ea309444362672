"""How much of the spread lies between tasks, and so what a repeat is worth beside a new task."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import fsum
from statistics import fmean


@dataclass(frozen=True, kw_only=True)
class VarianceComponents:
    """The variance of a run's value, split by where it comes from."""

    between: float
    """Variance of the tasks' true means; never below zero."""
    within: float | None
    """Variance of repeats of one task; None where no task was repeated: it is then in `between`."""

    @property
    def icc(self) -> float | None:
        """Intraclass correlation: the share of the variance that all repeats of a task have in
        common. None where it cannot be told."""
        if self.within is None or self.between + self.within <= 0:
            return None
        return self.between / (self.between + self.within)

    def of_task_mean(self, repeats: int) -> float | None:
        """Returns the variance of a task's mean over so many repeats, or None if it is unknown."""
        if self.within is None:
            return self.between if repeats == 1 else None
        return self.between + self.within / repeats


def components(groups: Iterable[Sequence[float]]) -> VarianceComponents:
    """Returns the components of variance by one-way analysis of variance.

    Unequal numbers of repeats are allowed (Searle, Casella & McCulloch 1992, section 3.6).

    Args:
        groups: the values of each task's repeats; at least two tasks, none empty.

    Raises:
        ValueError: fewer than two tasks, or one without a value.
    """
    tasks = [list(group) for group in groups]
    if len(tasks) < 2 or not all(tasks):
        raise ValueError("at least two tasks with a value each are needed")
    sizes = [len(task) for task in tasks]
    total, means = sum(sizes), [fmean(task) for task in tasks]
    grand = fsum(size * mean for size, mean in zip(sizes, means, strict=True)) / total
    squares = fsum(size * (mean - grand) ** 2 for size, mean in zip(sizes, means, strict=True))
    among = squares / (len(tasks) - 1)
    if total == len(tasks):
        return VarianceComponents(between=among, within=None)
    errors = fsum((x - m) ** 2 for task, m in zip(tasks, means, strict=True) for x in task)
    within = errors / (total - len(tasks))
    typical = (total - sum(size * size for size in sizes) / total) / (len(tasks) - 1)
    return VarianceComponents(between=max(0.0, (among - within) / typical), within=within)


def design_effect(icc: float, repeats: float) -> float:
    """Returns by how much repeats inflate the variance of a mean over independent runs.

    1 + (m - 1) ICC for m runs a task (Kish 1965): with an ICC of 1 a repeat is worth nothing.
    """
    return 1 + (repeats - 1) * icc
