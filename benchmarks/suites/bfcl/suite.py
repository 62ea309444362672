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
from ..sound_records import sound
from .literals import Language, write_literal
from .matching import LEFT_OUT, Possible, all_match, all_match_in
from .schema import as_function, item_type, tool_name

CATEGORIES = ("simple_python", "multiple", "parallel", "parallel_multiple", "irrelevance")
"""The categories that are taken where none is named, each from `BFCL_v4_<category>.json`."""

MORE_CATEGORIES = (
    "live_simple", "live_multiple", "live_parallel", "live_parallel_multiple", "live_irrelevance",
    "live_relevance", "simple_java", "simple_javascript",
)  # fmt: skip
"""The categories that are taken where they are named."""

_LANGUAGES: Mapping[str, Language] = {"simple_java": "Java", "simple_javascript": "JavaScript"}
_NO_CALL = ("irrelevance", "live_irrelevance")
_ANY_CALL = ("live_relevance",)

SYSTEM_PROMPT = """\
You call functions for the user. Make every call that the request needs, each once, with the \
arguments that the request gives. The calls are only noted: they bring no results. If none of the \
functions fits the request, or it lacks what they need, call none and say so."""

NOTED = "Noted."
"""What every call answers: BFCL does not run the functions."""


class BfclWorld(CallWorld):
    """The functions of one task; a call is only noted.

    Args:
        possible: the accepted calls; None accepts any, if there is one.
        language: in which the arguments are written; None stands for JSON.
    """

    def __init__(
        self,
        documents: Sequence[Mapping[str, Any]],
        possible: Sequence[Possible] | None,
        language: Language | None = None,
    ) -> None:
        super().__init__()
        self._documents = documents
        self._possible = possible
        self._language = language

    def functions(self) -> Sequence[WorldFunction]:
        return [as_function(document, self._language) for document in self._documents]

    def run(self, call: FunctionCall) -> str:
        return NOTED

    def score(self, answer: str | None) -> float:
        """Returns 1 if the calls are the accepted ones and no others, else 0."""
        if self._possible is None:
            return float(bool(self.calls))
        if self._language is not None:
            return float(all_match_in(self._language, self.calls, self._possible, self._documents))
        return float(all_match(self.calls, self._possible, self._documents))


class Bfcl(CallSuite):
    """Requests with the functions that may serve them.

    Args:
        data: the folder with the BFCL_v4_*.json and possible_answer/.
        categories: which of `CATEGORIES` and `MORE_CATEGORIES` to take.
        strict: refuse the data for a record that cannot be asked or judged, in place of leaving
            it out.
    """

    def __init__(
        self, data: Path, categories: Sequence[str] = CATEGORIES, strict: bool = False
    ) -> None:
        self.data = data
        self.strict = strict
        self.categories = tuple(categories)
        self.name = "bfcl"

    @property
    def system_prompt(self) -> str:
        return SYSTEM_PROMPT

    @cached_property
    def records(self) -> Mapping[str, DatasetRecord]:
        records = by_id(each for category in self.categories for each in self._read(category))
        return by_id(sound(records.values(), self._check, suite=self.name, strict=self.strict))

    def _check(self, record: DatasetRecord) -> None:
        """Raises UsageError for a record that could not be asked or judged."""
        _check(record, self._possible(record) or ())
        world = self._world(record)
        for call in self._gold(record):
            world.make(call)
        if not world.score(None):
            raise record.wrong("id", "has an answer that no call can match")

    def task(self, record: DatasetRecord) -> Task:
        calls = self._gold(record)
        return Task(
            id=record.text("id"),
            prompt=_question(record),
            kind=_category(record),
            gold=tuple(map(str, calls)),
            gold_path=tuple((call.name, json.dumps(dict(call.arguments))) for call in calls),
        )

    def world(self, task: Task) -> BfclWorld:
        return self._world(self.records[task.id])

    def _gold(self, record: DatasetRecord) -> list[FunctionCall]:
        possible = self._possible(record)
        if possible is None:
            return [FunctionCall(tool_name(objects(record, "function")[0]["name"]), {})]
        return [_gold_call(each, record) for each in possible]

    def _world(self, record: DatasetRecord) -> BfclWorld:
        language = _LANGUAGES.get(_category(record))
        return BfclWorld(objects(record, "function"), self._possible(record), language)

    def _read(self, category: str) -> list[DatasetRecord]:
        """Returns the records of a category, marked with it."""
        read = read_records(self.data / _file(category), suite=self.name)
        return [record.changed(lambda fields: {**fields, "category": category}) for record in read]

    def _possible(self, record: DatasetRecord) -> list[dict[str, Any]] | None:
        """Returns the accepted calls of a record; an empty list: none is right, None: any is."""
        if _category(record) in _NO_CALL:
            return []
        if _category(record) in _ANY_CALL:
            return None
        answers = self._answers[_category(record)]
        gold = answers.get(record.text("id"))
        if gold is None:
            raise record.wrong("id", f"has no answer in {_answer_file(_category(record))}")
        return objects(gold, "ground_truth")

    @cached_property
    def _answers(self) -> Mapping[str, Mapping[str, DatasetRecord]]:
        wanted = [each for each in self.categories if each not in (*_NO_CALL, *_ANY_CALL)]
        files = {each: self.data / _answer_file(each) for each in wanted}
        return {each: by_id(read_records(files[each], suite=self.name)) for each in wanted}


def bfcl(*, data: str | Path = "", categories: str = "", strict: bool = False) -> Bfcl:
    """Returns the single-turn tasks of BFCL v4 over the data in a folder.

    Args:
        data: the folder with the BFCL_v4_*.json and possible_answer/.
        categories: some of `CATEGORIES` and `MORE_CATEGORIES`, with commas between them; empty
            takes the former.
        strict: refuse the data for a record whose answer no call can match, in place of leaving
            it out.

    Raises:
        UsageError: no folder is given, or a category is not known.
    """
    wanted = [each.strip() for each in categories.split(",") if each.strip()] or CATEGORIES
    known = CATEGORIES + MORE_CATEGORIES
    for each in wanted:
        if each not in known:
            raise UsageError(f"bfcl has no category {each!r}; known are: {', '.join(known)}")
    return Bfcl(folder("bfcl", data, "the BFCL_v4_*.json and possible_answer/"), wanted, strict)


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
    if len(turn) == 1:
        return record.checked("question", turn[0].get("content"))
    said = ((each.get("role"), record.checked("question", each.get("content"))) for each in turn)
    return "\n\n".join(f"{role}: {content}" for role, content in said)


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
    values = _first({each: accepted[each] for each in accepted if each in known})
    if language := _LANGUAGES.get(_category(record)):
        values = {each: _written(values[each], known[each], language) for each in values}
    return FunctionCall(tool_name(name), values)


def _written(value: Any, part: Mapping[str, Any], language: Language) -> str:
    return write_literal(value, part.get("type", "any"), item_type(part), language)


def _first(accepted: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(value) for name, value in _chosen(accepted).items()}


def _value(value: Any) -> Any:
    if isinstance(value, dict):
        return _chosen(value)
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return [_chosen(item) for item in value]
    return value


def _chosen(accepted: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the first value that is accepted of each that there is."""
    chosen = {
        name: [value for value in values if value != LEFT_OUT] for name, values in accepted.items()
    }
    return {name: values[0] for name, values in chosen.items() if values}
