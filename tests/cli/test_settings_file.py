"""`outlay.toml`: where it is found, what it may say, and what wins over it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer

from outlay.cli.app import app
from outlay.cli.settings_file import SettingsFile, defaults, find
from outlay.ledger.errors import UsageError

GROUP: Any = typer.main.get_command(app)


def settings(folder: Path, text: str) -> dict[str, dict[str, Any]]:
    path = folder / "outlay.toml"
    path.write_text(text)
    return defaults(SettingsFile.named(path), GROUP)


def test_a_key_at_the_top_goes_to_every_verb_that_has_it(tmp_path: Path) -> None:
    found = settings(tmp_path, 'model = "embedded"\n[bench]\ntasks = 5\n')
    assert found["run"] == {"model": "embedded"}
    assert found["bench"] == {"model": ["embedded"], "tasks": "5"}
    assert found["show"] == {}


def test_a_verb_s_table_wins_over_the_top(tmp_path: Path) -> None:
    found = settings(tmp_path, 'planner = "react"\n[bench]\nplanner = "react,tracker"\n')
    assert (found["run"]["planner"], found["bench"]["planner"]) == ("react", "react,tracker")


def test_lists_dashes_flags_and_paths(tmp_path: Path) -> None:
    found = settings(
        tmp_path, 'tool-protocol = "text"\nplain = true\nprices = "p.toml"\ntool = ["calculator"]\n'
    )
    assert found["run"]["tool_protocol"] == "text"
    assert found["run"]["plain"] is True
    assert found["run"]["tool"] == ["calculator"]
    assert found["run"]["prices"] == str(tmp_path / "p.toml")


def test_one_budget_suits_both_run_and_bench(tmp_path: Path) -> None:
    found = settings(tmp_path, 'budget = "usd=1"\n')
    assert (found["run"]["budget"], found["bench"]["budget"]) == ("usd=1", ["usd=1"])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("modle = 1", "`modle` is no option"),
        ("[run]\ntasks = 3", "`run.tasks` is no option: run has"),
        ("[walk]\nx = 1", "`walk` is no verb: the verbs are"),
        ("[bench]\ntasks = 'many'", "`tasks` makes no sense"),
        ("[bench]\ntasks = 0", "`tasks` makes no sense"),
        ("[run]\nbudget = ['usd=1', 'usd=2']", "`budget` takes one value"),
        ("plain = 'yes'", "`plain` must be true or false"),
        ("model = true", "`model` must be text or a number"),
        ("model = ", "is not TOML"),
    ],
)
def test_nonsense_names_the_file_and_the_key(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(UsageError, match=r"outlay\.toml") as error:
        settings(tmp_path, text)
    assert says in str(error.value)
    assert "\n" not in str(error.value)


def test_the_nearest_file_above_counts(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    (tmp_path / "outlay.toml").touch()
    assert find(deep) == tmp_path / "outlay.toml"
    (tmp_path / "a" / "outlay.toml").touch()
    assert find(deep) == tmp_path / "a" / "outlay.toml"


def test_a_missing_file_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        SettingsFile.named(tmp_path / "none.toml")


@pytest.mark.parametrize(
    ("line", "option", "wanted"),
    [
        ('model = "scripted:a.json"', "model", "scripted:{}/a.json"),
        ('model = "gguf:m.gguf+a.gguf?threads=1"', "model", "gguf:{}/m.gguf+{}/a.gguf?threads=1"),
        (
            'model = "router:scripted:a.json,openai/x"',
            "model",
            "router:scripted:{}/a.json,openai/x",
        ),
        ('model = "scripted:/a.json"', "model", "scripted:/a.json"),
        ('model = "http://h/v1#a/b"', "model", "http://h/v1#a/b"),
        ('tool = ["files:notes", "think"]', "tool", ["files:{}/notes", "think"]),
        ('tool = ["sql:a.csv,/b.csv"]', "tool", ["sql:{}/a.csv,/b.csv"]),
        ('docs = "notes"', "docs", "{}/notes"),
        ('home = "h"', "home", "{}/h"),
    ],
)
def test_paths_begin_at_the_file(tmp_path: Path, line: str, option: str, wanted: Any) -> None:
    def here(text: Any) -> Any:
        return [each.format(*[tmp_path] * 2) for each in text] if isinstance(text, list) else (
            text.format(*[tmp_path] * 2)
        )  # fmt: skip

    assert settings(tmp_path, f"{line}\n")["run"][option] == here(wanted)
