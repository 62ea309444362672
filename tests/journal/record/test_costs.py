"""What holds cost: the fold in Python and the one in SQL come to the same, to the last digit."""

from __future__ import annotations

import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from outlay.journal.events import Event, Kind
from outlay.journal.journal import Journal
from outlay.journal.record.costs import CostLine, costs, total
from outlay.journal.record.run_record import RunRecord
from outlay.journal.store.store import Store
from outlay.ledger.usage import CLASSES

USD = st.integers(0, 10**13).map(lambda units: Decimal(units).scaleb(-12))
TOKENS = st.integers(0, 10**6)
BILLED_BY = (*CLASSES, "call", "seconds", "correction")
RUNS = ("r0", "r1", "r2")

Body = dict[str, Any]


@dataclass(frozen=True)
class Written:
    """The events of some runs, journal by journal."""

    journals: tuple[tuple[Event, ...], ...]

    def of(self, run: str) -> list[Event]:
        return [event for journal in self.journals for event in journal if event.run == run]


class RunScript:
    """One run as it is drawn: its events with ever higher numbers."""

    def __init__(self, draw: st.DrawFn, run: str, fork: Body | None) -> None:
        self.draw = draw
        self.run = run
        self.open: list[Body] = []
        self.seq = 0
        self.branch = 0
        self.holds = 0
        self.events: list[Event] = []
        self.say(
            "run_started", task="t", task_id=run, experiment="x", parent=None, planner="react",
            memory="full", model="m", seed=0, repeat=0, budget={}, agent={},
            **({"fork": fork} if fork else {}),
        )  # fmt: skip

    def say(self, kind: Kind, key: str = "", **body: Any) -> None:
        self.events.append(Event(self.run, self.seq, kind, key, float(self.seq), body))
        self.seq += 1

    def hold(self) -> None:
        draw, is_tool = self.draw, self.draw(st.booleans())
        key = f"{self.branch}/act/{self.holds}/0/0"
        body: Body = {
            "hold": f"{self.run}:{key}#1", "call": "tool" if is_tool else "model",
            "name": draw(st.sampled_from(["search", "read"] if is_tool else ["m", "m2"])),
            "node": "act" if is_tool else draw(st.sampled_from(["think", "verify"])),
            "attempt": 1, "usd": draw(st.none() | USD), "price": "test",
            "input_tokens": 0 if is_tool else draw(TOKENS),
            "output_tokens": 0 if is_tool else draw(TOKENS),
        }  # fmt: skip
        if is_tool:
            body |= {"arguments": "{}", "call_id": "c"}
            body |= draw(st.just({}) | st.integers(1, 5).map(lambda calls: {"calls": calls}))
        self.holds += 1
        self.say("hold", key, **body)
        self.open.append(body | {"key": key})

    def end(self) -> None:
        """Ends one of the calls that are under way, or leaves its outcome unknown."""
        hold = self.draw(st.sampled_from(self.open))
        kind = self.draw(st.sampled_from(["settle", "settle", "release", "unknown", "reconcile"]))
        if kind == "unknown":
            self.say("unknown", hold["key"], hold=hold["hold"], why="timeout")
            return
        self.open.remove(hold)
        if kind == "release":
            self.say("release", hold["key"], hold=hold["hold"], why="429")
        elif kind == "reconcile" and hold["call"] == "model":
            self.reconcile(hold)
        else:
            self.settle(hold)

    def reconcile(self, hold: Body) -> None:
        tokens = {name: self.draw(TOKENS) for name in CLASSES}
        self.say(
            "settle", hold=hold["hold"], usd=self.draw(USD), usd_by_class={}, **tokens,
            seconds=None, ok=False, final=False, why="reconciled",
        )  # fmt: skip

    def settle(self, hold: Body) -> None:
        draw, key = self.draw, hold["key"]
        shared: Body = {"hold": hold["hold"], "seconds": 0.5, "ok": True, "final": True}
        if hold["call"] == "tool":
            usd = hold["usd"]
            seen = {"call_id": "c", "tool": hold["name"], "text": "found"}
            self.say("settle", key, usd=usd, usd_by_class={"call": usd}, observation=seen, **shared)
            return
        message = {"role": "assistant", "content": "so"}
        shared["reply"] = {"message": message, "finish_reason": "stop"}
        if draw(st.booleans()):
            nothing = dict.fromkeys(CLASSES)
            self.say("settle", key, usd=hold["usd"], usd_by_class={}, **nothing, **shared)
            return
        parts = {} if hold["usd"] is None else {name: draw(USD) for name in BILLED_BY}
        usd = None if hold["usd"] is None else sum(parts.values(), Decimal(0))
        tokens = {name: draw(TOKENS) for name in CLASSES}
        self.say("settle", key, usd=usd, usd_by_class=parts, **tokens, **shared)
        if usd is not None and usd > hold["usd"]:
            over = {"resource": "usd", "held": hold["usd"], "billed": usd}
            self.say("overrun", key, hold=hold["hold"], **over)

    def resume(self) -> None:
        """Goes on in another process; a call that was under way may still be settled by a bill."""
        cut = self.draw(st.none() | st.integers(1, self.seq))
        self.branch += cut is not None
        mode = self.draw(st.sampled_from(["resume", "per_invocation", "rewind"]))
        self.say("run_resumed", mode=mode, add=None, branch=self.branch, cut=cut)

    def other(self) -> None:
        refused = {"call": "tool", "name": "search", "node": "act", "resource": "usd"}
        self.say("refused", f"{self.branch}/act/0/0/1", **refused, account="the run", why="no")
        self.say("value", f"{self.branch}/act/0/0/2", value={"a": 1})


@st.composite
def written(draw: st.DrawFn) -> Written:
    """Runs beside each other, in one journal after another; later runs may be forks."""
    scripts: list[RunScript] = []
    for run in RUNS[: draw(st.integers(1, len(RUNS)))]:
        fork = {"run": RUNS[0], "step": 0, "spent": {"usd": str(draw(USD))}} if scripts else None
        scripts.append(RunScript(draw, run, draw(st.sampled_from([None, fork]))))
    journals: list[tuple[Event, ...]] = []
    for _ in range(draw(st.integers(1, 3))):
        for _ in range(draw(st.integers(0, 10))):
            script = draw(st.sampled_from(scripts))
            acts = [script.hold, script.hold, script.other]
            draw(st.sampled_from([*acts, script.end, script.end] if script.open else acts))()
        journals.append(tuple(event for script in scripts for event in script.events))
        for script in scripts:
            script.events = []
        draw(st.sampled_from(scripts)).resume()
    return Written(tuple(journals))


def loaded(told: Written, home: Path, *, piecewise: bool) -> Store:
    """Returns the store of real journals, loaded once or after each of them."""
    store = Store(home)
    for events in told.journals:
        journal = Journal(home)
        for event in events:
            journal.append(event)
        journal.close()
        if piecewise:
            store.load()
    return store


@settings(max_examples=40)
@given(written(), st.booleans())
def test_python_and_sql_come_to_the_same(told: Written, piecewise: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = loaded(told, Path(folder), piecewise=piecewise)
        lines = {run: costs(told.of(run)) for run in RUNS}
        assert {run: costs(store.events(run)) for run in RUNS} == lines
        assert table(store, _HOLDS) == Counter(holds(lines))
        assert table(store, _RUNS) == Counter(runs(told, lines))
        assert table(store, _NAMES) == Counter(names(lines))
        assert table(store, _SPEND) == Counter(spend(lines))


@given(written())
def test_a_total_is_what_the_record_says(told: Written) -> None:
    for run in RUNS:
        events = told.of(run)
        assert total(costs(events)) == RunRecord.of(events).spent


_HOLDS = "select run, hold, \"call\", name, node, state, usd from calls where run <> ''"
_RUNS = """
select run, usd, unpriced, model_calls, tool_calls, input_tokens, output_tokens from runs
"""
_NAMES = """
select run, "call", name, coalesce(sum(usd), 0), sum(calls)::bigint
from calls where state <> 'released' group by all
"""
_SPEND = "select run, kind, name, node, class, coalesce(tokens, 0), usd from spend"


def table(store: Store, sql: str) -> Counter[tuple[Any, ...]]:
    return Counter(map(tuple, store.query(sql).rows))


def holds(lines: dict[str, tuple[CostLine, ...]]) -> Iterator[tuple[Any, ...]]:
    for run, mine in lines.items():
        for line in mine:
            yield run, line.hold, line.call, line.name, line.node, line.status, line.usd


def runs(told: Written, lines: dict[str, tuple[CostLine, ...]]) -> Iterator[tuple[Any, ...]]:
    for run, mine in lines.items():
        if told.of(run):
            sums = total(mine)
            unpriced = sum(line.usd is None for line in mine)
            counts = ("model_calls", "tool_calls", "input_tokens", "output_tokens")
            yield (run, sums.usd, unpriced, *(sums[name] for name in counts))


def names(lines: dict[str, tuple[CostLine, ...]]) -> Iterator[tuple[Any, ...]]:
    for run, mine in lines.items():
        for (call, name), some in grouped(mine, "call", "name").items():
            sums = total(some)
            if call == "tool":
                assert (sums.usd, sums["tool_calls"]) == (
                    sums[f"usd.{name}"], sums[f"tool_calls.{name}"],
                )  # fmt: skip
            calls = sums["tool_calls"] if call == "tool" else len(some)
            yield run, call, name, sums.usd, calls


def spend(lines: dict[str, tuple[CostLine, ...]]) -> Iterator[tuple[Any, ...]]:
    for run, mine in lines.items():
        for key, some in grouped(mine, "call", "name", "node").items():
            usd = {by: sum((part(line, by) for line in some), Decimal(0)) for by in BILLED_BY}
            usd["unsettled"] = total(some).usd - sum(usd.values())
            tokens = {
                name: sum(getattr(line.usage, name) for line in some if line.usage)
                for name in CLASSES
            }
            tokens["unsettled"] = sum(
                int(line.amount["tokens"]) for line in some if line.usage is None
            )
            for by, amount in usd.items():
                if amount or tokens.get(by):
                    yield run, *key, by, tokens.get(by, 0), amount


def part(line: CostLine, by: str) -> Decimal:
    return line.usd_by_class.get(by, Decimal(0))


def grouped(lines: Iterable[CostLine], *by: str) -> dict[tuple[str, ...], list[CostLine]]:
    """Returns the lines that were not released, by some of their fields."""
    found: dict[tuple[str, ...], list[CostLine]] = defaultdict(list)
    for line in lines:
        if line.status != "released":
            found[tuple(getattr(line, name) for name in by)].append(line)
    return dict(found)
