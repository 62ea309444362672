"""`outlay export`, `outlay import` and `outlay prune`."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from .conftest import RUN, Outlay, run_id


def test_runs_are_archived_pruned_and_had_back(
    outlay: Outlay, inside: Callable[..., str], complaint: Callable[..., str], place: Path
) -> None:
    run = run_id(outlay(*RUN, "--budget", "usd=0.05").stdout)
    assert "events written to all.parquet" in inside("export", "all.parquet")
    listed = inside("prune", "--older", "0h")
    assert "1 run from" in listed
    assert "stay; --yes does it" in listed
    assert "I look for the river" in _journals(place)
    done = inside("prune", "--older", "0h", "--yes")
    assert "their texts are gone" in done
    assert "I look for the river" not in _journals(place)
    assert "Ada Quill" in inside("runs")
    assert "the texts of run" in complaint("show", run)
    assert inside("prune", "--older", "90d") == "no run is older than 90d and has its texts\n"
    assert "0 new events" in inside("import", "all.parquet")
    assert "0 new events" not in inside("import", "all.parquet", "--home", "again")
    assert "I look for the river" in inside("show", run, "--home", "again")
    assert os.listdir(place / ".outlay" / "journals") == os.listdir(place / "again" / "journals")


def test_wrong_usage_is_one_sentence(complaint: Callable[..., str]) -> None:
    assert "--older '90' is no age: write 90d" in complaint("prune", "--older", "90")
    assert "none.parquet has no events to import" in complaint("import", "none.parquet")


def _journals(place: Path) -> str:
    return "".join(path.read_text() for path in place.glob(".outlay/journals/*"))
