"""The knobs of the Workshop: how its tools are and what is ordered."""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal, InvalidOperation
from typing import Any, Literal

from ....ledger.errors import UsageError

MATERIALS = ("soft", "hard", "brittle", "damp", "coarse")


@dataclass(frozen=True, kw_only=True)
class WorkshopKnobs:
    """Settings of the suite. Shares are from 0 to 1."""

    declared: Literal["vague", "true"] = "vague"
    """What the catalogue tells: averages that may be wrong, or what every tool will do today."""
    subtasks: tuple[int, ...] = (1, 2, 3)
    """How many products are ordered one after the other, in equal shares; 1 to `crafts`."""
    crafts: int = 6
    """Subtasks that recur: each turns one main type into the next."""
    routes: int = 3
    """Ways from one main type to the next, before links and dead ends."""
    length: int = 3
    """Most tools on such a way."""
    dead_ends: int = 2
    """Tools of a craft whose products lead nowhere."""
    links: int = 2
    """Tools of a craft that lead from one way to another, or back: these make cycles."""
    parts: float = 0.3
    """Share of tools that need a part as well, which has to be made first."""
    byproducts: float = 0.15
    """Share of tools that also make something that nobody needs."""

    flaky: float = 0.3
    """Share of tools that often fail."""
    moody: float = 0.3
    """Share of tools that are bad with one of the materials."""
    materials: int = 3
    """Materials that orders are about, 1 to 5."""
    spread: float = 0.5
    """How far a declared price, time or quality may be off, as a share of it."""
    look_price: Decimal = Decimal("0.002")
    """USD for one look into the catalogue: what a plan costs."""
    floor: float = 0.6
    """What is ordered must have this share of the quality that the optimal path gives."""

    def __post_init__(self) -> None:
        for field in fields(self):
            if field.type == "float" and not _is_share(getattr(self, field.name)):
                raise _refuse(self, field.name, "a share from 0 to 1")
        if self.declared not in ("vague", "true"):
            raise _refuse(self, "declared", "'vague' or 'true'")
        for name, least, most in _COUNTS:
            if not _is_int(getattr(self, name), least, most):
                raise _refuse(self, name, f"a whole number from {least} to {most}")
        asked = (self.subtasks,) if isinstance(self.subtasks, int) else tuple(self.subtasks)
        if not asked or not all(_is_int(n, 1, self.crafts) for n in asked):
            raise _refuse(self, "subtasks", f"whole numbers from 1 to {self.crafts}, the crafts")
        object.__setattr__(self, "subtasks", asked)
        object.__setattr__(self, "look_price", _money(self))


_COUNTS = (
    ("crafts", 1, 50),
    ("routes", 1, 10),
    ("length", 1, 10),
    ("dead_ends", 0, 20),
    ("links", 0, 20),
    ("materials", 1, len(MATERIALS)),
)


def _refuse(knobs: WorkshopKnobs, name: str, must: str) -> UsageError:
    return UsageError(f"workshop knob {name!r} must be {must}, not {getattr(knobs, name)!r}")


def _is_share(value: Any) -> bool:
    return isinstance(value, int | float) and 0 <= value <= 1


def _is_int(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _money(knobs: WorkshopKnobs) -> Decimal:
    try:
        price = Decimal(str(knobs.look_price))
    except InvalidOperation:
        price = Decimal("NaN")
    if not price.is_finite() or price < 0:
        raise _refuse(knobs, "look_price", "USD of 0 or more")
    return price
