"""Orders: what is at hand and what is to be made, as a text that people and planners can read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ...ledger.errors import UsageError

_TYPE = r"[A-Za-z_][A-Za-z0-9_.-]*"
_HANDLE = r"[^\s(),;:]+"
_LINE = re.compile(r"(You have|Make, one after the other|Material): (.*)\.")
_ITEM = re.compile(rf"({_TYPE}) \({_HANDLE}\)")


@dataclass(frozen=True, kw_only=True)
class Order:
    """What is at hand and what is to be made of it."""

    have: Mapping[str, str]
    """The handle of what is at hand, by type."""
    want: tuple[str, ...]
    """The types to be made, one after the other. What is made stays at hand."""
    material: str = ""
    """What the work is done on, where that makes a difference to the tools."""

    FORM: ClassVar[str] = (
        "`You have: TYPE (HANDLE), TYPE (HANDLE).` and `Make, one after the other: TYPE, TYPE.`, "
        "each on a line of its own, and if it matters `Material: WORD.`"
    )

    def __str__(self) -> str:
        have = ", ".join(f"{name} ({handle})" for name, handle in self.have.items())
        material = (f"Material: {self.material}.",) if self.material else ()
        want = f"Make, one after the other: {', '.join(self.want)}."
        return "\n".join((f"You have: {have}.", *material, want))

    @classmethod
    def parse(cls, text: str) -> Order:
        """Returns the order in a text; lines of other forms are left to other readers.

        Raises:
            UsageError: the text holds no order, or a line twice, or a type twice at hand.
        """
        lines: dict[str, str] = {}
        for line in text.splitlines():
            if found := _LINE.fullmatch(line.strip()):
                if found[1] in lines:
                    raise UsageError(f"the task says `{found[1]}` twice: say it once")
                lines[found[1]] = found[2]
        if not {"You have", "Make, one after the other"} <= lines.keys():
            raise UsageError(f"the task is no order for tools: write {cls.FORM}")
        return cls(
            have=_items(lines["You have"]),
            want=_types(lines["Make, one after the other"]),
            material=lines.get("Material", ""),
        )


def _items(text: str) -> dict[str, str]:
    items: dict[str, str] = {}
    for item in filter(None, text.split(", ")):
        if not _ITEM.fullmatch(item):
            raise UsageError(f"{item!r} is nothing to have: write TYPE (HANDLE)")
        name, _, handle = item.partition(" (")
        if name in items:
            raise UsageError(f"the task has two handles for {name!r}: name one")
        items[name] = handle.removesuffix(")")
    return items


def _types(text: str) -> tuple[str, ...]:
    names = tuple(text.split(", "))
    for name in names:
        if not re.fullmatch(_TYPE, name):
            raise UsageError(f"{name!r} is no type to make: write letters, digits, `_`, `.`, `-`")
    return names
