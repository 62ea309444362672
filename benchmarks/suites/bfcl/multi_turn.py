"""Multi-turn tasks of BFCL v4: fixed user turns over simulated services."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ....ledger.errors import ToolError, UsageError
from ...suite import Task
from ..call_world import CallSuite, CallWorld, FunctionCall, WorldFunction
from ..data_files import by_id, folder, table
from ..records import DatasetRecord, read_records
from ..sound_records import sound
from .schema import as_function
from .simulators import Simulators, document_file
from .suite import messages

NEXT = "next_request"
"""The tool that ends a turn and brings the user's next one."""

CATEGORIES = ("base", "miss_param", "miss_func", "long_context")
"""The categories, each from `BFCL_v4_multi_turn_<category>.json`."""

NOW_AVAILABLE = "More functions can be called from now on: {names}. What about now?"
"""The user's turn in which functions come that the task has withheld."""

SYSTEM_PROMPT = """\
You serve a user whose requests come one after the other. Do what the request asks with the \
functions, then call `next_request` to get the next one, until there is none left. What a request \
does not say, find out with the functions; do nothing that was not asked for."""

_NEXT = WorldFunction(
    name=NEXT,
    description="Says that the present request is done and returns the user's next one.",
    parameters={"type": "object", "properties": {}},
)


class MultiTurnWorld(CallWorld):
    """The services of one task, beside a copy of them in which the gold calls are made.

    Args:
        requests: the user's turns.
        functions: what the agent may call besides `next_request`.
        gold: the gold calls of each turn, as they are written in the data.
        withheld: names of functions by the turn from which on they may be called.
        long_context: fill the services with much that is beside the point.
    """

    def __init__(
        self,
        record: DatasetRecord,
        requests: Sequence[str],
        functions: Sequence[WorldFunction],
        gold: Sequence[Sequence[str]],
        *,
        withheld: Mapping[int, Sequence[str]] = MappingProxyType({}),
        long_context: bool = False,
    ) -> None:
        super().__init__()
        self._requests = requests
        self._functions = functions
        classes, config = record.items("involved_classes"), table(record, "initial_config")
        self._services = Simulators(classes, config, long_context=long_context)
        self._model = Simulators(classes, config, long_context=long_context)
        self._from_turn = {name: turn for turn, names in withheld.items() for name in names}
        self._gold = [[self._model.parse(text) for text in turn] for turn in gold]
        self._turns_right: list[bool] = []
        self._outputs: list[str] = []
        self._calls_of_turn = 0
        self._wanted = self._run_gold()

    @property
    def gold(self) -> Sequence[Sequence[FunctionCall]]:
        """The gold calls of each turn."""
        return self._gold

    @property
    def state(self) -> Mapping[str, Mapping[str, Any]]:
        """The public attributes of each service, by class."""
        return self._services.state()

    def functions(self) -> Sequence[WorldFunction]:
        return [*map(self._told, self._functions), _NEXT]

    def _told(self, function: WorldFunction) -> WorldFunction:
        if function.name not in self._from_turn:
            return function
        told = f"Not to be called before the user says so. {function.description}"
        return replace(function, description=told)

    def run(self, call: FunctionCall) -> str:
        if call.name == NEXT:
            return self._next()
        if call.name not in {function.name for function in self._functions}:
            raise ToolError(f"there is no function {call.name!r}")
        if len(self._turns_right) < self._from_turn.get(call.name, 0):
            raise ToolError(f"{call.name!r} cannot be called yet")
        self._calls_of_turn += 1
        output = self._services.run(call)
        self._outputs.append(output)
        return output

    def score(self, answer: str | None) -> float:
        """Returns 1 if every turn was right when it ended, else 0.

        A turn is right if the services are then as the gold calls leave them and the results of
        its gold calls are among the results so far. One without gold calls is not checked.
        """
        turns = [*self._turns_right, self._is_right()]
        left = self._gold[len(turns) :]
        return float(all(turns) and not any(left))

    def _next(self) -> str:
        if len(self._turns_right) == len(self._requests) - 1:
            return "There is no further request."
        self._turns_right.append(self._is_right())
        self._calls_of_turn = 0
        self._wanted = self._run_gold()
        return self._requests[len(self._turns_right)]

    def _run_gold(self) -> list[str]:
        """Makes the gold calls of the present turn and returns their results."""
        return [self._model.run(call) for call in self._gold[len(self._turns_right)]]

    def _is_right(self) -> bool:
        if not self._wanted:
            return True
        return (
            self._calls_of_turn > 0
            and self._services.state() == self._model.state()
            and Counter(self._wanted) <= Counter(self._outputs)
        )


class BfclMultiTurn(CallSuite):
    """Conversations with fixed user turns, handed over one by one by `next_request`.

    Args:
        data: the folder with the tasks, possible_answer/ and multi_turn_func_doc/.
        categories: which of `CATEGORIES` to take.
        strict: refuse the data for a record that cannot be asked or judged, in place of leaving
            it out.
    """

    def __init__(
        self, data: Path, categories: Sequence[str] = CATEGORIES[:1], strict: bool = False
    ) -> None:
        self.data = data
        self.categories = tuple(categories)
        self.strict = strict
        self.name = "bfcl_multi_turn"

    @property
    def system_prompt(self) -> str:
        return SYSTEM_PROMPT

    @cached_property
    def records(self) -> Mapping[str, DatasetRecord]:
        records = by_id(
            replace(record, fields={**record.fields, "category": category})
            for category in self.categories
            for record in read_records(self.data / _file(category), suite=self.name)
        )
        return by_id(sound(records.values(), self._check, suite=self.name, strict=self.strict))

    def _check(self, record: DatasetRecord) -> None:
        if len(_requests(record)) != len(self._written_gold(record)):
            raise record.wrong("question", "has not as many turns as its possible answer")
        table(record, "initial_config")
        record.items("involved_classes")
        early = [name for turn, names in _withheld(record).items() for name in names
                 for written in self._written_gold(record)[:turn]
                 if any(call.strip().startswith(f"{name}(") for call in written)]  # fmt: skip
        if early:
            raise record.wrong("missed_function", f"withholds {early[0]!r}, which is needed before")

    def task(self, record: DatasetRecord) -> Task:
        turns = self._world(record).gold
        calls = [call for turn in turns for call in turn]
        path = [*_with_next(turns)]
        return Task(
            id=record.text("id"),
            prompt=_requests(record)[0],
            kind="+".join(sorted(record.items("involved_classes"))),
            hops=len(calls),
            gold=tuple(map(str, calls)),
            gold_path=tuple((call.name, json.dumps(dict(call.arguments))) for call in path),
        )

    def world(self, task: Task) -> MultiTurnWorld:
        return self._world(self.records[task.id])

    def _world(self, record: DatasetRecord) -> MultiTurnWorld:
        excluded = record.fields.get("excluded_function", [])
        functions = [
            function
            for name in record.items("involved_classes")
            for function in self._documents(name)
            if function.name not in excluded
        ]
        gold = self._written_gold(record)
        try:
            return MultiTurnWorld(
                record, _requests(record), functions, gold, withheld=_withheld(record),
                long_context=record.text("category") == "long_context",
            )  # fmt: skip
        except (ValueError, SyntaxError, TypeError) as exc:
            raise UsageError(f"{record.where}: its possible answer cannot be made: {exc}") from exc

    def _written_gold(self, record: DatasetRecord) -> list[list[str]]:
        category = record.text("category")
        answer = self._answers[category].get(record.text("id"))
        if answer is None:
            raise record.wrong("id", f"has no answer in possible_answer/{_file(category)}")
        return answer.items("ground_truth")

    @cached_property
    def _answers(self) -> Mapping[str, Mapping[str, DatasetRecord]]:
        folder = self.data / "possible_answer"
        return {
            each: by_id(read_records(folder / _file(each), suite=self.name))
            for each in self.categories
        }

    def _documents(self, name: str) -> Sequence[WorldFunction]:
        if name not in self._read:
            path = self.data / "multi_turn_func_doc" / document_file(name)
            self._read[name] = [
                as_function(line.fields) for line in read_records(path, suite=self.name)
            ]
        return self._read[name]

    @cached_property
    def _read(self) -> dict[str, Sequence[WorldFunction]]:
        """Functions by class, as far as they were asked for."""
        return {}


def bfcl_multi_turn(
    *, data: str | Path = "", categories: str = "base", strict: bool = False
) -> BfclMultiTurn:
    """Returns the multi-turn tasks of BFCL v4 over the data in a folder.

    Args:
        categories: some of `CATEGORIES`, with commas between them.
        strict: refuse the data for a record that makes no sense, in place of leaving it out.

    Raises:
        UsageError: no folder is given, or a category is not known.
    """
    wanted = [each.strip() for each in categories.split(",") if each.strip()] or CATEGORIES[:1]
    for each in wanted:
        if each not in CATEGORIES:
            known = ", ".join(CATEGORIES)
            raise UsageError(f"bfcl_multi_turn has no category {each!r}; known are: {known}")
    needed = f"{_file(wanted[0])}, possible_answer/ and documents"
    return BfclMultiTurn(folder("bfcl_multi_turn", data, needed), wanted, strict)


def _file(category: str) -> str:
    return f"BFCL_v4_multi_turn_{category}.json"


def _withheld(record: DatasetRecord) -> dict[int, list[str]]:
    """Returns the functions that are missing at first, by the turn in which they come."""
    if record.fields.get("missed_function") is None:
        return {}
    missed = table(record, "missed_function")
    if not all(turn.isdecimal() and isinstance(names, list) for turn, names in missed.items()):
        raise record.wrong("missed_function", "must be lists of names by turn")
    return {int(turn): list(map(str, names)) for turn, names in missed.items()}


def _requests(record: DatasetRecord) -> list[str]:
    turns = record.items("question")
    if not turns:
        raise record.wrong("question", "holds no turn")
    withheld = _withheld(record)
    return [
        messages(record, turn)
        if turn or number not in withheld
        else NOW_AVAILABLE.format(names=", ".join(withheld[number]))
        for number, turn in enumerate(turns)
    ]


def _with_next(turns: Sequence[Sequence[FunctionCall]]) -> Iterator[FunctionCall]:
    for number, turn in enumerate(turns):
        if number:
            yield FunctionCall(NEXT, {})
        yield from turn
