"""The runs of a home as rows and as a table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from rich import box
from rich.table import Table
from rich.text import Text

from ...agent import Home, final_answer
from ...journal.foreign_text import one_line
from ...journal.journal import is_live
from . import format
from .entry_lines import status_text

Row = dict[str, Any]

_LATEST = """
SELECT run, started, task, task_id, experiment, planner, memory, model, status, answer, score,
    CASE WHEN unpriced = 0 THEN usd END AS cost_usd, model_calls, tool_calls, input_tokens,
    output_tokens, seconds, owner
FROM runs LEFT JOIN (
    SELECT run, arg_max(journal, seq) AS owner FROM events
    WHERE kind IN ('run_started', 'run_resumed') GROUP BY run
) USING (run)
WHERE ?::VARCHAR IS NULL OR experiment = ?
ORDER BY started DESC, run DESC
LIMIT ?
"""


def latest(home: Home, limit: int, experiment: str | None) -> list[Row]:
    """Returns the latest runs, newest first; `started` is in UTC.

    A run that has not ended is `running` while the process that writes it lives, else
    `interrupted`.
    """
    found = home.store.query(_LATEST, (experiment, experiment, limit))
    rows = [dict(zip(found.columns, row, strict=True)) for row in found.rows]
    for row in rows:
        owner = row.pop("owner")
        if row["status"] is None:
            live = owner and is_live(home.path / "journals" / f"{owner}.jsonl")
            row["status"] = "running" if live else "interrupted"
        if row["answer"] is not None:
            row["answer"] = final_answer(row["answer"])
    return rows


def table(rows: list[Row], width: int) -> Table:
    """Returns the table; where it would be too wide, columns give way, ids of runs last."""
    now = datetime.now(UTC)
    columns = {name: [str(cell(row, now)) for row in rows] for name, cell in _CELLS.items()}
    sizes = {name: max(map(len, (name, *texts))) for name, texts in columns.items()}
    for name in _GIVE_WAY:
        if _needed(sizes) > width:
            del sizes[name]
    room = width - sum(size + _GAP for name, size in sizes.items() if name not in _CUT)
    room -= sum(_GAP for name in sizes if name in _CUT)
    if "answer" in sizes:
        sizes["answer"] = min(sizes["answer"], max(room - sizes.get("task", 0), 2 * room // 5))
    if "task" in sizes:
        sizes["task"] = min(sizes["task"], room - sizes["answer"])
    shown = Table(box=box.SIMPLE_HEAD, show_edge=False, padding=(0, _GAP - 1, 0, 0), pad_edge=False)
    for name, size in sizes.items():
        justify: Literal["left", "right"] = "right" if name in ("cost", "calls") else "left"
        shown.add_column(name, width=size, no_wrap=True, overflow="ellipsis", justify=justify)
    for row in rows:
        shown.add_row(*(_styled(name, _CELLS[name](row, now)) for name in sizes))
    return shown


def _needed(sizes: Mapping[str, int]) -> int:
    """Returns the columns of the terminal that these take at least."""
    return sum((min(size, _LEAST) if name in _CUT else size) + _GAP for name, size in sizes.items())


def _styled(name: str, text: str) -> Text:
    return status_text(text) if name == "status" else Text(text)


_CUT = ("task", "answer")
_GIVE_WAY = ("model", "planner", "task", "answer", "when", "calls", "cost", "status")
_GAP = 2
_LEAST = 20
"""Columns that task and answer have at least."""

_CELLS: dict[str, Callable[[Row, datetime], str]] = {
    "run": lambda row, now: one_line(row["run"]),
    "when": lambda row, now: when(row["started"].replace(tzinfo=UTC), now),
    "task": lambda row, now: one_line(row["task"] or ""),
    "planner": lambda row, now: one_line(row["planner"]),
    "model": lambda row, now: one_line(str(row["model"]).rpartition("/")[2]),
    "status": lambda row, now: one_line(row["status"]),
    "answer": lambda row, now: one_line(row["answer"] or ""),
    "cost": lambda row, now: format.usd(row["cost_usd"], 6),
    "calls": lambda row, now: f"{row['model_calls'] + row['tool_calls']:,}",
}


def when(moment: datetime, now: datetime) -> str:
    """Returns `14:05` of today or `Nov 21`, in the zone of this machine."""
    local = moment.astimezone()
    return local.strftime("%H:%M" if local.date() == now.astimezone().date() else "%b %d")
