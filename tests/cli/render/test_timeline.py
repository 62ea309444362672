"""The story of a run spends what its record spends."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from outlay.agent import RunRecord
from outlay.cli.render.entry_lines import what
from outlay.cli.render.timeline import tell
from outlay.journal.events import Event, Kind

CALLS = st.tuples(
    st.sampled_from(["model", "tool"]),
    st.sampled_from([None, "settle", "release", "unknown"]),
    st.integers(0, 10**6),
    st.integers(0, 10**6),
)


def events(calls: list[tuple[str, str | None, int, int]]) -> list[Event]:
    limits = {"usd": "1", "tool_calls.search": 5}
    bodies: list[tuple[Kind, dict[str, object]]] = [("run_started", {"budget": limits})]
    for number, (call, end, held, billed) in enumerate(calls):
        hold = {"hold": str(number), "call": call, "name": "search" if call == "tool" else "m"}
        usd = {"usd": f"{held}e-6", "input_tokens": held, "output_tokens": 1}
        bodies.append(("hold", {**hold, **usd, "node": "think", "attempt": 1}))
        bill = dict.fromkeys(("cache_read", "cache_write", "output", "reasoning"), 0)
        ends: dict[str, tuple[Kind, dict[str, object]]] = {
            "settle": ("settle", {**bill, "usd": f"{billed}e-6", "input": billed}),
            "release": ("release", {"why": "refused"}),
            "unknown": ("unknown", {"why": "reset"}),
        }
        if end is not None:
            kind, body = ends[end]
            bodies.append((kind, {**body, "hold": str(number)}))
    return [
        Event("r", seq, kind, "0/think/0/0/0" if seq else "", float(seq), body)
        for seq, (kind, body) in enumerate(bodies)
    ]


@given(st.lists(CALLS, max_size=12))
def test_a_story_and_a_record_agree(calls: list[tuple[str, str | None, int, int]]) -> None:
    told = events(calls)
    story, entries = tell(told)
    spent = RunRecord.of(told).spent
    assert story.spent == spent
    assert story.left == {
        "usd": 1 - spent["usd"],
        "tool_calls.search": 5 - spent["tool_calls.search"],
    }
    assert len(entries) == sum(end is not None for _, end, _, _ in calls)


def test_a_bill_that_came_later_is_an_entry() -> None:
    lost = events([("model", "unknown", 9, 0)])
    tokens = dict.fromkeys(("input", "cache_read", "cache_write", "output", "reasoning"), 0)
    bill = {"hold": "0", "usd": "4e-6", "final": False, "why": "reconciled", **tokens}
    story, entries = tell([*lost, Event("r", len(lost), "settle", body=bill)])
    assert [what(entry).plain for entry in entries][1] == "reconciled"
    assert (story.spent.usd, story.open) == (Decimal("0.000004"), {})
