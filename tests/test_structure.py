"""Conventions that the tree itself must keep."""

from __future__ import annotations

import importlib
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
FACADES = [
    "agent", "benchmarks.live", "benchmarks.page", "benchmarks.published",
    "benchmarks.statistics", "ledger", "memory", "planners", "policies", "tools",
    "training.advantages", "training.export", "training.rewards",
]  # fmt: skip


def packages_on_disk() -> set[str]:
    skip = {"tests", "build", "dist", "docs", ".venv", ".typecheck"}
    found = {p.parent.relative_to(ROOT) for p in ROOT.glob("*/**/__init__.py")}
    kept = (p for p in found if not skip.intersection(p.parts))
    return {"outlay", *(".".join(("outlay", *p.parts)) for p in kept)}


def test_every_package_is_in_the_wheel() -> None:
    assert packages_on_disk() == PACKAGES


def test_the_root_is_no_module() -> None:
    assert list(ROOT.glob("*.py")) == []


@pytest.mark.parametrize("name", FACADES)
def test_a_facade_names_what_it_has_in_order(name: str) -> None:
    facade = importlib.import_module(f"outlay.{name}")
    assert facade.__all__ == sorted(facade.__all__)
    assert all(hasattr(facade, public) for public in facade.__all__)


def test_importing_reaches_for_nothing_heavy() -> None:
    heavy = ["torch", "duckdb", "langgraph", "openai", "tiktoken", "genai_prices", "numpy"]
    names = ", ".join(f"outlay.{name}" for name in ("ledger", "tools", "policies", "cli"))
    code = f"import sys, {names}; print([m for m in {heavy} if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_the_wheel_has_what_the_checkout_has(tmp_path: Path) -> None:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    copy = tmp_path / "checkout"
    for path in (path for path in listed if (ROOT / path).is_file()):
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, copy / path)
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", str(tmp_path)]
    subprocess.run([*build, str(copy)], capture_output=True, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    folders = tuple(f"{name.removeprefix('outlay.').replace('.', '/')}/" for name in PACKAGES)
    shipped = (".py", ".sql", ".css", ".js", "py.typed")
    wanted = {
        f"outlay/{path}"
        for path in listed
        if path.startswith(folders) and (path.endswith(shipped) or "/prompts/" in path)
    }
    assert wanted <= inside, sorted(wanted - inside)
    assert not any(name.startswith("outlay/tests") for name in inside)
