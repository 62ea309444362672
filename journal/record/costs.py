"""What a run's holds cost: the one fold over its events, of which every total is a sum.

A hold that is settled costs its bill; one that is released costs nothing. One without a bill
costs its full amount, whether its call is under way or its outcome unknown. A rewind refunds
nothing: calls that were cut off cost what they cost. `store/sql/load.sql` and the views on it say
the same in SQL; a property test holds the two equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Literal

from ...ledger.amount import ZERO, Amount
from ...ledger.usage import Usage
from ..codec import usage_from
from ..events import Event

CostStatus = Literal["open", "settled", "released", "unknown"]


@dataclass(frozen=True, kw_only=True, slots=True)
class CostLine:
    """What one hold costs."""

    hold: str
    key: str
    """The key of the call."""
    seq: int
    call: Literal["model", "tool"]
    name: str
    """The policy or the tool."""
    node: str
    """What the call was for: the graph's node, or the purpose of the policy call."""
    status: CostStatus
    """`open` until an event tells what became of the call; `unknown`: no bill came."""
    held: Amount
    """What was set aside: what the call could cost at most."""
    amount: Amount
    """What counts as spent of every resource; nothing if it was released."""
    usd: Decimal | None
    """What counts as spent in USD; None where no price is known."""
    usd_by_class: Mapping[str, Decimal] = field(default_factory=dict)
    """The bill's USD by token class, `call` and `seconds`; empty without a bill."""
    usage: Usage | None = None
    """The tokens that were billed, or None where no bill of tokens came."""

    @property
    def is_open(self) -> bool:
        """Whether the hold is still booked in full."""
        return self.status in ("open", "unknown")


class CostFold:
    """Takes the events of runs in order; knows at any moment what each hold costs."""

    def __init__(self) -> None:
        self.lines: dict[str, CostLine] = {}
        """By hold, in the order in which they were taken."""

    def add(self, event: Event) -> CostLine | None:
        """Takes the next event; returns the line that it changes, or None if it changes none.

        What comes of a hold after it was settled or released changes nothing.
        """
        if event.kind not in ("hold", "settle", "release", "unknown"):
            return None
        known = self.lines.get(event.body["hold"])
        if event.kind == "hold":
            line = _held(event) if known is None else None
        elif known is None:
            line = _lost(event) if event.kind == "settle" else None
        else:
            line = _ended(known, event) if known.is_open else None
        if line is not None:
            self.lines[line.hold] = line
        return line


def costs(events: Iterable[Event]) -> tuple[CostLine, ...]:
    """Returns what each hold among the events costs, in the order of the holds.

    Args:
        events: those of one run, or of several, each run's in order.
    """
    fold = CostFold()
    for event in events:
        fold.add(event)
    return tuple(fold.lines.values())


def total(lines: Iterable[CostLine]) -> Amount:
    """Returns what holds cost together."""
    return sum((line.amount for line in lines), ZERO)


def held_amount(hold: Event) -> Amount:
    """Returns what a hold sets aside: what its call can cost at most."""
    body = hold.body
    usd = Decimal(body["usd"] or 0)
    if body["call"] == "tool":
        return Amount.of_tool_call(body["name"], usd, body.get("calls", 1))
    return Amount.of_model_call(usd, body["input_tokens"], body["output_tokens"])


def _held(hold: Event) -> CostLine:
    body, held = hold.body, held_amount(hold)
    return CostLine(
        hold=body["hold"], key=hold.key, seq=hold.seq, call=body["call"], name=body["name"],
        node=body["node"], status="open", held=held, amount=held,
        usd=None if body["usd"] is None else Decimal(body["usd"]),
    )  # fmt: skip


def _lost(settle: Event) -> CostLine:
    """Returns what a settlement costs whose hold is missing: it was paid."""
    is_tool = "observation" in settle.body
    asked = CostLine(
        hold=settle.body["hold"], key=settle.key, seq=settle.seq, name="", node="", status="open",
        call="tool" if is_tool else "model", held=ZERO, usd=None,
        amount=Amount({"tool_calls": 1}) if is_tool else ZERO,
    )  # fmt: skip
    return _settled(asked, settle)


def _ended(line: CostLine, end: Event) -> CostLine:
    if end.kind == "unknown":
        return replace(line, status="unknown")
    if end.kind == "release":
        return replace(line, status="released", amount=ZERO, usd=Decimal(0))
    return _settled(line, end)


def _settled(line: CostLine, settle: Event) -> CostLine:
    body = settle.body
    usd = line.usd if body["usd"] is None else Decimal(body["usd"])
    usage = usage_from(body) if line.call == "model" else None
    by_class = (body.get("usd_by_class") or {}).items()
    parts = {name: Decimal(part) for name, part in by_class if part is not None}
    if line.call == "tool":
        amount = Amount.of_tool_call(line.name, usd or Decimal(0), int(line.amount["tool_calls"]))
    elif usage is not None:
        amount = Amount.of_model_bill(usd or Decimal(0), usage)
    else:
        amount, usd = line.amount, line.usd
    return replace(line, status="settled", amount=amount, usd=usd, usd_by_class=parts, usage=usage)
