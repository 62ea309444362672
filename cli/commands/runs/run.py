"""`outlay run`: one task, on a budget."""

from __future__ import annotations

from typing import Annotated

import typer

from ... import options


def run(
    task: Annotated[str, typer.Argument(help="What the agent is asked.", show_default=False)],
    model: options.Model = None,
    budget: Annotated[
        str | None,
        options.budget(
            "What the run may use at most, e.g. usd=0.10,tokens=200k,search=20,seconds=2m."
        ),
    ] = None,
    docs: options.Docs = None,
    planner: options.Planner = "react",
    memory: options.Memory = "full",
    tool: options.Tools = None,
    mcp: options.Mcp = None,
    read_only: Annotated[
        list[str] | None,
        typer.Option(
            envvar="OUTLAY_READ_ONLY",
            metavar="NAME",
            help="A tool of an MCP server, a pattern (get_*) or delegate of which you say that it "
            "only reads; repeatable.",
        ),
    ] = None,
    mcp_env: options.McpEnv = None,
    mcp_header: options.McpHeader = None,
    prices: options.Prices = None,
    home: options.Home = None,
    system: options.System = "",
    temperature: options.Temperature = None,
    seed: Annotated[int | None, options.seed("Sampling seed, where servers take one.")] = None,
    max_output: options.MaxOutput = None,
    stream: options.Stream = False,
    yes: options.Yes = False,
    tool_protocol: options.ToolProtocolName = None,
    timeout: options.Timeout = None,
    plain: options.Plain = False,
    json: options.Json = False,
) -> None:
    """Run one task on a budget; watch what each step costs.

    Exit codes: 0 answered, 3 budget exhausted, 1 failed, 130 cancelled, 2 wrong usage.
    """
    from ....agent import new_run_id
    from ....ledger.budget import Budget
    from ....ledger.errors import UsageError
    from ...absolute_names import absolute, absolute_model, absolute_tool
    from ...agent_recipe import AgentSpec, output_limits, required
    from ...recorded_agent import labels_of
    from ...render.timeline import Timeline
    from ...run_loop import run_to_end

    if not task.strip():
        raise UsageError('the task is empty: say what is asked, as in outlay run "Who is …?"')
    most, by_purpose = output_limits(max_output or ())
    limits = Budget.parse(required(budget, "budget", "usd=0.10"))
    recipe = AgentSpec(
        model=absolute_model(required(model, "model", "openai/NAME")),
        planner=planner, memory=memory, docs=absolute(docs),
        tools=tuple(map(absolute_tool, tool or ())),
        mcp=tuple(mcp or ()), mcp_env=tuple(mcp_env or ()), mcp_header=tuple(mcp_header or ()),
        read_only=tuple(read_only or ()),
        prices=absolute(prices), system=system, temperature=temperature, seed=seed,
        max_output=most, output_by_purpose=by_purpose, timeout=timeout, stream=stream,
        tool_protocol=tool_protocol.value if tool_protocol else None,
    )  # fmt: skip
    agent, name = recipe.agent(limits, home, yes=yes), new_run_id()
    labels = labels_of(name, task, limits, recipe, agent, seed=seed)
    code = run_to_end(
        agent, Timeline(),
        lambda agent, listen: agent.run(task, labels=labels, listen=listen, run=name),
        plain=plain, json=json,
    )  # fmt: skip
    raise typer.Exit(code)
