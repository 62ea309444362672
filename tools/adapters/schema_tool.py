"""A tool whose schema and code are somebody else's, with the guarantees of our own."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ...journal.arguments import MalformedArguments, read_arguments
from ...journal.records import ToolSpec
from ...ledger.errors import ToolError
from ..context import ToolContext
from ..functions.signature import Signature
from ..functions.tool import MAX_CHARS, TIMEOUT, FunctionTool, Price, tool
from .argument_names import ArgumentNames

Call: TypeAlias = Callable[[dict[str, Any], ToolContext], Any]
"""Makes a call with the arguments as the policy wrote them; sync ones run in a thread."""

Checker: TypeAlias = Callable[[Mapping[str, Any]], str | None]
"""Says what is wrong with arguments, or None."""

LONGEST_DESCRIPTION = 1_200
"""Characters of a foreign description that the policy is shown: it is paid for in every prompt."""

_CONTEXT = "\0context"


@dataclass(frozen=True, kw_only=True)
class SchemaSignature(Signature):
    """Reads arguments under a JSON schema instead of Python types."""

    checker: Checker | None = None
    names: ArgumentNames = field(default_factory=ArgumentNames)

    def read(self, arguments: str) -> tuple[dict[str, Any], frozenset[str]]:
        """Returns the arguments by their own names, all of which were written.

        Raises:
            ToolError: they are no JSON object, or the checker speaks against them.
        """
        try:
            read = self.names.restored(read_arguments(arguments))
        except MalformedArguments as exc:
            raise ToolError(f"wrong arguments for {self.tool}: they {exc}") from None
        fault = self.checker(read) if self.checker is not None else None
        if fault is not None:
            raise ToolError(fault)
        return read, frozenset(read)


def foreign_tool(
    name: str,
    description: str,
    parameters: Mapping[str, Any],
    call: Call,
    *,
    price: Price | None = None,
    read_only: bool = False,
    timeout: float = TIMEOUT,
    max_chars: int = MAX_CHARS,
    checker: Checker | None = None,
) -> FunctionTool:
    """Makes a tool of a function that takes all arguments as one dictionary.

    Args:
        name: what the policy calls it.
        parameters: the JSON schema of the arguments, of type `object`. Names that a provider would
            refuse are shown as ones that it takes; the call has the arguments' own names.
        call: makes the call, sync or async; what it raises comes back as an error observation.
        price: USD per call, or a function from the arguments, by keyword, to USD.
        checker: says what is wrong with arguments before money is held; None takes any object.

    Raises:
        UsageError: the name or an option is wrong.
    """

    def function(**given: Any) -> Any:
        context = given.pop(_CONTEXT)
        return call(given, context)

    made = tool(
        price=price, timeout=timeout, read_only=read_only, max_chars=max_chars, name=name
    )(_nothing)  # fmt: skip
    shown = description.strip()
    if len(shown) > LONGEST_DESCRIPTION:
        shown = f"{shown[:LONGEST_DESCRIPTION].rstrip()} …"
    names = ArgumentNames.of(parameters)
    offered = names.shown(parameters)
    signature = SchemaSignature(
        tool=name,
        description=shown,
        parameters=offered,
        context=_CONTEXT,
        is_async=inspect.iscoroutinefunction(call),
        checker=checker,
        names=names,
    )
    return FunctionTool(
        spec=ToolSpec(name, shown, offered, read_only),
        function=function,
        signature=signature,
        price=made.price,
        timeout=timeout,
        max_chars=max_chars,
    )


def _nothing() -> None:
    """Stands in for the function while `tool` checks the options."""
