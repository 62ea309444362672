"""One sentence on two set-ups that says no more than the intervals of their difference allow."""

from __future__ import annotations

from collections.abc import Iterator

from .number_format import points_interval, signed_usd_interval
from .summary import ENOUGH_TASKS, Comparison, Report, SetupSummary
from .tables import name_setups

_SUCCESS = {1: "solves more", -1: "solves less"}
_COST = {1: "costs more", -1: "costs less"}


def verdicts(report: Report) -> Iterator[str]:
    """Yields the sentence of each set-up of a report that is held against a base."""
    setups = [summary.setup for summary in report.setups]
    names = {setup: " · ".join(parts) for setup, parts in name_setups(setups).items()}
    bases = {comparison.base for comparison in report.comparisons}
    compared = {comparison.other: comparison for comparison in report.comparisons}
    doubtful = {summary.setup for summary in report.setups if summary.is_doubtful}
    for summary in report.setups:
        if summary.is_doubtful:
            yield _errors(summary, names[summary.setup])
    for other in setups[1:]:
        if other in doubtful or (other in compared and compared[other].base in doubtful):
            continue
        if other in compared:
            yield verdict(compared[other], names[compared[other].base], names[other])
        elif other not in bases and other[:-1] != setups[0][:-1]:
            yield f"{names[other]} and {names[setups[0]]} finished no task in common."


def _errors(summary: SetupSummary, name: str) -> str:
    errors, runs = sum(summary.errors.values()), sum(summary.statuses.values())
    return (
        f"{name} gets no verdict: {errors:,} of its {runs:,} runs ended by an error, not by "
        "their own doing. Mend what they tell, then resume the experiment: it goes on with them."
    )


def verdict(comparison: Comparison, base: str, other: str) -> str:
    """Returns the sentence, with the names under which the two set-ups are shown.

    Where an interval holds zero, the sentence says that nothing was shown and what remains
    possible, never that the two are equal.
    """
    if comparison.tasks < ENOUGH_TASKS:
        tasks = "1 task" if comparison.tasks == 1 else f"{comparison.tasks} tasks"
        return (
            f"{other} against {base}: {tasks} in common cannot tell them apart, "
            f"at least {ENOUGH_TASKS} are needed."
        )
    success, cost = comparison.success.sign, comparison.cost.sign
    open_success = f"{points_interval(comparison.success)} points remain possible"
    open_cost = f"{signed_usd_interval(comparison.cost)} per task remain possible"
    if success and cost:
        joint = "but" if success == cost else "and"
        return f"{other} {_SUCCESS[success]} {joint} {_COST[cost]} than {base}."
    if success:
        return (
            f"{other} {_SUCCESS[success]} than {base}; "
            f"no difference in cost was shown ({open_cost})."
        )
    if cost:
        return (
            f"{other} {_COST[cost]} than {base}; "
            f"no difference in success was shown ({open_success})."
        )
    return (
        f"No difference between {other} and {base} was shown, neither in success "
        f"({open_success}) nor in cost ({open_cost})."
    )
