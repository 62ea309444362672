"""The table of runs gives way to a narrow terminal, ids of runs do not."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from io import StringIO

import pytest
from rich.console import Console

from outlay.cli.render.runs_table import table

ROW = {
    "run": "1m8rv1nrjzqd09", "started": datetime(2026, 12, 1, tzinfo=UTC), "task": "Who? " * 30,
    "planner": "tracker", "model": "openai/gpt-5-mini", "status": "budget_exhausted",
    "answer": "Nobody knows. " * 9, "cost_usd": Decimal("0.001"), "model_calls": 3, "tool_calls": 9,
}  # fmt: skip


@pytest.mark.parametrize("width", [16, 20, 30, 40, 60, 80, 100, 120, 200])
def test_ids_are_never_cut(width: int) -> None:
    page = StringIO()
    Console(file=page, width=width).print(table([ROW], width))
    lines = page.getvalue().splitlines()
    assert ROW["run"] in page.getvalue()
    assert max(map(len, lines)) <= width
