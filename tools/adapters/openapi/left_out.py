"""The tools of a document, and why the rest of it is left out."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

from ....ledger.errors import UsageError
from ...functions.tool import FunctionTool
from ..left_out import by_reason, some

_LOG = logging.getLogger(__name__)

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


def listed(found: Mapping[str, list[str]], verb: str = "") -> str:
    """Returns reasons with their operations as one text."""
    text = "; ".join(f"{_operations(names)} {verb}{reason}" for reason, names in found.items())
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"


def _operations(names: list[str]) -> str:
    if len(names) == 1:
        return f"operation {some(names)}"
    return f"each of {len(names)} operations ({some(names)})"
