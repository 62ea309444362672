"""What an agent is made of, as its runs record it; stand-ins from it start, open and send nothing.

With them a run is replayed from its record alone: no server is started, no folder is opened.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from ..journal.codec import observation_from
from ..journal.events import Event
from ..journal.notices import InvalidArguments, Notice
from ..journal.records import Observation, Reply, Request, ToolCall, ToolSpec
from ..ledger.errors import ToolError, UsageError
from ..policies import Policy, Router
from ..policies.policy import headroom, is_hosted, takes_samples
from ..tools import Tool, ToolContext
from ..tools.invocation import Invocation


def parts_of(policy: Policy, tools: Iterable[Tool]) -> dict[str, Any]:
    """Returns the record of an agent's policy and of the tools that it was given."""
    return {"policy": _policy_to(policy), "tools": [_tool_to(tool) for tool in tools]}


def stand_ins(parts: Any, events: Sequence[Event]) -> tuple[Policy, list[Tool]]:
    """Returns what stands in for an agent's policy and tools while a run is replayed.

    Args:
        parts: what `parts_of` returned when the run began.
        events: those of the run.

    Raises:
        UsageError: the record makes no sense.
    """
    calls = _RecordedCalls.of(events)
    try:
        return _policy_from(parts["policy"]), [_tool_from(one, calls) for one in parts["tools"]]
    except (KeyError, TypeError, ValueError, AttributeError, InvalidOperation) as error:
        raise UsageError(
            "the record of the run's tools makes no sense, so it cannot be replayed from it"
        ) from error


@dataclass(frozen=True, kw_only=True)
class RecordedPolicy:
    """A policy of which only the record is left: nobody can ask it anything."""

    name: str
    max_output: int
    timeout: float
    headroom: int
    takes_samples: bool
    is_hosted: bool

    async def reply(self, request: Request) -> Reply:
        """Raises UsageError: there is nobody to ask."""
        raise UsageError(f"{self.name} is only recorded here: it can be replayed, and not asked")

    async def close(self) -> None:
        """There is nothing to give back."""


@dataclass(frozen=True)
class RecordedTool:
    """A tool of which only the record is left: its calls are read as they were, and not made."""

    spec: ToolSpec
    least_cost: Decimal | None
    _calls: _RecordedCalls = field(repr=False)

    concurrency = None

    def read(self, call: ToolCall) -> Invocation | InvalidArguments:
        wrong = self._calls.wrong.get((self.spec.name, call.arguments))
        if wrong is not None:
            return wrong
        try:
            values = json.loads(call.arguments)
        except (ValueError, RecursionError):
            values = {}
        known = values if isinstance(values, dict) else {}
        return Invocation.of(call, known, batched=self.spec.batched)

    def cost(self, call: Invocation) -> Decimal | None:
        return self._calls.usd.get((self.spec.name, call.arguments), self.least_cost)

    async def admit(self, call: Invocation, context: ToolContext) -> Notice | None:
        return None

    async def run(self, call: ToolCall, context: ToolContext) -> Observation:
        raise ToolError(f"{self.spec.name} is only recorded here: it can be replayed, not called")

    def again(self, observation: Observation, attempt: int) -> float | None:
        return None


@dataclass(frozen=True)
class _RecordedCalls:
    """How a run's tool calls were read and priced, by tool and arguments."""

    wrong: Mapping[tuple[str, str], InvalidArguments]
    usd: Mapping[tuple[str, str], Decimal | None]

    @classmethod
    def of(cls, events: Iterable[Event]) -> _RecordedCalls:
        wrong: dict[tuple[str, str], InvalidArguments] = {}
        usd: dict[tuple[str, str], Decimal | None] = {}
        for event in events:
            body = event.body
            if event.kind == "observed":
                notice = observation_from(event).notice
                if isinstance(notice, InvalidArguments):
                    wrong[body["name"], body["arguments"]] = notice
            elif event.kind == "hold" and body["call"] == "tool":
                priced = None if body["usd"] is None else Decimal(body["usd"])
                usd[body["name"], body["arguments"]] = priced
        return cls(wrong, usd)


def _policy_to(policy: Policy) -> dict[str, Any]:
    if isinstance(policy, Router):
        return {"worth": str(policy.worth), "routes": [_policy_to(one) for one in policy.policies]}
    return {
        "name": policy.name, "max_output": policy.max_output, "timeout": policy.timeout,
        "headroom": headroom(policy), "takes_samples": takes_samples(policy),
        "is_hosted": is_hosted(policy),
    }  # fmt: skip


def _policy_from(data: Mapping[str, Any]) -> Policy:
    if "routes" in data:
        return Router([_policy_from(one) for one in data["routes"]], worth=Decimal(data["worth"]))
    return RecordedPolicy(
        name=str(data["name"]), max_output=int(data["max_output"]),
        timeout=float(data["timeout"]), headroom=int(data["headroom"]),
        takes_samples=bool(data["takes_samples"]), is_hosted=bool(data.get("is_hosted")),
    )  # fmt: skip


def _tool_to(tool: Tool) -> dict[str, Any]:
    spec, least = tool.spec, tool.least_cost
    return {
        "name": spec.name, "description": spec.description, "parameters": dict(spec.parameters),
        "read_only": spec.read_only, "batched": spec.batched, "resumes": spec.resumes,
        "usd": None if least is None else str(least),
    }  # fmt: skip


def _tool_from(data: Mapping[str, Any], calls: _RecordedCalls) -> Tool:
    spec = ToolSpec(
        str(data["name"]), str(data["description"]), dict(data["parameters"]),
        bool(data["read_only"]), data.get("batched"), bool(data.get("resumes")),
    )  # fmt: skip
    return RecordedTool(spec, None if data["usd"] is None else Decimal(data["usd"]), calls)
