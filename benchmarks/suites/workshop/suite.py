"""The Workshop as a suite: orders by seed, all for one shop, each on a day of its own."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Sequence
from dataclasses import fields
from functools import lru_cache
from random import Random
from typing import Any

from ....ledger.errors import UsageError
from ....planners.toolpath import Order
from ...suite import Task
from .gold import Gold, optimal
from .knobs import WorkshopKnobs
from .physics import Day
from .scorer import ProductScorer
from .shop import STOCK, Machine, WorkshopShop
from .world import WorkshopWorld

SYSTEM_PROMPT = """\
You run a workshop. An order says what you have and what to make. Every tool takes handles of what \
it needs and returns the handle of what it makes, with its quality; the quality of a product is \
that of the step times that of its inputs. `catalogue` lists what tools take and give, and what \
they are said to cost: that may be wrong, and tools may fail. Failed calls cost money too.
What is made stays at hand. Spend little, and mind the quality.
End with one line that holds nothing but the handle of what was ordered last, like this:
Answer: HANDLE"""

_MAX_DAYS = 200
_TOLD = ("declared", "look_price")
"""Knobs that change what is told of a shop, and not the shop or its orders."""


class Workshop:
    """Orders for typed tools with prices, times and qualities."""

    def __init__(self, knobs: WorkshopKnobs | None = None) -> None:
        self.knobs = knobs or WorkshopKnobs()
        self.name = "workshop"
        self.system_prompt = SYSTEM_PROMPT
        self.scorer = ProductScorer()

    def tasks(self, n: int, seed: int) -> Sequence[Task]:
        """Returns the first `n` tasks of a seed; a smaller `n` gives the first ones of a larger.

        Raises:
            UsageError: with these knobs an order can hardly ever be made.
        """
        return tuple(self._task(number, seed) for number in range(n))

    def world(self, task: Task) -> WorkshopWorld:
        """Returns the world of a task of this suite."""
        first, count = task.metadata["crafts"]
        machines = _machines(_shop(task.metadata["shop"], self.knobs), first, count)
        day = Day(task.metadata["day"], task.metadata["material"])
        return WorkshopWorld(machines, day, self.knobs)

    def _task(self, number: int, seed: int) -> Task:
        name = f"{seed}-{number}{_mark(self.knobs)}"
        where = f"workshop/{seed}{_mark(self.knobs, but=_TOLD)}"
        shop = _shop(where, self.knobs)
        count = self.knobs.subtasks[number % len(self.knobs.subtasks)]
        for attempt in range(_MAX_DAYS):
            random = Random(f"{where}/{number}/{attempt}")
            day = Day(f"{where}/{number}/{attempt}", random.choice(shop.materials))
            first = random.randrange(len(shop.crafts) - count + 1)
            crafts = shop.crafts[first : first + count]
            have = {each: day.handle(each, 1.0) for each in (crafts[0].source, *STOCK)}
            want = tuple(craft.target for craft in crafts)
            gold = optimal(_machines(shop, first, count), day, have, want)
            if gold is not None:
                order = Order(have=have, want=want, material=day.material)
                return self._as_task(
                    name, where, crafts=(first, count), day=day, order=order, gold=gold
                )
        raise UsageError(
            "orders of a workshop with these knobs can hardly ever be made: lower 'flaky' or "
            "'moody', or raise 'routes'"
        )

    def _as_task(
        self, name: str, where: str, *, crafts: tuple[int, int], day: Day, order: Order, gold: Gold
    ) -> Task:
        want = order.want[-1]
        reached = day.quality(want, gold.handles[want]) or 0.0
        floor = round(reached * self.knobs.floor, 2)
        return Task(
            id=name,
            prompt=f"{order}\n{want.capitalize()} must have a quality of {floor:.2f} or more.",
            kind=day.material,
            hops=len(order.want),
            gold=(gold.handles[want],),
            gold_cost=gold.usd,
            gold_path=gold.calls,
            metadata={
                "shop": where, "crafts": crafts, "day": day.seed, "material": day.material,
                "want": want, "floor": floor, "objective": gold.cost,
            },
        )  # fmt: skip


def workshop(**knobs: Any) -> Workshop:
    """Returns the Workshop with some knobs set; see `WorkshopKnobs`.

    Raises:
        UsageError: a knob is not known, or its value makes no sense.
    """
    known = [field.name for field in fields(WorkshopKnobs)]
    for name in knobs:
        if name not in known:
            raise UsageError(f"the workshop has no knob {name!r}; known are: {', '.join(known)}")
    return Workshop(WorkshopKnobs(**knobs))


@lru_cache(maxsize=16)
def _shop(seed: str, knobs: WorkshopKnobs) -> WorkshopShop:
    return WorkshopShop(seed, knobs)


def _machines(shop: WorkshopShop, first: int, count: int) -> tuple[Machine, ...]:
    return tuple(m for craft in shop.crafts[first : first + count] for m in craft.machines)


def _mark(knobs: WorkshopKnobs, but: Collection[str] = ()) -> str:
    """Returns what tells tasks of other knobs apart; nothing for the default ones."""
    changed = {
        field.name: getattr(knobs, field.name)
        for field in fields(WorkshopKnobs)
        if field.name not in but and getattr(knobs, field.name) != field.default
    }
    return f"-{zlib.crc32(repr(changed).encode()):08x}" if changed else ""
