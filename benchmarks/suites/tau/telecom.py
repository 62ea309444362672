"""tau2-bench telecom in its official solo mode: a ticket, both tool sets, no user simulator."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from ....ledger.errors import ToolError, UsageError
from ...suite import Task
from ..call_world import CallSuite, CallWorld, FunctionCall, WorldFunction, dispatch
from ..data_files import by_id, folder, read_object, read_text, read_toml, table
from ..records import DatasetRecord, read_records
from .crm import Crm
from .faults import Assertions, Faults, arguments, method
from .phone import Phone
from .radio import PhoneSettings, Radio

DONE = "done"
"""The tool by which the agent ends its work, as in the official solo mode."""

PROMPT = """\
You are a customer service agent who works on a ticket alone: nobody answers you. Solve it with \
the tools, which reach both the carrier's systems and the customer's phone, and keep to the \
policy. Call `done` when the ticket is solved or handed on.

<policy>
{policy}
</policy>

<tech_support_policy>
{workflow}
</tech_support_policy>"""

_NEEDED = "db.toml, user_db.toml, tools.json, the solo policies and the tasks of tau2-bench telecom"
_READING = ("check_", "get_", "run_speed_test", "can_send_mms")


@dataclass(frozen=True, kw_only=True)
class TelecomData:
    """What all tasks share."""

    database: Mapping[str, Any]
    device: Mapping[str, Any]
    crm_tools: tuple[WorldFunction, ...]
    phone_tools: tuple[WorldFunction, ...]


class TelecomWorld(CallWorld):
    """A customer's phone and the carrier's systems, broken as a task says.

    Raises:
        UsageError: the task names what there is not.
    """

    def __init__(self, data: TelecomData, record: DatasetRecord) -> None:
        super().__init__()
        self._data = data
        self._criteria = table(record, "evaluation_criteria")
        self.crm = Crm(copy.deepcopy(dict(data.database)))
        self.phone = Phone(Radio(PhoneSettings.of(copy.deepcopy(dict(data.device)))), self.crm)
        self.is_done = False
        self._record = record
        self._break()

    def functions(self) -> Sequence[WorldFunction]:
        nothing = {"type": "object", "properties": {}}
        done = WorldFunction(
            name=DONE, description="Ends the work on the ticket.", parameters=nothing
        )
        return [*self._data.crm_tools, *self._data.phone_tools, done]

    def run(self, call: FunctionCall) -> str:
        if self.is_done:
            raise ToolError("the work on this ticket was ended by `done`")
        if call.name == DONE:
            self.is_done = True
            return "Done."
        answer = dispatch(getattr(self._side(call.name), call.name), call)
        self._sync()
        return answer

    def score(self, answer: str | None) -> float:
        """Returns 1 if all assertions hold and, where the task asks for it, all actions were made.

        The arguments of an action count only as far as the task compares them.
        """
        basis = self._criteria["reward_basis"]
        asserted = "ENV_ASSERTION" not in basis or self.assertions_hold()
        acted = "ACTION" not in basis or all(map(self._was_made, self._criteria["actions"]))
        return float(asserted and acted)

    def assertions_hold(self) -> bool:
        """Says whether the end state is the wanted one."""
        assertions = Assertions(self.phone, self.crm)
        return all(
            getattr(assertions, each["func_name"])(**arguments(each)) is each["assert_value"]
            for each in self._criteria["env_assertions"] or ()
        )

    def _was_made(self, action: Mapping[str, Any]) -> bool:
        compared = action.get("compare_args")
        wanted = action["arguments"]
        keys = wanted if compared is None else compared
        return any(
            call.name == action["name"]
            and all(call.arguments.get(key) == wanted.get(key) for key in keys)
            for call in self.calls
        )

    def _side(self, name: str) -> Crm | Phone:
        if name in {tool.name for tool in self._data.crm_tools}:
            return self.crm
        if name in {tool.name for tool in self._data.phone_tools}:
            return self.phone
        raise ToolError(f"there is no tool {name!r}")

    def _break(self) -> None:
        faults = Faults(self.phone, self.crm)
        for entry in table(self._record, "initial_state").get("initialization_actions") or ():
            fault = method(faults, entry["func_name"])
            if fault is None:
                raise self._record.wrong("initial_state", f"names the unknown {entry['func_name']}")
            fault(**arguments(entry))
            self._sync()

    def _sync(self) -> None:
        """Tells the phone what the carrier's systems say of its line."""
        line, around = self.crm.line(), self.phone.radio.around
        if line is not None:
            around.line_active = line["status"] == "Active"
            around.roaming_allowed = line["roaming_enabled"]
            around.data_used_up = self.crm.has_used_up(line)


class Telecom(CallSuite):
    """Tickets of telecom customers.

    Args:
        data: the folder with the files of tau2-bench telecom.
        tasks: name of the file with the tasks in it.
    """

    def __init__(self, data: Path, tasks: str) -> None:
        self.data = data
        self.file = tasks
        self.name = "tau2_telecom"

    @property
    def system_prompt(self) -> str:
        return self._prompt

    @cached_property
    def records(self) -> Mapping[str, DatasetRecord]:
        records = by_id(read_records(self.data / self.file, suite=self.name))
        for record in records.values():
            self._check(record)
        return records

    def task(self, record: DatasetRecord) -> Task:
        actions = table(record, "evaluation_criteria")["actions"]
        calls = [FunctionCall(each["name"], each["arguments"]) for each in actions]
        return Task(
            id=record.text("id"),
            prompt=record.text("ticket"),
            kind=record.text("id")[1:].partition("]")[0],
            hops=len(calls),
            gold=tuple(map(str, calls)),
            gold_path=tuple((call.name, json.dumps(dict(call.arguments))) for call in calls),
        )

    def world(self, task: Task) -> TelecomWorld:
        return TelecomWorld(self._shared, self.records[task.id])

    @cached_property
    def _prompt(self) -> str:
        policy = read_text(self.data / "main_policy_solo.md")
        workflow = read_text(self.data / "tech_support_workflow_solo.md")
        return PROMPT.format(policy=policy, workflow=workflow)

    @cached_property
    def _shared(self) -> TelecomData:
        tools = read_object(self.data / "tools.json")
        user = read_toml(self.data / "user_db.toml")
        data = TelecomData(
            database=read_toml(self.data / "db.toml"),
            device=user.get("device", {}),
            crm_tools=_functions(tools, "assistant_tools", Crm, self.data),
            phone_tools=_functions(tools, "user_device_tools", Phone, self.data),
        )
        try:
            Crm(data.database)
            PhoneSettings.of(data.device)
        except ValueError as exc:
            raise UsageError(f"the databases in {self.data} cannot be used: {exc}") from exc
        return data

    def _check(self, record: DatasetRecord) -> None:
        """Raises UsageError for a record that could not be asked or judged."""
        record.text("ticket")
        criteria = table(record, "evaluation_criteria")
        for part in ("actions", "reward_basis"):
            if not isinstance(criteria.get(part), list):
                raise record.wrong("evaluation_criteria", f"must hold a list {part!r}")
        for each in criteria.get("env_assertions") or ():
            if not hasattr(Assertions, str(each.get("func_name"))):
                name = each.get("func_name")
                raise record.wrong("evaluation_criteria", f"names the unknown {name!r}")


def tau2_telecom(*, data: str | Path = "", tasks: str = "tasks_57.json") -> Telecom:
    """Returns the telecom tickets of tau2-bench over the data in a folder.

    Args:
        data: the folder with the databases, tools and policies.
        tasks: name of the file in it that holds the tasks, such as `tasks_small.json`.

    Raises:
        UsageError: no folder is given.
    """
    return Telecom(folder("tau2_telecom", data, _NEEDED), tasks)


def _functions(
    tools: Mapping[str, Any], part: str, side: type[Crm] | type[Phone], data: Path
) -> tuple[WorldFunction, ...]:
    found = []
    for entry in tools.get(part, ()):
        told = entry.get("function", entry)
        if not hasattr(side, told["name"]):
            raise UsageError(f"{data / 'tools.json'}: {part} has the unknown tool {told['name']!r}")
        found.append(
            WorldFunction(
                name=told["name"],
                description=told["description"],
                parameters=told["parameters"],
                read_only=told["name"].startswith(_READING),
            )
        )
    if not found:
        raise UsageError(f"{data / 'tools.json'} has no {part!r}")
    return tuple(found)
