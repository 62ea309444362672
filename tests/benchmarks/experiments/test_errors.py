"""Runs that a server's errors ended judge nothing, and go on once it is there again."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from outlay.agent import Home
from outlay.benchmarks.experiments.experiment import ExperimentPlan, run_experiment
from outlay.benchmarks.experiments.past_experiments import read_experiments
from outlay.benchmarks.experiments.race import RaceSpec
from outlay.benchmarks.experiments.race_runner import run_race
from outlay.benchmarks.reports.html import ReportDetails, render_page
from outlay.benchmarks.reports.summary import summarise
from outlay.benchmarks.reports.terminal.race_report import render_race
from outlay.testing import LoopbackServer, ScriptedAnswer

NO = ScriptedAnswer(status=401, error={"message": "who are you?"})


def plan(url: str, planner: str = "react", tasks: int = 4) -> ExperimentPlan:
    return ExperimentPlan(
        suite="almanac", policy=f"{url}#m", planners=(planner,), budgets=("tokens=90k",),
        tasks=tasks,
    )  # fmt: skip


async def test_an_experiment_goes_on_with_what_errors_ended(tmp_path: Path) -> None:
    refuses = True

    def script(body: object) -> ScriptedAnswer:
        return NO if refuses else ScriptedAnswer("Answer: 7")

    with LoopbackServer(script) as server:
        first = await run_experiment(plan(server.url), home=tmp_path)
        assert [(row.broken, row.finished, row.score) for row in first.rows] == [
            (True, False, None)
        ] * 4
        assert "who are you?" in first.rows[0].why
        page = render_page("t", summarise(first.rows), first.rows, ReportDetails())
        assert "Ended by errors" in page
        assert "gets no verdict" in page
        store = Home.at(tmp_path).store
        assert store.query("select count(*) from runs where success is not null").rows == [(0,)]
        refuses = False
        again = await run_experiment(None, home=tmp_path, resume=first.experiment)
    assert [(row.status, row.score) for row in again.rows] == [("answered", 0.0)] * 4
    assert {row.run for row in again.rows} == {row.run for row in first.rows}
    recorded = read_experiments(Home.at(tmp_path), [first.experiment])
    assert [row.finished for row in recorded.rows] == [True] * 4


@pytest.mark.parametrize(("down", "says"), [((1,), "leads"), ((0, 1), "errors ended every")])
async def test_a_race_drops_a_candidate_that_errors_end(
    tmp_path: Path, down: tuple[int, ...], says: str
) -> None:
    def script(number: int) -> LoopbackServer:
        answer = NO if number in down else ScriptedAnswer("Answer: 7")
        return LoopbackServer(lambda body: answer)

    with script(0) as one, script(1) as two:
        race = RaceSpec(
            candidates=(plan(one.url, tasks=10), plan(two.url, "tracker", tasks=10)), block=5
        )
        outcome = await run_race(race, home=tmp_path)
        asked = two.served.requests
    dropped = [standing.dropped_after for standing in outcome.standings]
    assert dropped == [5 if place in down else None for place in (0, 1)]
    assert (outcome.leader is None) == (down == (0, 1))
    assert asked == 5  # of the first block alone
    page = StringIO()
    Console(file=page, width=120).print(render_race(outcome))
    told = " ".join(page.getvalue().split())
    assert "is out, its runs ended by errors: 5 ×" in told
    assert "out after 5 (errors)" in told
    assert says in told
