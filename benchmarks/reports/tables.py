"""The pieces that reports for a terminal are laid out with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from ..results import Setup

Names = Mapping[Setup, Sequence[str]]
"""What a set-up is called: the parts in which it differs from the others."""


def name_setups(setups: Sequence[Setup]) -> Names:
    """Returns the shortest names that tell set-ups apart."""
    varies = [len(set(values)) > 1 for values in zip(*setups, strict=True)]
    if not any(varies):
        return {setup: [setup.planner] for setup in setups}
    return {
        setup: [part for part, shown in zip(setup, varies, strict=True) if shown]
        for setup in setups
    }


def common_parts(setups: Sequence[Setup]) -> str:
    """Returns what all set-ups share: `memory full · policy embedded`."""
    columns = zip(Setup._fields, zip(*setups, strict=True), strict=True)
    return " · ".join(f"{field} {parts[0]}" for field, parts in columns if len(set(parts)) == 1)


def table(*headers: str, of: str = "set-up") -> Table:
    """Returns an empty table with a column of set-ups, or else, and further ones of figures."""
    made = Table(
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=(0, 1, 0, 0),
        pad_edge=False,
        header_style="bold",
    )
    made.add_column(of, overflow="fold")
    for header in headers:
        made.add_column(header, justify="right", no_wrap=True)
    return made


def cell(name: str) -> Text:
    """Returns the name of a set-up; a long budget may break after its commas."""
    return Text(name.replace(",", ", "))


def stacked(value: str, interval: str) -> Text:
    """Returns a figure with its interval below."""
    return Text.assemble(value, ("\n" + interval, "dim")) if interval else Text(value)


def note(text: str) -> Text:
    return Text(text, style="dim")
