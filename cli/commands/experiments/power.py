"""`outlay power`: how large an experiment must be to see a difference, and what it costs."""

from __future__ import annotations

from typing import Annotated

import typer

from ... import options


def power(
    experiments: Annotated[
        list[str], typer.Argument(metavar="EXPERIMENT…", help="Experiments to learn from.")
    ],
    delta: Annotated[
        float,
        typer.Option(
            envvar="OUTLAY_DELTA",
            min=0.0001,
            max=1,
            metavar="SHARE",
            help="The difference in success that must not be missed: 0.02 is 2 points.",
        ),
    ] = 0.05,
    chance: Annotated[
        float,
        typer.Option(
            "--power",
            envvar="OUTLAY_POWER",
            min=0.5,
            max=0.999,
            metavar="SHARE",
            help="Chance of seeing it if it is there.",
        ),
    ] = 0.8,
    level: Annotated[
        float,
        typer.Option(
            envvar="OUTLAY_LEVEL",
            min=0.5,
            max=0.9999,
            metavar="SHARE",
            help="Confidence of all comparisons together.",
        ),
    ] = 0.95,
    home: options.Home = None,
    plain: options.Plain = False,
    json: options.Json = False,
) -> None:
    """Size the next experiment: tasks, repeats and what they cost.

    Learns from recorded experiments how much tasks and repeats differ. With --json, one object a
    comparison and number of repeats.
    """
    from ....agent import Home
    from ....benchmarks.experiments.past_experiments import read_experiments
    from ....benchmarks.reports.power import PowerTarget, plan_sizes
    from ...report_files import write_power

    wish = PowerTarget(delta=delta, power=chance, alpha=1 - level)
    rows = read_experiments(Home.at(home), experiments).rows
    write_power(plan_sizes(rows, wish), wish, plain=plain, as_json=json)
