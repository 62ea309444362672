"""DB-Bench of AgentBench as a suite: questions about one table, and edits of it, in SQL."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from ....ledger.errors import ToolError
from ....planners import final_answer
from ...suite import Task
from ..call_world import CallSuite, CallWorld, FunctionCall, WorldFunction, dispatch
from ..data_files import folder, table
from ..records import DatasetRecord, read_records
from ..sound_records import sound
from .answers import same_answers, written_answers
from .table import MOST_ROWS, Table

FILE = "dev.jsonl"
EXECUTE, COMMIT = "execute_sql", "commit_final_answer"

SYSTEM_PROMPT = """\
You work on one table of a database with SQL (SQLite; names with blanks go in backticks; all \
columns are texts, so cast them to compare numbers). `execute_sql` runs one statement. Answer a \
question by calling `commit_final_answer` with the values, and nothing but the values; make an \
edit by running its statement, then commit an empty list."""

_EDITS = ("INSERT", "UPDATE", "DELETE")
_FUNCTIONS = (
    WorldFunction(
        name=EXECUTE,
        description="Runs one SQL statement and returns its rows.",
        parameters={
            "type": "object",
            "properties": {"query": {"type": "string", "description": "The statement."}},
            "required": ["query"],
        },
    ),
    WorldFunction(
        name=COMMIT,
        description="Gives the final answer. It cannot be changed.",
        parameters={
            "type": "object",
            "properties": {
                "answers": {
                    "type": "array",
                    "items": {"type": "string"},
                    "description": "The values that answer the question; empty after an edit.",
                }
            },
            "required": ["answers"],
        },
    ),
)


class DbBenchWorld(CallWorld):
    """One table, and the answer that was committed."""

    def __init__(self, record: DatasetRecord) -> None:
        super().__init__()
        self._record = record
        self.table = Table(table(record, "table"))
        self.committed: list[str] | None = None

    def functions(self) -> Sequence[WorldFunction]:
        return _FUNCTIONS

    def run(self, call: FunctionCall) -> str:
        if self.committed is not None:
            raise ToolError("the final answer is committed")
        if call.name == EXECUTE:
            return dispatch(self._execute, call)
        if call.name == COMMIT:
            return dispatch(self._commit, call)
        raise ToolError(f"there is no tool {call.name!r}")

    def score(self, answer: str | None) -> float:
        """Returns 1 for the label's values, or for an edit: for the table that it should become.

        An answer in words counts where none was committed.
        """
        label = [str(each) for each in self._record.items("label")]
        if kind_of(self._record) in _EDITS:
            gold = Table(table(self._record, "table"))
            gold.execute(label[0])
            return float(self.table.digest() == gold.digest())
        given = self.committed
        if given is None and answer:
            given = written_answers(final_answer(answer))
        return float(given is not None and same_answers(given, label))

    def _execute(self, query: str) -> str:
        rows = self.table.execute(query)
        note = f" (the first {MOST_ROWS} rows)" if len(rows) == MOST_ROWS else ""
        return f"{rows}{note}"

    def _commit(self, answers: Sequence[str]) -> str:
        if isinstance(answers, str):
            raise ToolError("the answers have to be a list")
        self.committed = [str(each) for each in answers]
        return "Committed."


class DbBench(CallSuite):
    """Questions about tables and edits of them.

    Args:
        path: the file with the records.
        strict: refuse the file for a record that cannot be asked or judged, in place of leaving
            it out.
    """

    def __init__(self, path: Path, strict: bool = False) -> None:
        self.path = path
        self.strict = strict
        self.name = "dbbench"

    @property
    def system_prompt(self) -> str:
        return SYSTEM_PROMPT

    @cached_property
    def records(self) -> Mapping[str, DatasetRecord]:
        records = read_records(self.path, suite=self.name)
        kept = sound(records, _check, suite=self.name, strict=self.strict)
        return {self._id(record): record for record in kept}

    def task(self, record: DatasetRecord) -> Task:
        name, arguments = _gold_call(record)
        asked = record.text("description")
        return Task(
            id=self._id(record),
            prompt=f"{asked}\n{record.text('add_description')}",
            kind=kind_of(record),
            gold=tuple(str(each) for each in record.items("label")),
            gold_path=((name, json.dumps(arguments)),),
        )

    def world(self, task: Task) -> DbBenchWorld:
        return DbBenchWorld(self.records[task.id])

    def _id(self, record: DatasetRecord) -> str:
        return f"{self.path.stem}-{record.line}"


def dbbench(*, data: str | Path = "", file: str = FILE, strict: bool = False) -> DbBench:
    """Returns the tasks of DB-Bench over the data in a folder.

    Args:
        data: the folder with the records in AgentBench's format.
        file: name of the file in it.
        strict: refuse the file for a record that SQLite cannot run, in place of leaving it out.

    Raises:
        UsageError: no folder is given.
    """
    return DbBench(folder("dbbench", data, f"the {FILE} of AgentBench's dbbench") / file, strict)


def kind_of(record: DatasetRecord) -> str:
    """Returns what a record asks for, such as `counting` or `INSERT`."""
    return str(record.items("type")[0])


def _gold_call(record: DatasetRecord) -> tuple[str, dict[str, object]]:
    label = [str(each) for each in record.items("label")]
    if kind_of(record) in _EDITS:
        return EXECUTE, {"query": label[0]}
    return COMMIT, {"answers": label}


def _check(record: DatasetRecord) -> None:
    """Raises UsageError for a record that could not be asked or judged."""
    for field in ("description", "add_description"):
        record.text(field)
    for field in ("type", "label"):
        if not record.items(field):
            raise record.wrong(field, "is empty")
    try:
        made = Table(table(record, "table"))
    except (KeyError, TypeError, sqlite3.Error) as exc:
        raise record.wrong("table", f"describes no table ({exc})") from exc
    if kind_of(record) in _EDITS:
        try:
            made.execute(str(record.items("label")[0]))
        except ToolError as exc:
            raise record.wrong("label", f"cannot be run ({exc})") from exc
