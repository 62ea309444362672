"""What is imported is declared, and what is declared is locked."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())
PROJECT = SETTINGS["project"]
EXTRAS: dict[str, list[str]] = PROJECT["optional-dependencies"]
OF_MODULE = {
    "pydantic_monty": "pydantic-monty",  # a package without modules that brings three others
    "torch": "torch",
    "yaml": "pyyaml",
}
"""Distributions of modules that the environment cannot tell, or tells too exactly."""
UNIMPORTED = {
    "lxml-html-clean": "trafilatura imports it through lxml",
}
PEERS = [f"peers/{lock.stem}" for lock in sorted((ROOT / "requirements/peers").glob("*.txt"))]
LOCK = re.compile(r"^([A-Za-z0-9._-]+)==(\S+)(?: ; (.*?))? \\$", re.MULTILINE)


def declared(*extras: str) -> dict[str, Requirement]:
    texts = PROJECT["dependencies"] + [text for extra in extras for text in EXTRAS[extra]]
    found = [Requirement(text) for text in texts]
    return {canonicalize_name(r.name): r for r in found if r.name != PROJECT["name"]}


def imported_modules() -> Iterator[tuple[str, str]]:
    """Yields (foreign top-level module, file), imports by `import_module` among them."""
    for package in SETTINGS["tool"]["setuptools"]["packages"][1:]:
        folder = ROOT.joinpath(*package.split(".")[1:])
        for path in folder.glob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                for module in names(node):
                    top = module.partition(".")[0]
                    if top not in {*sys.stdlib_module_names, "_typeshed", "outlay"}:
                        yield top, str(path.relative_to(ROOT))


def names(node: ast.AST) -> list[str]:
    match node:
        case ast.Import(names=aliases):
            return [alias.name for alias in aliases]
        case ast.ImportFrom(module=str(module), level=0):
            return [module]
        case ast.Call(
            func=ast.Attribute(attr="import_module"), args=[ast.Constant(value=str(module))]
        ):
            return [module]
    return []


def locked(name: str) -> dict[str, list[str]]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    versions: dict[str, list[str]] = {}
    for match in LOCK.finditer(text):
        versions.setdefault(canonicalize_name(match[1]), []).append(match[2])
    return versions


def test_what_is_imported_is_declared() -> None:
    ours = set(declared(*EXTRAS))
    there = packages_distributions()
    missing = {
        (module, file)
        for module, file in imported_modules()
        if not ours.intersection(
            map(canonicalize_name, [OF_MODULE.get(module, module), *there.get(module, [])])
        )
    }
    assert missing == set()


def test_what_is_declared_is_imported() -> None:
    there = packages_distributions()
    used = {
        canonicalize_name(name)
        for module, _ in imported_modules()
        for name in (OF_MODULE.get(module, module), *there.get(module, []))
    }
    users = [extra for extra in EXTRAS if extra not in ("dev", "trl")]
    assert set(declared(*users)) - used - set(UNIMPORTED) == set()


@pytest.mark.parametrize(
    ("lock", "extras"),
    [("demo", ()), ("test", ("dev", "train", *EXTRAS["dev"][0][7:-1].split(",")))],
)
def test_the_lock_has_all_that_is_declared(lock: str, extras: tuple[str, ...]) -> None:
    versions = locked(lock)
    wanted = declared(*extras)
    wanted.pop("torch", None)
    assert set(wanted) - set(versions) == set(), "run `make lock`"
    outside = [
        f"{name}=={version} is outside {requirement.specifier}"
        for name, requirement in wanted.items()
        for version in versions[name]
        if version not in requirement.specifier
    ]
    assert outside == [], "run `make lock`"


@pytest.mark.parametrize("lock", ["demo", "test", "uv", *PEERS])
def test_a_lock_names_no_address_and_hashes_every_file(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    assert "://" not in text
    assert "--index" not in text
    assert "--find-links" not in text
    pinned = re.findall(r"^[a-zA-Z0-9].*$", text, re.MULTILINE)
    assert len(pinned) == len(LOCK.findall(text)) > 0
    assert len(re.findall(r"\\\n    --hash=sha256:", text)) >= len(pinned)


def test_both_locks_agree_and_leave_torch_out() -> None:
    demo, test = locked("demo"), locked("test")
    shared = set(demo) & set(test)
    assert {name: demo[name] for name in shared} == {name: test[name] for name in shared}
    assert not {"torch", "triton", "pytest", "mypy", "transformers"} & set(demo)
    assert not {name for name in test if name == "torch" or name.startswith("nvidia-")}
