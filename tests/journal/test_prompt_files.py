"""Prompts are added, never edited: what a run was told once, it is told again."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path

import pytest

from outlay.journal.prompt_files import PromptFiles, prompt_versions, versions_of
from outlay.ledger.errors import UsageError

ROOT = Path(__file__).parents[2]
RELEASED = {
    "memory/compact@1": "0a1e45d8ce9cc104",
    "memory/curated@1": "005fdc75f32c3e26",
    "memory/insist@1": "18e3942a7b76d57a",
    "memory/remind@1": "7474362ee8e23b9e",
    "memory/state@1": "13fe11094c0bc273",
    "memory/summary@1": "9c37c846bc50eead",
    "memory/window@1": "d1563063691837d0",
    "memory/workspace@1": "5e824fc231d35afc",
    "planners/accepted@1": "65278bdaa0bf747e",
    "planners/agentic@1": "2c2041d46971dc2f",
    "planners/bats@1": "387a95559f8c36cd",
    "planners/branch@1": "999a2f16efc8de4e",
    "planners/budget@2": "8b4e9e9581e5ba5c",
    "planners/budget@3": "aaffc7a587ec9dc4",
    "planners/critic@1": "fdc3ea50d581f31a",
    "planners/distill@1": "6d0100d96f4a818d",
    "planners/instant@1": "d41d3f4479f7c4dc",
    "planners/mode@1": "54d0fd05080deaf7",
    "planners/plan@1": "428e0e7cf22a6108",
    "planners/react@1": "d748f70f49b808c5",
    "planners/reasoning@1": "2e05e4d6a790d425",
    "planners/reflect@1": "8eed57730c5e2d79",
    "planners/reminder@1": "e8a52fc574968de9",
    "planners/select@1": "7211a15fc0a0960c",
    "planners/steps@1": "50e7f46cef5dc04c",
    "planners/toolchain@1": "a66dacf4abe73f9d",
    "planners/urge@1": "74ef81558d8a8224",
    "planners/value@1": "2c5268f3e298d8d7",
    "planners/verify@1": "ff178dcd2e11f7c7",
    "planners/wrap_up@1": "a92ffb71ab4fbf4a",
    "planners/wrap_up@2": "bcbdc011be2535e5",
}
"""The digest of each version of each prompt. A new file adds a line; no line ever changes."""


def found() -> dict[str, str]:
    """Returns the digest of each prompt file, by its folder, name and version."""
    digests = {}
    for folder in ("memory", "planners"):
        files = PromptFiles(ROOT / folder / "prompts")
        for path in (ROOT / folder / "prompts").glob("*.md"):
            name, _, number = path.stem.partition("@")
            label = files.prompt(name, int(number) if number else None).label
            text = path.read_text(encoding="utf-8")
            digests[f"{folder}/{label}"] = hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
    return digests


def test_no_released_prompt_is_edited() -> None:
    now = found()
    edited = [label for label, digest in RELEASED.items() if now.get(label) != digest]
    assert not edited, (
        f"{', '.join(edited)} was edited: prompt files are added, never edited. Take the old text "
        "back as NAME@N.md and put the new one into NAME.md, with the next version"
    )
    added = [f'"{label}": "{now[label]}"' for label in now if label not in RELEASED]
    assert not added, f"add {', '.join(added)} to RELEASED"


def test_no_name_is_in_two_folders() -> None:
    places = {label.partition("@")[0] for label in RELEASED}
    assert set(Counter(place.partition("/")[2] for place in places).values()) == {1}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of prompts: `greet` has three versions, `part` only one."""
    (tmp_path / "greet@1.md").write_text("version: 1\n\nHello.\n")
    (tmp_path / "greet@2.md").write_text("version: 2\n\nGood day.\n")
    (tmp_path / "greet.md").write_text("version: 3\n\nGood evening.\n")
    (tmp_path / "part.md").write_text("version: 1\n\nBye.\n")
    return tmp_path


def test_each_version_can_be_had(folder: Path) -> None:
    files = PromptFiles(folder)
    texts = [files.prompt("greet", version).text for version in (None, 1, 2, 3)]
    assert texts == ["Good evening.", "Hello.", "Good day.", "Good evening."]
    assert files.changed() == {"greet": 3}


@pytest.mark.parametrize(
    ("name", "version", "said"),
    [
        ("greet", 7, "the prompt 'greet' has no version 7: it has 1, 2, 3"),
        ("part", 2, "the prompt 'part' has no version 2: it has 1"),
        ("nod", None, "there is no prompt 'nod'"),
    ],
)
def test_what_is_not_there_is_one_sentence(
    folder: Path, name: str, version: int | None, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        PromptFiles(folder).prompt(name, version)


@pytest.mark.parametrize(
    ("recorded", "text"),
    [(None, "Good evening."), ({"greet": 2}, "Good day."), ({}, "Hello.")],
)
def test_a_record_decides(folder: Path, recorded: dict[str, int] | None, text: str) -> None:
    files = PromptFiles(folder)
    with prompt_versions(recorded):
        assert files.prompt("greet").text == text
        assert files.prompt("part").text == "Bye."
    assert files.prompt("greet").version == 3


def test_versions_are_read_from_the_record() -> None:
    agent = {
        "prompts": {"": "react@1,budget@2", "wrap_up": "wrap_up@3"},
        "other_prompts": {"reminder": 2},
    }
    assert versions_of(agent) == {"react": 1, "budget": 2, "wrap_up": 3, "reminder": 2}
    assert versions_of({}) == {}
