"""The table of resources: what can be limited, how it is counted, added up, read and shown.

A new resource is one row of `RESOURCES` and one field of `ResourceLimits`. Budgets, accounts, the
journal, the store's `runs` view, the Budget Tracker and all reports read it from here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from operator import attrgetter
from typing import Any, Literal

from .usage import CLASSES, INPUT_CLASSES, OUTPUT_CLASSES, Usage

Quantity = int | Decimal
Unit = Literal["usd", "count", "seconds"]


@dataclass(frozen=True)
class ResourceColumn:
    """A resource's column in the view `runs`."""

    sql: str
    """Its sum over the holds of a run that were not released."""
    about: str
    """What the documentation says of it."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One row of the table."""

    name: str
    """What budgets and the journal call it."""
    label: str
    """What people read: one of it, as a noun; the plural ends in s. Money has a sign instead."""
    unit: Unit = "count"
    """How it is read and shown: exact USD, whole numbers, or a time."""
    adds: Literal["sum", "deadline"] = "sum"
    """What calls use is summed up; a deadline is an instant on the clock."""
    classes: tuple[str, ...] = ()
    """The token classes that it counts. A call's bound on it is that of their sides."""
    call: Literal["", "model", "tool"] = ""
    """The kind of call of which each one counts."""
    per_tool: str = ""
    """What limits it for one tool, a field of `Limit`; "" if nothing does."""
    column: ResourceColumn | None = None
    """None where `runs` has no column of its own for it."""

    @property
    def counts_input(self) -> bool:
        return any(name not in OUTPUT_CLASSES for name in self.classes)

    @property
    def counts_output(self) -> bool:
        return any(name in OUTPUT_CLASSES for name in self.classes)


RESOURCES = (
    Resource(name="usd", label="USD", unit="usd", per_tool="usd"),
    Resource(name="tokens", label="token", classes=CLASSES),
    Resource(
        name="input_tokens",
        label="input token",
        classes=INPUT_CLASSES,
        column=ResourceColumn(
            "sum(input_tokens)", "prompt tokens of all classes; bounds where no bill came"
        ),
    ),
    Resource(
        name="output_tokens",
        label="output token",
        classes=OUTPUT_CLASSES,
        column=ResourceColumn(
            "sum(output_tokens)",
            "completion tokens, reasoning included; bounds where no bill came",
        ),
    ),
    Resource(
        name="model_calls",
        label="model call",
        call="model",
        column=ResourceColumn(
            "count(*) filter (where \"call\" = 'model')",
            "policy calls that left, each try counted",
        ),
    ),
    Resource(
        name="tool_calls",
        label="tool call",
        call="tool",
        per_tool="calls",
        column=ResourceColumn(
            "sum(calls) filter (where \"call\" = 'tool')",
            "tool calls that left, in the units that they count as",
        ),
    ),
    Resource(name="seconds", label="second", unit="seconds", adds="deadline"),
)


@dataclass(frozen=True, kw_only=True)
class ResourceLimits:
    """One limit for each row of the table. None means no limit on that resource."""

    usd: Decimal | None = None
    """US dollars for everything: tokens and tools. Ints, floats and strings are converted."""
    tokens: int | None = None
    """Input and output tokens together."""
    input_tokens: int | None = None
    """Prompt tokens of all classes (fresh, cache reads and writes)."""
    output_tokens: int | None = None
    """Completion tokens, reasoning included."""
    model_calls: int | None = None
    """Policy calls, each try counted."""
    tool_calls: int | None = None
    """Calls of all tools together."""
    seconds: float | None = None
    """A deadline on the wall clock: work still in flight then is cancelled and booked."""


BY_NAME = {resource.name: resource for resource in RESOURCES}
SUMS = tuple(resource for resource in RESOURCES if resource.adds == "sum")
"""What an amount holds and an account adds up, in the order in which limits are told."""
COLUMNS = tuple(
    (row.name, row.column)
    for row in sorted(RESOURCES, key=lambda row: not row.call)
    if row.column is not None
)
"""The columns of the view `runs`, by the name of the resource: calls first."""
PER_TOOL = {resource.per_tool: resource.name for resource in RESOURCES if resource.per_tool}
"""The resources that single tools can be limited in, by the field of `Limit`."""

_TOKENS = tuple(
    sorted((r for r in SUMS if r.classes), key=lambda r: r.counts_input and r.counts_output)
)
"""Resources of one side come before those of both: a shortfall names the narrower limit."""
_SIDES = tuple((r.name, r.counts_input, r.counts_output) for r in _TOKENS)
_MODEL_CALLS = tuple(r.name for r in SUMS if r.call == "model")
SOFT = ("usd", *(r.name for r in SUMS if r.classes))
"""What a policy call's bill may leave unspent of its hold; a call counts as one in any case."""


def _total_of(classes: tuple[str, ...]) -> Callable[[Usage], int]:
    if len(classes) == 1:
        return attrgetter(*classes)
    numbers: Callable[[Usage], tuple[int, ...]] = attrgetter(*classes)
    return lambda usage: sum(numbers(usage))


_BILLED = tuple((r.name, _total_of(r.classes)) for r in _TOKENS)


def model_call_bound(usd: Decimal, input_tokens: int, output_tokens: int) -> dict[str, Quantity]:
    """Returns the most that a policy call within these bounds uses of each resource."""
    most: dict[str, Quantity] = {"usd": usd}
    for name, counts_input, counts_output in _SIDES:
        most[name] = (input_tokens if counts_input else 0) + (output_tokens if counts_output else 0)
    for name in _MODEL_CALLS:
        most[name] = 1
    return most


def model_call_bill(usd: Decimal, usage: Usage) -> dict[str, Quantity]:
    """Returns what a policy call with this bill used of each resource."""
    billed: dict[str, Quantity] = {"usd": usd}
    for name, total in _BILLED:
        billed[name] = total(usage)
    for name in _MODEL_CALLS:
        billed[name] = 1
    return billed


def output_room(left: Callable[[str], Quantity | None], input_tokens: int) -> list[int]:
    """Returns how many output tokens each limit on tokens leaves to a call.

    Args:
        left: what is left of a resource, or None where nobody limits it.
        input_tokens: the bound on the call's prompt.
    """
    rooms = []
    for name, counts_input, counts_output in _SIDES:
        rest = left(name) if counts_output else None
        if rest is not None:
            rooms.append(int(rest) - (input_tokens if counts_input else 0))
    return rooms


def split_resource(name: str) -> tuple[Resource, str]:
    """Returns the row of a resource, and the tool for `tool_calls.TOOL` and `usd.TOOL`, or ""."""
    row, _, tool = name.partition(".")
    return BY_NAME[row], tool


def is_money(name: str) -> bool:
    """Says whether a resource, of one tool or of all, is counted in USD."""
    row = BY_NAME.get(name.partition(".")[0])
    return row is not None and row.unit == "usd"


def recorded_quantity(name: str, value: Any) -> Quantity:
    """Returns a quantity as the journal has it: money as text, counts as whole numbers."""
    return Decimal(value) if is_money(name) else int(value)
