"""`outlay mcp`: agents and tools for MCP clients, on a budget."""

from __future__ import annotations

from typing import Annotated

import typer

from ... import options


def mcp(
    model: options.Model = None,
    max_budget: Annotated[
        str | None,
        typer.Option(
            envvar="OUTLAY_MAX_BUDGET",
            metavar="LIMITS",
            help="What all clients together may use while the server lives, e.g. usd=1; "
            "`seconds` limits each task.",
        ),
    ] = None,
    budget: Annotated[
        str | None,
        options.budget(
            "Budget of a task whose client names none (default: the most there may be)."
        ),
    ] = None,
    offer: Annotated[
        list[str] | None,
        typer.Option(
            envvar="OUTLAY_OFFER",
            metavar="NAME",
            help="A tool of the agent that clients may call directly; repeatable.",
        ),
    ] = None,
    docs: options.Docs = None,
    planner: options.Planner = "react",
    memory: options.Memory = "full",
    tool: options.Tools = None,
    prices: options.Prices = None,
    home: options.Home = None,
    system: options.System = "",
    http: Annotated[
        str | None,
        typer.Option(
            envvar="OUTLAY_HTTP",
            metavar="HOST:PORT",
            help="Serve streamable HTTP at /mcp instead of standard input and output; clients must "
            "send a bearer token: OUTLAY_MCP_TOKEN, or one that is made for you.",
        ),
    ] = None,
) -> None:
    """Serve agents and tools over MCP, all on one budget."""
    from ....ledger.budget import Budget
    from ...absolute_names import absolute, absolute_model, absolute_tool
    from ...agent_recipe import AgentSpec, required
    from ...mcp_server import McpService, serve

    most = Budget.parse(required(max_budget, "max-budget", "usd=1"))
    recipe = AgentSpec(
        model=absolute_model(required(model, "model", "openai/NAME")),
        planner=planner, memory=memory, docs=absolute(docs),
        tools=tuple(map(absolute_tool, tool or ())),
        prices=absolute(prices), system=system,
    )  # fmt: skip
    usual = Budget.parse(budget) if budget else None
    serve(McpService(recipe, most, usual, tuple(offer or ()), home), http)
