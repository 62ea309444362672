"""`bursar tools`: what ships with bursar, what a policy is told of it, and a call to try it."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from . import options


class Action(StrEnum):
    list = "list"
    show = "show"
    try_ = "try"


def tools(
    action: Annotated[Action, typer.Argument(help="What to do.")] = Action.list,
    name: Annotated[
        str | None, typer.Argument(help="The tool, as NAME or NAME:ARGUMENT, e.g. files:notes.")
    ] = None,
    args: Annotated[
        str,
        typer.Option(
            envvar="BURSAR_ARGS", metavar="JSON", help="Arguments of the call to try, as JSON."
        ),
    ] = "{}",
    docs: options.Docs = None,
    prices: options.Prices = None,
    home: options.Home = None,
) -> None:
    """List the tools that ship with bursar, show or try one."""
    if action is Action.list:
        _list()
        return
    found = _find(name, docs)
    if action is Action.show:
        _show(found)
    else:
        _try(found, args, prices, home)


def _list() -> None:
    from ..tools import BUILT_IN

    for entry in BUILT_IN:
        call = f"{entry.name}:{entry.argument}" if entry.argument else entry.name
        typer.echo(f"{call.replace(':[', '[:'):<22}  {entry.does}")
    typer.echo(f"{'search, open':<22}  a folder of your documents: --docs DIR")


def _find(name: str | None, docs: Path | None) -> list[Any]:
    """Returns the tools of a name; of a group of tools the one that is meant comes first."""
    from ..tools import builtin, documents
    from .recipe import ask_person, required

    wanted = required(name, "tool", "NAME")
    if docs is not None:
        of_docs = [tool for tool in documents(docs) if tool.spec.name == wanted]
        if of_docs:
            return of_docs
    return list(builtin(wanted, approve=ask_person))


def _show(tools: list[Any]) -> None:
    import json

    for tool in tools:
        least = tool.least_cost
        typer.echo(f"{tool.spec.name}\n\n{tool.spec.description}\n")
        typer.echo(f"price      {'none declared' if least is None else f'from ${least}'}")
        typer.echo(f"read-only  {'yes' if tool.spec.read_only else 'no'}")
        typer.echo(f"schema     {json.dumps(tool.spec.parameters, indent=2)}\n")


def _try(tools: list[Any], args: str, prices: Path | None, home: Path | None) -> None:
    """Makes one call as a policy would: held, booked and recorded."""
    from ..agent import Agent
    from ..ledger.budget import Budget
    from ..ledger.errors import UsageError
    from ..ledger.records import Message, ToolCall
    from ..policies import Replay

    tool = tools[0]
    fault = tool.fault(args)
    if fault is not None:
        raise UsageError(f"--args {args!r} does not fit {tool.spec.name}: {fault}")
    call = Message("assistant", "", (ToolCall("try", tool.spec.name, args),))
    agent = Agent(
        model=Replay([call, Message("assistant", "Answer: done")]), tools=tools,
        budget=Budget(tool_calls=1), prices=prices, home=home,
    )  # fmt: skip
    result = agent.run_sync(f"Try {tool.spec.name}.")
    shown = next(m.content for m in result.trajectory if m.role == "tool")
    typer.echo(shown.rpartition("\n\nUsed up, and no longer available")[0] or shown)
    cost = "no price is known" if result.cost is None else f"${result.cost}"
    typer.echo(f"\n{cost}; bursar show {result.run}", err=True)
