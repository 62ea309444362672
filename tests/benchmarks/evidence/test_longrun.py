"""What memories cost and lose on long tasks."""

from __future__ import annotations

from decimal import Decimal

from outlay.benchmarks.evidence.longrun import GrowthPoint, LongrunResult, growth_table, run
from outlay.benchmarks.suites.longrun import Longrun


async def test_the_workspace_stays_flat_where_the_full_memory_grows() -> None:
    suite = Longrun(length=120, kinds=("all",))
    task = suite.tasks(1, 0)[0]
    flat = (await run(suite, task, "workspace", at=(50, 120))).points
    full = (await run(suite, task, "full", at=(50, 120))).points
    assert abs(flat[1].prompt - flat[0].prompt) <= 0.1 * flat[0].prompt
    assert full[1].prompt > 2 * full[0].prompt
    assert flat[1].journal - flat[0].journal < 1.2 * 70 * flat[0].journal / 50


def test_the_table_tells_growth_by_call() -> None:
    points = (
        GrowthPoint(50, 300, 15_000, 80_000_000, 100_000),
        GrowthPoint(100, 310, 30_000, 81_000_000, 210_000),
    )
    table = growth_table(
        [LongrunResult(memory="workspace", success=True, usd=Decimal(0), points=points)]
    )
    assert table.splitlines()[-1] == "| workspace | 100 | 310 | 30,000 | 81 | 2,200 |"
