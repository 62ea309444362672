"""`outlay suites`: what there is, and whether a suite and its data hold together."""

from __future__ import annotations

import json
from pathlib import Path

from ...conftest import Outlay

RECORD = {
    "id": "a",
    "input": "Which city is it?",
    "target": "Ghent",
}


def test_suites_are_listed(outlay: Outlay) -> None:
    listed = outlay("suites").stdout.splitlines()
    assert any(line.startswith("almanac  ") for line in listed)
    assert any(line.startswith("hotpotqa  ") for line in listed)


def test_a_sound_suite_is_called_valid(outlay: Outlay, place: Path) -> None:
    (place / "mine.jsonl").write_text(json.dumps(RECORD))
    done = outlay("suites", "validate", "dataset", "--data", "mine.jsonl")
    assert done.returncode == 0
    assert "gold solution: full marks on 1 of 1" in done.stdout
    assert done.stdout.endswith("valid\n")
    told = json.loads(
        outlay("suites", "validate", "dataset", "--data", "mine.jsonl", "--json").stdout
    )
    assert (told["tasks"], told["valid"]) == (1, True)


def test_broken_data_are_one_sentence(outlay: Outlay, place: Path) -> None:
    (place / "mine.jsonl").write_text(json.dumps(RECORD) + "\n" + json.dumps(RECORD))
    done = outlay("suites", "validate", "dataset", "--data", "mine.jsonl")
    assert done.returncode == 2
    assert done.stderr.startswith("outlay: mine.jsonl, line 2: ")
    assert done.stderr.count("\n") == 1


def test_a_name_is_needed(outlay: Outlay) -> None:
    done = outlay("suites", "validate")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "which suite is to be validated?" in done.stderr


def test_data_of_a_suite_are_found_from_any_folder(outlay: Outlay, place: Path) -> None:
    (place / "mine.jsonl").write_text(json.dumps(RECORD))
    done = outlay(
        "bench", "dataset", "--data", "mine.jsonl", "--policy", "embedded:reader", "--budget",
        "model_calls=3", "--tasks", "1",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = outlay("sql", "select body from events where kind = 'run_started'", "--csv").stdout
    assert str(place / "mine.jsonl") in said
