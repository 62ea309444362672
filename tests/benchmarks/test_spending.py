"""Bills by hand."""

from __future__ import annotations

from decimal import Decimal

import pytest

from outlay.benchmarks.experiments.past_experiments import read_experiments
from outlay.benchmarks.reports.summary import summarise
from outlay.benchmarks.spending import RunSpending, summarise_bills

from .conftest import MakeRow, Ran


def bill(open_usd: str, think_usd: str, searches: int) -> RunSpending:
    usd = {("act", "open"): Decimal(open_usd), ("think", ""): Decimal(think_usd)}
    used = {"usd": sum(usd.values(), Decimal(0)), "tool_calls.search": Decimal(searches)}
    return RunSpending(usd=usd, used=used)


def test_each_task_counts_the_same(make_row: MakeRow) -> None:
    rows = [
        make_row("a", True, run="1"),
        make_row("a", True, run="2"),
        make_row("b", True, run="3"),
    ]
    bills = {"1": bill("0.1", "0", 8), "2": bill("0.3", "0", 4), "3": bill("0", "0.4", 8)}
    summary = summarise_bills(rows[0].setup, rows, bills)
    assert summary
    assert [(each.node, each.tool) for each in summary.spending] == [("think", ""), ("act", "open")]
    assert [each.usd for each in summary.spending] == pytest.approx([0.2, 0.1])
    (use,) = summary.caps
    assert (use.resource, use.cap, use.used, use.at_cap) == ("search", 8, 7.0, 0.75)


def test_money_is_never_used_up_to_the_last_digit(make_row: MakeRow) -> None:
    row = make_row("a", True, run="1", budget="usd=0.5,search.usd=0.2")
    summary = summarise_bills(row.setup, [row], {"1": bill("0.1", "0.2", 0)})
    assert summary
    assert [(use.resource, use.at_cap) for use in summary.caps] == [
        ("usd", None), ("usd.search", None),
    ]  # fmt: skip
    assert summary.caps[0].used == pytest.approx(0.3)


def test_without_bills_there_is_no_summary(make_row: MakeRow) -> None:
    row = make_row("a", True, run="1")
    assert summarise_bills(row.setup, [row], {}) is None


def test_the_parts_sum_to_the_mean_cost(ran: Ran) -> None:
    found = read_experiments(ran.home, [ran.outcome.experiment])
    report = summarise(found.rows, None, found.bills)
    for summary, bills in zip(report.setups, report.bills, strict=True):
        assert summary.measures
        total = sum(part.usd for part in bills.spending)
        assert total == pytest.approx(summary.measures.cost.value)
