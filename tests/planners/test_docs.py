"""docs/planners.md says what there is, and its examples run."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from outlay.agent import Home
from outlay.planners import planner_names
from outlay.planners.registry import PLANNERS

PAGE = (Path(__file__).parents[2] / "docs" / "planners.md").read_text("utf-8")


def test_every_planner_and_option_stands_in_the_table() -> None:
    table = PAGE.partition("Options are")[0]
    rows = re.findall(r"^\| `(\w+)` \|.*\|(.*)\|$", table, re.MULTILINE)
    written = {name: re.findall(r"`(\w+)=([\w.]*)`", options) for name, options in rows}
    assert written == {name: _options(name) for name in planner_names()}


def _options(name: str) -> list[tuple[str, str]]:
    parameters = inspect.signature(PLANNERS.find(name)).parameters.values()
    return [(p.name, str(p.default).lower()) for p in parameters]


def test_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTLAY_HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for example in re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL):
        exec(example, names)
    assert names["agent"].run_sync("Who is the mayor of Vokizu?").status == "answered"
    Home.at(tmp_path).close()
