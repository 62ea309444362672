"""`outlay train rl` and `outlay train sft`, as a person calls them."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest

from outlay.embedded.transformer.weights import SHIPPED

from ...conftest import Outlay

pytest.importorskip("torch", reason="the extra `train` is not installed")


def test_a_model_plays_learns_and_imitates_itself(outlay: Outlay, place: Path) -> None:
    shutil.copy(SHIPPED, place / "a.npz")
    done = outlay(
        "train", "rl", "--model", "a.npz", "--out", "b.npz", "--suite", "almanac", "--budget",
        "usd=0.016", "--tasks", "4", "--per-round", "4", "--rounds", "1", "--group", "2",
        "--total-budget", "usd=0.2",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "round 1 of 1: 8 runs, success" in done.stdout
    experiment = done.stdout.partition("(experiment ")[2].partition(")")[0]
    assert (place / "b.npz").stat().st_size > 1_000_000
    assert (place / "b.svg").read_text().startswith("<svg")

    again = outlay(
        "train", "rl", "--model", "a.npz", "--out", "b.npz", "--suite", "almanac", "--budget",
        "usd=0.016", "--tasks", "4", "--per-round", "4", "--rounds", "2", "--group", "2",
        "--total-budget", "usd=0.2",
    )  # fmt: skip
    assert again.returncode == 0, again.stderr
    assert "round 1 of" not in again.stdout
    assert "round 2 of 2: " in again.stdout
    assert f"(experiment {experiment})" in again.stdout
    spent = [
        float(each.stdout.partition(" spent on")[0].rpartition("$")[2]) for each in (done, again)
    ]
    assert spent[1] > spent[0] > 0

    done = outlay("train", "sft", "--model", "b.npz", "--out", "c.npz", "--from", experiment)
    assert done.returncode == 0, done.stderr
    with duckdb.connect(str(place / "c.metrics.duckdb"), read_only=True) as database:
        assert database.execute("select count(*) from metrics where name = 'loss'").fetchall()


def test_what_is_missing_is_said(outlay: Outlay, place: Path) -> None:
    done = outlay("train", "rl", "--model", "a.npz", "--out", "b.npz")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "give --suite and --budget, or --from EXPERIMENT" in done.stderr
    shutil.copy(SHIPPED, place / "a.npz")
    done = outlay("train", "sft", "--model", "a.npz", "--out", "b.npz", "--from", "none")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "there is nothing to train on" in done.stderr
