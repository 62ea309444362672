"""What the store has of earlier runs, by task class, policy and mode."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any
from weakref import WeakKeyDictionary

from ...policies import RoutingStats, RunTally
from ..home import Home

PATIENCE = 100
"""What the store has told is believed for so many times as long as it took to ask: a hundredth of
the time at most goes into asking, however many runs begin and however large the store is."""

_told: WeakKeyDictionary[Home, tuple[float, RoutingStats]] = WeakKeyDictionary()
"""Until when (on the monotonic clock) what each home's store has told is believed."""

_SQL = """
with asked as (
    select run, any_value(name) as model, count(distinct name) as models
    from calls where "call" = 'model' and state <> 'released' group by run
),
moded as (
    select run, arg_max(body ->> '$.value.mode', seq) as mode
    from events
    where kind = 'value' and split_part("key", '/', 2) = 'mode'
        and json_type(body -> '$.value.mode') = 'VARCHAR'
    group by run
),
filed as (
    select run, coalesce(any_value(body ->> '$.agent.task_class'), '') as class
    from events where kind = 'run_started' group by run
)
select
    filed.class, case when asked.models = 1 then asked.model end as model, moded.mode,
    count(*) as runs,
    count(success) as judged,
    count(*) filter (success) as solved,
    count(*) filter (unpriced = 0) as priced,
    coalesce(sum(usd) filter (unpriced = 0), 0) as usd,
    sum(output_tokens)::bigint as output_tokens,
    coalesce(sum(output_tokens) filter (success), 0)::bigint as solved_output_tokens,
    sum(tool_calls)::bigint as tool_calls
from runs join filed using (run) left join asked using (run) left join moded using (run)
where status is not null and status <> 'cancelled' and parent is null
group by all
"""


def recent(home: Home) -> RoutingStats:
    """Returns what `logged` does, or what it did a short time ago in this process."""
    until, history = _told.get(home, (0.0, RoutingStats()))
    before = time.monotonic()
    if before < until:
        return history
    history = logged(home)
    after = time.monotonic()
    _told[home] = (after + PATIENCE * (after - before), history)
    return history


def logged(home: Home) -> RoutingStats:
    """Returns what the store has of runs that have ended, those of sub-agents left out.

    A run whose calls went to several policies speaks for none of them.
    """
    tallies: dict[tuple[str, str], RunTally] = {}
    for task_class, model, mode, *counts in home.store.query(_SQL).rows:
        tally = _tally(counts)
        arms = ("", *((f"model:{model}",) if model else ()), *((f"mode:{mode}",) if mode else ()))
        for arm in arms:
            key = (task_class, arm)
            tallies[key] = tallies.get(key, RunTally()) + tally
    return RoutingStats(tallies)


def _tally(counts: list[Any]) -> RunTally:
    runs, judged, solved, priced, usd, output, solved_output, calls = counts
    return RunTally(
        runs=runs, judged=judged, solved=solved, priced=priced, usd=Decimal(usd),
        output_tokens=output, solved_output_tokens=solved_output, tool_calls=calls,
    )  # fmt: skip
