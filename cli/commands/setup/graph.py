"""`outlay graph`: the graph that a planner builds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer


def graph(
    planner: Annotated[str, typer.Argument(help="The planner's name, e.g. react.")],
    mermaid: Annotated[
        bool,
        typer.Option("--mermaid", envvar="OUTLAY_MERMAID", help="Mermaid text, to be drawn."),
    ] = False,
) -> None:
    """Show a planner's graph: its nodes and where they lead."""
    from ....planners import planner as find

    drawn = find(planner).build(_no_session).compile().get_graph()
    if mermaid:
        typer.echo(drawn.draw_mermaid().rstrip())
        return
    typer.echo(f"{planner}\n")
    for line in listing(drawn):
        typer.echo(line)


def listing(drawn: Any) -> Iterator[str]:
    """Yields a line for each node: its name, where it may lead, what it does."""
    order = {name: place for place, name in enumerate(drawn.nodes)}
    rows = []
    for name, node in drawn.nodes.items():
        targets = sorted({e.target for e in drawn.edges if e.source == name}, key=order.__getitem__)
        if targets:
            rows.append((_plain(name), ", ".join(map(_plain, targets)), _summary(node.data)))
    names, ways = (max(len(row[column]) for row in rows) for column in (0, 1))
    for name, way, does in rows:
        yield f"  {name:<{names}} → {way:<{ways}}  {does}".rstrip()


def _plain(name: str) -> str:
    return name.strip("_") if name.startswith("__") else name


def _summary(runnable: Any) -> str:
    """Returns the first line of the docstring of the function behind a node."""
    function = getattr(runnable, "afunc", None) or getattr(runnable, "func", None)
    written: str = getattr(function, "__doc__", None) or ""
    return written.partition("\n")[0] if getattr(function, "__name__", "")[:1] != "_" else ""


async def _no_session(state: Any) -> Any:
    from ....ledger.errors import UsageError

    raise UsageError("a graph that is only drawn has no runs")
