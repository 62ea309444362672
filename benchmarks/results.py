"""The result of one run of a benchmark, as `outlay bench --json FILE` writes it: one a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, NamedTuple

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..journal.foreign_text import one_line
from ..ledger.amount import Amount
from ..ledger.errors import UsageError

Status = Literal["answered", "budget_exhausted", "failed", "cancelled", "not_started"]

WHY_LENGTH = 300
"""Characters that rows have of the sentence which says what ended a run."""
ERRORS: frozenset[str] = frozenset({"policy_error", "error"})
"""Reasons of runs that say nothing of how good a set-up is."""
UNFINISHED: frozenset[Status] = frozenset({"cancelled", "not_started"})
"""Statuses that say nothing of the agent: someone stopped the run, or the suite's money was out."""


class Setup(NamedTuple):
    """What is compared: runs with the same set-up differ only in task, repeat and seed."""

    planner: str
    memory: str
    policy: str
    budget: str


def is_broken(status: str, reason: str) -> bool:
    """Says whether an error ended a run that ended so."""
    return status == "failed" and reason in ERRORS


class ResultRow(BaseModel):
    """One run of one task."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    task: str = Field(min_length=1)
    hops: int | None = Field(default=None, ge=0)
    """Facts that must be linked to reach the answer; None where the suite does not say."""
    kind: str = ""
    """The suite's own name of the question's type."""
    planner: str
    memory: str
    policy: str
    budget: str
    repeat: int = Field(ge=0)
    seed: int
    status: Status
    reason: str = ""
    """What ended the run, as one of a few words (`Result.reason`); empty if it was not started."""
    why: str = ""
    """The same in a sentence, where the run did not end by its own answer."""
    score: float | None = Field(ge=0, le=1)
    """The scorer's judgement from 0 to 1; None where nothing was scored."""
    cost_usd: Decimal = Field(ge=0)
    """Unified cost in USD: tokens and tool calls."""
    tool_calls: int = Field(ge=0)
    model_calls: int = Field(ge=0)
    input_tokens: int = Field(ge=0)
    output_tokens: int = Field(ge=0)
    seconds: float = Field(ge=0)
    run: str
    """The run's id in the journal; empty if it was not started."""
    gold_cost_usd: Decimal | None = Field(default=None, ge=0)
    """Price in USD of the cheapest path to the answer; None where it is not known."""
    metrics: dict[str, float] = Field(default_factory=dict)
    """What else the scorer measures of the answer, by name."""
    refused: dict[str, int] = Field(default_factory=dict)
    """Calls that a budget refused, by tool, `""` for the policy."""

    @property
    def setup(self) -> Setup:
        return Setup(self.planner, self.memory, self.policy, self.budget)

    @property
    def broken(self) -> bool:
        """True if an error ended the run: of the model's server, the network or the program."""
        return is_broken(self.status, self.reason)

    @property
    def finished(self) -> bool:
        """True if the run came to its own end, good or bad, and so counts in the statistics."""
        return self.status not in UNFINISHED and not self.broken

    @property
    def success(self) -> bool:
        """True at full marks; a run that was not scored has none."""
        return self.score is not None and self.score >= 1

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens

    def to_json(self) -> str:
        """Returns one line of JSON, without its end. USD are numbers with every digit kept."""
        return orjson.dumps(self.model_dump(), default=_exact).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> ResultRow:
        """Reads one object.

        Raises:
            UsageError: it is not JSON, or a field is missing or wrong (the text names it).
        """
        try:
            data = json.loads(text, parse_float=Decimal, parse_constant=Decimal)
        except ValueError as exc:
            raise UsageError(f"not a JSON object ({exc})") from exc
        if not isinstance(data, dict):
            raise UsageError(f"not a JSON object but {type(data).__name__}")
        try:
            return cls.model_validate(data)
        except ValidationError as exc:
            raise UsageError(_first_problem(exc)) from exc


@dataclass(frozen=True, kw_only=True)
class RunCounts:
    """The part of a row that the run itself tells."""

    run: str
    status: Status
    cost_usd: Decimal
    tool_calls: int
    model_calls: int
    input_tokens: int
    output_tokens: int
    seconds: float
    refused: Mapping[str, int]
    """Calls that a budget refused, by tool, `""` for the policy."""
    reason: str = ""
    why: str = ""

    @classmethod
    def of(
        cls,
        run: str,
        status: Status,
        spend: Amount,
        seconds: float,
        refused: Mapping[str, int] | None = None,
        reason: str = "",
        why: str = "",
    ) -> RunCounts:
        return cls(
            run=run,
            status=status,
            cost_usd=spend.usd,
            tool_calls=int(spend["tool_calls"]),
            model_calls=int(spend["model_calls"]),
            input_tokens=int(spend["input_tokens"]),
            output_tokens=int(spend["output_tokens"]),
            seconds=seconds,
            refused=dict(refused or {}),
            reason=reason,
            why=one_line(why, WHY_LENGTH),
        )


def read_rows(path: Path) -> list[ResultRow]:
    """Reads a file of results; blank lines are skipped.

    Raises:
        UsageError: the file cannot be read, a line is wrong, or a run is there twice. The text
            names the file, the line and the field.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as exc:
        raise UsageError(f"cannot read results from {path}: {exc.strerror or exc}") from exc
    rows: list[ResultRow] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            row = ResultRow.from_json(line)
        except UsageError as exc:
            raise UsageError(f"{path}, line {number}: {exc}") from exc
        if row.run in seen:
            raise UsageError(
                f"{path}, line {number}: run {row.run!r} is already on line {seen[row.run]}"
            )
        if row.run:
            seen[row.run] = number
        rows.append(row)
    return rows


def write_rows(path: Path, rows: Iterable[ResultRow]) -> None:
    """Writes a file of results in place of what was there.

    Raises:
        UsageError: the file cannot be written.
    """
    text = "".join(f"{row.to_json()}\n" for row in rows)
    try:
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as exc:
        raise UsageError(f"cannot write results to {path}: {exc.strerror or exc}") from exc


def _exact(value: Any) -> orjson.Fragment:
    if isinstance(value, Decimal):
        return orjson.Fragment(f"{value:f}")
    raise TypeError(type(value).__name__)


def _first_problem(error: ValidationError) -> str:
    problem = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in problem["loc"])
    if problem["type"] == "missing":
        return f"field {field!r} is missing"
    message = problem["msg"]
    return f"field {field!r} is {problem['input']!r}: {message[:1].lower()}{message[1:]}"
