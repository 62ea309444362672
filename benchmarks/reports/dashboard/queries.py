"""What the pages ask of the store: SQL over its views."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, Self, TypeVar

import orjson

from ....journal.events import Event
from .store_reader import OpenStore, Row

T = TypeVar("T")

PAGE = 50
"""Rows on a page."""

UNFINISHED = "unfinished"
"""Stands for the status of runs that have none."""
STATUSES = ("answered", "budget_exhausted", "failed", "cancelled", UNFINISHED)

SUITE = "regexp_extract(experiment, '^(.+)-[0-9a-z]{14}([.][0-9]+)?$', 1)"
"""The suite's name, out of the experiment's: `almanac-1m7ysdxszsp7mf`, of a race with `.3`."""

_RUNS = """
select run, started, task, experiment, planner, memory, model, status, success, score, usd,
    unpriced, model_calls + tool_calls as calls, seconds, parent
from runs
"""
_TURNS = """
select run, kind, id, body -> '$.budget' as budget, body -> '$.add' as more
from events
where kind in ('run_started', 'run_resumed') and run in ({marks})
order by run, seq
"""
_EXPERIMENTS = f"""
select experiment, {SUITE} as suite, min(started) as started, count(*) as runs,
    count(*) filter (status is null) as unfinished, count(success) as judged,
    count(*) filter (success) as solved, sum(usd) as usd, sum(unpriced) as unpriced,
    count(distinct planner) as planners
from runs where experiment is not null group by all
"""


@dataclass(frozen=True)
class PageCursor:
    """Where a page ended: it goes on below the row that began then and is called so."""

    started: datetime
    name: str

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Returns the cursor of a URL, or None if it is none."""
        moment, _, name = text.partition("~")
        try:
            return cls(datetime.fromisoformat(moment), name)
        except ValueError:
            return None

    def __str__(self) -> str:
        return f"{self.started.isoformat()}~{self.name}"


@dataclass(frozen=True, kw_only=True)
class RunFilters:
    """Which runs are wanted; what is empty filters nothing."""

    suite: str = ""
    planner: str = ""
    memory: str = ""
    model: str = ""
    status: str = ""
    text: str = ""
    """Somewhere in the task, in small or capital letters."""
    experiment: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        """Returns the filters of a URL's query."""
        return cls(**{field.name: query.get(field.name, "").strip() for field in fields(cls)})

    def conditions(self) -> tuple[list[str], list[Any]]:
        """Returns conditions in SQL and their parameters."""
        conditions = {
            "suite": f"{SUITE} = ?",
            "status": "coalesce(status, 'unfinished') = ?",
            "text": "contains(lower(task), lower(?))",
        }
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        asked = {name: value for name, value in given.items() if value}
        return [conditions.get(name, f"{name} = ?") for name in asked], list(asked.values())


@dataclass(frozen=True, kw_only=True)
class FilterChoices:
    """What filters can be set to."""

    suite: Sequence[str]
    planner: Sequence[str]
    memory: Sequence[str]
    model: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class RunListItem:
    """A run in a list."""

    facts: Row
    """Columns of the view `runs`."""
    limit: Decimal | None
    """Its budget in USD, with all that was added."""
    journal: str
    """The one that its last process wrote or writes."""


@dataclass(frozen=True, kw_only=True)
class ListPage(Generic[T]):
    """One page of a list."""

    rows: Sequence[T]
    more: PageCursor | None
    """Where the next page begins, or None if this is the last one."""


def newest(
    view: OpenStore, filters: RunFilters, before: PageCursor | None
) -> ListPage[RunListItem]:
    """Returns a page of runs, those that began last first."""
    conditions, parameters = filters.conditions()
    if before is not None:
        conditions.append("(started, run) < (?, ?)")
        parameters += [before.started, before.name]
    where = f"where {' and '.join(conditions)}" if conditions else ""
    sql = f"{_RUNS} {where} order by started desc, run desc limit {PAGE + 1}"
    found = view.rows(sql, parameters)
    return ListPage(rows=_listed(view, found[:PAGE]), more=_more(found, "run"))


def family(view: OpenStore, run: str) -> tuple[RunListItem | None, list[RunListItem]]:
    """Returns a run and the sub-agents that it started; None where there is no such run."""
    own = _listed(view, view.rows(f"{_RUNS} where run = ?", [run]))
    if not own:
        return None, []
    below = view.rows(f"{_RUNS} where parent = ? order by started, run", [run])
    return own[0], _listed(view, below)


def choices(view: OpenStore) -> FilterChoices:
    """Returns the suites, planners, memories and models that there are."""
    found = view.rows(f"select distinct {SUITE} as suite, planner, memory, model from runs")
    names = ("suite", "planner", "memory", "model")
    return FilterChoices(
        **{name: sorted({row[name] for row in found if row[name]}) for name in names}
    )


def events(view: OpenStore, run: str) -> list[Event]:
    """Returns the events of a run in their order."""
    found = view.rows("select body from events where run = ? order by seq, t", [run])
    return [Event.from_dict(orjson.loads(row["body"])) for row in found]


def experiments(view: OpenStore, before: PageCursor | None) -> ListPage[Row]:
    """Returns a page of experiments, those that began last first."""
    sql = f"select * from ({_EXPERIMENTS})"
    parameters: list[Any] = []
    if before is not None:
        sql += " where (started, experiment) < (?, ?)"
        parameters = [before.started, before.name]
    sql += f" order by started desc, experiment desc limit {PAGE + 1}"
    found = view.rows(sql, parameters)
    return ListPage(rows=found[:PAGE], more=_more(found, "experiment"))


def experiment(view: OpenStore, name: str) -> list[Row]:
    """Returns the experiment of that name, of a race each of its rounds."""
    return view.rows(
        f"select * from ({_EXPERIMENTS}) where experiment = ? "
        "or regexp_replace(experiment, '[.][0-9]+$', '') = ? order by started",
        [name, name],
    )


def spend(view: OpenStore) -> list[Row]:
    """Returns what was spent by kind, name and class: tokens and USD."""
    return view.rows(
        "select kind, name, class, sum(tokens)::bigint as tokens, sum(usd) as usd, "
        "count(distinct run) as runs from spend group by all order by usd desc, tokens desc"
    )


def days(view: OpenStore, most: int) -> list[Row]:
    """Returns runs and USD of the last days on which runs began, by the day in UTC."""
    return view.rows(
        "select started::date as day, count(*) as runs, count(*) filter (success) as solved, "
        "sum(usd) as usd, sum(unpriced) as unpriced "
        f"from runs group by all order by day desc limit {most}"
    )


def _listed(view: OpenStore, found: Sequence[Row]) -> list[RunListItem]:
    turns: dict[str, list[Row]] = {}
    if found:
        marks = ", ".join("?" * len(found))
        for row in view.rows(_TURNS.format(marks=marks), [row["run"] for row in found]):
            turns.setdefault(row["run"], []).append(row)
    return [_one(row, turns.get(row["run"], [])) for row in found]


def _one(facts: Row, turns: Sequence[Row]) -> RunListItem:
    last = turns[-1]["id"] if turns else ""
    return RunListItem(facts=facts, limit=_limit(turns), journal=last.partition(":")[0])


def _limit(turns: Sequence[Row]) -> Decimal | None:
    limit: Decimal | None = None
    for turn in turns:
        if turn["kind"] == "run_started":
            usd = orjson.loads(turn["budget"] or "{}").get("usd")
            limit = None if usd is None else Decimal(usd)
        elif limit is not None and turn["more"]:
            more = orjson.loads(turn["more"]) or {}
            limit += Decimal(more.get("usd") or 0)
    return limit


def _more(found: Sequence[Row], name: str) -> PageCursor | None:
    if len(found) <= PAGE:
        return None
    last = found[PAGE - 1]
    return PageCursor(last["started"], last[name])
