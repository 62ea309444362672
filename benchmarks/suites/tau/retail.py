"""tau-bench retail in ticket mode: the customer's instruction at once, no simulated user."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from ....ledger.errors import ToolError, UsageError
from ...suite import Task
from ..call_world import CallSuite, CallWorld, FunctionCall, WorldFunction, dispatch
from ..data_files import by_id, folder, objects, read_json, read_object, read_text
from ..records import DatasetRecord, read_records
from .shop import RetailShop, Tables

PROMPT = """\
You are an agent of an online shop. You work on a ticket alone: nobody answers you. The ticket is \
what the customer was told about their wishes. Do with the tools what the policy allows. Where the \
policy asks for a confirmation, the customer has given it; where the wishes leave a choice, follow \
them. End with a short answer to the customer.

<policy>
{policy}
</policy>"""

TASKS = "tasks_dev.jsonl"

_NEEDED = "users.json, orders.json, products.json, tools.json, wiki.md and tasks_dev.jsonl"
_READING = ("find_", "get_", "list_", "calculate", "think")


class RetailWorld(CallWorld):
    """The shop with all its customers, as one task begins."""

    def __init__(
        self, tables: Tables, functions: Sequence[WorldFunction], record: DatasetRecord
    ) -> None:
        super().__init__()
        self.shop = RetailShop(tables)
        self._tables = tables
        self._functions = functions
        self._record = record

    def functions(self) -> Sequence[WorldFunction]:
        return self._functions

    def run(self, call: FunctionCall) -> str:
        if call.name not in {function.name for function in self._functions}:
            raise ToolError(f"there is no tool {call.name!r}")
        return dispatch(getattr(self.shop, call.name), call)

    def score(self, answer: str | None) -> float:
        """Returns 1 if the data are as the gold actions leave them and the answer says it all."""
        said = (answer or "").lower().replace(",", "")
        told = all(str(each).lower() in said for each in self._record.items("outputs"))
        return float(told and self.shop.changes() == self._gold_changes())

    def _gold_changes(self) -> Mapping[tuple[str, str], Any]:
        gold = RetailWorld(self._tables, self._functions, self._record)
        for call in gold_calls(self._record):
            gold.make(call)
        return gold.shop.changes()


class Retail(CallSuite):
    """Wishes of the customers of an online shop.

    Args:
        data: the folder with the files of tau-bench retail.
    """

    def __init__(self, data: Path) -> None:
        self.data = data
        self.name = "tau_retail"

    @property
    def system_prompt(self) -> str:
        return self._prompt

    @cached_property
    def records(self) -> Mapping[str, DatasetRecord]:
        records = by_id(map(_with_id, read_records(self.data / TASKS, suite=self.name)))
        for record in records.values():
            record.text("instruction")
            record.items("outputs")
            for call in gold_calls(record):
                if call.name not in {function.name for function in self._functions}:
                    raise record.wrong("actions", f"calls the unknown {call.name!r}")
        return records

    def task(self, record: DatasetRecord) -> Task:
        calls = gold_calls(record)
        return Task(
            id=record.text("id"),
            prompt=record.text("instruction"),
            kind="change" if calls else "nothing to do",
            hops=len(calls),
            gold=(*map(str, calls), *map(str, record.items("outputs"))),
            gold_path=tuple((call.name, json.dumps(dict(call.arguments))) for call in calls),
        )

    def world(self, task: Task) -> RetailWorld:
        return RetailWorld(self._tables, self._functions, self.records[task.id])

    def solve(self, task: Task, world: CallWorld) -> str | None:
        for name, arguments in task.gold_path:
            world.act(name, arguments)
        return ", ".join(map(str, self.records[task.id].items("outputs")))

    @cached_property
    def _prompt(self) -> str:
        return PROMPT.format(policy=read_text(self.data / "wiki.md"))

    @cached_property
    def _tables(self) -> Tables:
        return {
            name: read_object(self.data / f"{name}.json")
            for name in ("users", "orders", "products")
        }

    @cached_property
    def _functions(self) -> Sequence[WorldFunction]:
        path = self.data / "tools.json"
        told = [each.get("function", each) for each in read_json(path)]
        for each in told:
            if not hasattr(RetailShop, each["name"]):
                raise UsageError(f"{path} has the unknown tool {each['name']!r}")
        return [
            WorldFunction(
                name=each["name"],
                description=each["description"],
                parameters=each["parameters"],
                read_only=each["name"].startswith(_READING),
            )
            for each in told
        ]


def tau_retail(*, data: str | Path = "") -> Retail:
    """Returns the retail tickets of tau-bench over the data in a folder.

    Raises:
        UsageError: no folder is given.
    """
    return Retail(folder("tau_retail", data, _NEEDED))


def gold_calls(record: DatasetRecord) -> list[FunctionCall]:
    """Returns the calls that a task's record says are right."""
    actions = objects(record, "actions")
    if not all("name" in action and isinstance(action.get("kwargs"), dict) for action in actions):
        raise record.wrong("actions", "must hold objects with a `name` and `kwargs`")
    return [FunctionCall(action["name"], action["kwargs"]) for action in actions]


def _with_id(record: DatasetRecord) -> DatasetRecord:
    if not isinstance(record.fields.get("task_index"), int):
        raise record.wrong("task_index", "must be a number")
    return record.changed(lambda fields: {**fields, "id": f"retail-{fields['task_index']}"})
