from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from outlay.ledger.errors import UsageError
from outlay.ledger.registry import Registry

METADATA = "Metadata-Version: 2.1\nName: foreign\nVersion: 1\n"
OFFERED = """
[outlay.shapes]
round = foreign_shapes:make_round
square = foreign_shapes:make_round
broken = foreign_shapes:nothing
absent = not_there_at_all:make
"""


@pytest.fixture
def shapes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry[Callable[..., Any]]:
    """A registry with one shape of ours, beside an installed package that offers four."""
    info = tmp_path / "foreign-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(METADATA)
    (info / "entry_points.txt").write_text(OFFERED)
    (tmp_path / "foreign_shapes.py").write_text("def make_round(): return 'round'\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "foreign_shapes", raising=False)
    return Registry("shape", "shapes", {"square": "decimal:Decimal"}, hint=", or your own")


def test_others_add_names_by_entry_point(shapes: Registry[Callable[..., Any]]) -> None:
    assert shapes.names() == ("square", "round", "broken", "absent")
    assert shapes.find("round")() == "round"
    assert shapes.module("round") == "foreign_shapes"


def test_nobody_replaces_a_name_of_ours(shapes: Registry[Callable[..., Any]]) -> None:
    assert shapes.module("square") == "decimal"


def test_an_unknown_name_is_answered_with_the_known(shapes: Registry[Callable[..., Any]]) -> None:
    with pytest.raises(UsageError, match="no shape is called 'oval': the shapes are square, round"):
        shapes.find("oval")


@pytest.mark.parametrize("name", ["broken", "absent"])
def test_what_another_package_lacks_is_one_sentence(
    shapes: Registry[Callable[..., Any]], name: str
) -> None:
    with pytest.raises(UsageError, match=f"shape '{name}' of another package cannot be loaded"):
        shapes.find(name)
