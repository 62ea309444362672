"""The plan of an experiment from the options of the command line."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..benchmarks.experiments.budget_grid import budgets as expanded
from ..benchmarks.experiments.experiment import ExperimentPlan
from ..ledger.errors import UsageError
from .absolute_names import absolute_model
from .agent_recipe import output_limits, required


@dataclass(frozen=True)
class DecisionOptions:
    """How calls of the policy are made, by option."""

    of_policy: Mapping[str, Any]
    of_agent: Mapping[str, Any]


def plan_of(
    *,
    suite: str | None,
    model: str | None,
    planners: str,
    memory: str,
    budgets: Sequence[str],
    tasks: int,
    repeats: int,
    seed: int,
    knobs: Mapping[str, Any],
    learn_from: Sequence[str],
    skip_unpayable: bool = False,
    decisions: DecisionOptions | None = None,
) -> ExperimentPlan:
    """Returns the plan that the options ask for.

    Raises:
        UsageError: something is missing or malformed.
    """
    if suite is None:
        raise UsageError("a suite is required, e.g. `outlay bench almanac`")
    return ExperimentPlan(
        suite=suite,
        knobs=knobs,
        policy=absolute_model(required(model, "model", "embedded")),
        planners=tuple(dict.fromkeys(filter(None, (p.strip() for p in planners.split(","))))),
        memory=memory,
        budgets=expanded(required(budgets, "budget", "search=8,open=4")),
        tasks=tasks,
        repeats=repeats,
        seed=seed,
        learn_from=tuple(learn_from),
        skip_unpayable=skip_unpayable,
        policy_options=decisions.of_policy if decisions else {},
        agent_options=decisions.of_agent if decisions else {},
    )


def decision_options(
    *,
    system: str = "",
    temperature: float | None = None,
    max_output: Sequence[str] | None = None,
    stream: bool = False,
    tool_protocol: str | None = None,
    timeout: float | None = None,
) -> DecisionOptions:
    """Returns the options that are given, and no others.

    Raises:
        UsageError: `max_output` is malformed.
    """
    most, by_purpose = output_limits(max_output or ())
    of_policy = {
        "max_output": most, "timeout": timeout, "stream": stream, "tool_protocol": tool_protocol,
    }  # fmt: skip
    of_agent = {"system": system, "temperature": temperature, "max_output": by_purpose}
    return DecisionOptions(
        {name: value for name, value in of_policy.items() if value},
        {name: value for name, value in of_agent.items() if value or value == 0.0},
    )


def suite_knobs(
    texts: Sequence[str] | None, data: Path | None = None, strict: bool = False
) -> dict[str, Any]:
    """Returns the knobs of a suite, with its data where they are found from any folder.

    Args:
        texts: what `--knob` gives, e.g. `hops=[1,2]`, `split=train`: JSON values, or else text.

    Raises:
        UsageError: a knob is not NAME=VALUE.
    """
    knobs = dict(map(_knob, texts or ())) | ({"strict": True} if strict else {})
    return knobs if data is None else {**knobs, "data": str(data.absolute())}


def _knob(text: str) -> tuple[str, Any]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise UsageError(f"knob {text!r} is not NAME=VALUE: write e.g. --knob hops=[1,2]")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value
