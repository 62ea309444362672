"""Single-turn function calls of the Berkeley Function Calling Leaderboard v4 as a suite."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from ....ledger.errors import UsageError
from ...suite import Task
from ..call_world import CallSuite, CallWorld, FunctionCall, WorldFunction
from ..data_files import by_id, folder, objects
from ..records import DatasetRecord, read_records
from .matching import LEFT_OUT, Possible, all_match
from .schema import as_function, tool_name

CATEGORIES = ("simple_python", "multiple", "parallel", "parallel_multiple", "irrelevance")
"""The categories that this suite reads, each from `BFCL_v4_<category>.json`."""

SYSTEM_PROMPT = """\
You call functions for the user. Make every call that the request needs, each once, with the \
arguments that the request gives. The calls are only noted: they bring no results. If none of the \
functions fits the request, or it lacks what they need, call none and say so."""

NOTED = "Noted."
"""What every call answers: BFCL does not run the functions."""


class BfclWorld(CallWorld):
    """The functions of one task; a call is only noted."""

    def __init__(
        self, documents: Sequence[Mapping[str, Any]], possible: Sequence[Possible]
    ) -> None:
        super().__init__()
        self._documents = documents
        self._possible = possible

    def functions(self) -> Sequence[WorldFunction]:
        return [as_function(document) for document in self._documents]

    def run(self, call: FunctionCall) -> str:
        return NOTED

    def score(self, answer: str | None) -> float:
        """Returns 1 if the calls are the accepted ones and no others, else 0."""
        return float(all_match(self.calls, self._possible, self._documents))


class Bfcl(CallSuite):
    """Requests with the functions that may serve them.

    Args:
        data: the folder with the BFCL_v4_*.json and possible_answer/.
        categories: which of `CATEGORIES` to take.
    """

    def __init__(self, data: Path, categories: Sequence[str] = CATEGORIES) -> None:
        self.data = data
        self.categories = tuple(categories)
        self.name = "bfcl"

    @property
    def system_prompt(self) -> str:
        return SYSTEM_PROMPT

    @cached_property
    def records(self) -> Mapping[str, DatasetRecord]:
        records = by_id(each for category in self.categories for each in self._read(category))
        for record in records.values():
            _check(record, self._possible(record))
        return records

    def task(self, record: DatasetRecord) -> Task:
        calls = [_gold_call(each, record) for each in self._possible(record)]
        return Task(
            id=record.text("id"),
            prompt=_question(record),
            kind=_category(record),
            gold=tuple(map(str, calls)),
            gold_path=tuple((call.name, json.dumps(dict(call.arguments))) for call in calls),
        )

    def world(self, task: Task) -> BfclWorld:
        record = self.records[task.id]
        return BfclWorld(objects(record, "function"), self._possible(record))

    def _read(self, category: str) -> list[DatasetRecord]:
        """Returns the records of a category, marked with it."""
        read = read_records(self.data / _file(category), suite=self.name)
        return [record.changed(lambda fields: {**fields, "category": category}) for record in read]

    def _possible(self, record: DatasetRecord) -> list[dict[str, Any]]:
        """Returns the possible answers of a record; none stands for: no call is right."""
        if _category(record) == "irrelevance":
            return []
        answers = self._answers[_category(record)]
        gold = answers.get(record.text("id"))
        if gold is None:
            raise record.wrong("id", f"has no answer in {_answer_file(_category(record))}")
        return objects(gold, "ground_truth")

    @cached_property
    def _answers(self) -> Mapping[str, Mapping[str, DatasetRecord]]:
        wanted = [each for each in self.categories if each != "irrelevance"]
        files = {each: self.data / _answer_file(each) for each in wanted}
        return {each: by_id(read_records(files[each], suite=self.name)) for each in wanted}


def bfcl(*, data: str | Path = "", categories: str = "") -> Bfcl:
    """Returns the single-turn tasks of BFCL v4 over the data in a folder.

    Args:
        data: the folder with the BFCL_v4_*.json and possible_answer/.
        categories: some of `CATEGORIES`, with commas between them; empty takes all.

    Raises:
        UsageError: no folder is given, or a category is not known.
    """
    wanted = [each.strip() for each in categories.split(",") if each.strip()] or CATEGORIES
    for each in wanted:
        if each not in CATEGORIES:
            raise UsageError(f"bfcl has no category {each!r}; known are: {', '.join(CATEGORIES)}")
    return Bfcl(folder("bfcl", data, "the BFCL_v4_*.json and possible_answer/"), wanted)


def _file(category: str) -> str:
    return f"BFCL_v4_{category}.json"


def _answer_file(category: str) -> str:
    return f"possible_answer/{_file(category)}"


def _category(record: DatasetRecord) -> str:
    return record.text("category")


def _question(record: DatasetRecord) -> str:
    turns = record.items("question")
    if len(turns) != 1:
        raise record.wrong("question", "must hold one list of messages")
    return messages(record, turns[0])


def messages(record: DatasetRecord, turn: Any) -> str:
    """Returns the text of a turn's messages.

    Raises:
        UsageError: the turn is no list of messages with a text.
    """
    if not isinstance(turn, list) or not turn or not all(isinstance(each, dict) for each in turn):
        raise record.wrong("question", "must hold lists of messages")
    return "\n\n".join(record.checked("question", each.get("content")) for each in turn)


def _check(record: DatasetRecord, possible: Sequence[Possible]) -> None:
    """Raises UsageError for a record that could not be asked or judged."""
    _question(record)
    documents = objects(record, "function")
    for document in documents:
        parts = (document.get("name"), document.get("description"), document.get("parameters"))
        if not all(isinstance(p, kind) for p, kind in zip(parts, (str, str, dict), strict=True)):
            raise record.wrong("function", "must hold `name`, `description` and `parameters`")
    names = {document["name"] for document in documents}
    for each in possible:
        if len(each) != 1 or not names.issuperset(each):
            raise record.wrong("id", f"has an answer that calls none of its functions: {each}")


def _gold_call(possible: Possible, record: DatasetRecord) -> FunctionCall:
    """Returns the call that takes the first accepted value of each argument that there is."""
    (name, accepted), *_ = possible.items()
    document = next(each for each in objects(record, "function") if each["name"] == name)
    known = document["parameters"].get("properties", {})
    return FunctionCall(
        tool_name(name), _first({each: accepted[each] for each in accepted if each in known})
    )


def _first(accepted: Mapping[str, Any]) -> dict[str, Any]:
    chosen = {
        name: [value for value in values if value != LEFT_OUT] for name, values in accepted.items()
    }
    return {name: _value(values[0]) for name, values in chosen.items() if values}


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        return _first(value)
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return [_first(item) for item in value]
    return value
