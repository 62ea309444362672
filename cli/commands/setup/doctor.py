"""`outlay doctor`: what is installed and what is set, so that a problem can be seen."""

from __future__ import annotations

import typer

from ... import options


def doctor(
    home: options.Home = None,
    prices: options.Prices = None,
    plain: options.Plain = False,
    json: options.Json = False,
) -> None:
    """Check what is installed, set and known.

    Of keys it says whether they are set, never their values. Exit code 1 if something is wrong.
    """
    from ...doctor_checks import examine, sheet
    from ...render.console import console, show
    from ...render.format import write_json

    findings = examine(home, prices)
    if json:
        write_json({finding.name: finding.text for finding in findings})
    else:
        show(console(plain), sheet(findings))
    raise typer.Exit(0 if all(finding.good for finding in findings) else 1)
