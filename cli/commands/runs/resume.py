"""`outlay resume`: goes on with a run that was interrupted or whose budget was used up."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from ... import options


class ResumeMode(StrEnum):
    cumulative = "cumulative"
    per_invocation = "per_invocation"


def resume(
    run: options.RunId,
    add: Annotated[
        str | None,
        typer.Option(
            envvar="OUTLAY_ADD", metavar="LIMITS", help="What to add to its limits, e.g. usd=1."
        ),
    ] = None,
    mode: Annotated[
        ResumeMode,
        typer.Option(
            envvar="OUTLAY_MODE",
            help="Its old budget less what was spent, or the whole budget anew.",
        ),
    ] = ResumeMode.cumulative,
    yes: options.Yes = False,
    trust: options.Trust = False,
    home: options.Home = None,
    plain: options.Plain = False,
    json: options.Json = False,
) -> None:
    """Go on with an interrupted or exhausted run.

    What is recorded is not paid again. A run that was imported, or came with a checkout, is shown
    and asked about first. Exit codes as for `outlay run`.
    """
    from ....agent import Home
    from ....ledger.budget import Budget
    from ...agent_recipe import AgentSpec, recorded
    from ...recorded_agent import check_consent
    from ...render.timeline import sub_agents, tell
    from ...run_loop import run_to_end

    more, place = Budget.parse(add) if add else None, Home.at(home)
    story, _ = tell(place.events(run), sub_agents(place, run))
    assert story.start is not None
    recipe = AgentSpec.from_record(recorded(story.start))
    check_consent(story.start, recipe, story.budget + more if more else story.budget, allowed=trust)
    code = run_to_end(
        recipe.agent(story.budget, home, yes=yes), story,
        lambda agent, listen: agent.resume(run, add=more, mode=mode.value, listen=listen),
        plain=plain, json=json,
    )  # fmt: skip
    raise typer.Exit(code)
