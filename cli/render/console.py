"""Where the command line prints to."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from io import StringIO
from typing import TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from ...journal.foreign_text import visible

PLAIN_WIDTH = 100
"""Columns of plain output, whatever the terminal."""


class _Screen(Console):
    """A console on which no text steers the terminal: only the styles given here do."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterator[Segment]:
        for segment in super().render(renderable, options):
            is_ours = segment.control is not None
            yield segment if is_ours else Segment(visible(segment.text), segment.style)


def console(plain: bool = False) -> Console:
    """Returns standard output: in colour on a terminal, plain lines anywhere else."""
    if plain or not sys.stdout.isatty():
        return _plain(sys.stdout, PLAIN_WIDTH)
    return _Screen(highlight=False, markup=False, emoji=False)


def show(out: Console, what: RenderableType, width: int | None = None) -> None:
    """Prints tables and paragraphs; in plain output no line ends with blanks.

    Args:
        width: columns of plain output, where `PLAIN_WIDTH` is not right.
    """
    if out.is_terminal:
        out.print(what)
        return
    page = StringIO()
    _plain(page, width or PLAIN_WIDTH).print(what)
    out.file.writelines(f"{line.rstrip()}\n" for line in page.getvalue().splitlines())


def _plain(file: TextIO, width: int) -> Console:
    return _Screen(
        file=file, width=width, color_system=None, force_terminal=False, highlight=False,
        markup=False, emoji=False, legacy_windows=False,
    )  # fmt: skip
