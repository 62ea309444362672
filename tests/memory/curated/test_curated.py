"""The memory that the policy edits by tools."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from outlay.journal.records import Observation, ToolCall
from outlay.memory import Trajectory
from outlay.memory.curated.curated import CuratedMemory
from outlay.tools import Outputs, ToolContext

from ..conftest import grow, grown, search

MEMORY = CuratedMemory(limit=4_000)


async def call(trajectory: Trajectory, folder: Path, name: str, **arguments: Any) -> Observation:
    """Calls a tool of the memory, and appends what came of it."""
    tool = next(tool for tool in MEMORY.tools() if tool.spec.name == name)
    context = ToolContext(run="r", call_id="1", outputs=Outputs(folder), past=lambda: (trajectory,))
    seen = await tool.run(ToolCall("1", name, json.dumps(arguments)), context)
    grow(trajectory, len(trajectory), ("", [(name, arguments, seen.text)]))
    return seen


def texts(trajectory: Trajectory) -> list[str]:
    return [message.content for message in MEMORY.shown(trajectory)[2:]]


def three() -> Trajectory:
    return grown([search(str(n), f"seen {n}", f"said {n}") for n in range(3)])


async def test_pruned_records_leave_with_their_call_and_the_note_stays(tmp_path: Path) -> None:
    trajectory = three()
    seen = await call(trajectory, tmp_path, "prune", refs=["r3", "r5"], note="both were 7")
    assert (seen.text, seen.error) == ("Out of view: r3, r5.", False)
    assert texts(trajectory) == ["said 2", "[r7] seen 2", "", "[r9] Out of view: r3, r5."]
    last = MEMORY.shown(trajectory)[-2]
    assert "both were 7" in last.tool_calls[0].arguments


async def test_nothing_is_deleted_before_something_is_written(tmp_path: Path) -> None:
    trajectory = three()
    seen = await call(trajectory, tmp_path, "prune", refs=["r3"], note=" ")
    assert seen.error
    assert "[r3] seen 0" in texts(trajectory)


async def test_pinned_records_stay(tmp_path: Path) -> None:
    trajectory = three()
    assert (await call(trajectory, tmp_path, "pin", refs=["r3"])).text == "Pinned: r3."
    seen = await call(trajectory, tmp_path, "prune", refs=["r3", "r5"], note="so")
    assert seen.text == "Error: pinned records stay in view: r3"
    for n in range(40):
        grow(trajectory, len(trajectory), search(str(n), "long " * 40))
    assert "[r3] seen 0" in texts(trajectory)
    assert any("are out of view" in text for text in texts(trajectory))


async def test_refs_of_no_record_in_view_are_refused(tmp_path: Path) -> None:
    trajectory = three()
    for refs in (["r99"], ["r2"], ["x"], []):
        assert (await call(trajectory, tmp_path, "prune", refs=refs, note="n")).error
        assert (await call(trajectory, tmp_path, "pin", refs=refs)).error
    await call(trajectory, tmp_path, "prune", refs=["r3"], note="n")
    assert (await call(trajectory, tmp_path, "prune", refs=["r3"], note="n")).error
    assert (await call(trajectory, tmp_path, "note", text=" ")).error


async def test_part_of_a_turn_can_be_pruned(tmp_path: Path) -> None:
    both = ("said", [("search", {"query": "a"}, "seen a"), ("search", {"query": "b"}, "seen b")])
    trajectory = grown([both])
    await call(trajectory, tmp_path, "prune", refs=["r3"], note="a is so")
    assert texts(trajectory)[:3] == ["said", "[r3] pruned", "[r4] seen b"]


async def test_going_back_brings_pruned_records_back(tmp_path: Path) -> None:
    trajectory = three()
    before, mark = texts(trajectory), trajectory.mark
    await call(trajectory, tmp_path, "prune", refs=["r3"], note="n")
    assert texts(trajectory) != before
    trajectory.rewind(mark)
    assert texts(trajectory) == before


def test_it_reminds_then_insists() -> None:
    def last(rounds: int) -> str:
        return texts(grown([search("q", "word " * 20) for _ in range(rounds)]))[-1]

    assert last(3).startswith("[r7] word")
    assert last(11).startswith("Your memory is filling up.")
    assert last(17).startswith("Your memory is nearly full")
