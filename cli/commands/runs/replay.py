"""`outlay replay`: a recorded run again for free, or another way from one of its steps."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ... import options

if TYPE_CHECKING:
    from ....agent import Home
    from ...agent_recipe import AgentSpec
    from ...render.timeline import Timeline


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
    home: options.Home = None,
    plain: options.Plain = False,
    json: options.Json = False,
) -> None:
    """Replay a run for free, or fork it at a step.

    A replay asks nobody and pays nothing: it checks that this agent would go the recorded way.
    Exit codes: 0 the same, 1 something else would be asked; of a fork as for `outlay run`.
    """
    from ....agent import Home
    from ...agent_recipe import AgentSpec, absolute, absolute_model, recorded
    from ...render.timeline import tell

    place = Home.at(home)
    story, _ = tell(place.events(run))
    assert story.start is not None
    recipe = AgentSpec.from_record(recorded(story.start))
    if fork is None:
        raise typer.Exit(_replay(run, recipe, story, place))
    others = {
        "model": absolute_model(model) if model else None, "planner": planner, "memory": memory,
        "prices": absolute(prices),
    }  # fmt: skip
    changed: dict[str, Any] = {name: value for name, value in others.items() if value is not None}
    recipe = dataclasses.replace(recipe, **changed)
    raise typer.Exit(_fork(run, fork, recipe, budget=budget, home=home, plain=plain, json=json))


def _replay(run: str, recipe: AgentSpec, story: Timeline, place: Home) -> int:
    import asyncio

    from ....journal.foreign_text import quoted, visible
    from ....ledger.errors import DriftError

    agent = recipe.agent(story.budget, place.path)
    try:
        result = asyncio.run(agent.replay(run))
    except DriftError as error:
        typer.echo(f"outlay: {visible(str(error))}", err=True)
        return 1
    typer.echo(quoted(result.text or "(no answer)"))
    typer.echo(f"replayed run {run}: the same {result.status} at every step; nothing was spent")
    return 0


def _fork(
    run: str, step: int, recipe: AgentSpec, *, budget: str | None, home: Path | None, plain: bool,
    json: bool,
) -> int:  # fmt: skip
    from ....agent import Home, RunLabels
    from ....ledger.budget import Budget
    from ...render.timeline import Timeline
    from ...run_loop import run_to_end

    record = Home.at(home).record(run)
    limits = Budget.parse(budget) if budget else record.budget
    labels = RunLabels(agent={"cli": recipe.to_record()})
    return run_to_end(
        recipe.agent(limits, home), Timeline(),
        lambda agent, listen: agent.fork(run, step, budget=limits, labels=labels, listen=listen),
        plain=plain, json=json,
    )  # fmt: skip
