"""How the command line writes money, counts, times and arguments."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from ...journal.foreign_text import one_line, visible
from ...ledger.amount import Quantity
from ...ledger.resources import SUMS, split_resource

NONE = "–"
"""Stands where a figure is unknown."""

_SIDES = ("tokens", "input_tokens", "output_tokens")
"""What is told as `120 input + 30 output tokens`."""


def places(limit: Decimal | None) -> int:
    """Returns the decimals in which amounts are shown beside a limit in USD: 4 to 6."""
    if not limit:
        return 6
    return min(max(4 - limit.adjusted(), 4), 6)


def usd(amount: Decimal | None, decimals: int) -> str:
    """Returns `$0.00120` with as many decimals as told; `<$0.00001` for what is less; `$0`."""
    if amount is None:
        return NONE
    if not amount:
        return "$0"
    step = Decimal(1).scaleb(-decimals)
    if 0 < amount < step / 2:
        return f"<${step:f}"
    sign = "−" if amount < 0 else ""
    return f"{sign}${abs(amount).quantize(step, ROUND_HALF_EVEN):,f}"


def exact_usd(amount: Decimal | None) -> str:
    """Returns every digit: `$0.00031`, `$12.5`, `$0`; en dash where it is unknown."""
    if amount is None:
        return NONE
    sign = "−" if amount < 0 else ""
    return f"{sign}${digits(abs(amount), ',')}"


def digits(number: Decimal, group: str = "") -> str:
    """Returns every digit of a number, without zeros at its end."""
    text = f"{number:{group}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def seconds(value: float) -> str:
    """Returns `0.4 s`, `12 s` or `3 min 20 s`."""
    if value < 9.95:
        return f"{value:.1f} s"
    whole = round(value)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def count(value: int, unit: str) -> str:
    """Returns `1 step` or `2 steps`."""
    return f"{value:,} {unit if value == 1 else f'{unit}s'}"


def spend(amounts: Mapping[str, Quantity]) -> str:
    """Returns what was used besides money: tokens, model calls, calls of each tool."""
    parts = []
    if amounts["tokens"]:
        sides = ("input", "output")
        parts.append(" + ".join(f"{amounts[f'{s}_tokens']:,} {s}" for s in sides) + " tokens")
    plain = [row for row in SUMS if row.unit == "count" and not row.per_tool]
    parts += [
        count(int(amounts[row.name]), row.label)
        for row in plain
        if row.name not in _SIDES and (row.call or amounts[row.name])
    ]
    tools = [(r.partition(".")[2], n) for r, n in amounts.items() if r.startswith("tool_calls.")]
    return " · ".join([*parts, *(f"{n:,} {visible(tool)}" for tool, n in tools)])


def left(remaining: Mapping[str, Quantity | float], decimals: int) -> str:
    """Returns `$0.0988 · 7 search · 42 s`."""
    return " · ".join(_left(*item, decimals) for item in remaining.items())


def _left(resource: str, quantity: Quantity | float, decimals: int) -> str:
    row, tool = split_resource(resource)
    tool = visible(tool)
    if row.unit == "seconds":
        return seconds(max(float(quantity), 0.0))
    if row.unit == "usd":
        amount = usd(Decimal(quantity), decimals)
        return f"{amount} {tool}" if tool else amount
    return f"{quantity:,} {tool}" if tool else count(int(quantity), row.label)


def arguments(text: str) -> str:
    """Returns a tool call's arguments as a person would write them: `old river, limit=3`."""
    import json

    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return one_line(text)
    if not isinstance(fields, dict):
        return one_line(text)
    values = {
        name: value if isinstance(value, str) else _json(value) for name, value in fields.items()
    }
    if len(values) == 1:
        return one_line(next(iter(values.values())))
    return one_line(", ".join(f"{name}={value}" for name, value in values.items()))


def _json(value: Any) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)


def write_json(value: Any) -> None:
    """Prints one JSON object on one line; USD are numbers with every digit kept."""
    import orjson

    def exact(value: Any) -> Any:
        if isinstance(value, Decimal):
            return orjson.Fragment(digits(value))
        return str(value)

    sys.stdout.write(f"{orjson.dumps(value, default=exact).decode()}\n")


def joined(parts: Iterable[str]) -> str:
    return " · ".join(filter(None, parts))
