"""`outlay reconcile`: what stayed unknown is settled by a provider's bill."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ... import options


def reconcile(
    bill: Annotated[
        Path, typer.Argument(help="CSV with the columns hold and usd, and token classes if known.")
    ],
    home: options.Home = None,
) -> None:
    """Settle calls of unknown cost by the provider's bill.

    `outlay sql "SELECT hold, usd_held FROM calls WHERE state IN ('open', 'unknown')"` lists
    such calls.
    """
    from ....agent import Home
    from ....agent.history.reconcile import read_bill
    from ....agent.history.reconcile import reconcile as settle
    from ....benchmarks.reports.number_format import usd

    settled = settle(Home.at(home), read_bill(bill))
    for line in settled:
        typer.echo(f"{line.hold}  {usd(float(line.held))} held, {usd(float(line.billed))} billed")
    back = sum(line.held - line.billed for line in settled)
    typer.echo(f"{len(settled)} calls settled, {usd(float(back))} less than was booked for them")
