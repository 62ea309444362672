"""`outlay graph`, `outlay prices`, `outlay doctor`."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path

from outlay.cli.doctor_checks import EXTRAS

from .conftest import Outlay, golden


def test_a_graph_is_drawn_as_text_and_as_mermaid(
    outlay: Outlay, complaint: Callable[..., str]
) -> None:
    assert outlay("graph", "react").stdout == golden("graph")
    assert "think -.-> act;" in outlay("graph", "tracker", "--mermaid").stdout
    assert "the planners are react" in complaint("graph", "nope")


def test_prices_of_a_model_and_of_a_tool(outlay: Outlay, complaint: Callable[..., str]) -> None:
    shown = outlay("prices", "openai/gpt-5-mini").stdout
    assert "source: genai-prices" in shown
    own = outlay("prices", "scripted", "--prices", "prices.toml").stdout
    assert "input                        $0.25" in own
    assert "source: prices.toml sha256:" in own
    tool = outlay("prices", "search", "--prices", "prices.toml", "--json").stdout
    assert json.loads(tool)["search"]["call"] == 0.001
    assert "public models" in outlay("prices").stdout
    assert "has no price" in complaint("prices", "nobody/nothing")


def test_tiers_are_columns(outlay: Outlay) -> None:
    shown = outlay("prices", "google/gemini-2.5-pro").stdout
    assert "prompt > 200,000" in shown


def test_the_doctor_never_shows_a_key(outlay: Outlay, place: Path) -> None:
    env = {
        "OPENAI_API_KEY": "sk-secret", "OPENAI_BASE_URL": "http://me:hidden@model.example:8000/v1",
        "OUTLAY_API_KEY": "also-secret",
    }  # fmt: skip
    done = outlay("doctor", env=env)
    assert done.returncode == 0
    assert "OPENAI_API_KEY   set\n" in done.stdout
    assert "OPENAI_BASE_URL  model.example:8000\n" in done.stdout
    assert not any(word in done.stdout + done.stderr for word in ("secret", "hidden"))


def test_the_doctor_sees_torn_journals_and_bad_prices(outlay: Outlay, place: Path) -> None:
    journals = place / ".outlay" / "journals"
    journals.mkdir(parents=True)
    (journals / "old.jsonl").write_text('{"half": ')
    (place / "bad.toml").write_text("[models.x]\n")
    found = outlay("doctor", "--prices", "bad.toml")
    assert found.returncode == 1
    assert "torn last line, which is left out: old.jsonl" in found.stdout
    assert "is empty" in found.stdout


def test_the_doctor_speaks_json(outlay: Outlay) -> None:
    found = json.loads(outlay("doctor", "--json").stdout)
    assert {"outlay", "langgraph", "home", "OPENAI_API_KEY", "known prices"} <= found.keys()


def test_the_doctor_knows_the_extras(outlay: Outlay) -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))
    offered = project["project"]["optional-dependencies"]
    for name, package in EXTRAS.items():
        assert any(line.startswith(package) for line in map(str.lower, offered[name]))
    found = json.loads(outlay("doctor", "--json").stdout)
    assert found["extra local"].startswith("xllamacpp ")
