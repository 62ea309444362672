"""Results that are still to come, as a sync function around an async one returns them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import AsyncGeneratorType
from typing import Any

from .foreign_values import MORE_ITEMS, MOST_ITEMS


def is_pending(value: Any) -> bool:
    """Says whether a result has to be awaited before it is there."""
    kind = type(value)
    return hasattr(kind, "__await__") or issubclass(kind, AsyncGeneratorType)


async def finished(value: Any) -> Any:
    """Returns a pending result; of an async generator its items, the first if there are many."""
    while is_pending(value):
        kind = type(value)
        value = await (_items(value) if issubclass(kind, AsyncGeneratorType) else value)
    return value


async def _items(items: AsyncIterator[Any]) -> list[Any]:
    taken: list[Any] = []
    async for item in items:
        if len(taken) == MOST_ITEMS:
            return [*taken, MORE_ITEMS]
        taken.append(item)
    return taken
