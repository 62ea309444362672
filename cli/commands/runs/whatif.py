"""`outlay whatif`: recorded runs under another budget or other prices, for free."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ... import options

if TYPE_CHECKING:
    from ....agent import Home, WhatIf
    from ....benchmarks.experiments.what_if import WhatIfRow
    from ....ledger.budget import Budget
    from ....ledger.prices.price_book import PriceBook


def whatif(
    run: Annotated[
        str | None, typer.Argument(help="The run's id, as `outlay runs` lists it.")
    ] = None,
    experiment: Annotated[
        str | None, options.experiment("All runs of an experiment, instead.")
    ] = None,
    budget: Annotated[
        list[str] | None,
        options.budget(
            "The other budget, e.g. usd=0.004; of an experiment also usd=0.002..0.064x2."
        ),
    ] = None,
    prices: options.Prices = None,
    trust: options.Trust = False,
    home: options.Home = None,
) -> None:
    """Tell what another budget or other prices would have brought.

    Nothing is asked and nothing is paid. A run is known up to the first step at which the policy
    would have seen something else. Exit codes: 0 known to the end (of a run), 1 not.
    """
    from ....agent import Home
    from ....ledger.errors import UsageError
    from ....ledger.prices.price_book import PriceBook

    if (run is None) == (experiment is None):
        raise UsageError("name a run or an experiment: `outlay whatif RUN --budget usd=0.004`")
    if not budget and prices is None:
        raise UsageError("another budget or other prices are required: give --budget or --prices")
    place, book = Home.at(home), PriceBook.load(prices)
    if run is None:
        assert experiment is not None
        _tell_experiment(experiment, budget or [], place, book, allowed=trust)
        return
    raise typer.Exit(_tell_run(run, budget or [], place, book, allowed=trust))


def _tell_run(run: str, budgets: list[str], place: Home, book: PriceBook, *, allowed: bool) -> int:
    import asyncio

    from ....benchmarks.experiments.budget_grid import budgets as expanded
    from ....ledger.budget import Budget

    code = 0
    for text in expanded(budgets) or (None,):
        other = Budget.parse(text) if text else None
        found = asyncio.run(_supposed(run, other, place, book, allowed=allowed))
        typer.echo(_sentence(text, found))
        code = code or int(not found.exact)
    return code


async def _supposed(
    run: str, budget: Budget | None, place: Home, book: PriceBook, *, allowed: bool
) -> WhatIf:
    from ....benchmarks.experiments.what_if import what_if
    from ...recorded_agent import replaying_agent
    from ...recorded_plan import check_supposed

    record = place.record(run)
    if record.start.experiment:
        check_supposed(record.start.experiment, place, allowed=allowed)
        return await what_if(record, budget, home=place, prices=book)
    agent = replaying_agent(place, run, None, allowed=allowed)
    try:
        return await agent.what_if(run, budget=budget, prices=book if book.models else None)
    finally:
        await agent.close()


def _sentence(budget: str | None, found: WhatIf) -> str:
    from ....journal.foreign_text import quoted, visible
    from ...render.format import exact_usd

    under = f"under {budget}" if budget else "at these prices"
    if found.exact and found.result is not None:
        answer = "none" if found.result.answer is None else quoted(found.result.answer)
        return (
            f"{under}: the same way to its end ({found.result.status}), "
            f"{exact_usd(found.spend.usd)} spent; answer: "
            f"{chr(10) if chr(10) in answer else ''}{answer}"
        )
    return f"{under}: unknown from step {found.step} on: {visible(found.why)}"


def _tell_experiment(
    experiment: str, budgets: list[str], place: Home, book: PriceBook, *, allowed: bool
) -> None:
    import asyncio

    from ....benchmarks.experiments.budget_grid import budgets as expanded
    from ....benchmarks.experiments.what_if import suppose
    from ....journal.foreign_text import one_line
    from ...recorded_plan import check_supposed

    check_supposed(experiment, place, allowed=allowed)
    found = asyncio.run(suppose(experiment, expanded(budgets), home=place, prices=book))
    width = max(len(row.planner) for row in found)
    wide = max(len(row.budget) for row in found)
    typer.echo(f"{'planner':{width}}  {'budget':{wide}}  known      success        cost of those")
    for row in found:
        typer.echo(f"{row.planner:{width}}  {row.budget:{wide}}  {_cells(row)}".rstrip())
    unknown = {row.planner: row.why for row in found if row.exact < row.runs}
    for planner, why in unknown.items():
        typer.echo(f"\n{planner}: unknown runs end where {one_line(why)}.")


def _cells(row: WhatIfRow) -> str:
    from ...render.format import usd

    known = f"{row.exact}/{row.runs}"
    low, high = row.at_least, row.at_most
    success = f"{low:.1%}" if low == high else f"{low:.1%} to {high:.1%}"
    cost = usd(row.mean_usd, 5) if row.mean_usd is not None else ""
    return f"{known:9}  {success:17}  {cost}"
