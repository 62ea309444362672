"""Conventions that the tree itself must keep."""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = set(SETTINGS["tool"]["setuptools"]["packages"])
REPOSITORY_ONLY = {
    "outlay.benchmarks.evidence",
    "outlay.benchmarks.perf",
    "outlay.benchmarks.perf.peers",
    "outlay.benchmarks.perf.peers.scripts",
    "outlay.embedded.evidence",
}
"""What measures outlay itself and makes the tables of docs/: it stays out of the wheel."""
FACADES = [
    "agent", "benchmarks.reports.dashboard", "benchmarks.reports.html",
    "benchmarks.suites.published", "benchmarks.statistics", "journal", "ledger", "ledger.prices",
    "memory", "planners", "policies", "testing", "tools", "training.export",
    "training.objectives.advantages", "training.objectives.rewards",
]  # fmt: skip


def packages_on_disk() -> set[str]:
    skip = {"tests", "build", "dist", "docs", ".peers", ".venv", ".typecheck"}
    found = {p.parent.relative_to(ROOT) for p in ROOT.glob("*/**/__init__.py")}
    kept = (p for p in found if not skip.intersection(p.parts))
    return {"outlay", *(".".join(("outlay", *p.parts)) for p in kept)}


def folders(names: set[str]) -> tuple[str, ...]:
    """Returns the folders of packages, each with a slash at its end."""
    return tuple(f"{name.removeprefix('outlay.').replace('.', '/')}/" for name in sorted(names))


def test_every_package_is_in_the_wheel_or_named_as_left_out() -> None:
    assert packages_on_disk() == PACKAGES | REPOSITORY_ONLY
    assert not PACKAGES & REPOSITORY_ONLY


@pytest.mark.parametrize("name", sorted(REPOSITORY_ONLY))
def test_what_is_left_out_runs_from_the_checkout(name: str, tmp_path: Path) -> None:
    code = f"import {name} as left_out; print(left_out.__file__)"
    out = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert Path(out.stdout.strip()).samefile(ROOT.joinpath(*name.split(".")[1:], "__init__.py"))


def test_nothing_that_is_shipped_leans_on_what_is_left_out() -> None:
    contracts = SETTINGS["tool"]["importlinter"]["contracts"]
    guarded = [set(c["protected_modules"]) for c in contracts if c["type"] == "protected"]
    assert guarded == [REPOSITORY_ONLY]


def test_contributing_lists_the_layers_of_the_contract() -> None:
    contracts = SETTINGS["tool"]["importlinter"]["contracts"]
    (layers,) = [c["layers"] for c in contracts if c["type"] == "layers"]
    folders = [
        (str(number), folder.removeprefix("outlay."))
        for number, layer in enumerate(reversed(layers), start=1)
        for folder in layer.split(" | ")
    ]
    page = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    assert re.findall(r"^\| (\d+) \| `(\w+)/` \| \S", page, re.MULTILINE) == folders


def test_the_root_is_no_module() -> None:
    assert list(ROOT.glob("*.py")) == []


@pytest.mark.parametrize("name", FACADES)
def test_a_facade_names_what_it_has_in_order(name: str) -> None:
    facade = importlib.import_module(f"outlay.{name}")
    assert facade.__all__ == sorted(facade.__all__)
    assert all(hasattr(facade, public) for public in facade.__all__)


def test_importing_reaches_for_nothing_heavy() -> None:
    heavy = ["torch", "duckdb", "langgraph", "openai", "tiktoken", "genai_prices", "numpy"]
    names = ", ".join(
        f"outlay.{name}" for name in ("ledger", "journal", "tools", "policies", "embedded", "cli")
    )
    code = f"import sys, {names}; print([m for m in {heavy} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_the_wheel_has_what_users_run_and_nothing_else(tmp_path: Path) -> None:
    known = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    listed = [path for path in known if (ROOT / path).is_file()]
    copy = tmp_path / "checkout"
    for path in listed:
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, copy / path)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", str(tmp_path)]
    subprocess.run([*build, str(copy)], capture_output=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    shipped = (".py", ".sql", ".css", ".js", ".npz", "py.typed")
    kept = folders(PACKAGES)
    left_out = folders(REPOSITORY_ONLY)
    wanted = {
        f"outlay/{path}"
        for path in listed
        if path.startswith(kept)
        and not path.startswith(left_out)
        and (path.endswith(shipped) or "/prompts/" in path)
    }
    assert {name for name in inside if name.startswith("outlay/")} == wanted
