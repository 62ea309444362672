"""Experiments as the store knows them: rows, bills and plans, without running anything."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ...agent import Home
from ...journal.foreign_text import one_line
from ...ledger.errors import UsageError
from ...ledger.resources import COLUMNS
from ..results import UNFINISHED, WHY_LENGTH, ResultRow
from ..spending import RunSpending
from ..suite import Task, suite

_FAMILY = """
with recursive chosen as (
    select run, experiment from runs
    where parent is null and list_has_any(
        [experiment, regexp_replace(experiment, '[.][0-9]+$', '')], ?
    )
),
family as (
    select run, run as root from chosen
    union all
    select runs.run, family.root from runs join family on runs.parent = family.run
)
"""
_RUNS = f"""{_FAMILY}
, sums as (
    select root, sum(usd) as usd, {", ".join(f"sum({name}) as {name}" for name, _ in COLUMNS)}
    from family join runs using (run) group by root
),
starts as (
    select run, body -> '$.agent.plan' as plan, body ->> '$.agent.budget' as budget
    from events where kind = 'run_started'
),
said_no as (
    select run, map(list(name), list(calls)) as refused from (
        select run, case when body ->> '$.call' = 'tool' then body ->> '$.name' else '' end as name,
            count(*) as calls
        from events
        where kind = 'refused' and body ->> '$.resource' not in ('approval', 'seconds')
        group by all order by all
    ) group by run
),
judged as (
    select run, arg_max(body -> '$.metrics', t) as metrics
    from events where kind = 'scored' group by run
)
select r.run, r.experiment, r.task, r.task_id, r.planner, r.memory, r.model, r.repeat, r.seed,
    r.status, r.reason, r.why, r.score, r.answer, r.seconds, starts.plan, starts.budget,
    judged.metrics, said_no.refused, sums.* exclude (root)
from runs r
join chosen using (run) join starts using (run) join sums on sums.root = r.run
left join judged using (run) left join said_no using (run)
order by r.experiment, r.started, r.run
"""
_SPEND = f"""{_FAMILY}
select root, node, case when kind = 'tool' then name else '' end as tool, sum(usd) as usd
from family join spend using (run) group by all order by all
"""
_TOOL_CALLS = f"""{_FAMILY}
select root, name, count(*) as calls, coalesce(sum(usd), 0) as usd
from family join calls using (run)
where "call" = 'tool' and state <> 'released' group by all order by all
"""

_AS_THEY_ARE = (
    *("run", "planner", "memory", "budget", "repeat", "seed", "seconds"),
    *("tool_calls", "model_calls", "input_tokens", "output_tokens"),
)


@dataclass(frozen=True, kw_only=True)
class RecordedRuns:
    """All runs of one or more experiments over the same tasks."""

    experiments: tuple[str, ...]
    rows: list[ResultRow]
    """The set-up that began first comes first; the plan's runs that were not made come last."""
    bills: Mapping[str, RunSpending]
    """By run."""
    tasks: Mapping[str, Task]
    """By id; empty where the suite is not at hand."""
    prompts: Mapping[str, str]
    """What was asked, by the task's id."""
    answers: Mapping[str, str | None]
    """The policy's last words, by run."""


def read_experiments(home: Home, names: Sequence[str]) -> RecordedRuns:
    """Returns what is recorded of experiments; `RACE` stands for `RACE.1`, `RACE.2`, … too.

    Raises:
        UsageError: there is no such experiment, or they are not over the same tasks.
    """
    found = home.store.query(_RUNS, (list(names),))
    runs = [dict(zip(found.columns, row, strict=True)) for row in found.rows]
    known = {run["experiment"] for run in runs}
    for name in names:
        if not any(each == name or each.rpartition(".")[0] == name for each in known):
            raise UsageError(
                f"there is no experiment {name!r} in {home.path}: "
                "see the column `experiment` of `outlay runs --json`"
            )
    plans = {run["experiment"]: json.loads(run["plan"]) for run in runs}
    tasks = _tasks(plans)
    rows = [_row(run, tasks.get(run["task_id"])) for run in runs]
    return RecordedRuns(
        experiments=tuple(plans),
        rows=[*rows, *_not_made(runs, rows, plans, tasks)],
        bills=_bills(home, names, runs),
        tasks=tasks,
        prompts={run["task_id"]: run["task"] for run in runs},
        answers={run["run"]: run["answer"] for run in runs},
    )


def _tasks(plans: Mapping[str, Mapping[str, Any]]) -> dict[str, Task]:
    """Returns the tasks that the plans are about; none if the suite's data is not at hand."""
    (first, plan), *others = plans.items()
    for name, other in others:
        if any(other[key] != plan[key] for key in ("suite", "knobs", "seed")):
            raise UsageError(
                f"{first} and {name} are not over the same tasks: "
                "report experiments of another suite, other knobs or another seed apart"
            )
    most = max(plan["tasks"] for plan in plans.values())
    try:
        found = suite(plan["suite"], **plan["knobs"]).tasks(most, plan["seed"])
    except UsageError:
        return {}
    return {task.id: task for task in found}


def _row(run: Mapping[str, Any], task: Task | None) -> ResultRow:
    status = run["status"] or "cancelled"
    return ResultRow.model_validate(
        {
            "task": run["task_id"],
            "hops": task.hops if task else None,
            "kind": task.kind if task else "",
            **{name: run[name] for name in _AS_THEY_ARE},
            "policy": run["model"],
            "status": status,
            "reason": run["reason"] or "",
            "why": one_line(run["why"] or "", WHY_LENGTH),
            "score": None if status in UNFINISHED else run["score"],
            "cost_usd": run["usd"],
            "gold_cost_usd": task.gold_cost if task else None,
            "metrics": json.loads(run["metrics"] or "{}"),
            "refused": run["refused"] or {},
        }
    )


def _not_made(
    runs: Sequence[Mapping[str, Any]],
    rows: Sequence[ResultRow],
    plans: Mapping[str, Mapping[str, Any]],
    tasks: Mapping[str, Task],
) -> Iterator[ResultRow]:
    """Yields the runs that the plans ask of the set-ups that began, and that are not there."""
    made: dict[str, list[ResultRow]] = {}
    for run, row in zip(runs, rows, strict=True):
        made.setdefault(run["experiment"], []).append(row)
    for experiment, group in made.items():
        plan = plans[experiment]
        there = {(row.setup, row.task, row.repeat) for row in group}
        for sample in {row.setup: row for row in group}.values():
            for repeat in range(plan["repeats"]):
                for task in list(tasks.values())[: plan["tasks"]]:
                    if (sample.setup, task.id, repeat) not in there:
                        yield _nothing(sample, task, repeat)


def _nothing(sample: ResultRow, task: Task, repeat: int) -> ResultRow:
    return ResultRow(
        task=task.id, hops=task.hops, kind=task.kind, **sample.setup._asdict(), repeat=repeat,
        seed=sample.seed, status="not_started", score=None, cost_usd=Decimal(0), tool_calls=0,
        model_calls=0, input_tokens=0, output_tokens=0, seconds=0.0, run="",
        gold_cost_usd=task.gold_cost,
    )  # fmt: skip


def _bills(
    home: Home, names: Sequence[str], runs: Sequence[Mapping[str, Any]]
) -> dict[str, RunSpending]:
    usd: dict[str, dict[tuple[str, str], Decimal]] = {}
    for run, node, tool, amount in home.store.query(_SPEND, (list(names),)).rows:
        usd.setdefault(run, {})[node, tool] = amount
    used: dict[str, dict[str, Decimal]] = {}
    for run in runs:
        mine = {name: Decimal(run[name]) for name in ("usd", *(name for name, _ in COLUMNS))}
        mine["tokens"] = mine["input_tokens"] + mine["output_tokens"]
        used[run["run"]] = mine
    for run, tool, calls, amount in home.store.query(_TOOL_CALLS, (list(names),)).rows:
        used[run][f"tool_calls.{tool}"] = Decimal(calls)
        used[run][f"usd.{tool}"] = Decimal(amount)
    return {run: RunSpending(usd=usd.get(run, {}), used=mine) for run, mine in used.items()}
