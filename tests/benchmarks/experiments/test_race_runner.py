"""Races: who is dropped, who may be called the winner, and a race that is really run."""

from __future__ import annotations

import random
from collections.abc import Sequence
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from outlay.agent import Home
from outlay.benchmarks.experiments.experiment import ExperimentPlan
from outlay.benchmarks.experiments.past_experiments import read_experiments
from outlay.benchmarks.experiments.race import RaceOutcome, RaceSpec, RaceStanding
from outlay.benchmarks.experiments.race_runner import behind, run_race
from outlay.benchmarks.reports.terminal.race_report import render_race
from outlay.benchmarks.results import Setup
from outlay.ledger.errors import UsageError

from ..conftest import MakeRow


def plan(planner: str = "react", budget: str = "usd=0.008", tasks: int = 60) -> ExperimentPlan:
    return ExperimentPlan(
        suite="almanac", policy="embedded:reader", planners=(planner,), budgets=(budget,),
        tasks=tasks,
    )  # fmt: skip


def race(candidates: int, block: int = 20, **changes: object) -> RaceSpec:
    fields: dict[str, object] = {"block": block, **changes}
    return RaceSpec(candidates=tuple(plan() for _ in range(candidates)), **fields)  # type: ignore[arg-type]


def shares(*won: Sequence[float]) -> list[dict[str, float]]:
    return [{f"t{place}": value for place, value in enumerate(column)} for column in won]


def test_who_is_clearly_behind_is_dropped() -> None:
    found = behind(shares([1] * 20, [1] * 17 + [0] * 3, [0] * 20), [0, 1, 2], race(3))
    assert found == [2]


def test_a_candidate_that_is_out_drops_nobody() -> None:
    assert behind(shares([1] * 20, [0] * 20), [1], race(2)) == []


def test_keeping_two_takes_two_that_are_better() -> None:
    three = shares([1] * 20, [1] * 20, [0] * 20)
    assert behind(three, [0, 1, 2], race(3, keep=2)) == [2]
    assert behind(three, [0, 2], race(3, keep=2)) == []


def test_more_looks_make_each_look_stricter() -> None:
    pair = shares([1] * 20, [1] * 14 + [0] * 6)  # 6 tasks to none: p = 1/64
    assert behind(pair, [0, 1], race(2, block=20)) == [1]
    assert behind(pair, [0, 1], race(2, block=4)) == []


def test_the_best_is_dropped_no_more_often_than_alpha() -> None:
    rng = random.Random(9)
    plan_of_race = race(4, block=20)
    lost = 0
    for _ in range(150):
        ease = [rng.uniform(0.2, 0.8) for _ in range(60)]
        columns = [[float(rng.random() < each) for each in ease] for _ in range(4)]
        running = [0, 1, 2, 3]
        for tasks in (20, 40, 60):
            gone = behind(shares(*(column[:tasks] for column in columns)), running, plan_of_race)
            running = [place for place in running if place not in gone]
        lost += 0 not in running
    assert lost / 150 <= plan_of_race.alpha


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"candidates": (plan(),)}, "a race needs two candidates"),
        ({"alpha": 0.0}, "alpha 0.0 is no chance"),
        ({"keep": 2}, "keeping 2 of 2 candidates leaves nothing to race"),
    ],
)
def test_a_race_that_makes_no_sense_is_refused(changes: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        RaceSpec(**{"candidates": (plan(), plan("tracker")), **changes})  # type: ignore[arg-type]


async def test_a_race_is_limited_in_money(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="a race is limited in USD"):
        await run_race(race(2), home=tmp_path, total_budget="tokens=5k")


def outcome(make: MakeRow, leads: Sequence[float | None], money_out: bool = False) -> RaceOutcome:
    standings = []
    for place, lead in enumerate(leads):
        rows = tuple(
            make(
                f"t{task}",
                task < 20 - 6 * place,
                "0.002",
                planner=f"p{place}",
                run=f"{place}.{task}",
            )
            for task in range(20)
        )
        standings.append(
            RaceStanding(
                setup=rows[0].setup, experiment=f"race.{place + 1}", rows=rows,
                shares={row.task: float(row.success) for row in rows},
                dropped_after=20 if place == 2 else None, lead=lead,
            )
        )  # fmt: skip
    return RaceOutcome(
        race="race", plan=race(len(leads)), standings=tuple(standings),
        leader=standings[0].setup, money_out=money_out,
    )  # fmt: skip


def test_a_winner_must_be_better_than_every_other(make_row: MakeRow) -> None:
    sure = outcome(make_row, [None, 0.04, 0.001])
    assert sure.winner == sure.leader
    assert outcome(make_row, [None, 0.06, 0.001]).winner is None


def test_savings_are_the_runs_not_made(make_row: MakeRow) -> None:
    found = outcome(make_row, [None, 0.04, 0.001])
    assert (found.runs, found.full_runs) == (60, 180)
    assert float(found.spent) == pytest.approx(0.12)
    assert found.saved == pytest.approx(0.24)


def printed(found: RaceOutcome) -> str:
    out = StringIO()
    Console(file=out, width=100).print(render_race(found))
    return " ".join(out.getvalue().split())


def test_the_report_says_how_sure_it_is(make_row: MakeRow) -> None:
    text = printed(outcome(make_row, [None, 0.06, 0.001]))
    assert "No winner was shown: p0 leads, but may not be better than p1." in text
    assert "out after 20" in text
    assert "for 6 comparisons: 2 rivals × 3 blocks of 20" in text
    assert "60 of the full grid's 180 runs were made for $0.12" in text
    sure = printed(outcome(make_row, [None, 0.04, 0.001], money_out=True))
    assert "p0 solves more than every other candidate (p ≤ 0.05)." in sure
    assert "The money ran out; the block that it ended in is not judged." in sure


async def test_a_race_drops_the_starved_and_resumes_for_nothing(tmp_path: Path) -> None:
    running = RaceSpec(
        candidates=(plan("react", "model_calls=2", 12), plan("tracker", "usd=0.02", 12)), block=6
    )
    blocks: list[tuple[int, Sequence[Setup], Sequence[Setup]]] = []
    first = await run_race(running, home=tmp_path, on_block=lambda *seen: blocks.append(seen))
    assert first.leader
    assert blocks == [(6, [first.leader], [first.standings[0].setup])]
    assert first.standings[0].dropped_after == 6
    assert first.leader.planner == "tracker"
    assert first.runs == 12
    again = await run_race(running, name=first.race, home=tmp_path)
    assert [standing.lead for standing in again.standings] == [
        standing.lead for standing in first.standings
    ]
    assert {row.run for row in again.rows} == {row.run for row in first.rows}
    recorded = read_experiments(Home.at(tmp_path), [first.race])
    assert recorded.experiments == (f"{first.race}.1", f"{first.race}.2")
    assert {row.run for row in recorded.rows} == {row.run for row in first.rows}


async def test_money_that_runs_out_decides_nothing(tmp_path: Path) -> None:
    running = RaceSpec(candidates=(plan(tasks=8), plan("tracker", tasks=8)), block=8)
    found = await run_race(running, home=tmp_path, total_budget="usd=0.03")
    assert found.money_out
    assert 0 < found.spent <= Decimal("0.03")
    assert (found.leader, found.winner) == (None, None)
    assert "no block was completed" in printed(found)


async def test_a_race_has_one_owner(tmp_path: Path) -> None:
    home = Home.at(tmp_path)
    with home.own("race mine"), pytest.raises(UsageError, match=r"race mine is under way in proc"):
        await run_race(race(2), name="mine", home=tmp_path)
    assert not home.store.journals.exists()
