"""The agent of a recorded run, as far as the owner lets a record act."""

from __future__ import annotations

import dataclasses
from typing import Any

from ..agent import Agent, AgentOptions, Home, RunLabels
from ..agent.recorded_parts import parts_of, stand_ins
from ..journal.codec import budget_to
from ..journal.events import Event
from ..journal.record.recorded_events import RecordedStart
from ..ledger.budget import Budget
from .agent_recipe import AgentSpec, recorded
from .trust.consent import ask
from .trust.own_records import is_own, sign


def labels_of(
    run: str, task: str, budget: Budget, spec: AgentSpec, agent: Agent, **labels: Any
) -> RunLabels:
    """Returns what a run of the command line is filed under: enough to resume and replay it."""
    said = {
        "cli": spec.to_record(),
        "signed": sign(_signed(run, task, budget, spec)),
        "parts": parts_of(agent.policy, agent.given),
    }
    return RunLabels(agent=said, **labels)


def is_own_run(start: RecordedStart) -> bool:
    """True if this user started the run from the command line, just as it is recorded."""
    spec = AgentSpec.from_record(recorded(start))
    signature = start.agent.get("signed")
    return is_own(_signed(start.run, start.task, start.budget, spec), signature)


def check_consent(start: RecordedStart, spec: AgentSpec, budget: Budget, *, allowed: bool) -> None:
    """Asks before an agent of a recorded run acts, unless this user started that run.

    Args:
        spec: the agent's options, with what the user has changed.
        budget: what it may spend.
        allowed: True if the user says so by `--trust`.

    Raises:
        UsageError: it may not act.
    """
    if not is_own_run(start):
        ask(f"run {start.run}", spec.uses(budget), allowed=allowed)


def replaying_agent(home: Home, run: str, prices: str | None, *, allowed: bool) -> Agent:
    """Returns an agent that goes a recorded run's way from its record, and starts nothing.

    Records of older versions do not hold what that takes: their agent is built as it was, where
    the owner lets it.

    Args:
        prices: a prices file instead of the recorded one; that of a foreign run is not opened.
        allowed: True if the user says so by `--trust`.

    Raises:
        UsageError: it may not be built, or the record makes no sense.
    """
    events = home.events(run)
    start = _start(run, events)
    spec = AgentSpec.from_record(recorded(start))
    if "parts" not in start.agent:
        check_consent(start, spec, start.budget, allowed=allowed)
        changed = spec if prices is None else dataclasses.replace(spec, prices=prices)
        return changed.agent(home.record(run).budget, home.path)
    policy, tools = stand_ins(start.agent["parts"], _with_parents(home, start, events))
    own_prices = spec.prices if is_own_run(start) else None
    return Agent(
        model=policy, tools=tools, planner=spec.planner, memory=spec.memory, budget=Budget(),
        prices=prices or own_prices, home=home.path,
        options=AgentOptions(
            system=spec.system, temperature=spec.temperature, seed=spec.seed,
            max_output=spec.output_by_purpose,
        ),
    )  # fmt: skip


def _signed(run: str, task: str, budget: Budget, spec: AgentSpec) -> dict[str, Any]:
    return {"run": run, "task": task, "budget": budget_to(budget), "cli": spec.to_record()}


def _with_parents(home: Home, start: RecordedStart, events: list[Event]) -> list[Event]:
    """Returns the events of a run and of those that it was forked from, the oldest first."""
    found, seen = list(events), {start.run}
    while start.fork is not None and start.fork.run not in seen:
        seen.add(start.fork.run)
        above = home.events(start.fork.run)
        found = [*above, *found]
        start = _start(start.fork.run, above)
    return found


def _start(run: str, events: list[Event]) -> RecordedStart:
    from ..ledger.errors import UsageError

    for event in events:
        if event.kind == "run_started":
            return RecordedStart.of(event)
    raise UsageError(f"the record of run {run} lacks its beginning: nothing can be done with it")
