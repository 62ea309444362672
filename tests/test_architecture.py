"""docs/architecture.md names what there is, and its picture shows what it names."""

from __future__ import annotations

import ast
import re
import runpy
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
PATHS = sorted(set(re.findall(r"`([\w/]+\.py)`", PAGE)))
STEPS = re.findall(r"^\d+\. `([\w/]+\.py)` `([\w.]+)`", PAGE, re.MULTILINE)
NAMES = sorted(set(re.findall(r"`([A-Z]\w+(?:\.\w+)?)`", PAGE)))
"""Classes and methods, wherever they stand."""
MOST_MODULES = 15


def _parsed(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except SystemError:  # CPython 3.11 miscounts its depth now and then (gh-106905)
        return ast.parse(text)


@cache
def defined(path: str) -> frozenset[str]:
    """Returns the functions, classes and methods of a module."""
    return frozenset(_names(_parsed((ROOT / path).read_text("utf-8")).body, ""))


def _names(body: list[ast.stmt], within: str) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield within + node.name
        if isinstance(node, ast.ClassDef):
            yield from _names(node.body, f"{node.name}.")


@pytest.mark.parametrize("path", PATHS)
def test_a_module_is_there(path: str) -> None:
    assert (ROOT / path).is_file()


@pytest.mark.parametrize(("path", "name"), STEPS)
def test_a_step_passes_what_its_module_has(path: str, name: str) -> None:
    assert name in defined(path)


@pytest.mark.parametrize("name", NAMES)
def test_a_class_or_method_is_in_one_of_the_folders(name: str) -> None:
    parts = {path.partition("/")[0] for path in PATHS}
    modules = (p.relative_to(ROOT) for part in parts for p in (ROOT / part).rglob("*.py"))
    assert any(name in defined(str(module)) for module in modules)


def test_every_step_names_a_module_and_what_it_has() -> None:
    assert len(STEPS) == len(re.findall(r"^\d+\. ", PAGE, re.MULTILINE)) > 40


def test_a_dollar_passes_few_modules_and_the_page_says_how_many() -> None:
    dollar = PAGE.partition("## The life of a dollar")[2].partition("\n## ")[0]
    passed = set(re.findall(r"^\d+\. `([\w/]+\.py)`", dollar, re.MULTILINE))
    assert f"That is {len(passed)} modules." in dollar
    assert len(passed) <= MOST_MODULES


def test_the_picture_is_drawn_from_the_page() -> None:
    drawn = runpy.run_path(str(ROOT / "docs" / "images" / "architecture.py"))["draw"](PAGE)
    picture = ROOT / "docs" / "images" / "architecture.svg"
    assert picture.read_text("utf-8") == drawn, "run python docs/images/architecture.py"
