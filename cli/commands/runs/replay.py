"""`outlay replay`: a recorded run again for free, or another way from one of its steps."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ... import options

if TYPE_CHECKING:
    from ....agent import Agent
    from ....journal.record.recorded_events import RecordedStart
    from ....ledger.budget import Budget
    from ...agent_recipe import AgentSpec


def replay(
    run: options.RunId,
    fork: Annotated[
        int | None,
        typer.Option(
            envvar="OUTLAY_FORK",
            metavar="STEP",
            help="Start a new run that goes its own way from this step on (`outlay show`).",
        ),
    ] = None,
    model: options.Model = None,
    planner: Annotated[str | None, options.planner("Another strategy, for a fork.")] = None,
    memory: Annotated[str | None, options.memory("Another memory, for a fork.")] = None,
    budget: Annotated[
        str | None,
        options.budget("Another budget, for a fork; what the way up to it has cost counts."),
    ] = None,
    prices: options.Prices = None,
    trust: options.Trust = False,
    home: options.Home = None,
    plain: options.Plain = False,
    json: options.Json = False,
) -> None:
    """Replay a run for free, or fork it at a step.

    A replay asks nobody, starts nothing and pays nothing: it checks that this version would go the
    recorded way. A fork of a run that was imported is shown and asked about first.
    Exit codes: 0 the same, 1 something else would be asked; of a fork as for `outlay run`.
    """
    from ....agent import Home
    from ....ledger.budget import Budget
    from ...absolute_names import absolute, absolute_model
    from ...agent_recipe import AgentSpec, recorded
    from ...recorded_agent import check_consent, replaying_agent
    from ...render.timeline import tell

    place = Home.at(home)
    if fork is None:
        raise typer.Exit(_replay(run, replaying_agent(place, run, absolute(prices), allowed=trust)))
    story, _ = tell(place.events(run))
    assert story.start is not None
    recipe = AgentSpec.from_record(recorded(story.start))
    others = {
        "model": absolute_model(model) if model else None, "planner": planner, "memory": memory,
        "prices": absolute(prices),
    }  # fmt: skip
    changed: dict[str, Any] = {name: value for name, value in others.items() if value is not None}
    recipe = dataclasses.replace(recipe, **changed)
    limits = Budget.parse(budget) if budget else place.record(run).budget
    check_consent(story.start, recipe, limits, allowed=trust)
    code = _fork(story.start, fork, recipe, limits, home=home, plain=plain, json=json)
    raise typer.Exit(code)


def _replay(run: str, agent: Agent) -> int:
    import asyncio

    from ....journal.foreign_text import quoted, visible
    from ....ledger.errors import DriftError

    try:
        result = asyncio.run(agent.replay(run))
    except DriftError as error:
        typer.echo(f"outlay: {visible(str(error))}", err=True)
        return 1
    typer.echo(quoted(result.text or "(no answer)"))
    typer.echo(f"replayed run {run}: the same {result.status} at every step; nothing was spent")
    return 0


def _fork(
    start: RecordedStart, step: int, recipe: AgentSpec, limits: Budget, *, home: Path | None,
    plain: bool, json: bool,
) -> int:  # fmt: skip
    from ....agent import new_run_id
    from ...recorded_agent import labels_of
    from ...render.timeline import Timeline
    from ...run_loop import run_to_end

    made, name = recipe.agent(limits, home), new_run_id()
    labels = labels_of(name, start.task, limits, recipe, made)
    return run_to_end(
        made, Timeline(),
        lambda agent, listen: agent.fork(
            start.run, step, budget=limits, labels=labels, listen=listen, new=name
        ),
        plain=plain, json=json,
    )  # fmt: skip
