"""API-Bank, level 1 (Li et al., EMNLP 2023): the next API call of a dialogue, by replay.

The APIs themselves are not run: a call is answered by what is recorded of it.
"""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from ....ledger.errors import ToolError
from ...suite import Task
from ..call_world import CallSuite, CallWorld, FunctionCall, WorldFunction
from ..data_files import by_id, folder, objects
from ..records import DatasetRecord, read_records

FILE = "level-1-given-desc.jsonl"

SYSTEM_PROMPT = """\
You are an assistant who serves a user by calling APIs. You see a dialogue with the calls made so \
far. Make the one API call that comes next, with the arguments that the dialogue gives; times are \
written like 2023-09-12 14:00:00. Only your first call counts. Then say that it is done."""


class ApiBankWorld(CallWorld):
    """The APIs of the data, of which the calls of one dialogue are recorded."""

    def __init__(self, apis: Sequence[WorldFunction], record: DatasetRecord) -> None:
        super().__init__()
        self._apis = apis
        turns = objects(record, "turns")
        self._recorded = [turn for turn in turns if turn["role"] == "API"]
        self._gold = turns[record.fields["at"]]

    def functions(self) -> Sequence[WorldFunction]:
        return self._apis

    def run(self, call: FunctionCall) -> str:
        for turn in self._recorded:
            if is_call_of(turn, call):
                result = turn["result"]
                answer = {key: result.get(key) for key in ("output", "exception")}
                return json.dumps(answer, ensure_ascii=False)
        raise ToolError("no result of this call is recorded")

    def score(self, answer: str | None) -> float:
        """Returns 1 if the first call is the recorded one, else 0."""
        return float(bool(self.calls) and is_call_of(self._gold, self.calls[0]))


class ApiBank(CallSuite):
    """Dialogues, each cut before one of its API calls.

    Args:
        path: the file with the dialogues.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.name = "apibank"

    @property
    def system_prompt(self) -> str:
        return SYSTEM_PROMPT

    @cached_property
    def records(self) -> Mapping[str, DatasetRecord]:
        dialogues = by_id(read_records(self.path, suite=self.name))
        return by_id(item for record in dialogues.values() for item in _items(record))

    def task(self, record: DatasetRecord) -> Task:
        turns, at = objects(record, "turns"), record.fields["at"]
        name, arguments = turns[at]["api_name"], turns[at]["param_dict"]
        told = "\n".join(map(_line, turns[:at]))
        return Task(
            id=record.text("id"),
            prompt=f"{told}\n\nMake the API call that comes next.",
            kind=name,
            gold=(str(FunctionCall(name, arguments)),),
            gold_path=((name, json.dumps(arguments)),),
        )

    def world(self, task: Task) -> ApiBankWorld:
        return ApiBankWorld(self._apis, self.records[task.id])

    @cached_property
    def _apis(self) -> Sequence[WorldFunction]:
        """All APIs of the file, with the parameters that their recorded calls show."""
        calls: dict[str, list[Mapping[str, Any]]] = {}
        for record in self.records.values():
            turn = objects(record, "turns")[record.fields["at"]]
            calls.setdefault(turn["api_name"], []).append(turn["param_dict"])
        return [_as_function(name, given) for name, given in sorted(calls.items())]


def apibank(*, data: str | Path = "", file: str = FILE) -> ApiBank:
    """Returns the calls of API-Bank over the data in a folder.

    Args:
        data: the folder with the dialogues, one a line.
        file: name of the file in it.

    Raises:
        UsageError: no folder is given.
    """
    return ApiBank(folder("apibank", data, f"the dialogues of API-Bank ({FILE})") / file)


def is_call_of(turn: Mapping[str, Any], call: FunctionCall) -> bool:
    """Says whether a call is the one of an API turn: the same name and the same arguments.

    A text that spells a list, a number or an object is the same as that value.
    """
    if call.name != turn["api_name"]:
        return False
    given = _plain(dict(call.arguments))
    return bool(given in (_plain(turn["param_dict"]), _plain(turn["result"].get("input"))))


def _items(record: DatasetRecord) -> Iterator[DatasetRecord]:
    for at, turn in enumerate(objects(record, "turns")):
        if turn.get("role") == "API":
            _check(record, turn)
            yield record.changed(partial(_cut, at=at))
        elif turn.get("role") not in ("User", "AI") or not isinstance(turn.get("text"), str):
            raise record.wrong("turns", f"has a turn {at + 1} that is no API, User or AI turn")


def _cut(fields: Mapping[str, Any], *, at: int) -> Mapping[str, Any]:
    return {**fields, "id": f"{fields['id']}#{at}", "at": at}


def _check(record: DatasetRecord, turn: Mapping[str, Any]) -> None:
    result = turn.get("result")
    if not isinstance(turn.get("api_name"), str) or not isinstance(turn.get("param_dict"), dict):
        raise record.wrong("turns", "has an API turn without `api_name` or `param_dict`")
    if not isinstance(result, dict) or "output" not in result:
        raise record.wrong("turns", "has an API turn without a `result` with its `output`")


def _line(turn: Mapping[str, Any]) -> str:
    if turn["role"] != "API":
        return f"{turn['role']}: {turn['text']}"
    arguments = json.dumps(turn["param_dict"], ensure_ascii=False)
    output = json.dumps(turn["result"].get("output"), ensure_ascii=False)
    return f"API: {turn['api_name']}({arguments}) -> {output}"


def _as_function(name: str, calls: Sequence[Mapping[str, Any]]) -> WorldFunction:
    parameters = {parameter: {"type": "string"} for call in calls for parameter in call}
    required = [each for each in parameters if all(each in call for call in calls)]
    return WorldFunction(
        name=name,
        description=f"The API {name}.",
        parameters={"type": "object", "properties": parameters, "required": required},
    )


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        try:
            return _plain(ast.literal_eval(value.strip()))
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            return value.strip()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return str(value)
