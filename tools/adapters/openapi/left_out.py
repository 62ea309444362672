"""The tools of a document, and why the rest of it is left out."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from ....ledger.errors import UsageError
from ...functions.tool import FunctionTool

_LOG = logging.getLogger(__name__)

_NAMED = 5
"""Operations that a text names; the others are counted."""
_LONGEST = 4_000


class OperationTools(list[FunctionTool]):
    """The tools of a document, and what of it is no tool."""

    def __init__(self, tools: Iterable[FunctionTool], left_out: Mapping[str, str]) -> None:
        super().__init__(tools)
        self.left_out = dict(left_out)
        """Why an operation is no tool, by its operationId."""

    def check(self) -> None:
        """Logs what is left out, in one message.

        Raises:
            UsageError: operations are left out, and none is left.
        """
        if not self.left_out:
            return
        text = listed(by_reason(self.left_out), "cannot be used: ")
        if not self:
            raise UsageError(f"{text}: leave it out with keep=…")
        _LOG.warning("left out of an OpenAPI document: %s", text)


def by_reason(reasons: Mapping[str, str]) -> dict[str, list[str]]:
    """Returns the names that have each reason."""
    found: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        found.setdefault(reason, []).append(name)
    return found


def listed(found: Mapping[str, list[str]], verb: str = "") -> str:
    """Returns reasons with their operations as one text."""
    text = "; ".join(f"{_operations(names)} {verb}{reason}" for reason, names in found.items())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"


def some(names: list[str]) -> str:
    """Returns the first of many names, and how many more there are."""
    shown = ", ".join(repr(name[:100]) for name in names[:_NAMED])
    more = len(names) - _NAMED
    return f"{shown} and {more} more" if more > 0 else shown


def _operations(names: list[str]) -> str:
    if len(names) == 1:
        return f"operation {some(names)}"
    return f"each of {len(names)} operations ({some(names)})"
