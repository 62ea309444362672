"""Drives a run under its live view, from the first call to the exit code."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable

from ..agent import Agent, Result
from ..journal.events import Event
from ..journal.listeners import Listener
from .render.console import console
from .render.live_view import JsonView, LiveView, RunView
from .render.timeline import Timeline, sub_agents

EXIT_CODES = {"answered": 0, "failed": 1, "budget_exhausted": 3, "cancelled": 130}
"""Exit code by how the run ended."""

Drive = Callable[[Agent, Listener], Awaitable[Result]]


def run_to_end(agent: Agent, story: Timeline, work: Drive, *, plain: bool, json: bool) -> int:
    """Runs `work` to its end and returns the exit code; Ctrl-C ends the run as cancelled."""
    story.below = sub_agents(agent.home)
    view = _view(agent, story, plain, json)
    try:
        with view:
            asyncio.run(_run_and_close(agent, work, view))
    except KeyboardInterrupt:
        view.finish("cancelled")
        return EXIT_CODES["cancelled"]
    finally:
        agent.home.close()
    view.finish()
    return EXIT_CODES.get(story.status, 1)


def _view(agent: Agent, story: Timeline, plain: bool, json: bool) -> RunView:
    if json:
        return JsonView(story)
    return LiveView(console(plain), story, agent.home.path, animated=agent.policy.name != "human")


async def _run_and_close(agent: Agent, work: Drive, view: RunView) -> None:
    try:
        await work(agent, _unless_broken(view))
    finally:
        await agent.close()


def _unless_broken(view: RunView) -> Listener:
    """Returns a listener that outlives its output: what is paid for is not lost with a view.

    What is wrong with the output is said when the run has ended.
    """

    def listen(event: Event) -> None:
        with contextlib.suppress(OSError):
            view.listen(event)

    return listen
