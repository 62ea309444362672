"""`outlay diff`: two runs side by side."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from ... import options

if TYPE_CHECKING:
    from ....agent import CallCosts, DiffEntry, RunRecord

SHOWN = 400
"""Characters of each side that are shown."""


def diff(
    first: Annotated[str, typer.Argument(help="A run's id, as `outlay runs` lists it.")],
    second: Annotated[str, typer.Argument(help="Another run's id.")],
    home: options.Home = None,
) -> None:
    """Show where two runs part, and what each has cost.

    Exit codes: 0 they went the same way, 1 they part.
    """
    from ....agent import Home, costs, first_divergence

    place = Home.at(home)
    records = [place.record(run) for run in (first, second)]
    for name, record in zip("AB", records, strict=True):
        typer.echo(f"{name}  {_title(record)}")
    where = first_divergence(*records)
    typer.echo()
    if where is None:
        typer.echo("They went the same way to their ends.")
    else:
        typer.echo(_where(where.first, where.second))
        for name, moment in zip("AB", (where.first, where.second), strict=True):
            typer.echo(f"\n{name}: {_shown(moment)}")
    typer.echo()
    for line in _table(*map(costs, records)):
        typer.echo(line)
    raise typer.Exit(0 if where is None else 1)


def _title(record: RunRecord) -> str:
    from ....journal.foreign_text import one_line

    start = record.start
    end = record.end.status if record.end else "not ended"
    return one_line(f"{start.run}  {start.planner}, {start.memory}, {start.model}: {end}")


def _where(first: DiffEntry | None, second: DiffEntry | None) -> str:
    moment = first or second
    assert moment is not None
    if first is None or second is None:
        return f"They part at step {moment.step}: {'A' if first is None else 'B'} has ended there."
    kinds = first.what if first.what == second.what else f"{first.what} and {second.what}"
    return f"They part at step {moment.step}, in the {kinds}."


def _shown(moment: DiffEntry | None) -> str:
    from ....journal.foreign_text import quoted

    if moment is None:
        return "(ended)"
    text = quoted(moment.text, SHOWN) or "(nothing)"
    return f"\n{text}" if "\n" in text else text


def _table(first: dict[str, CallCosts], second: dict[str, CallCosts]) -> Iterator[str]:
    from ....agent import CallCosts
    from ....journal.foreign_text import visible
    from ...render.format import exact_usd

    names = list(dict.fromkeys((*first, *second)))
    sides = [[side.get(name, CallCosts()) for name in names] for side in (first, second)]
    width = max(5, *map(len, names)) if names else 5
    head = "".join(f"  {f'{side} calls':>8}  {'tokens':>9}  {'cost':>12}" for side in "AB")
    yield f"{'':{width}}{head}"
    for name, pair in zip(names, zip(*sides, strict=True), strict=True):
        yield f"{visible(name):{width}}{''.join(_cells(cost) for cost in pair)}"
    totals = [sum((c.usd for c in side), CallCosts().usd) for side in sides]
    blank = f"  {'':>8}  {'':>9}"
    yield f"{'total':{width}}{''.join(f'{blank}  {exact_usd(t):>12}' for t in totals)}"


def _cells(cost: CallCosts) -> str:
    from ...render.format import exact_usd

    if not cost.calls:
        return f"  {'–':>8}  {'–':>9}  {'–':>12}"
    tokens = f"{sum(cost.tokens.values()):,}" if cost.tokens else "–"
    return f"  {cost.calls:>8,}  {tokens:>9}  {exact_usd(cost.usd):>12}"
