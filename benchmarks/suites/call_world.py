"""Worlds that are judged by the calls made in them, and suites of such worlds."""

from __future__ import annotations

import dataclasses
import inspect
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

from ...journal.arguments import MalformedArguments, read_arguments
from ...ledger.errors import ToolError, UsageError
from ...tools import Tool
from ...tools.adapters.schema_tool import foreign_tool
from ..suite import Scorer, Task
from .records import DatasetRecord


@dataclass(frozen=True)
class FunctionCall:
    """A call with its arguments by name."""

    name: str
    arguments: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.name}({json.dumps(dict(self.arguments), ensure_ascii=False)})"


@dataclass(frozen=True, kw_only=True)
class WorldFunction:
    """A function of a world, as the agent is told of it."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    """JSON schema of type `object`."""
    read_only: bool = False
    """True if calling it changes nothing in the world."""


class CallWorld(ABC):
    """A world of functions. What it has become in the end, and which calls led there, is judged."""

    def __init__(self) -> None:
        self.calls: list[FunctionCall] = []
        """The calls that were made, in order, failed ones included."""

    @abstractmethod
    def functions(self) -> Sequence[WorldFunction]:
        """Returns the functions that the agent may call."""

    @abstractmethod
    def run(self, call: FunctionCall) -> str:
        """Makes a call and returns what it answers.

        Raises:
            ToolError: it cannot be made; the world is as it was.
        """

    @abstractmethod
    def score(self, answer: str | None) -> float:
        """Returns the official score, from 0 to 1, of the calls made so far and the answer."""

    def act(self, name: str, arguments: str) -> str:
        """Makes a call with arguments in JSON and returns what it answers.

        Raises:
            ToolError: it cannot be made.
        """
        return self.make(FunctionCall(name, _arguments(arguments)))

    def make(self, call: FunctionCall) -> str:
        """Notes a call and makes it.

        Raises:
            ToolError: it cannot be made.
        """
        self.calls.append(call)
        return self.run(call)

    def tools(self) -> Sequence[Tool]:
        """Returns the functions as tools that cost nothing.

        They run on the event loop, one after the other, in the order in which they were asked for.
        """
        return [self._tool(function) for function in self.functions()]

    def _tool(self, function: WorldFunction) -> Tool:
        made = foreign_tool(
            function.name,
            function.description,
            function.parameters,
            lambda arguments, context: self.make(FunctionCall(function.name, arguments)),
            price=Decimal(0),
            read_only=function.read_only,
        )
        return dataclasses.replace(made, inline=True)


class CallSuite(ABC):
    """A suite over records of published data, each the task of a `CallWorld`."""

    name: str
    """How the command line and reports name it."""

    @property
    @abstractmethod
    def system_prompt(self) -> str:
        """How to work, in plain sentences, with the policy of the data where there is one."""

    @property
    def scorer(self) -> Scorer:
        """Judges an answer as that of a run without calls; a run is judged by its world."""
        return _WithoutCalls(self.world)

    @property
    @abstractmethod
    def records(self) -> Mapping[str, DatasetRecord]:
        """The records by id, in the order of the data.

        Raises:
            UsageError: the data cannot be read, or are wrong.
        """

    @abstractmethod
    def task(self, record: DatasetRecord) -> Task:
        """Returns a record as a task whose id is the record's."""

    @abstractmethod
    def world(self, task: Task) -> CallWorld:
        """Returns a fresh world for a task of this suite."""

    def solve(self, task: Task, world: CallWorld) -> str | None:
        """Makes the gold calls of a task in its world and returns the gold answer, if any."""
        for name, arguments in task.gold_path:
            world.act(name, arguments)
        return None

    def __len__(self) -> int:
        return len(self.records)

    def tasks(self, n: int, seed: int) -> Sequence[Task]:
        """Returns the first `n` tasks of a seed; a smaller `n` gives the first ones of a larger.

        Raises:
            UsageError: the data cannot be read, or have fewer tasks.
        """
        ids = list(self.records)
        if n > len(ids):
            raise UsageError(f"{self.name} has {len(ids)} tasks in these data: ask for no more")
        Random(f"{self.name}/{seed}").shuffle(ids)
        return tuple(self.task(self.records[each]) for each in ids[:n])


@dataclass(frozen=True)
class _WithoutCalls:
    world: Callable[[Task], CallWorld]

    def score(self, task: Task, answer: str | None) -> float:
        return self.world(task).score(answer)


def dispatch(method: Callable[..., str], call: FunctionCall) -> str:
    """Calls a method with the arguments of a call and returns what it answers.

    Raises:
        ToolError: it does not take these arguments, or cannot do what was asked.
    """
    try:
        inspect.signature(method).bind(**call.arguments)
        return method(**call.arguments)
    except (TypeError, ValueError, AttributeError) as exc:
        raise ToolError(f"wrong arguments for {call.name}: {exc}") from exc


def _arguments(text: str) -> dict[str, Any]:
    try:
        return read_arguments(text)
    except MalformedArguments as exc:
        raise ToolError(f"the arguments {exc}") from exc
