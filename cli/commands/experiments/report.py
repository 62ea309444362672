"""`outlay report`: what recorded experiments say, on the terminal, as a page and as data."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ... import options


def report(
    experiments: Annotated[
        list[str],
        typer.Argument(
            metavar="EXPERIMENT…",
            help="Experiments or races over the same tasks; the first set-up is the base.",
        ),
    ],
    html: Annotated[
        Path | None,
        typer.Option(
            envvar="OUTLAY_HTML",
            metavar="FILE",
            help="Write a page with plots, tables and every run, step by step.",
        ),
    ] = None,
    csv_file: Annotated[
        Path | None,
        typer.Option(
            "--csv",
            "--csv-file",
            envvar="OUTLAY_CSV_FILE",
            metavar="FILE",
            help="Write the runs as CSV.",
        ),
    ] = None,
    parquet: Annotated[
        Path | None,
        typer.Option(envvar="OUTLAY_PARQUET", metavar="FILE", help="Write the runs as Parquet."),
    ] = None,
    home: options.Home = None,
    plain: options.Plain = False,
) -> None:
    """Report on recorded experiments: success, cost and frontier.

    Nothing is run and nothing is paid.
    """
    from ....agent import Home
    from ...report_files import ReportFiles, write_report

    wanted = ReportFiles(html=html, csv=csv_file, parquet=parquet)
    write_report(Home.at(home), experiments, wanted, plain=plain)
