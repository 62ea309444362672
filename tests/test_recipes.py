"""CONTRIBUTING's recipes work when they are followed to the letter, in a copy of the tree."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
KINDS = [
    "A planner", "A memory", "A tool", "A policy", "A suite", "A resource", "An event",
    "A column of a view", "A verb",
]  # fmt: skip
EXAMPLES = {"planners/prompts/NAME.md", "requirements/peers/NAME.in"}
"""Paths that stand for many."""
MOST_OPENED, MOST_TOUCHED = 6, 5
GUARDS = (
    "cli/test_options.py::test_every_verb_is_documented_and_its_summary_is_not_cut",
    "journal/store/test_store.py::test_every_column_of_a_view_is_documented_with_its_type",
    "journal/store/test_store.py::test_the_page_on_sql_is_made_from_the_views",
    "journal/test_prompt_files.py::test_no_released_prompt_is_edited",
    "ledger/test_resources.py::test_every_resource_is_documented",
    "ledger/test_resources.py::test_every_row_has_its_limit",
    "memory/test_docs.py::test_every_memory_and_option_stands_in_the_table",
    "memory/test_views.py::test_a_view_is_a_valid_chat_within_its_limit[headlines]",
    "memory/test_views.py::test_all_memories_are_tried",
    "planners/test_docs.py::test_every_planner_and_option_stands_in_the_table",
    "tools/test_docs.py::test_the_tools_that_ship_are_listed_as_they_are",
)
"""Tests that fail where something new stands in the code and not in the docs."""

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_MARK = re.compile(r"(?:#|--|<!--) (\S+), (new|after: |instead of: )(.*?)(?: -->)?")


@dataclass(frozen=True)
class Change:
    """A block of a recipe: a file, where in it, and the text."""

    path: str
    way: str
    place: str
    text: str

    def apply(self, tree: Path) -> None:
        file = tree / self.path
        if self.way == "new":
            assert not file.exists(), f"{self.path} is there already"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self.text, "utf-8")
            return
        lines = file.read_text("utf-8").splitlines(keepends=True)
        found = [at for at, line in enumerate(lines) if line.lstrip().startswith(self.place)]
        assert found, f"no line of {self.path} begins with {self.place!r}"
        keep = found[0] + (self.way == "after: ")
        lines[keep : found[0] + 1] = [self.text]
        file.write_text("".join(lines), "utf-8")


@dataclass(frozen=True)
class PrintedRecipe:
    name: str
    text: str

    @property
    def changes(self) -> list[Change]:
        found = []
        for language, block in _BLOCK.findall(self.text):
            first, _, rest = block.partition("\n")
            if language != "console":
                mark = _MARK.fullmatch(first)
                assert mark, f"{self.name}: {first!r} names no file and place"
                found.append(Change(mark[1], mark[2], mark[3], rest))
        return found

    @property
    def commands(self) -> list[tuple[str, str]]:
        """Each command with what it prints."""
        shown = "".join(
            block for language, block in _BLOCK.findall(self.text) if language == "console"
        )
        parts = re.split(r"^\$ ((?:.*\\\n)*.*)\n", shown, flags=re.MULTILINE)[1:]
        return list(zip(parts[::2], parts[1::2], strict=True))

    @property
    def touched(self) -> set[str]:
        return {change.path for change in self.changes}

    @property
    def opened(self) -> set[str]:
        read = re.search(r"\bRead (.*?)(?:\.\s|\n\n)", self.text, re.DOTALL)
        named = re.findall(r"`([\w/]+\.\w+)`", read[1]) if read else []
        return {*named, *(change.path for change in self.changes if change.way != "new")}


def recipes() -> dict[str, PrintedRecipe]:
    parts = re.split(
        r"^### (.*)\n", PAGE.partition("\n## Recipes\n")[2].partition("\n## ")[0], flags=re.M
    )
    return {
        name: PrintedRecipe(name, text) for name, text in zip(parts[1::2], parts[2::2], strict=True)
    }


RECIPES = recipes()


@dataclass(frozen=True)
class Copy:
    """A copy of the tracked tree that is imported in the place of the original."""

    root: Path
    """Its folder `outlay` is the tree."""
    broken: dict[str, str]
    """Recipes that cannot be applied, and why."""

    def run(self, *command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        settings = {
            **os.environ, "PYTHONPATH": str(self.root), "COLUMNS": "100",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        }  # fmt: skip
        return subprocess.run(command, cwd=cwd, env=settings, capture_output=True, text=True)


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Copy]:
    """Every recipe applied, each on top of the others, and the entry points installed."""
    root = tmp_path_factory.mktemp("copy")
    tree = root / "outlay"
    for path in tracked():
        (tree / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, tree / path)
    broken: dict[str, str] = {}
    for recipe in RECIPES.values():
        try:
            for change in recipe.changes:
                change.apply(tree)
        except (AssertionError, OSError) as error:
            broken[recipe.name] = str(error)
    write_entry_points(root, tomllib.loads((tree / "pyproject.toml").read_text("utf-8"))["project"])
    yield Copy(root, broken)
    shutil.rmtree(root)


def tracked() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    return [path for path in listed if (ROOT / path).is_file()]


def write_entry_points(root: Path, project: dict[str, dict[str, dict[str, str]]]) -> None:
    """Writes what an installation would: the name, the version and the entry points."""
    folder = root / "outlay-0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: outlay\nVersion: 0\n")
    lines = []
    for group, points in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {address}" for name, address in points.items())]
    (folder / "entry_points.txt").write_text("\n".join(lines))


def test_there_is_a_recipe_for_each_kind() -> None:
    assert list(RECIPES) == KINDS


def test_files_opened_and_touched_are_counted_and_few() -> None:
    rows = re.findall(r"^\| (An? [\w ]+) \| (\d+) \| (\d+) \|$", PAGE, re.MULTILINE)
    counted = [(n, str(len(r.opened)), str(len(r.touched))) for n, r in RECIPES.items()]
    assert rows == counted
    assert all(int(o) <= MOST_OPENED and int(t) <= MOST_TOUCHED for _, o, t in rows)


def test_every_path_in_the_text_is_there() -> None:
    text = _BLOCK.sub("", PAGE)
    paths = set(re.findall(r"`([a-z_]+/[\w/]+(?:\.[a-z]+|/))`", text)) - EXAMPLES
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_adds_a_test_and_shows_what_it_made(name: str) -> None:
    recipe = RECIPES[name]
    assert any(path.startswith("tests/") for path in recipe.touched)
    assert recipe.commands


@pytest.mark.parametrize("name", RECIPES)
def test_its_command_prints_what_is_printed(name: str, copy: Copy, tmp_path: Path) -> None:
    assert name not in copy.broken, copy.broken[name]
    for command, printed in RECIPES[name].commands:
        done = copy.run("bash", "-c", command, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        wanted = re.escape(printed.strip()).replace("…", ".*?")
        told = "\n".join(line.rstrip() for line in done.stdout.strip().splitlines())
        assert re.fullmatch(wanted, told, re.DOTALL), done.stdout


def test_its_tests_pass_and_the_docs_are_complete(copy: Copy) -> None:
    changes = [change for recipe in RECIPES.values() for change in recipe.changes]
    added = [c.path for c in changes if c.way == "new" and c.path.startswith("tests/")]
    tests = [*added, *(f"tests/{guard}" for guard in GUARDS)]
    options = ["-q", "-x", "-p", "no:cacheprovider"]
    done = copy.run(sys.executable, "-m", "pytest", *options, *tests, cwd=copy.root / "outlay")
    assert done.returncode == 0, done.stdout


def test_the_code_of_the_recipes_is_formatted_and_clean(copy: Copy) -> None:
    paths = {p for recipe in RECIPES.values() for p in recipe.touched if p.endswith(".py")}
    for check in (["check", "--no-cache"], ["format", "--check", "--no-cache"]):
        command = [str(Path(sys.executable).parent / "ruff"), *check, *sorted(paths)]
        done = copy.run(*command, cwd=copy.root / "outlay")
        assert done.returncode == 0, done.stdout
