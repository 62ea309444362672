"""The experiment: mined subroutines spare searches, and what is saved is counted right."""

from __future__ import annotations

import pytest

from outlay.benchmarks.evidence.workshop import OrderResult, compare, saving, table


async def test_subroutines_spare_searches_on_the_same_orders() -> None:
    names = ("known", "search", "subroutines")
    found = await compare([0], 20, 3, names=names, crafts=1, materials=1, subtasks=1)
    known, search, subroutines = found.values()
    assert [made.gap for made in known] == pytest.approx([0] * 3)
    assert all(made.success for made in known)
    assert [made.task for made in search] == [made.task for made in subroutines]
    assert sum(made.searched for made in search) == sum(made.subtasks for made in search)
    assert sum(made.searched for made in subroutines) < sum(made.searched for made in search)
    assert len(table(found)) == 4


def made(task: str, usd: float, useful: float) -> OrderResult:
    return OrderResult(
        task=task, success=True, usd=usd, useful=useful, quality=0.5, gap=0, subtasks=1,
        searched=1, searches=1, failed=0, expansions=3,
    )  # fmt: skip


def test_savings_are_shares_of_what_the_base_spends() -> None:
    base = [made("a", 3, 1), made("b", 5, 3)]
    other = [made("a", 2, 1), made("b", 4, 3)]
    assert saving(base, other, "usd").value == pytest.approx(0.25)
    assert saving(base, other, "overhead").value == pytest.approx(0.5)
    assert saving(base, other, "quality").value == 0
