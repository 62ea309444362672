"""What a tool may know of the run that calls it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ..journal.listeners import Listeners
from ..journal.records import Message
from ..ledger.account import Account
from .outputs import Outputs


class AttemptHistory(Protocol):
    """An attempt of a run so far. A message's place in it is fixed, so its ref is too."""

    @property
    def messages(self) -> Sequence[Message]: ...

    def whole(self, place: int) -> str:
        """Returns the text of a message; an observation's as the tool gave it."""

    def ref(self, place: int) -> str:
        """Returns the id of a message, e.g. `r12`."""


@dataclass(frozen=True, kw_only=True)
class ToolContext:
    """Is handed to every function parameter annotated with it; the policy never sees it."""

    run: str
    """Id of the run."""
    call_id: str
    """Id of the tool call, as the policy gave it."""
    outputs: Outputs
    """Where complete outputs are kept that are too long to be shown."""
    key: str = ""
    """The call's place in the run: the same when the run is resumed."""
    account: Account | None = None
    """What the run spends from: a tool that spends more than its price takes it from here."""
    listeners: Listeners | None = None
    """Who hears the runs of sub-agents that the call starts."""
    closed: Sequence[Path] = ()
    """Files and folders that no tool may use: the home, the prices file."""
    past: Callable[[], Sequence[AttemptHistory]] = tuple
    """Returns the attempts of the run so far, the present one last."""
