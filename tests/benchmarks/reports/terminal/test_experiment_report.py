"""Reports as they are printed. `UPDATE_GOLDEN=1` writes the golden files anew."""

from __future__ import annotations

import io
import os
import random
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from outlay.benchmarks.reports.terminal.experiment_report import (
    WIDTH,
    render_plain,
    render_rich,
    summarise,
)
from outlay.benchmarks.results import ResultRow
from outlay.benchmarks.spending import RunSpending

GOLDEN = Path(__file__).parent / "golden"
FULL = {"memory": "full", "policy": "embedded"}


def runs(
    planner: str, skill: float, dearth: int, tasks: int = 40, repeats: int = 3, **changes: object
) -> Iterator[ResultRow]:
    """Yields runs of tasks of 1 to 4 hops that succeed as often and cost as much as told."""
    rng = random.Random(planner)
    for task in range(tasks):
        hops = task % 4 + 1
        gold = Decimal(hops * 4).scaleb(-3)
        for repeat in range(repeats):
            won = rng.random() < skill - 0.1 * hops
            fields: dict[str, object] = {
                **{"task": f"t{task}", "hops": hops, "kind": "chain", "planner": planner, **FULL},
                **{"budget": "search=8,open=4", "repeat": repeat, "seed": 0, "score": float(won)},
                "status": "answered" if won or rng.random() < 0.7 else "budget_exhausted",
                "cost_usd": gold + Decimal(rng.randint(0, dearth) * hops).scaleb(-4),
                **{"tool_calls": rng.randint(1, 9), "model_calls": rng.randint(2, 10)},
                **{"input_tokens": rng.randint(500, 6000), "output_tokens": rng.randint(20, 200)},
                **{"seconds": rng.randint(1, 300) / 100, "run": "", "gold_cost_usd": gold},
            }
            yield ResultRow.model_validate({**fields, **changes})


def empty() -> list[ResultRow]:
    return []


def single_run() -> list[ResultRow]:
    return [*runs("react", 1.1, 9, tasks=1, repeats=1)]


def one_setup() -> list[ResultRow]:
    return [*runs("react", 0.9, 40)]


def two_setups() -> list[ResultRow]:
    return [*runs("react", 0.8, 60), *runs("tracker", 1.1, 20)]


def three_setups() -> list[ResultRow]:
    return [
        *runs("bats", 1.1, 20, budget="usd=0.02"),
        *runs("react", 0.8, 60),
        *runs("tracker", 0.8, 60, tasks=6),
    ]


def no_success() -> list[ResultRow]:
    return [*runs("react", 0.0, 40, tasks=12)]


def all_failed() -> list[ResultRow]:
    return [*runs("react", 0.0, 40, tasks=4, status="failed", score=None, cost_usd=0)]


def without_hops() -> list[ResultRow]:
    return [*runs("react", 0.9, 40, hops=None, gold_cost_usd=None)]


def money_out() -> list[ResultRow]:
    late = {"status": "not_started", "score": None, "cost_usd": 0, "seconds": 0}
    return [*runs("react", 0.9, 40, tasks=12), *runs("react", 0.0, 1, tasks=8, **late)]


def none_started() -> list[ResultRow]:
    return [*runs("react", 0.0, 1, tasks=8, status="not_started", score=None, cost_usd=0)]


CASES = [
    *(empty, single_run, one_setup, two_setups, three_setups, no_success, all_failed),
    *(without_hops, money_out, none_started),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_the_plain_report_is_the_golden_one(case: Callable[[], list[ResultRow]]) -> None:
    path = GOLDEN / f"report_{case.__name__}.txt"
    text = render_plain(summarise(case()))
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8", newline="\n")
    assert text == path.read_text(encoding="utf-8")


def test_money_and_limits_are_told_where_bills_are_known() -> None:
    rows = [row.model_copy(update={"run": f"r{n}"}) for n, row in enumerate(two_setups())]
    path = GOLDEN / "report_bills.txt"
    text = render_plain(summarise(rows, None, {row.run: bill(row) for row in rows}))
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(text, encoding="utf-8", newline="\n")
    assert text == path.read_text(encoding="utf-8")


def bill(row: ResultRow) -> RunSpending:
    """Returns a bill of a third for thinking and two thirds for opening; it sums to the cost."""
    think = (row.cost_usd / 3).quantize(Decimal("1e-9"))
    usd = {("think", ""): think, ("act", "open"): row.cost_usd - think}
    used = {"tool_calls.search": Decimal(row.tool_calls), "tool_calls.open": Decimal(2)}
    return RunSpending(usd=usd, used=used)


def test_a_terminal_sees_the_same_words_in_colours() -> None:
    report = summarise(two_setups())
    out = io.StringIO()
    Console(file=out, width=WIDTH, force_terminal=True, color_system="standard").print(
        render_rich(report)
    )
    lines = Text.from_ansi(out.getvalue()).plain.splitlines()
    assert "\x1b[" in out.getvalue()
    assert [line.rstrip() for line in lines] == render_plain(report).splitlines()


def test_names_are_no_markup() -> None:
    rows = [*runs("[bold]react[/bold]", 0.9, 40, tasks=2)]
    assert "[bold]react[/bold]" in render_plain(summarise(rows))


words = st.text("abcxyz+-=,.[]", min_size=1, max_size=60)
amounts = st.decimals(0, 10**5, places=9, allow_nan=False) | st.decimals(
    0, Decimal("0.01"), places=9, allow_nan=False
)
rows = st.builds(
    ResultRow.model_validate,
    st.fixed_dictionaries(
        {
            "task": st.sampled_from("abcdefghijkl"),
            "hops": st.none() | st.integers(0, 6),
            "planner": words,
            "memory": st.sampled_from(["full", "workspace"]),
            "policy": st.just("embedded"),
            "budget": words,
            "repeat": st.integers(0, 3),
            "seed": st.just(0),
            "status": st.sampled_from(
                ["answered", "budget_exhausted", "failed", "cancelled", "not_started"]
            ),
            "score": st.none() | st.floats(0, 1),
            "cost_usd": amounts,
            "tool_calls": st.integers(0, 10**4),
            "model_calls": st.integers(0, 10**4),
            "input_tokens": st.integers(0, 10**8),
            "output_tokens": st.integers(0, 10**6),
            "seconds": st.floats(0, 10**5),
            "run": st.just(""),
            "gold_cost_usd": st.none() | amounts,
        }
    ),
)


@settings(max_examples=60, deadline=None)
@given(st.lists(rows, max_size=12))
def test_any_rows_fit_the_width_with_every_number_whole(results: list[ResultRow]) -> None:
    lines = render_plain(summarise(results)).splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert not any("…" in line for line in lines)
