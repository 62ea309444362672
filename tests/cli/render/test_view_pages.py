"""The gauges of a run's page: nothing of a budget is lost between used, held and left."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from outlay.cli.render.view_pages import trajectory
from outlay.journal.events import Event

LIMIT = Decimal("1")
SEEN = {"call_id": "c", "tool": "search", "text": "seen"}
CALL = st.tuples(st.integers(0, 40), st.sampled_from(["settle", "release", "unknown", "open"]))


def told(calls: list[tuple[int, str]]) -> list[Event]:
    """Returns a run of tool calls that hold so many cents; a bill is half of what was held."""
    bodies: list[tuple[Any, dict[str, Any]]] = [
        (
            "run_started",
            {"task": "Who?", "planner": "react", "memory": "full", "model": "m",
             "budget": {"usd": str(LIMIT), "seconds": 60.0}},
        )
    ]  # fmt: skip
    for place, (cents, end) in enumerate(calls):
        hold = {"hold": f"h{place}", "call": "tool", "name": "search", "node": "act"}
        usd = str(Decimal(cents) / 100)
        bodies.append(("hold", {**hold, "usd": usd, "attempt": 1, "arguments": "{}"}))
        bill = {"usd": str(Decimal(cents) / 200), "seconds": 0.1, "observation": SEEN}
        bodies += [(end, {**hold, "why": "it broke", **bill})] if end != "open" else []
    return [
        Event("r", seq, kind, f"0/act/{seq}/0/0" if seq else "", at=seq / 10, body=body)
        for seq, (kind, body) in enumerate(bodies)
    ]


@settings(deadline=None)
@given(st.lists(CALL, max_size=8))
def test_used_and_held_are_what_the_events_say(calls: list[tuple[int, str]]) -> None:
    events = told(calls)
    run = trajectory(events, "running")
    used, held, expected = Decimal(0), Decimal(0), []
    for cents, end in calls:
        held += Decimal(cents) / 100
        if end in ("settle", "release"):
            held -= Decimal(cents) / 100
            used += Decimal(cents) / 200 if end == "settle" else 0
        if end != "open":
            expected.append((float(used), float(held)))
    assert [(moment.gauges[0].used, moment.gauges[0].held) for moment in run.moments] == expected
    assert (run.gauges[0].used, run.gauges[0].held) == (float(used), float(held))
    assert len(run.on_hold) == sum(end in ("unknown", "open") for _, end in calls)
    assert [gauge.resource for gauge in run.gauges] == ["USD", "seconds"]


def test_a_pruned_run_is_told_without_its_texts() -> None:
    events = told([(10, "settle")])
    events[0].body["pruned"] = 1.7e9
    run = trajectory(events, "interrupted")
    assert (run.task, run.moments, run.gauges) == ("Who?", [], ())
    assert ("texts", "pruned: the run is still listed and counted") in run.facts


def test_what_a_planner_has_noted_is_an_entry() -> None:
    value = {"mode": "bats", "block": "<budget>"}
    event = Event("r", 9, "value", "0/mode/3/0/0", at=1.0, body={"value": value})
    (note,) = [
        moment for moment in trajectory([*told([]), event], "").moments if moment.sort == "note"
    ]
    assert (note.number, note.by, note.text) == (4, "mode", '{\n "mode": "bats"\n}')
