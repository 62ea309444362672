from __future__ import annotations

import logging

import pytest

from outlay.benchmarks.suites.records import DatasetRecord
from outlay.benchmarks.suites.sound_records import sound
from outlay.ledger.errors import UsageError

RECORDS = [DatasetRecord(f"f, line {n}", n, {"n": n}) for n in range(1, 11)]


def odd(record: DatasetRecord) -> None:
    if record.line % 2 == 0:
        raise record.wrong("n", "is even")


def never(record: DatasetRecord) -> None:
    raise record.wrong("n", "is a number")


def test_what_is_left_out_is_named(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        kept = sound(RECORDS, odd, suite="s", strict=False)
    assert [record.line for record in kept] == [1, 3, 5, 7, 9]
    assert "s: 5 of 10 records left out: f, line 2: field 'n' is even" in caplog.text


def test_strict_refuses_the_first_wrong_record() -> None:
    with pytest.raises(UsageError, match="line 2"):
        sound(RECORDS, odd, suite="s", strict=True)


def test_where_all_are_wrong_nothing_is_left_to_run() -> None:
    with pytest.raises(UsageError, match="line 1"):
        sound(RECORDS, never, suite="s", strict=False)
