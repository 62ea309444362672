"""`outlay trust`: has a settings file that is found, not named, count in full."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def trust(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            help="The file (default: the outlay.toml of this folder or one above it).",
        ),
    ] = None,
) -> None:
    """Let a settings file count in full, as it is now.

    It is known by its place and its content: after a change it must be trusted again.
    """
    from ....journal.foreign_text import one_line
    from ....ledger.errors import UsageError
    from ... import settings_file
    from ...trust import trusted_settings

    path = file or settings_file.find(Path.cwd())
    if path is None:
        raise UsageError("there is no outlay.toml in this folder or one above it: name the file")
    trusted_settings.check_hands(path)
    read = settings_file.SettingsFile.named(path)
    for key, value in read.keys().items():
        typer.echo(one_line(f"{key} = {value!r}"))
    trusted_settings.trust(path, read.data)
    typer.echo(f"{one_line(str(path))} is trusted until it changes")
