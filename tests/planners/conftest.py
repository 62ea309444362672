"""A home per test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from outlay.agent import Home


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "home"
    yield path
    Home.at(path).close()
