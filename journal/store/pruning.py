"""Taking the texts of old runs out of the book. What they cost stays in it, to the last digit.

Prompts, replies, arguments, observations and values told to the policy are emptied. Who was called
when, under which hold, for how many tokens and how much money stays, and so do tasks, answers,
scores and budgets: sums, reports and experiments are as before. A pruned run cannot be shown step
by step, replayed, forked or resumed any more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from .store import Store

_RUNS = """
select s.run, s.last, h.experiment, h.parent, h.fork, h.pruned
from spans s
left join (
    select run, any_value(experiment) as experiment, any_value(parent) as parent,
        any_value(fork) as fork, max(pruned) as pruned
    from marks group by run
) h using (run)
order by s.first, s.run
"""
_LIVE = "select distinct run from events where journal in (select unnest(?::varchar[]))"
_SIZES = """
select count(*), coalesce(sum(strlen(body)), 0)::bigint
from events where run in (select unnest(?::varchar[]))
"""
_SPENT = """
select count(distinct experiment), min(started), max(started), coalesce(sum(usd), 0)
from runs where run in (select unnest(?::varchar[]))
"""


@dataclass(frozen=True, kw_only=True)
class PrunableRuns:
    """Runs whose texts can go."""

    runs: tuple[str, ...]
    experiments: int
    """Experiments that they belong to."""
    events: int
    bytes: int
    """Bytes of the journals' lines that are about them."""
    usd: Decimal
    """What they have spent: it stays in the book."""
    began: tuple[Any, Any]
    """When the first and the last of them began, in UTC; (None, None) if there are none."""


def prunable(store: Store, before: float) -> PrunableRuns:
    """Returns the runs that are old, and rested upon by no younger one.

    Sub-agents and the run that started them, forks and the run that they come from, and the runs of
    an experiment belong together: all of them are old, or none is pruned.

    Args:
        before: seconds since 1970; a run is old if nothing was written of it since.

    Raises:
        JournalError: the store cannot be read.
    """
    runs = tuple(_old(store.query(_RUNS).rows, set(_live(store)), before))
    ((events, size),) = store.query(_SIZES, (runs,)).rows
    ((experiments, first, last, usd),) = store.query(_SPENT, (runs,)).rows
    return PrunableRuns(
        runs=runs, experiments=experiments, events=events, bytes=size, usd=usd,
        began=(first, last),
    )  # fmt: skip


def prune(store: Store, runs: Sequence[str], now: float) -> int:
    """Empties the texts of runs in the journals and the store; returns how many bytes that freed.

    Args:
        now: when that is, in seconds since 1970: it is noted in the runs.

    Raises:
        UsageError: a live process writes a journal that one of the runs stands in.
        JournalError: a journal or the store cannot be written. Pruning again goes on.
    """
    return store.change(runs, lambda event: empty_texts(event, now))


def empty_texts(event: dict[str, Any], now: float) -> None:
    """Empties the texts of an event in place, and notes in the run's first one when that was."""
    for name, emptied in _EMPTIED.items():
        if name in event:
            event[name] = emptied(event[name])
    if event["kind"] == "run_started":
        event["pruned"] = now


def _request(request: Mapping[str, Any]) -> dict[str, Any]:
    return {**request, "base": None, "keep": 0, "new": []}


def _reply(reply: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: reply.get(name) for name in ("finish_reason", "model", "response_id")}
    return {"message": {"role": "assistant", "content": ""}, **kept}


def _observation(observation: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in observation.items() if name not in ("ref", "notice")}
    return {**kept, "text": ""}


def _value(value: Any) -> Any:
    return "" if isinstance(value, str) else value


_EMPTIED: dict[str, Callable[[Any], Any]] = {
    "request": _request,
    "arguments": lambda _: "{}",
    "reply": _reply,
    "observation": _observation,
    "value": _value,
}
"""What is left of a field, by its name."""


def _live(store: Store) -> Iterator[str]:
    for (run,) in store.query(_LIVE, (store.live_journals(),)).rows:
        yield run


def _old(rows: Iterable[tuple[Any, ...]], live: set[str], before: float) -> Iterator[str]:
    """Yields the runs all of whose family is old and ended, and that are not pruned yet."""
    families = _UnionFind()
    found = list(rows)
    for run, _, experiment, parent, fork, _ in found:
        families.join(run, f"experiment {experiment}" if experiment else None)
        families.join(run, parent)
        families.join(run, fork)
    young = {families.of(run) for run, last, *_ in found if last >= before or run in live}
    for run, *_, pruned in found:
        if pruned is None and families.of(run) not in young:
            yield run


class _UnionFind:
    """Disjoint sets of names."""

    def __init__(self) -> None:
        self._above: defaultdict[str, str | None] = defaultdict(lambda: None)

    def of(self, name: str) -> str:
        """Returns the name that stands for the whole family."""
        while (above := self._above[name]) is not None:
            if (top := self._above[above]) is not None:
                self._above[name] = top
            name = above
        return name

    def join(self, name: str, other: str | None) -> None:
        if other is not None and self.of(name) != self.of(other):
            self._above[self.of(name)] = self.of(other)
