"""`outlay tools`: what ships with outlay, what a policy is told of it, and a call to try it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from ... import options


class ToolsAction(StrEnum):
    list = "list"
    show = "show"
    try_ = "try"


def tools(
    action: Annotated[ToolsAction, typer.Argument(help="What to do.")] = ToolsAction.list,
    name: Annotated[
        str | None, typer.Argument(help="The tool, as NAME or NAME:ARGUMENT, e.g. files:notes.")
    ] = None,
    args: Annotated[
        str,
        typer.Option(
            envvar="OUTLAY_ARGS", metavar="JSON", help="Arguments of the call to try, as JSON."
        ),
    ] = "{}",
    docs: options.Docs = None,
    mcp: options.Mcp = None,
    mcp_env: options.McpEnv = None,
    mcp_header: options.McpHeader = None,
    prices: options.Prices = None,
    home: options.Home = None,
    yes: options.Yes = False,
    plain: options.Plain = False,
) -> None:
    """List the tools that ship with outlay, show or try one.

    With --mcp those of the servers are listed, which are started for it, with what is left out.

    Exit codes of a try: 0 the tool answered, 1 it failed or was not run, 2 wrong usage.
    """
    if action is ToolsAction.list:
        if mcp:
            _list_served(mcp, mcp_env or (), mcp_header or (), plain=plain)
        else:
            _list(plain=plain)
        return
    found = _find(action, name, docs, yes)
    if action is ToolsAction.show:
        _show(found)
    else:
        raise typer.Exit(0 if _try(found, args, prices, home) else 1)


def _list(*, plain: bool) -> None:
    from ....tools import BUILTIN_TOOLS
    from ...render.console import console

    out = console(plain)
    for entry in BUILTIN_TOOLS:
        out.print(_row(entry.name, entry.argument, entry.does), soft_wrap=True)
    out.print(f"{'search, open':<22}  a folder of your documents: --docs DIR", soft_wrap=True)
    out.print(
        f"{'delegate':<22}  hands a task to a sub-agent that spends what is left", soft_wrap=True
    )
    for row in _foreign_rows():
        out.print(row, soft_wrap=True)


def _list_served(
    servers: Sequence[str], env: Sequence[str], headers: Sequence[str], *, plain: bool
) -> None:
    from ....tools.mcp import mcp_tools
    from ....tools.mcp.given_variables import given_variables
    from ...render.console import console

    out = console(plain)
    for address in given_variables(servers, env, headers):
        with mcp_tools(address) as served:
            out.print(f"{served.label}: {len(served)} tools", style="bold", soft_wrap=True)
            for tool in served:
                does = tool.spec.description.strip().partition("\n")[0]
                out.print(f"  {tool.spec.name:<22}  {does[:_DOES]}", soft_wrap=True)
            for name, why in served.left_out.items():
                out.print(f"  {name[:_DOES]:<22}  left out: {why}", soft_wrap=True)


_DOES = 100
"""Characters shown of what a server says of a tool."""


def _foreign_rows() -> Iterator[str]:
    """Yields the rows of other packages; one that cannot be loaded says so in its own."""
    from ....ledger.errors import UsageError
    from ....tools.registry import foreign_tools, tool_offer

    for name in foreign_tools():
        try:
            offer = tool_offer(name)
        except UsageError as error:
            yield _row(name, "", str(error))
        else:
            yield _row(name, offer.argument, offer.does)


def _row(name: str, argument: str, does: str) -> str:
    call = f"{name}:{argument}" if argument else name
    return f"{call.replace(':[', '[:'):<22}  {does}"


def _find(action: ToolsAction, name: str | None, docs: Path | None, yes: bool) -> list[Any]:
    """Returns the tools of a name.

    Raises:
        UsageError: it is missing, or no tool that ships goes by it alone.
    """
    from ....agent.delegate import DELEGATE
    from ....ledger.errors import UsageError
    from ....tools import document_tools
    from ...agent_recipe import shipped_tools

    if not name:
        raise UsageError(f"name a tool: outlay tools {action.value} calculator")
    if name == DELEGATE:
        raise UsageError("delegate takes an agent to make it: outlay run … --tool delegate")
    if docs is not None:
        of_docs = [tool for tool in document_tools(docs) if tool.spec.name == name]
        if of_docs:
            return of_docs
    return list(shipped_tools(name, yes=yes))


def _show(tools: list[Any]) -> None:
    import json

    for tool in tools:
        least, inner = tool.least_cost, _innermost(tool)
        typer.echo(f"{tool.spec.name}\n\n{tool.spec.description}\n")
        typer.echo(f"price      {'none declared' if least is None else f'from ${least}'}")
        typer.echo(f"timeout    {'none: it is quick' if inner.inline else f'{inner.timeout:g} s'}")
        typer.echo(f"shown      {inner.max_chars:,} characters of an output; recall reads on")
        typer.echo(f"read-only  {'yes' if tool.spec.read_only else 'no'}")
        typer.echo(f"schema     {json.dumps(tool.spec.parameters, indent=2)}\n")


def _innermost(tool: Any) -> Any:
    """Returns the function under its wrappers: what ships is made of typed functions."""
    while hasattr(tool, "inner"):
        tool = tool.inner
    return tool


def _try(tools: list[Any], args: str, prices: Path | None, home: Path | None) -> bool:
    """Makes one call as a policy would: held, booked and recorded. True if the tool answered."""
    import sys

    from ....agent import Agent
    from ....journal.codec import observation_from
    from ....journal.events import Event
    from ....journal.foreign_text import visible
    from ....journal.notices import InvalidArguments
    from ....journal.records import Message, ToolCall
    from ....ledger.budget import Budget
    from ....ledger.errors import UsageError
    from ....policies import ReplayPolicy
    from ...render.format import exact_usd

    if len(tools) > 1:
        names = ", ".join(tool.spec.name for tool in tools)
        raise UsageError(f"these are {len(tools)} tools: try one of {names}, with the same :DIR")
    (tool,) = tools
    events: list[Event] = []
    call = ToolCall("try", tool.spec.name, args)
    reading = tool.read(call)
    if isinstance(reading, InvalidArguments):
        raise UsageError(f"--args {args!r} does not fit {tool.spec.name}: {reading.why}")
    asks = Message("assistant", "", (call,))
    agent = Agent(
        model=ReplayPolicy([asks, Message("assistant", "Answer: done")]), tools=tools,
        budget=Budget(tool_calls=1), prices=prices, home=home,
    )  # fmt: skip
    try:
        result = agent.run_sync(f"Try {tool.spec.name}.", listen=events.append)
    finally:
        agent.home.close()
    seen = [observation_from(event) for event in events if "observation" in event.body][-1]
    typer.echo(visible(seen.text) if sys.stdout.isatty() else seen.text)
    cost = "no price is known" if result.cost is None else exact_usd(result.cost)
    typer.echo(f"\n{cost}; outlay show {result.run}", err=True)
    return not seen.error
