"""The plan of a recorded experiment, as far as the owner lets a record act."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Any

import orjson

from ..agent import Home
from ..benchmarks.experiments.experiment import ExperimentPlan
from ..ledger.errors import UsageError
from .trust.consent import ask
from .trust.own_records import is_own, sign

_STARTS = """
select e.body from events e join runs r using (run)
where r.experiment = ? and e.kind = 'run_started'
"""
_SENDS_NOTHING = ("openai", "http", "https", "google", "embedded", "human")
"""Kinds of models that open and send nothing before they are asked."""


_LOCAL = ("embedded", "embedded:reader")
"""Models that ship with outlay."""


def signed(plan: ExperimentPlan) -> ExperimentPlan:
    """Returns the plan of this user with their signature."""
    return dataclasses.replace(plan, signature=sign(_said(plan)))


def check_resumed(experiment: str, home: Home, *, allowed: bool) -> None:
    """Asks before an experiment goes on, unless this user started it.

    Raises:
        UsageError: it may not go on.
    """
    _check(experiment, (_uses(plan) for plan in _foreign(experiment, home)), allowed=allowed)


def check_supposed(experiment: str, home: Home, *, allowed: bool) -> None:
    """Asks before a what-if runs or opens what a foreign plan names; it asks no model.

    Raises:
        UsageError: it may not.
    """
    _check(experiment, (_opens(plan) for plan in _foreign(experiment, home)), allowed=allowed)


def _check(experiment: str, uses: Iterable[list[str]], *, allowed: bool) -> None:
    if found := list(dict.fromkeys(use for of_plan in uses for use in of_plan)):
        ask(f"experiment {experiment}", found, allowed=allowed)


def _foreign(experiment: str, home: Home) -> list[ExperimentPlan]:
    """Returns the plans in an experiment's record that this user has not signed."""
    rows = home.store.query(_STARTS, (experiment,)).rows
    recorded = {orjson.dumps(orjson.loads(body)["agent"].get("plan")) for (body,) in rows}
    try:
        plans = [ExperimentPlan.from_record(orjson.loads(one)) for one in sorted(recorded)]
    except (TypeError, AttributeError) as error:
        raise UsageError(f"the record of experiment {experiment} makes no sense") from error
    return [plan for plan in plans if not is_own(_said(plan), plan.signature)]


def _said(plan: ExperimentPlan) -> dict[str, Any]:
    return {**dataclasses.asdict(plan), "signature": ""}


def _uses(plan: ExperimentPlan) -> list[str]:
    if plan.policy in _LOCAL and not _opens(plan):
        return []  # it starts, opens, sends and pays nothing
    budgets = ", ".join(map(str, plan.budgets))
    return [
        f"the model {plan.policy}",
        f"the suite {plan.suite}",
        *_data(plan),
        f"the budgets {budgets} for each of its runs",
    ]


def _opens(plan: ExperimentPlan) -> list[str]:
    kind, _, path = str(plan.policy).partition(":")
    sends = kind.partition("/")[0] in _SENDS_NOTHING and not path.endswith(".npz")
    return [
        *([] if sends else [f"the model {plan.policy}"]),
        *([f"the suite {plan.suite}"] if ".py:" in str(plan.suite) else []),
        *_data(plan),
    ]


def _data(plan: ExperimentPlan) -> list[str]:
    return [f"the data {plan.knobs['data']}"] if "data" in plan.knobs else []
