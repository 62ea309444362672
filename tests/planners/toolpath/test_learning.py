"""Estimates, mined subroutines and the file that keeps them."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outlay.ledger.errors import JournalError, UsageError
from outlay.planners.toolpath import (
    Subroutine,
    SubroutineLibrary,
    SubtaskTrace,
    ToolAbility,
    ToolEstimates,
)
from outlay.planners.toolpath.subroutines.mining import USES, mine
from outlay.planners.toolpath.trace import SEARCH, TraceStep

DECLARED = ToolAbility(
    takes=("log",), gives=("board",), usd=Decimal("0.01"), quality=0.9, success=0.9
)


def step(tool: str = "saw", ok: bool = True, usd: str = "0.02", **more: object) -> TraceStep:
    quality = 0.8 if ok else None
    return TraceStep(
        **{"tool": tool, "takes": ("log",), "gives": ("board",), "ok": ok, "usd": Decimal(usd),
           "seconds": 2.0, "quality": quality, **more}  # type: ignore[arg-type]
    )  # fmt: skip


def trace(
    *steps: TraceStep, run: int = 0, material: str = "", by: str = SEARCH, searches: int = 1
) -> SubtaskTrace:
    return SubtaskTrace(
        want="board", material=material, have=("log",), by=by, ok=steps[-1].ok, steps=steps,
        searches=searches, expansions=searches, planning=Decimal("0.002") * searches,
        run=f"run{run}",
    )  # fmt: skip


def recorded(*steps: TraceStep, n: int = 30, start: int = 0, **more: str) -> list[SubtaskTrace]:
    return [trace(*steps, run=start + place, **more) for place in range(n)]


# -- estimates ---------------------------------------------------------------------------------


@given(st.lists(st.builds(step, ok=st.booleans(), usd=st.sampled_from(["0", "0.1", "3"]))))
def test_estimates_stay_within_what_was_declared_and_seen(steps: Sequence[TraceStep]) -> None:
    found = ToolEstimates().plus(steps, "hard").estimate("saw", DECLARED, "hard")
    prices = [0.01, *(float(each.usd or 0) for each in steps)]
    assert min(prices) - 1e-9 <= found.usd.mean <= max(prices) + 1e-9
    assert 0 < found.success.mean < 1
    assert 0.8 - 1e-9 <= found.quality.mean <= 0.9 + 1e-9
    assert found.success.error >= 0
    assert found.usd.error >= 0


def test_much_experience_outweighs_the_catalogue() -> None:
    found = ToolEstimates().plus([step()] * 200, "hard").estimate("saw", DECLARED, "hard")
    assert found.usd.mean == pytest.approx(0.02, rel=0.02)
    assert found.quality.mean == pytest.approx(0.8, rel=0.02)
    assert found.success.mean > 0.99


def test_uncertainty_shrinks_with_what_is_seen() -> None:
    few, many = (
        ToolEstimates()
        .plus([step(ok=True), step(ok=False, usd="0.1")] * n, "")
        .estimate("saw", DECLARED, "")
        for n in (1, 50)
    )
    assert many.success.error < few.success.error
    assert many.usd.error < few.usd.error
    assert math.isinf(ToolEstimates().estimate("saw", ToolAbility(gives=("b",)), "").usd.error)


def test_a_material_has_its_own_estimate_and_borrows_from_the_others() -> None:
    seen = ToolEstimates().plus([step(ok=True)] * 20, "soft").plus([step(ok=False)] * 20, "hard")
    soft, hard, new = (
        seen.estimate("saw", DECLARED, name).success.mean for name in ("soft", "hard", "damp")
    )
    assert hard < 0.1 < 0.4 < new < 0.6 < 0.9 < soft


def test_a_price_that_nobody_declared_is_learned() -> None:
    unpriced = ToolAbility(takes=("log",), gives=("board",))
    seen = ToolEstimates().plus([step(usd="0.02"), step(usd="0.04")], "")
    assert seen.abilities({"saw": unpriced}, "")["saw"].usd == Decimal("0.03")
    assert ToolEstimates().abilities({"saw": unpriced}, "")["saw"].usd is None


# -- mining ------------------------------------------------------------------------------------

FAILS, WORKS = step("axe", ok=False), step("saw")


def test_a_way_that_spares_failures_is_mined() -> None:
    (any_material, hard) = sorted(
        mine(recorded(FAILS, WORKS, material="hard")), key=lambda s: s.material or ""
    )
    assert (any_material.material, hard.material) == (None, "hard")
    assert [move.tool for move in hard.moves] == ["saw"]
    assert (hard.takes, hard.want) == (("log",), "board")
    assert hard.usd == pytest.approx(0.02)
    assert hard.quality == pytest.approx(0.8)
    assert hard.net == pytest.approx(100 * (0.02 - 0.042) / 0.042)


def test_seldom_ways_are_not_mined() -> None:
    assert mine(recorded(FAILS, WORKS, n=2)) == ()


def test_a_way_that_loses_more_quality_than_it_saves_is_not_kept() -> None:
    poor = [trace(step("axe", usd="0.019", quality=0.3), run=n) for n in range(9)]
    good = [trace(step("saw", usd="0.020", quality=0.9), run=n) for n in range(100, 190)]
    kept = {move.tool for each in mine([*poor, *good]) for move in each.moves}
    assert kept == {"saw"}


def test_free_planning_and_no_failures_leave_nothing_to_save() -> None:
    free = [trace(WORKS, run=place, searches=0) for place in range(30)]
    assert mine(free) == ()


def test_steps_that_the_product_does_not_need_are_left_out() -> None:
    detour = step("paint", gives=("red",), takes=("log",))
    (found,) = {s.moves for s in mine(recorded(detour, WORKS))}
    assert [move.tool for move in found] == ["saw"]


def test_mining_again_changes_nothing() -> None:
    traces = recorded(FAILS, WORKS)
    once = mine(traces)
    assert mine(traces, once) == once
    assert mine(list(reversed(traces))) == once


def used(known: Subroutine, *steps: TraceStep, searches: int) -> list[SubtaskTrace]:
    return [trace(*steps, run=1000 + n, by=known.name, searches=searches) for n in range(USES)]


def test_one_that_stops_paying_is_retired_and_stays_so() -> None:
    traces = recorded(FAILS, WORKS)
    known = mine(traces)
    best = SubroutineLibrary(subroutines=known).best("board", ["log"], "")
    assert best is not None
    worse = used(best, step("saw", ok=False), FAILS, step("mill", usd="0.09"), searches=1)
    after = {each.name: each for each in mine([*traces, *worse], known)}
    assert after[best.name].state == "retired"
    assert {s.name: s for s in mine([*traces, *worse], after.values())}[
        best.name
    ].state == "retired"
    well = used(best, WORKS, searches=0)
    kept = {each.name: each for each in mine([*traces, *well], known)}[best.name]
    assert (kept.state, kept.success, kept.usd) == ("active", 1.0, pytest.approx(0.02))


# -- the file ----------------------------------------------------------------------------------


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "home" / "subroutines.json"
    assert SubroutineLibrary.load(path) == SubroutineLibrary()
    learned = SubroutineLibrary().updated(recorded(FAILS, WORKS, material="hard"))
    learned.save(path)
    assert SubroutineLibrary.load(path) == learned
    assert (learned.subtasks, len(learned.tallies)) == (30, 2)
    assert [each.name for each in path.parent.iterdir()] == ["subroutines.json"]


def test_the_best_one_for_the_material_is_chosen() -> None:
    learned = SubroutineLibrary().updated(recorded(FAILS, WORKS, material="hard"))
    hard, soft = (learned.best("board", ["log"], material) for material in ("hard", "soft"))
    assert hard is not None
    assert soft is not None
    assert (hard.material, soft.material) == ("hard", None)
    assert learned.best("board", ["hay"], "hard") is None
    assert learned.best("chair", ["log"], "hard") is None


def test_a_deleted_one_is_not_mined_again() -> None:
    traces = recorded(FAILS, WORKS)
    learned = SubroutineLibrary().updated(traces)
    for each in learned.subroutines:
        learned = learned.without(each.name)
    assert learned.updated(traces).best("board", ["log"], "") is None
    with pytest.raises(UsageError, match="there are none"):
        learned.without("board-1")


@pytest.mark.parametrize(
    "text", ["", "[]", '{"format": 2}', '{"format": 1, "tallies": [1]}', '{"format": 1, "x": NaN}']
)
def test_another_file_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "subroutines.json"
    path.write_text(text)
    with pytest.raises(UsageError, match="cannot be read as subroutines"):
        SubroutineLibrary.load(path)


def test_a_file_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(JournalError, match="cannot be written"):
        SubroutineLibrary().save(tmp_path / "file" / "subroutines.json")


def test_a_trace_is_recorded_without_its_run() -> None:
    data = json.loads(json.dumps(trace(WORKS).to_dict()))
    assert "run" not in data["toolpath"]
