"""docs/memory.md says what there is, and its example runs."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from outlay.agent import Home
from outlay.memory import memory, memory_names

PAGE = (Path(__file__).parents[2] / "docs" / "memory.md").read_text("utf-8")


def test_every_memory_and_option_stands_in_the_table() -> None:
    table = PAGE.partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \|.*\|(.*)\|$", table, re.MULTILINE)
    written = {name: re.findall(r"`(\w+)=([\w.]*)`", options) for name, options in rows}
    assert written == {name: _options(name) for name in memory_names()}


def _options(name: str) -> list[tuple[str, str]]:
    made = memory(name)
    own = [f.name for f in fields(made) if f.name not in ("name", "recall", "price")]
    return [(option, str(getattr(made, option)).lower()) for option in own]


def test_the_example_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTLAY_HOME", str(tmp_path))
    example = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)[0]
    names: dict[str, Any] = {}
    exec(example, names)
    runs = Home.at(tmp_path).store.query("select memory from runs").rows
    assert [tuple(run) for run in runs] == [("workspace:cap=1200",)]
    Home.at(tmp_path).close()
