"""What a tool may know of the run that calls it."""

from __future__ import annotations

from dataclasses import dataclass

from .outputs import Outputs


@dataclass(frozen=True, kw_only=True)
class ToolContext:
    """Is handed to every function parameter annotated with it; the policy never sees it."""

    run: str
    """Id of the run."""
    call_id: str
    """Id of the tool call, as the policy gave it."""
    outputs: Outputs
    """Where complete outputs are kept that are too long to be shown."""
