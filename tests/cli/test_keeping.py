"""`outlay forget` and `outlay reconcile`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from .conftest import RUN, Outlay, run_id


def test_a_run_is_forgotten_with_its_texts(
    outlay: Outlay, complaint: Callable[..., str], place: Path
) -> None:
    run = run_id(outlay(*RUN, "--budget", "usd=0.05").stdout)
    assert "Ada Quill" in "".join(p.read_text() for p in place.glob(".outlay/journals/*"))
    done = outlay("forget", run, "--yes")
    assert f"run {run} is forgotten" in done.stdout
    assert "Ada Quill" not in "".join(p.read_text() for p in place.glob(".outlay/journals/*"))
    assert "there is no run" in complaint("forget", run, "--yes")


def test_a_call_is_settled_by_its_bill(
    outlay: Outlay, complaint: Callable[..., str], place: Path
) -> None:
    bill = place / "bill.csv"
    bill.write_text("hold,usd\nnobody:0/think/0/0/0#1,0.5\n")
    assert "there is no run 'nobody'" in complaint("reconcile", "bill.csv")
    bill.write_text("hold;usd\n")
    assert "bill.csv, line 1: column 'hold' is missing" in complaint("reconcile", "bill.csv")
    bill.write_text("hold,usd\n")
    assert "0 calls settled" in outlay("reconcile", "bill.csv").stdout
