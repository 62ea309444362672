"""The figures of a training: kept in DuckDB while it runs, and drawn as curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import duckdb

from ...ledger.errors import UsageError

_TABLE = "create table if not exists metrics (step integer, name varchar, value double)"
_WIDTH, _HEIGHT, _LEFT, _GAP = 640, 90, 90, 34


class Metrics:
    """Figures by step, in a DuckDB file that is open only while it is written.

    Args:
        path: the file; a training that goes on adds to it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, step: int, values: Mapping[str, float]) -> None:
        """Files the figures of one step in place of what there was of it.

        Raises:
            UsageError: the file cannot be written.
        """
        rows = [(step, name, float(value)) for name, value in values.items()]
        try:
            with closing(duckdb.connect(str(self._path))) as database:
                database.execute(_TABLE)
                database.execute("delete from metrics where step = ?", (step,))
                database.executemany("insert into metrics values (?, ?, ?)", rows)
        except duckdb.Error as error:
            reason = str(error).strip().partition("\n")[0]
            raise UsageError(f"the metrics cannot be kept in {self._path}: {reason}") from error

    def curves(self) -> dict[str, list[tuple[int, float]]]:
        """Returns all (step, value) by name, in order of the steps."""
        with closing(duckdb.connect(str(self._path), read_only=True)) as database:
            found = database.execute("from metrics order by name, step").fetchall()
        curves: dict[str, list[tuple[int, float]]] = {}
        for step, name, value in found:
            curves.setdefault(name, []).append((step, value))
        return curves


def draw(curves: Mapping[str, Sequence[tuple[int, float]]]) -> str:
    """Returns curves below each other as an SVG picture, each on a scale of its own."""
    height = len(curves) * (_HEIGHT + _GAP) + _GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH + _LEFT + 20} {height}" '
        'font-family="system-ui, sans-serif" font-size="11">',
        f'<rect width="{_WIDTH + _LEFT + 20}" height="{height}" fill="white"/>',
    ]
    for place, (name, points) in enumerate(curves.items()):
        parts += _curve(name, points, place * (_HEIGHT + _GAP) + _GAP)
    return "\n".join((*parts, "</svg>\n"))


def _curve(name: str, points: Sequence[tuple[int, float]], top: float) -> list[str]:
    steps, values = [step for step, _ in points], [value for _, value in points]
    low, high = min(values), max(values)
    across = _WIDTH / max(steps[-1] - steps[0], 1)
    up = _HEIGHT / (high - low) if high > low else 0.0
    places = " ".join(
        f"{_LEFT + (step - steps[0]) * across:.1f},{top + _HEIGHT - (value - low) * up:.1f}"
        for step, value in points
    )
    edge = f'x="{_LEFT - 6}" text-anchor="end" fill="#555"'
    return [
        f'<text x="{_LEFT}" y="{top - 8}" font-weight="600">{name}</text>',
        f'<text {edge} y="{top + 8}">{high:.4g}</text>',
        f'<text {edge} y="{top + _HEIGHT}">{low:.4g}</text>',
        f'<text x="{_LEFT + _WIDTH}" y="{top + _HEIGHT + 14}" text-anchor="end" fill="#555">'
        f"{steps[0]:,} to {steps[-1]:,}</text>",
        f'<path d="M{_LEFT} {top}V{top + _HEIGHT}H{_LEFT + _WIDTH}" fill="none" stroke="#bbb"/>',
        f'<polyline points="{places}" fill="none" stroke="#0b6bcb" stroke-width="1.5"/>',
    ]
