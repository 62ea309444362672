"""One order's world: the tools of its crafts on its day, and their catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from ....planners.toolpath import Product, ToolAbility, catalogue
from ....tools import Tool, tool
from .gold import best_ways
from .knobs import WorkshopKnobs
from .physics import Care, Day
from .shop import Machine

_TOLD_SUCCESS = 0.9
"""What the catalogue says of every tool."""


class WorkshopWorld:
    """The tools that an order may be made with.

    Args:
        machines: the tools as they are.
        day: what their calls come to.
        knobs: what the catalogue tells, and its price.
    """

    def __init__(self, machines: Sequence[Machine], day: Day, knobs: WorkshopKnobs) -> None:
        self.machines = tuple(machines)
        self.day = day
        self.knobs = knobs

    def tools(self) -> Sequence[Tool]:
        """Returns the catalogue and the tools that it lists."""
        listed = catalogue(self.abilities(), price=self.knobs.look_price)
        return (listed, *(_as_tool(machine, self.day) for machine in self.machines))

    def abilities(self) -> dict[str, ToolAbility]:
        """Returns what the catalogue tells."""
        if self.knobs.declared == "true":
            return best_ways(self.machines, self.day)
        return {machine.name: _told(machine) for machine in self.machines}


def _told(machine: Machine) -> ToolAbility:
    return ToolAbility(
        takes=machine.takes, gives=machine.gives, usd=round(Decimal(machine.told_usd), 6),
        seconds=round(machine.told_seconds, 3), quality=round(machine.told_quality, 4),
        success=_TOLD_SUCCESS,
        arguments={"care": "normal"}, again={"care": "careful"},
    )  # fmt: skip


def _as_tool(machine: Machine, day: Day) -> Tool:
    def price(inputs: list[str], care: Care = "normal", **_: Any) -> Decimal:
        return day.outcome(machine, care).usd

    def make(inputs: list[str], care: Care = "normal") -> Product:
        outcome, made = day.make(machine, inputs, care)
        return Product(
            made=made, quality=outcome.quality if made else None, usd=outcome.usd,
            seconds=outcome.seconds, why="" if made else "it broke: nothing was made",
        )  # fmt: skip

    make.__doc__ = f"""Makes {", ".join(machine.gives)} of {", ".join(machine.takes)}.

    Args:
        inputs: the handles of {", ".join(machine.takes)}, in this order.
        care: `careful` costs more and fails less often; the same call again fails again.
    """
    return tool(name=machine.name, price=price, read_only=True, inline=True)(make)
