"""Settling what stayed unknown: a provider's bill against the holds that got no answer."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from ...journal.events import Event
from ...journal.record.recorded_calls import RecordedCall, recorded_calls
from ...journal.record.run_record import RunRecord
from ...ledger.errors import UsageError
from ...ledger.usage import CLASSES
from ..home import Home

COLUMNS = ("hold", "usd")


@dataclass(frozen=True)
class BillLine:
    """One line of a bill: what the provider charged for the call of a hold."""

    number: int
    hold: str
    usd: Decimal
    tokens: dict[str, int]

    @property
    def run(self) -> str:
        return self.hold.partition(":")[0]


@dataclass(frozen=True)
class BillCorrection:
    """What a line changed: the call was booked at `held` and is now booked at `billed`."""

    hold: str
    held: Decimal
    billed: Decimal


def read_bill(path: Path) -> list[BillLine]:
    """Reads a CSV with the columns `hold` and `usd`, and token classes where they are known.

    Raises:
        UsageError: the file or a line is wrong; the text names the line and the column.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return list(_lines(path, csv.DictReader(file)))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"the bill {path} cannot be read: {error}") from error


def reconcile(home: Home, lines: list[BillLine]) -> list[BillCorrection]:
    """Books the bill's lines on the holds that they name, all of them or none.

    Raises:
        UsageError: a line names a hold that does not exist, is not of a policy call, is settled
            already, or belongs to a run that is under way.
    """
    with home.ownership():
        records = {run: home.unowned(run) for run in dict.fromkeys(line.run for line in lines)}
        calls = [_call(records[line.run], line) for line in lines]
        last = {run: record.events[-1].seq for run, record in records.items()}
        for line in lines:
            body: dict[str, Any] = {
                "hold": line.hold, "usd": line.usd, "usd_by_class": {},
                **{name: line.tokens.get(name, 0) for name in CLASSES},
                "seconds": None, "ok": False, "final": False, "why": "reconciled",
            }  # fmt: skip
            last[line.run] += 1
            at = records[line.run].seconds
            home.append(Event(line.run, last[line.run], "settle", at=at, body=body))
    return [
        BillCorrection(line.hold, call.cost.held.usd, line.usd)
        for line, call in zip(lines, calls, strict=True)
    ]


def _lines(path: Path, rows: csv.DictReader[str]) -> Iterator[BillLine]:
    missing = [name for name in COLUMNS if name not in (rows.fieldnames or ())]
    if missing:
        raise UsageError(f"{path}, line 1: column {missing[0]!r} is missing (hold,usd,…)")
    seen: set[str] = set()
    for number, row in enumerate(rows, start=2):
        where = f"{path}, line {number}"
        hold = (row["hold"] or "").strip()
        if not hold or hold in seen:
            raise UsageError(f"{where}: column 'hold' is {'there twice' if hold else 'empty'}")
        seen.add(hold)
        tokens = {name: int(_number(where, name, row[name])) for name in CLASSES if row.get(name)}
        yield BillLine(number, hold, _number(where, "usd", row["usd"]), tokens)


def _number(where: str, column: str, text: str | None) -> Decimal:
    try:
        number = Decimal((text or "").strip())
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number < 0:
        raise UsageError(f"{where}: column {column!r} is {text!r}, not a number of 0 or more")
    return number


def _call(record: RunRecord, line: BillLine) -> RecordedCall:
    found = (call for call in recorded_calls(record.events) if call.hold == line.hold)
    call = next(found, None)
    if call is None or call.is_tool:
        raise UsageError(f"line {line.number}: there is no policy call under hold {line.hold!r}")
    if not call.cost.is_open:
        raise UsageError(f"line {line.number}: hold {line.hold!r} is settled already")
    return call
