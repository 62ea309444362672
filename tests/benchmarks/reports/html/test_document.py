"""The page: whole, harmless, and with every set-up, task and step on it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from html.parser import HTMLParser

from outlay.benchmarks.experiments.past_experiments import read_experiments
from outlay.benchmarks.reports.html import ReportDetails, ReportStep, render_page
from outlay.benchmarks.reports.summary import summarise
from outlay.benchmarks.results import ResultRow
from outlay.benchmarks.spending import RunSpending

from ...conftest import MakeRow, Ran

VOID = {"meta"}


class Balance(HTMLParser):
    """Checks that every element is closed where it was opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] != ["style"]:
            self.text.append(data)


def read(page: str) -> Balance:
    reader = Balance()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def page_of(
    rows: list[ResultRow],
    bills: dict[str, RunSpending] | None = None,
    told: ReportDetails | None = None,
) -> str:
    report = summarise(rows, rows[0].setup if rows else None, bills)
    return render_page("race & <report>", report, rows, told or ReportDetails())


def step(text: str) -> ReportStep:
    return ReportStep(
        number=1, by="think", what="", text=text, tokens="9 + 1", cost="$0.002", left="7 search"
    )


def two_setups(make: MakeRow) -> Iterator[ResultRow]:
    for place in range(12):
        yield make(f"t{place}", place % 2 == 0, run=f"r{place}")
        yield make(f"t{place}", place != 3, "0.004", planner="<b>bats", run=f"b{place}")


def test_a_recorded_experiment_makes_a_page(ran: Ran) -> None:
    found = read_experiments(ran.home, [ran.outcome.experiment])
    report = summarise(found.rows, found.rows[0].setup, found.bills)
    golds = {task.id: task.gold for task in found.tasks.values()}
    told = ReportDetails(prompts=found.prompts, golds=golds, answers=found.answers)
    reader = read(render_page(ran.outcome.experiment, report, found.rows, told))
    text = " ".join(reader.text)
    assert reader.seen.count("svg") == 2
    assert all(prompt in text for prompt in found.prompts.values())
    assert all(f"outlay show {row.run}" in text for row in found.rows)
    for heading in ("Success against cost", "Where the money went", "Limits used", "Verdict"):
        assert heading in text


def test_foreign_text_stays_text(make_row: MakeRow) -> None:
    rows = list(two_setups(make_row))
    bad = "<script>alert(1)</script>"
    told = ReportDetails(
        prompts={"t0": bad}, golds={"t0": (bad,)}, answers={"r0": bad}, steps={"r0": (step(bad),)}
    )
    page = page_of(rows, None, told)
    reader = read(page)
    assert "script" not in reader.seen
    assert reader.seen.count("h1") == 1
    assert " ".join(reader.text).count(bad) == 4
    assert "<b>bats" in " ".join(reader.text)


def test_nothing_is_fetched(make_row: MakeRow) -> None:
    page = page_of(list(two_setups(make_row)))
    assert not re.search(r"https?:|url\(|@import|\bsrc=|\bhref=", page)


def test_steps_tell_the_budget_after_each(make_row: MakeRow) -> None:
    told = ReportDetails(steps={"r0": (step("→ search {}"), step("Answer: x"))})
    text = " ".join(read(page_of(list(two_setups(make_row)), None, told)).text)
    assert text.count("7 search") == 2
    assert "Of 23 runs the steps are not in this file." in text


def test_a_waterfall_ends_at_the_cost_per_task(make_row: MakeRow) -> None:
    rows = [make_row("a", True, "0.004", run="1")]
    usd = {("think", ""): Decimal("0.001"), ("act", "open"): Decimal("0.003")}
    page = page_of(rows, {"1": RunSpending(usd=usd, used={})})
    assert re.findall(r"margin-left:([\d.]+)%;width:([\d.]+)%", page) == [
        ("0.00", "75.00"),
        ("75.00", "25.00"),
        ("0.00", "100.00"),
    ]


def test_tasks_that_nobody_solved_come_first(make_row: MakeRow) -> None:
    rows = [make_row(task, task != "hard", run=f"{task}{p}", planner=p)
            for task in ("easy", "hard") for p in ("p", "q")]  # fmt: skip
    page = page_of(rows)
    assert page.index(">hard<") < page.index(">easy<")
    assert "nobody solved it" in page


def test_runs_that_were_never_made_leave_an_honest_page(make_row: MakeRow) -> None:
    rows = [make_row("a", False, status="not_started", score=None)]
    reader = read(page_of(rows))
    assert "svg" not in reader.seen
    assert "0 runs" in " ".join(reader.text)
    assert read(page_of([])).seen.count("h1") == 1


def test_more_setups_than_letters_and_colours(make_row: MakeRow) -> None:
    rows = [make_row("a", True, planner=f"p{n:02}", run=f"r{n}") for n in range(30)]
    text = " ".join(read(page_of(rows)).text)
    assert "Z" in text
    assert "D1" in text


def test_what_the_scorer_measures_is_on_the_page(make_row: MakeRow) -> None:
    rows = [make_row(task, True, metrics={"f1": 0.5, "<em>": 1.0}) for task in "abc"]
    text = " ".join(read(page_of([*rows, make_row("a", True, planner="tracker")])).text)
    assert "The scorer's metrics" in text
    assert "50.0 %" in text
    assert "<em>" in text
