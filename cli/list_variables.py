"""Variables of repeatable options whose values may hold blanks: one value a line."""

from __future__ import annotations

from typing import Any

ONE_A_LINE = {"OUTLAY_MCP", "OUTLAY_TOOL", "OUTLAY_KNOB", "OUTLAY_MCP_HEADER"}
"""The others are separated by blanks."""


def split_at_lines(command: Any) -> None:
    """Has a command, and those below it, read these variables line by line."""
    for param in command.params:
        if param.envvar in ONE_A_LINE and param.multiple:
            param.split_envvar_value = _lines
    for below in getattr(command, "commands", {}).values():
        split_at_lines(below)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]
