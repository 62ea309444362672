"""What it takes to build an agent: from the options of `outlay run`, or from a run's record."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..agent import Agent, AgentOptions, delegate
from ..agent.delegate import DELEGATE
from ..journal.foreign_text import quoted, size
from ..journal.record.recorded_events import RecordedStart
from ..ledger.budget import Budget
from ..ledger.errors import UsageError
from ..policies import Policy, policy
from ..policies.policy import check_ready
from ..tools import Tool, builtin_tools, document_tools
from ..tools.adapters.naming import matches
from ..tools.wrappers import ApprovalRequest, approve_harmless, approved

if TYPE_CHECKING:
    from ..tools.mcp.address import McpAddress

_OF_SERVERS = ("mcp_env", "mcp_header")

ALWAYS = ("calculator", "recall")
"""Built-in tools that every agent of the command line has."""


@dataclass(frozen=True, kw_only=True)
class AgentSpec:
    """An agent's options as they are recorded with its runs; paths are absolute."""

    model: str
    planner: str = "react"
    memory: str = "full"
    docs: str | None = None
    tools: tuple[str, ...] = ()
    mcp: tuple[str, ...] = ()
    read_only: tuple[str, ...] = ()
    """Names or patterns of tools of MCP servers, and `delegate`, that the owner says only read."""
    mcp_env: tuple[str, ...] = ()
    """Names of variables for servers, as `--mcp-env` takes them."""
    mcp_header: tuple[str, ...] = ()
    prices: str | None = None
    system: str = ""
    temperature: float | None = None
    seed: int | None = None
    max_output: int | None = None
    """Output tokens of one policy call; None leaves it to the policy."""
    output_by_purpose: Mapping[str, int] = field(default_factory=dict)
    """The same for calls of a purpose: `think`, `verify`, …"""
    timeout: float | None = None
    """Seconds of one policy call; None leaves it to the policy."""
    stream: bool = False
    tool_protocol: str | None = None

    @classmethod
    def from_record(cls, data: Mapping[str, Any]) -> AgentSpec:
        """Reads what `to_record` has written.

        Raises:
            UsageError: it is not that.
        """
        from pydantic import TypeAdapter

        try:
            unread = dict(data)
            cls(**unread)  # names every option that this version does not know
            return TypeAdapter(cls).validate_python(unread)
        except (TypeError, ValueError) as error:
            raise UsageError("the record of the run's agent makes no sense") from error

    def uses(self, budget: Budget) -> list[str]:
        """Returns what an agent of these options starts, opens, asks and spends, for people."""
        return [
            f"the model {self.model}",
            *(f"the MCP server `{server}`" for server in self.mcp),
            *(f"the variable {given} for it" for given in (*self.mcp_env, *self.mcp_header)),
            *(f"the tool {name}" for name in self.tools),
            *([f"the documents {self.docs}"] if self.docs is not None else ()),
            *([f"the prices {self.prices}"] if self.prices is not None else ()),
            f"the budget {budget or 'without a limit'}",
        ]

    def to_record(self) -> dict[str, Any]:
        """Returns what is recorded: without what may be a secret in addresses of servers."""
        kept = dataclasses.asdict(self)
        if self.mcp:
            from ..tools.mcp.recorded_address import recorded_address

            kept["mcp"] = tuple(map(recorded_address, self.mcp))
        return {name: kept[name] for name in kept if kept[name] or name not in _OF_SERVERS}

    def agent(self, budget: Budget, home: Path | None, *, yes: bool = False) -> Agent:
        """Returns the agent. `yes` approves shell commands that cost nothing.

        Raises:
            UsageError: something does not fit together, or the model's key is missing.
        """
        decides = self._policy()
        check_ready(decides)
        tools = self.tools_given(yes=yes)
        if DELEGATE in self.tools:  # the sub-agent has its caller's tools, but those of servers
            tools = [*tools, self._delegate(self._agent(decides, tools, (), budget, home))]
        return self._agent(decides, tools, self._servers(), budget, home)

    def _servers(self) -> list[McpAddress]:
        if not self.mcp and not self.mcp_env and not self.mcp_header:
            return []
        from ..tools.mcp.given_variables import given_variables

        return given_variables(self.mcp, self.mcp_env, self.mcp_header)

    def _agent(
        self,
        decides: Policy,
        tools: list[Tool],
        mcp: Sequence[McpAddress],
        budget: Budget,
        home: Path | None,
    ) -> Agent:
        return Agent(
            model=decides,
            tools=tools,
            mcp=mcp,
            mcp_read_only=self.read_only,
            planner=self.planner,
            memory=self.memory,
            budget=budget,
            prices=self.prices,
            home=home,
            options=AgentOptions(
                system=self.system,
                temperature=self.temperature,
                seed=self.seed,
                max_output=self.output_by_purpose,
            ),
        )

    def _delegate(self, agent: Agent) -> Tool:
        return delegate(agent, read_only=matches(self.read_only, DELEGATE))

    def _policy(self) -> Policy:
        wanted = {
            "max_output": self.max_output,
            "timeout": self.timeout,
            "stream": self.stream or None,
            "tool_protocol": self.tool_protocol,
        }
        return policy(self.model, **{k: v for k, v in wanted.items() if v is not None})

    def tools_given(self, *, yes: bool = False) -> list[Tool]:
        """Returns the tools that are named, those of documents first, without `delegate`."""
        of_docs = document_tools(self.docs) if self.docs is not None else ()
        known = {DELEGATE, *(tool.spec.name for tool in of_docs)}
        asked = [spec for spec in dict.fromkeys((*ALWAYS, *self.tools)) if spec not in known]
        shipped = (shipped_tools(spec, yes=yes) for spec in asked)
        return [*of_docs, *(tool for tools in shipped for tool in tools)]


def output_limits(texts: Sequence[str]) -> tuple[int | None, dict[str, int]]:
    """Returns the limits on output that `--max-output` gives: of any call, and by purpose.

    Args:
        texts: `N` or `PURPOSE=N`, each.

    Raises:
        UsageError: one is neither, or something is limited twice.
    """
    limits: dict[str, int] = {}
    for text in texts:
        purpose, equals, number = text.rpartition("=")
        if not number.isdecimal() or int(number) < 1 or bool(equals) != bool(purpose):
            raise UsageError(
                f"--max-output {text!r} is neither tokens nor PURPOSE=TOKENS: "
                "write e.g. --max-output 2048 --max-output think=512"
            )
        if purpose in limits:
            raise UsageError(
                f"--max-output limits {purpose or 'all calls'} twice: keep one of them"
            )
        limits[purpose] = int(number)
    return limits.pop("", None), limits


def shipped_tools(spec: str, *, yes: bool) -> tuple[Tool, ...]:
    """Returns the tools of a name, their commands put to the person at the terminal.

    With `yes` only the commands of `shell` that cost something are; tools of other packages ask
    in any case.

    Raises:
        UsageError: there is no such tool, or it lacks its argument.
    """
    if not yes or spec.partition(":")[0] != "shell":
        return builtin_tools(spec, approve=ask_person)
    tools = builtin_tools(spec, approve=lambda command: True)
    return tuple(approved(tool, _unless_free) for tool in tools)


def _unless_free(question: ApprovalRequest) -> bool:
    return approve_harmless(question) or ask_person(question.arguments)


def ask_person(command: str) -> bool:
    """Asks at the terminal whether a command may run; without a terminal it may not."""
    if not sys.stdin.isatty():
        return False
    sys.stderr.write(f"\nrun this command ({size(command)})?\n{quoted(command)}\n[y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def required(value: Any, name: str, example: str) -> Any:
    """Returns the value of an option that there must be.

    Raises:
        UsageError: it is missing; the text says in which ways it can be given.
    """
    if value:
        return value
    raise UsageError(
        f"a {name} is required: give --{name} {example}, or set OUTLAY_{name.upper()}, "
        f"or `{name}` in outlay.toml"
    )


def recorded(start: RecordedStart) -> Mapping[str, Any]:
    """Returns the recorded options of a run that `outlay run` started.

    Raises:
        UsageError: somebody else did; the text says how to go on with it.
    """
    found: Mapping[str, Any] | None = start.agent.get("cli")
    if found is not None:
        return found
    if start.experiment:
        raise UsageError(
            f"run {start.run} belongs to an experiment: go on with it by "
            f"`outlay bench --resume {start.experiment}`"
        )
    raise UsageError(
        f"run {start.run} was started by a program: go on with it there, "
        f"by `agent.resume({start.run!r})`"
    )
