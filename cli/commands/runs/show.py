"""`outlay show`: one run, step by step."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ... import options

if TYPE_CHECKING:
    from ....journal.events import Event


def show(
    run: options.RunId,
    full: Annotated[
        bool,
        typer.Option("--full", envvar="OUTLAY_FULL", help="Replies and observations in full."),
    ] = False,
    output: Annotated[
        str | None,
        typer.Option(
            envvar="OUTLAY_OUTPUT",
            metavar="REF",
            help="Print only the complete tool output that was cut under this ref.",
        ),
    ] = None,
    home: options.Home = None,
    plain: options.Plain = False,
    json: options.Json = False,
) -> None:
    """Show a run step by step, with what each step cost.

    With --json, one event of the journal a line.
    """
    from ....agent import Home

    place = Home.at(home)
    if output is not None:
        _print_output(place.outputs.get(output, length=None))
        return
    events = place.events(run)
    if json:
        from ...render.format import write_json

        for event in events:
            write_json(event.to_dict())
        return
    from ....journal.journal import is_live
    from ...render.console import console
    from ...render.recorded_run import tell_run
    from ...render.timeline import sub_agents

    status = "running" if is_live(_journal(place.path, events)) else "interrupted"
    tell_run(console(plain), events, status, sub_agents(place, run), full=full)


def _journal(home: Path, events: list[Event]) -> Path:
    turns = [event for event in events if event.kind in ("run_started", "run_resumed")]
    return home / "journals" / f"{turns[-1].id.partition(':')[0]}.jsonl"


def _print_output(text: str) -> None:
    """Prints the text as it is, but on a terminal with what could steer it written out."""
    import sys

    from ....journal.foreign_text import visible

    sys.stdout.write(visible(text) if sys.stdout.isatty() else text)
    sys.stdout.write("" if text.endswith("\n") else "\n")
