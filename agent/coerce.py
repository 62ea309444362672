"""What an agent is given as text or as an object: read, or refused in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ..ledger.errors import UsageError

Part = TypeVar("Part")


def coerce(name: str, value: object, kind: Any, read: Callable[[str], Part], example: str) -> Part:
    """Returns a part of an agent.

    Args:
        name: how the caller names it.
        value: the part itself, or text that says which.
        kind: class or protocol of such parts.
        read: makes the part of its text.
        example: such a text.

    Raises:
        UsageError: it is neither; or what `read` raises.
    """
    if isinstance(value, str):
        return read(value)
    if not isinstance(value, kind):
        raise UsageError(
            f"{name}={value!r} is no {kind.__name__}: give one, or text such as {example!r}"
        )
    return value  # type: ignore[no-any-return]
