"""Tools of an installed package are listed, shown, tried and called like ours."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ...conftest import Outlay

METADATA = "Metadata-Version: 2.1\nName: tide-tools\nVersion: 1\n"
OFFERED = """
[outlay.tools]
tides = tide_tools:tides
almanac = tide_tools:ALMANAC
calculator = tide_tools:tides
number = tide_tools:NUMBER
absent = not_there_at_all:tool
"""
MODULE = '''
from outlay.tools import ToolOffer, tool

NUMBER = 7


@tool(price="0.002", read_only=True, inline=True)
def tides(harbour: str) -> str:
    """Tells the tides of a harbour.

    Args:
        harbour: its name.
    """
    return f"high at noon in {harbour}"


def year_of(argument, approve):
    @tool(price=0, read_only=True, inline=True)
    def year() -> str:
        """Tells the year of the almanac."""
        return argument

    return (year,)


ALMANAC = ToolOffer("almanac", "YEAR", "one year of tides", year_of)
'''


@pytest.fixture
def installed(outlay: Outlay, tmp_path: Path) -> Outlay:
    """`outlay` beside a package that offers five tools, two of them for good."""
    site = tmp_path / "site"
    info = site / "tide_tools-1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(METADATA)
    (info / "entry_points.txt").write_text(OFFERED)
    (site / "tide_tools.py").write_text(MODULE)
    return lambda *arguments: outlay(*arguments, env={"PYTHONPATH": str(site)})


def test_they_are_listed_and_a_broken_one_says_so(installed: Outlay) -> None:
    listed = installed("tools", "list")
    assert listed.returncode == 0
    rows = dict(line.split("  ", 1) for line in listed.stdout.splitlines())
    rows = {name.strip(): text.strip() for name, text in rows.items()}
    assert rows["tides"] == "Tells the tides of a harbour."
    assert rows["almanac:YEAR"] == "one year of tides"
    assert rows["calculator"] == "exact arithmetic"
    assert "cannot be loaded from not_there_at_all:tool" in rows["absent"]
    assert "is of type int: what is offered as outlay.tools must be a @tool" in rows["number"]


def test_one_is_shown_and_tried(installed: Outlay) -> None:
    assert "price      from $0.002" in installed("tools", "show", "tides").stdout
    tried = installed("tools", "try", "almanac:1999", "--args", "{}")
    assert (tried.returncode, tried.stdout.strip()) == (0, "1999")


def test_a_run_calls_one(installed: Outlay, place: Path) -> None:
    call = {"name": "tides", "arguments": {"harbour": "Ostend"}}
    (place / "tides.json").write_text(json.dumps([{"tool_calls": [call]}, "Answer: noon"]))
    ran = installed(
        "run", "When is high tide?", "--model", "scripted:tides.json", "--tool", "tides",
        "--budget", "tides=2", "--json",
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout.splitlines()[-1])
    assert (told["answer"], told["spend"]["tool_calls.tides"]) == ("noon", 1)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        ("almanac", "tool 'almanac' needs an argument: almanac:YEAR"),
        ("tides:x", "tool 'tides' takes no argument: write tides, not tides:x"),
        ("number", "is of type int"),
        ("absent", "the tool 'absent' of another package cannot be loaded"),
        ("telescope", "absent, almanac, ask_human, calculator, fetch"),
    ],
)
def test_what_is_wrong_is_one_sentence(installed: Outlay, spec: str, said: str) -> None:
    shown = installed("tools", "show", spec)
    assert (shown.returncode, shown.stdout) == (2, "")
    assert said in " ".join(shown.stderr.split())
