"""`outlay prune`: the texts of old runs are taken out of the journals and the store."""

from __future__ import annotations

import contextlib
import re
from typing import Annotated

import typer

from ... import options

_DAYS = {"h": 1 / 24, "d": 1.0, "w": 7.0}


def prune(
    older: Annotated[
        str,
        typer.Option(
            envvar="OUTLAY_OLDER",
            metavar="AGE",
            help="Runs of which nothing was written for so long: 90d, 12w or 36h.",
        ),
    ],
    yes: Annotated[
        bool, typer.Option("--yes", envvar="OUTLAY_YES", help="Do it, do not only list it.")
    ] = False,
    home: options.Home = None,
) -> None:
    """Take the texts of old runs out; what they cost stays in the book.

    Prompts, replies, arguments, observations and what else was told to the policy are emptied for
    good. Tasks, answers, scores, tokens and money stay. Without --yes it only says what would go.
    """
    import time

    from ....agent import Home
    from ....journal.store.pruning import prunable
    from ....journal.store.pruning import prune as take_out
    from ...render.format import count, exact_usd

    now = time.time()
    place = Home.at(home)
    with place.ownership() if yes else contextlib.nullcontext():
        found = prunable(place.store, now - _days(older) * 86_400)
        if not found.runs:
            typer.echo(f"no run is older than {older} and has its texts")
            return
        first, last = (f"{moment:%Y-%m-%d}" for moment in found.began)
        typer.echo(
            f"{count(len(found.runs), 'run')} from {first} to {last}, "
            f"{count(found.experiments, 'experiment')}: "
            f"{count(found.events, 'event')}, {found.bytes / 1e6:,.1f} MB of journals"
        )
        if not yes:
            typer.echo(f"their texts would go, their {exact_usd(found.usd)} stay; --yes does it")
            return
        place.close()
        refs = place.store.own_refs(found.runs)
        freed = take_out(place.store, found.runs, now)
        place.outputs.remove(refs)
    typer.echo(
        f"their texts are gone, {freed / 1e6:,.1f} MB freed; their {exact_usd(found.usd)} stay"
    )


def _days(age: str) -> float:
    from ....ledger.errors import UsageError

    found = re.fullmatch(r"(\d+(?:\.\d+)?)([hdw])", age.strip())
    if found is None:
        raise UsageError(f"--older {age!r} is no age: write 90d, 12w or 36h")
    return float(found[1]) * _DAYS[found[2]]
