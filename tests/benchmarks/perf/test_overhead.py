"""The overhead benchmark: every set-up plays the same conversation, and the table tells it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from outlay.benchmarks.perf.floors import SET_UPS
from outlay.benchmarks.perf.overhead import LoadCase, OverheadRow, main, measure, table
from outlay.testing import LoopbackServer

CASE = LoadCase(agents=2, turns=3, wait_ms=0)
WARM_UP = 1


def spoken(body: dict[str, Any]) -> list[str]:
    """The kinds of message in a prompt, and what the tools answered."""
    return [
        str(m["content"]) if m["role"] == "tool" else str(m["role"])
        for m in body["messages"]
        if m["role"] != "system"
    ]


@pytest.mark.parametrize("set_up", SET_UPS)
def test_every_set_up_plays_the_same_conversation(server: LoopbackServer, set_up: str) -> None:
    sample = measure(set_up, server.url, CASE)
    assert server.served.requests == (CASE.agents + WARM_UP) * CASE.turns
    assert spoken(server.bodies[-1]) == [
        "user",
        "assistant",
        "What is known of turn 0 call 0 is this.",
        "assistant",
        "What is known of turn 1 call 0 is this.",
    ]
    assert sample.cpu_ms > 0
    assert (sample.journal_bytes > 0) == (set_up == "outlay")


def test_a_single_agent_plays_several_times(server: LoopbackServer) -> None:
    case = LoadCase(agents=1, turns=2, wait_ms=0)
    measure("aiohttp by hand", server.url, case)
    assert server.served.requests == (case.repeats + WARM_UP) * case.turns


def test_command_prints_and_writes_what_it_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "rows.json"
    flags = ["--agents", "2", "--turns", "2", "--wait", "0", "--rounds", "1", "--json", str(file)]
    main([*flags, "--set-ups", "aiohttp by hand,outlay"])
    floor, own = json.loads(file.read_text())
    assert floor["ratio"] == 1
    assert own["set_up"] == "outlay"
    assert own["ratio"] == pytest.approx(own["cpu_ms"] / floor["cpu_ms"])
    assert "2 agents × 2 turns, no latency" in capsys.readouterr().out


def test_table_has_a_block_for_each_case() -> None:
    numbers: dict[str, Any] = dict.fromkeys(OverheadRow.__dataclass_fields__, 1)
    rows = [OverheadRow(**{**numbers, "case": case, "set_up": "outlay"}) for case in ("one", "two")]
    assert [line for line in table(rows).splitlines() if line.endswith("(median of 1)")] == [
        "one (median of 1)",
        "two (median of 1)",
    ]


@pytest.mark.parametrize("flags", [["--set-ups", "nonsense"], ["--agents", "0"]])
def test_nonsense_is_refused(flags: list[str]) -> None:
    with pytest.raises(SystemExit):
        main(flags)
