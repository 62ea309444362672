"""What `outlay mcp` serves: `run_agent`, and tools whose calls are held, journalled and booked."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import hmac
import itertools
import sys
from pathlib import Path
from typing import Any

import orjson

from ..agent import RunLabels, new_run_id
from ..agent.effects.effect_log import EffectLog
from ..agent.effects.tool_calls import ToolCalls
from ..agent.effects.tool_costs import ToolPrices
from ..journal.codec import budget_to
from ..journal.event_writer import EventWriter
from ..journal.record.run_record import RunRecord
from ..journal.records import Observation, ToolCall
from ..ledger.account import Account
from ..ledger.budget import Budget
from ..ledger.errors import BudgetError, JournalError, OutlayError, UsageError
from ..ledger.prices.price_book import PriceBook
from ..tools import ToolContext, Toolset
from .agent_recipe import AgentSpec
from .trust.mcp_token import VARIABLE, own_token, set_token, token_file

RUN_AGENT = "run_agent"
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class McpService:
    """Runs tasks and calls tools for clients, all from one account.

    Raises:
        UsageError: something does not fit together, or a tool that is offered is not there.
    """

    def __init__(
        self,
        recipe: AgentSpec,
        most: Budget,
        usual: Budget | None,
        offered: tuple[str, ...],
        home: Path | None,
    ) -> None:
        self.most = most
        self.model = recipe.model
        # A deadline counts from a task's beginning, not from the server's.
        self.account = Account(dataclasses.replace(most, seconds=None), name="the server")
        self._recipe = recipe
        self._usual = self.checked(usual) if usual is not None else most
        self.agent = recipe.agent(most, home)
        tools = Toolset(recipe.tools_given())
        self.offered = Toolset(tools.get(name) for name in offered)
        self._prices = ToolPrices(PriceBook.load(Path(recipe.prices) if recipe.prices else None))
        self._numbers = itertools.count()
        self._tool_calls: tuple[EffectLog, ToolCalls] | None = None

    def checked(self, budget: Budget) -> Budget:
        """Returns the budget of a task, with what the server limits and it does not.

        Raises:
            BudgetError: it asks for more than the server's own.
        """
        for resource, limit in self.most.limits.items():
            asked = budget.limits.get(resource)
            if asked is not None and asked > limit:
                raise BudgetError(f"{resource}={asked} is above this server's {resource}={limit}")
        seconds = budget.seconds
        if self.most.seconds is not None:
            if seconds is not None and seconds > self.most.seconds:
                raise BudgetError(
                    f"seconds={seconds:g} is above this server's seconds={self.most.seconds:g}"
                )
            seconds = seconds if seconds is not None else self.most.seconds
        return dataclasses.replace(budget, seconds=seconds)

    async def run_agent(self, task: str, budget: str | None) -> dict[str, Any]:
        """Runs a task and tells what came of it and what it cost.

        Raises:
            OutlayError: the budget is above the server's or too small, or the book is broken.
        """
        limits = self.checked(Budget.parse(budget)) if budget else self._usual
        labels = RunLabels(agent={"cli": self._recipe.to_record()})
        result = await self.agent.run(task, budget=limits, account=self.account, labels=labels)
        return {
            "answer": result.answer,
            "status": result.status,
            "why": result.why,
            "reason": result.reason,
            "cost_usd": None if result.cost is None else str(result.cost),
            "run": result.run,
        }

    async def call(self, name: str, arguments: dict[str, Any]) -> Observation:
        """Calls a tool that is offered, through the effects door."""
        number = next(self._numbers)
        effect_log, tool_calls = self._door()
        call = ToolCall(f"call-{number}", name, orjson.dumps(arguments).decode())
        (observation,) = await tool_calls.call([f"served/{number}/0/0"], [call])
        effect_log.forget_before(number - 1_000)
        return observation

    async def close(self) -> None:
        if self._tool_calls is not None:
            log = self._tool_calls[0].log
            log.write("run_ended", status="answered", answer=None, why="the server ended")
        await self.agent.close()
        self.agent.home.close()

    def _door(self) -> tuple[EffectLog, ToolCalls]:
        """Returns the effects door of the direct calls; they are one run in the store."""
        if self._tool_calls is None:
            home, run = self.agent.home, new_run_id()
            log = EventWriter(home.journal, run, listeners=home.listeners)
            effect_log = EffectLog(log, RunRecord(), self.account)
            effect_log.log.write(
                "run_started", task="tool calls of MCP clients", task_id=None, experiment=None,
                parent=None, planner="served", memory="none", model="none",
                agent={"tools": list(self.offered.names)}, budget=budget_to(self.most), seed=None,
                repeat=None,
            )  # fmt: skip

            closed = home.closed(Path(self._recipe.prices) if self._recipe.prices else None)

            def context(key: str, call_id: str) -> ToolContext:
                return ToolContext(
                    run=run, call_id=call_id, outputs=home.outputs, key=key, account=self.account,
                    closed=closed,
                )  # fmt: skip

            self._tool_calls = (
                effect_log,
                ToolCalls(effect_log, self.offered, context, self._prices),
            )
        return self._tool_calls


def serve(service: McpService, http: str | None) -> None:
    """Serves until the client or the process ends.

    Raises:
        UsageError: the extra is missing, or the address makes no sense or is open to anyone.
    """
    try:
        import mcp  # noqa: F401
    except ImportError as exc:
        raise UsageError("MCP needs its extra: pip install 'outlay[mcp]'") from exc
    if http is None and service.model == "human":
        raise UsageError("a human cannot decide where standard input is MCP's: give --http")
    address = None if http is None else _address(http)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(service, address))


async def _serve(service: McpService, address: tuple[str, int] | None) -> None:
    try:
        server = _server(service)
        if address is None:
            from mcp.server.stdio import stdio_server

            async with stdio_server() as (read, write):
                await server.run(read, write, server.create_initialization_options())
        else:
            import uvicorn

            host, port = address
            app = _BearerAuth(server.streamable_http_app(host=host), _token())
            config = uvicorn.Config(app, host=host, port=port, log_level="warning")
            await uvicorn.Server(config).serve()
    finally:
        await service.close()


def _server(service: McpService) -> Any:
    import mcp_types as types
    from mcp.server.lowlevel import Server

    listing = [
        types.Tool(
            name=RUN_AGENT, description=_description(service), input_schema=_SCHEMA,
            annotations=types.ToolAnnotations(read_only_hint=False, open_world_hint=True),
        ),
        *(
            types.Tool(
                name=spec.name, description=spec.description, input_schema=dict(spec.parameters),
                annotations=types.ToolAnnotations(read_only_hint=spec.read_only),
            )
            for spec in service.offered.specs
        ),
    ]  # fmt: skip

    async def list_tools(context: Any, params: Any) -> Any:
        return types.ListToolsResult(tools=listing)

    async def call_tool(context: Any, params: Any) -> Any:
        text, error = await _answer(service, params.name, params.arguments or {})
        block = types.TextContent(text=text)
        return types.CallToolResult(content=[block], is_error=error)

    return Server("outlay", on_list_tools=list_tools, on_call_tool=call_tool)


_SCHEMA = {
    "type": "object",
    "properties": {
        "task": {"type": "string", "description": "What the agent is asked."},
        "budget": {
            "type": "string",
            "description": "What the task may use at most, e.g. usd=0.10,tokens=200k,seconds=2m.",
        },
    },
    "required": ["task"],
    "additionalProperties": False,
}


def _description(service: McpService) -> str:
    return (
        "Runs a tool-using agent on a task, on a budget that cannot be overspent, and returns its "
        f"answer and what it cost. A task's budget may be at most {service.most}; all tasks of "
        "this server together may use no more than that either."
    )


async def _answer(service: McpService, name: str, arguments: dict[str, Any]) -> tuple[str, bool]:
    """Returns what a client is told, and whether it is an error."""
    if name != RUN_AGENT:
        observation = await service.call(name, arguments)
        return observation.text, observation.error
    task, budget = arguments.get("task"), arguments.get("budget")
    if not isinstance(task, str) or not task.strip():
        return "task must be a text that says what the agent is asked", True
    if budget is not None and not isinstance(budget, str):
        return "budget must be a text such as usd=0.10,seconds=2m", True
    try:
        told = await service.run_agent(task, budget)
    except JournalError:
        raise
    except OutlayError as exc:
        return str(exc), True
    return orjson.dumps(told, option=orjson.OPT_INDENT_2).decode(), told["status"] == "failed"


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    host = host.strip("[]") or "127.0.0.1"
    if not port.isdigit() or not 0 < int(port) < 65536:
        raise UsageError(f"--http takes HOST:PORT such as 127.0.0.1:8000, not {text!r}")
    if host not in LOOPBACK and not set_token():
        raise UsageError(
            f"anyone who reaches {host} could spend this budget: set OUTLAY_MCP_TOKEN, "
            "or serve on 127.0.0.1"
        )
    return host, int(port)


def _token() -> str:
    """Returns the token that clients must send: other users of this machine reach loopback too."""
    if token := set_token():
        return token
    token = own_token()
    sys.stderr.write(
        f"outlay: clients must send the bearer token in {token_file()} (or set {VARIABLE})\n"
    )
    return token


class _BearerAuth:
    """An ASGI app that answers 401 to requests without the bearer token."""

    def __init__(self, inner: Any, token: str) -> None:
        self._inner = inner
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        given = dict(scope.get("headers") or ()).get(b"authorization", b"")
        if scope["type"] == "lifespan" or hmac.compare_digest(given, self._expected):
            await self._inner(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        await send({"type": "http.response.start", "status": 401, "headers": []})
        await send({"type": "http.response.body", "body": b"a bearer token is needed"})
