"""Budgets: immutable limits on resources, built in Python or parsed from text."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from .errors import BudgetError
from .resources import BY_NAME, PER_TOOL, SUMS, Quantity, ResourceLimits, Unit

COUNTS = tuple(resource.name for resource in SUMS if resource.unit == "count")
_SCALES: Mapping[Unit, Mapping[str, int]] = {
    "usd": {"": 1},
    "count": {"": 1, "k": 10**3, "m": 10**6, "b": 10**9},
    "seconds": {"": 1, "s": 1, "m": 60, "h": 3600},
}
"""What may follow a number of each unit, and by what it multiplies."""
_MOST = 10**12
"""The largest limit on anything: journal and store hold sums of such limits exactly."""
_NUMBER = re.compile(r"^\$?([0-9][0-9_]*\.?[0-9]*(?:[eE][+-]?[0-9]+)?|\.[0-9]+)([a-z]?)$")


@dataclass(frozen=True, kw_only=True)
class Limit:
    """What one tool may use. None means no limit of its own."""

    calls: int | None = None
    usd: Decimal | None = None

    def __post_init__(self) -> None:
        for name, resource in PER_TOOL.items():
            object.__setattr__(self, name, _read(name, BY_NAME[resource].unit, getattr(self, name)))


@dataclass(frozen=True, kw_only=True)
class Budget(ResourceLimits):
    """Limits that cannot be overspent. None means no limit on that resource."""

    per_tool: Mapping[str, Limit] = field(default_factory=dict)
    """Limits of single tools by name; an int is short for `Limit(calls=…)`."""

    def __post_init__(self) -> None:
        for name, resource in BY_NAME.items():
            object.__setattr__(self, name, _read(name, resource.unit, getattr(self, name)))
        object.__setattr__(self, "per_tool", _limits(self.per_tool))

    @classmethod
    def parse(cls, text: str) -> Budget:
        """Returns the budget of text such as `usd=0.10,tokens=200k,search=20,seconds=2m`.

        Names that are no resource are tools: `search=20` limits its calls, `fetch.usd=0.02` its
        money. Counts take k, m, b; seconds take s, m, h. Whether a tool exists is checked where
        the tools are known (`check_tools`).

        Raises:
            BudgetError: on anything else, naming the part that is wrong.
        """
        values: dict[str, Any] = {}
        tools: dict[str, dict[str, Any]] = {}
        for part in filter(None, (p.strip() for p in text.split(","))):
            name, equals, number = (s.strip() for s in part.partition("="))
            if not equals or not name or not number:
                raise BudgetError(
                    f"budget part {part!r} is not NAME=LIMIT: write e.g. usd=0.10,search=20"
                )
            tool, _, unit = name.partition(".")
            is_tool = name not in BY_NAME
            target, key = (
                (tools.setdefault(tool, {}), unit or "calls") if is_tool else (values, name)
            )
            if is_tool and key not in PER_TOOL:
                raise BudgetError(f"budget part {part!r}: a tool is limited by `calls` or `usd`")
            if key in target:
                raise BudgetError(f"budget names {name!r} twice: keep one of them")
            unit_of = BY_NAME[PER_TOOL[key] if is_tool else key].unit
            target[key] = _parse_number(part, unit_of, number)
        if not values and not tools:
            raise BudgetError("the budget is empty: write e.g. usd=0.10,search=20")
        return cls(**values, per_tool={tool: Limit(**limit) for tool, limit in tools.items()})

    @property
    def limits(self) -> dict[str, Quantity]:
        """Limits by resource name, `seconds` left out (it is a deadline, not a sum)."""
        found: dict[str, Quantity | None] = {r.name: getattr(self, r.name) for r in SUMS}
        for tool, limit in self.per_tool.items():
            found[f"tool_calls.{tool}"] = limit.calls
            found[f"usd.{tool}"] = limit.usd
        return {name: value for name, value in found.items() if value is not None}

    def check_tools(self, known: Iterable[str]) -> None:
        """Raises BudgetError if the budget limits a tool that does not exist."""
        names = sorted(known)
        for tool in self.per_tool:
            if tool not in names:
                has = ", ".join(names) or "none"
                raise BudgetError(
                    f"the budget limits {tool!r}, which is neither a resource nor a tool of this "
                    f"agent: its tools are {has}; resources are {', '.join(BY_NAME)}"
                )

    @property
    def needs_prices(self) -> bool:
        return self.usd is not None or any(t.usd is not None for t in self.per_tool.values())

    def __add__(self, more: Budget) -> Budget:
        """Raises each limit that `more` names; what has no limit keeps none."""

        def add(mine: Any, theirs: Any) -> Any:
            return None if mine is None else mine + (theirs or 0)

        names = [f.name for f in dataclasses.fields(self) if f.name != "per_tool"]
        sums: dict[str, Any] = {n: add(getattr(self, n), getattr(more, n)) for n in names}
        tools = {
            tool: Limit(
                calls=add(limit.calls, more.per_tool.get(tool, Limit()).calls),
                usd=add(limit.usd, more.per_tool.get(tool, Limit()).usd),
            )
            for tool, limit in self.per_tool.items()
        }
        return Budget(**sums, per_tool=tools)

    def __str__(self) -> str:
        parts = [f"{name}={value}" for name, value in self.limits.items() if "." not in name]
        for tool, limit in self.per_tool.items():
            parts += [f"{tool}={limit.calls}"] if limit.calls is not None else []
            parts += [f"{tool}.usd={limit.usd:f}"] if limit.usd is not None else []
        parts += [f"seconds={self.seconds:g}"] if self.seconds is not None else []
        return ",".join(parts)


def _parse_number(part: str, unit: Unit, text: str) -> Decimal:
    match = _NUMBER.match(text.lower())
    scale = _SCALES[unit]
    if match is None or match[2] not in scale:
        units = "/".join(filter(None, scale))
        hint = f" (units: {units})" if units else ""
        raise BudgetError(f"budget part {part!r}: {text!r} is not a number that I can read{hint}")
    return Decimal(match[1].replace("_", "")) * scale[match[2]]


def _decimal(name: str, value: Any) -> Decimal | None:
    if value is None:
        return None
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise BudgetError(f"budget {name}={value!r} is not a number") from None
    if isinstance(value, bool) or not number.is_finite() or number < 0:
        raise BudgetError(f"budget {name}={value} must be a finite number that is not negative")
    if number > _MOST:
        raise BudgetError(f"budget {name}={number:.3g} is more than {_MOST:.0e}: leave {name} out")
    return number


def _read(name: str, unit: Unit, value: Any) -> Quantity | float | None:
    """Returns a limit in the type of its unit: Decimal for USD, int for counts, float seconds."""
    number = _decimal(name, value)
    if number is None or unit == "usd":
        return number
    if unit == "seconds":
        return float(number)
    if number != number.to_integral_value():
        raise BudgetError(f"budget {name}={value} must be a whole number")
    return int(number)


def _limits(per_tool: Any) -> dict[str, Limit]:
    if not isinstance(per_tool, Mapping):
        raise BudgetError(f"per_tool must map names of tools to limits, not be {per_tool!r}")
    for tool in per_tool:
        if not isinstance(tool, str) or not tool or tool in BY_NAME:
            raise BudgetError(f"per_tool[{tool!r}] is no name of a tool")
    return {tool: _limit(tool, limit) for tool, limit in per_tool.items()}


def _limit(tool: str, value: Any) -> Limit:
    if isinstance(value, Limit):
        return value
    if isinstance(value, int):
        _read(tool, "count", value)  # what is wrong with it is told with the tool's name
        return Limit(calls=value)
    raise BudgetError(f"per_tool[{tool!r}] must be a number of calls or a Limit, not {value!r}")
