"""Runs a command in a terminal of 100 columns and writes what it shows as an SVG picture.

python docs/images/record.py docs/images/bench.svg -- outlay bench almanac …
"""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.text import Text

WIDTH = 100


def shown(command: list[str]) -> str:
    """Returns what the command writes to a terminal."""
    ours, theirs = pty.openpty()
    settings = {**os.environ, "COLUMNS": str(WIDTH), "LINES": "60", "TERM": "xterm-256color"}
    process = subprocess.Popen(command, stdout=theirs, stderr=subprocess.DEVNULL, env=settings)
    os.close(theirs)
    pieces = []
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:
            break
        if not piece:
            break
        pieces.append(piece)
    process.wait()
    return b"".join(pieces).decode()


def main() -> None:
    path, dashes, *command = sys.argv[1:]
    assert dashes == "--", __doc__
    console = Console(record=True, width=WIDTH, file=open(os.devnull, "w"))  # noqa: SIM115
    console.print(Text("$ ", style="dim") + Text(" ".join(command), style="bold"))
    lines = shown(command).replace("\r\n", "\n").split("\n")
    final = [line.rsplit("\r", 1)[-1] for line in lines]
    console.print(Text.from_ansi("\n".join(final)))
    Path(path).write_text(console.export_svg(title="outlay"), encoding="utf-8")


if __name__ == "__main__":
    main()
