"""Frontier and repeats by hand."""

from __future__ import annotations

from math import inf

import pytest

from outlay.benchmarks.reports.frontier_summary import place_setups, repeat_tries
from outlay.benchmarks.results import ResultRow, Setup

from ..conftest import MakeRow


def grouped(rows: list[ResultRow]) -> dict[Setup, list[ResultRow]]:
    groups: dict[Setup, list[ResultRow]] = {}
    for row in rows:
        groups.setdefault(row.setup, []).append(row)
    return groups


def test_each_setup_has_its_place(make_row: MakeRow) -> None:
    rows = [make_row("a", True, "0.002"), make_row("b", False, "0.002"), make_row("c", False)]
    rows += [make_row(task, task != "c", "0.004", planner="bats") for task in "abc"]
    rows += [make_row(task, False, "0.003", planner="worse") for task in "abc"]
    frontier = place_setups(grouped(rows))
    assert frontier
    assert [place.is_on for place in frontier.places] == [True, True, False]
    assert [place.cheapest_on for place in frontier.places] == [1, 1, 0]
    assert (frontier.tasks, frontier.unsolved) == (3, 1)
    assert frontier.by_task == {"a": 0.002, "b": 0.004, "c": inf}
    assert frontier.cost
    assert frontier.cost.value == pytest.approx(0.003)
    assert frontier.places[2].odds == 0.0


def test_only_common_tasks_count(make_row: MakeRow) -> None:
    rows = [make_row("a", True), make_row("b", True), make_row("b", True, planner="bats")]
    frontier = place_setups(grouped(rows))
    assert frontier
    assert list(frontier.by_task) == ["b"]


def test_one_setup_has_no_frontier(make_row: MakeRow) -> None:
    assert place_setups(grouped([make_row("a", True)])) is None
    apart = [make_row("a", True), make_row("b", True, planner="bats")]
    assert place_setups(grouped(apart)) is None


def test_repeats_pass_once_or_always(make_row: MakeRow) -> None:
    rows = [make_row("a", True), make_row("a", False), make_row("b", True), make_row("b", True)]
    repeats = repeat_tries(rows[0].setup, rows, 0.95)
    assert repeats
    assert (repeats.k, repeats.any_passes.value, repeats.all_pass.value) == (2, 1.0, 0.5)


def test_a_task_without_a_repeat_leaves_them_unknown(make_row: MakeRow) -> None:
    rows = [make_row("a", True), make_row("a", False), make_row("b", True)]
    assert repeat_tries(rows[0].setup, rows, 0.95) is None
