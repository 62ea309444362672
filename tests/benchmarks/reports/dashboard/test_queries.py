"""Pages of runs: every run once, in order, whatever is filtered."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outlay.benchmarks.reports.dashboard import queries
from outlay.benchmarks.reports.dashboard.queries import PageCursor, RunFilters
from outlay.benchmarks.reports.dashboard.store_reader import OpenStore, StoreReader

from .conftest import LiveJournal

PLANNERS, STATUSES, TASKS = ("react", "bats"), ("answered", None), ("The River", "a 50% lake")
RUN = st.tuples(
    st.integers(0, 3), st.sampled_from(PLANNERS), st.sampled_from(STATUSES), st.sampled_from(TASKS)
)


def made(rows: list[tuple[int, str, str | None, str]]) -> OpenStore:
    """A view of runs that began in so many seconds, many of them at once."""
    database = duckdb.connect()
    database.execute(
        "create table runs (run varchar, started timestamp, task varchar, experiment varchar, "
        "planner varchar, memory varchar, model varchar, status varchar, success boolean, "
        "score double, usd decimal(38,12), unpriced bigint, model_calls bigint, "
        "tool_calls bigint, seconds double, parent varchar);"
        "create table events (run varchar, seq bigint, kind varchar, id varchar, body json)"
    )
    for place, (second, planner, status, task) in enumerate(rows):
        database.execute(
            "insert into runs (run, started, planner, status, task) values (?, ?, ?, ?, ?)",
            [f"r{place}", datetime(2026, 1, 1, 0, 0, second), planner, status, task],
        )
    return OpenStore(database)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(RUN, max_size=12),
    st.sampled_from(["", *PLANNERS]),
    st.sampled_from(["", "answered", "unfinished"]),
    st.sampled_from(["", "river", "50%", "_"]),
)
def test_pages_hold_every_run_that_is_wanted_once(
    rows: list[tuple[int, str, str | None, str]], planner: str, status: str, text: str
) -> None:
    view = made(rows)
    filters = RunFilters(planner=planner, status=status, text=text)
    wanted = [
        (second, f"r{place}")
        for place, (second, by, ended, task) in enumerate(rows)
        if planner in ("", by)
        and status in ("", ended or "unfinished")
        and text.lower() in task.lower()
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(queries, "PAGE", 3)
        found, before = [], None
        while True:
            part = queries.newest(view, filters, before)
            assert len(part.rows) <= 3
            found += [(row.facts["started"].second, row.facts["run"]) for row in part.rows]
            if part.more is None:
                break
            before = PageCursor.parse(str(part.more))
            assert before == part.more
    assert found == sorted(wanted, reverse=True)


@pytest.mark.parametrize("text", ["", "nonsense", "~", "2026-01-01", "'; drop table runs; --~r"])
def test_a_cursor_that_is_none_is_the_first_page(text: str) -> None:
    parsed = PageCursor.parse(text)
    assert parsed is None or (parsed.started, parsed.name) == (datetime(2026, 1, 1), "")


@pytest.mark.parametrize(
    ("experiment", "suite"),
    [("almanac-1m7ysdxszsp7mf", "almanac"), ("web-qa-1m7ysdxszsp7mf.2", "web-qa"), ("mine", "")],
)
def test_an_experiment_names_its_suite(book: LiveJournal, experiment: str, suite: str) -> None:
    book.run("a", experiment=experiment)
    found = StoreReader(book.home).answer("choices", queries.choices).value
    assert found.suite == ([suite] if suite else [])


def test_a_budget_is_what_was_given_and_added(book: LiveJournal) -> None:
    book.run("a", status="budget_exhausted")
    book.write("a", 6, "run_resumed", mode="total", add={"usd": "0.02"}, branch=0, cut=None)
    book.run("b", budget={"tool_calls": 3})
    book.run("c", parent="a")
    rows = (
        StoreReader(book.home).answer(1, lambda v: queries.newest(v, RunFilters(), None)).value.rows
    )
    assert {row.facts["run"]: row.limit for row in rows} == {
        "a": Decimal("0.03"), "b": None, "c": Decimal("0.01"),
    }  # fmt: skip
    assert {row.journal for row in rows} == {book.journal.id}
    own, below = StoreReader(book.home).answer(2, lambda v: queries.family(v, "a")).value
    assert own is not None
    assert [each.facts["run"] for each in (own, *below)] == ["a", "c"]
